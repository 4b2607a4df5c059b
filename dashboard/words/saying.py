"""A text of the pages -> the same in the language of whoever reads it."""

from collections.abc import Callable
from typing import Any

from dashboard.words.catalogue import PLACE, catalogue
from dashboard.words.language import ENGLISH, current_language


def say(text: str) -> str:
    """Return an English text in the language of this request; unchanged where the catalogue does not know it.

    The text may be finished, with its values in it: what `core`, files and the database say comes so, and so may an
    f-string here. The catalogue knows it by its template, as in 'Of {count} faces'.
    """
    language = current_language()
    return text if language == ENGLISH else catalogue(language).said(text)


def say_with(template: str, **parts: Any) -> list[Any]:
    """Return a sentence with components in it: ('A solid of {face}.', face=link) -> ['A solid of ', link, '.']."""
    pieces = PLACE.split(say(template))
    return [parts[piece] if number % 2 else piece for number, piece in enumerate(pieces) if piece]


def word(text: str) -> str:
    """Return the text as it is: marks for the catalogue what `say` gets elsewhere, as of a table of a module."""
    return text


def titled(name: str) -> Callable[..., str]:
    """Return the title of a page's document for `dash.register_page`, which asks for it at each visit."""
    return lambda **_: f"{say(name)} \N{EN DASH} Lifemask"
