"""How faces are found by words, and which name comes first."""

import re
import unicodedata
from collections.abc import Iterable

from dashboard.library.records import FaceRecord


def find(faces: Iterable[FaceRecord], text: str) -> list[FaceRecord]:
    """Return the faces that have all words of the text in their name, file, person or tags, in the order given."""
    words = plain(text).split()
    return [face for face in faces if all(word in _words(face) for word in words)] if words else list(faces)


def plain(text: str) -> str:
    """Return a text without what makes no difference to a search."""
    return unicodedata.normalize("NFKC", text).casefold()


def _words(face: FaceRecord) -> str:
    return plain("\n".join([face.name, face.file_name, face.person or "", *face.tags]))


def by_number(name: str) -> list[tuple[int, int, str]]:
    """Return what sorts 'photo 2' before 'photo 10'."""
    parts = re.findall(r"[0-9]+|[^0-9]+", plain(name))
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
