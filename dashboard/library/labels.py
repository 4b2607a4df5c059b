"""What a person calls a face, as it is kept: names, persons and tags that fit a line and can be shown."""

import re
import unicodedata
from collections.abc import Sequence

from core.errors import OptionError

LONGEST_NAME = 120  # characters, as of the name of a photo that is sent
LONGEST_TAG, MOST_TAGS = 40, 20
BIDI = re.compile(r"[\u202a-\u202e\u2066-\u2069]")  # these turn round what stands beside them


def line_of(text: str, what: str, most: int) -> str | None:
    """Return a text that fits a line, without spaces around it; None for one that is empty."""
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    if len(text) > most:
        raise OptionError(f"This {what} has {len(text)} characters; at most {most} can be kept. Shorten it.")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn") for character in text) or BIDI.search(text):
        raise OptionError(f"This {what} holds a control character, which cannot be shown. Leave it out.")
    return text or None


def tags_of(tags: Sequence[str]) -> list[str]:
    """Return tags each once, whatever their capitals, in the first one's."""
    lines = [line for tag in tags if (line := line_of(tag, "tag", LONGEST_TAG))]
    kept = list({line.casefold(): line for line in reversed(lines)}.values())[::-1]
    if len(kept) > MOST_TAGS:
        raise OptionError(f"{len(kept)} tags were given; a face takes at most {MOST_TAGS}.")
    return kept
