"""A catalogue of words: English text or template -> the same in another language, from a gettext file."""

import re
from functools import cache, lru_cache
from pathlib import Path

from babel.messages.pofile import read_po

HERE = Path(__file__).parent
PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")  # where a value stands in a template
SPOKEN = {"drawn", "instead", "kind", "part", "state", "what", "why", "words"}  # places of our own words: said, too
KEPT = 4096  # translations, most of them of sentences with values


class Catalogue:
    """The texts and templates of one file.

    A text that is in the file is looked up; any other is held against the templates, those with most words first.
    of_scripts : those that assets/*.js say.
    """

    def __init__(self, file: Path) -> None:
        with file.open("rb") as stream:
            messages = [one for one in read_po(stream) if one.id and one.string and not one.fuzzy]
        self._said = {str(one.id): str(one.string) for one in messages}
        self.of_scripts = {
            str(one.id): str(one.string)
            for one in messages
            if any(place.startswith("assets/") for place, _ in one.locations)
        }
        templates = sorted((text for text in self._said if PLACE.search(text)), key=_weight, reverse=True)
        self._templates = [(_pattern(text), self._said[text]) for text in templates]
        self.said = lru_cache(KEPT)(self._find)

    def _find(self, text: str) -> str:
        """Return a text in the language of the file, unchanged where neither it nor its template is there."""
        if text in self._said:
            return self._said[text]
        for pattern, said in self._templates:
            if found := pattern.fullmatch(text):
                values = found.groupdict()
                values.update((name, self.said(values[name])) for name in SPOKEN & values.keys())
                return PLACE.sub(lambda place: values[place[1]], said)  # noqa: B023  # it is called here
        return text


def _weight(template: str) -> int:
    return len(PLACE.sub("", template))


def _pattern(template: str) -> re.Pattern[str]:
    pieces = PLACE.split(template)
    seen: set[str] = set()
    parts = []
    for number, piece in enumerate(pieces):
        if number % 2 == 0:
            parts.append(re.escape(piece))
        else:
            parts.append(f"(?P={piece})" if piece in seen else f"(?P<{piece}>.*?)")
            seen.add(piece)
    return re.compile("".join(parts), re.DOTALL)


@cache
def catalogue(language: str) -> Catalogue:
    """Return the catalogue of a language, which is read once."""
    return Catalogue(HERE / f"{language}.po")
