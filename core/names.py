"""Names of files in letters that every program takes: readable, short enough, or in plain ASCII."""

import os
import re
import unicodedata

MOST_BYTES = 180  # of the 255 that file systems allow: what is put before and behind it has room

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")  # some turn the line's direction


def readable(name: str) -> str:
    """A name from the file system, or from a person, as text that can be printed and written anywhere.

    Linux allows bytes that are no UTF-8, as an old zip from Windows has them: they are read as Windows-1252.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        try:
            data = os.fsencode(name)
        except UnicodeEncodeError:  # half of a character that never was bytes
            data = name.encode(errors="replace")
        name = data.decode("cp1252", "replace")
    return _CONTROL.sub(" ", name)


def cut(name: str, most_bytes: int = MOST_BYTES) -> str:
    """The beginning of a name, of at most so many bytes in UTF-8."""
    return name.encode()[:most_bytes].decode(errors="ignore").rstrip()


def plain(name: str) -> str:
    """A name in ASCII letters, digits, `-` and `_`, for files that name others; empty where nothing of it is left."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return cut(re.sub(r"[^A-Za-z0-9_]+", "-", letters).strip("-"))
