"""The table of the scan formats that are read: sentences, file choosers and the command line take it."""

from pathlib import Path

from core.errors import PhotoError
from core.photo.formats import Format

FORMATS = (Format("OBJ", (".obj",)), Format("PLY", (".ply",)), Format("STL", (".stl",)), Format("GLB", (".glb",)))

NAMES = f"{', '.join(one.name for one in FORMATS[:-1])} or {FORMATS[-1].name}"
ENDINGS = tuple(ending for one in FORMATS for ending in one.endings)
BEGINNINGS = {b"glTF": ".glb", b"ply\n": ".ply", b"ply\r": ".ply"}
"""How files begin whatever they are called."""
PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\x00", b"MM\x00*")  # which no scan begins with
MUST_BEGIN = {"glb": b"glTF", "ply": b"ply"}
FIRST_BYTES = 4  # that tell all this

SIDE_PX = 1024
"""Of the picture that a scan is drawn as."""


def is_scan(path: Path) -> bool:
    """Whether a file's name ends as that of a scan does, and is not hidden."""
    return path.suffix.lower() in ENDINGS and not path.name.startswith(".")


def kind_of(data: bytes, name: str) -> str | None:
    """'obj', 'ply', 'stl' or 'glb': by the file's first bytes, else by its name; None where neither says it."""
    ending = BEGINNINGS.get(data[:4], Path(name).suffix.lower())
    return ending[1:] if ending in ENDINGS else None


def check_beginning(data: bytes, name: str) -> None:
    """Refuse a file that is named as a scan, and whose first bytes show that it is none.

    Raises
    ------
    PhotoError
        It is empty, a picture, or of a format that begins in another way.
    """
    if not data:
        raise PhotoError(f"{name} is empty (0 bytes). Choose the file again.")
    if data.startswith(PICTURES):
        raise PhotoError(f"{name} is a picture, though it is named as a scan. Name it as a picture.")
    kind = kind_of(data, name)
    if kind is None or not data.startswith(MUST_BEGIN.get(kind, b"")):
        raise PhotoError(f"{name} is damaged or no {(kind or 'scan').upper()} file. Export the scan again.")
