"""Names of faces in little room: cut in the middle, so that their ends stay to be seen."""

import re
import unicodedata

TAIL = 7  # characters of a long name that stay at its end
LONG = 20  # characters from which a name is long
NUMBER = re.compile(r" #\d+$")  # of one of several faces of a photo
JOINS = re.compile(
    r"[\u0590-\u08ff\u0900-\u0dff\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u200d]"
)  # change shape when cut
SELECTORS = {*range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400)}  # of emoji: their look, their skin


def cut(text: str, most: int = 24) -> str:
    """Return a name of at most so many characters, for what is no part of a page: its middle gives way."""
    if len(text) <= most:
        return text
    head, tail = parts(text)
    return f"{head[: most - 1 - len(tail)].rstrip()}…{tail.lstrip()}"


def parts(text: str) -> tuple[str, str]:
    """Return a name's beginning, which may give way, and its end, which stays; the end is '' where all may."""
    number = NUMBER.search(text)
    end = number.start() if number else len(text)
    if len(text) > LONG:
        end = min(end, len(text) - TAIL)
        while end and not _may_part(text, end):
            end -= 1
        if len(text) - end > 2 * TAIL:  # nowhere near can it be cut
            end = number.start() if number else len(text)
    return text[:end], text[end:]


def _may_part(text: str, at: int) -> bool:
    """Whether no letter's shape, and no letter with its marks, is torn apart there."""
    before, after = text[at - 1], text[at]
    if after.isspace() or before in " -_.":
        return not unicodedata.combining(after)
    return not (unicodedata.combining(after) or JOINS.match(before) or JOINS.match(after) or ord(after) in SELECTORS)
