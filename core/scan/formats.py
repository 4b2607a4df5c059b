"""The table of the scan formats that are read: sentences, file choosers and the command line take it."""

from pathlib import Path

from core.photo.formats import Format

FORMATS = (Format("OBJ", (".obj",)), Format("PLY", (".ply",)), Format("STL", (".stl",)), Format("GLB", (".glb",)))

NAMES = f"{', '.join(one.name for one in FORMATS[:-1])} or {FORMATS[-1].name}"
ENDINGS = tuple(ending for one in FORMATS for ending in one.endings)
BEGINNINGS = {b"glTF": ".glb", b"ply\n": ".ply", b"ply\r": ".ply"}
"""How files begin whatever they are called."""


def is_scan(path: Path) -> bool:
    """Whether a file's name ends as that of a scan does, and is not hidden."""
    return path.suffix.lower() in ENDINGS and not path.name.startswith(".")


def kind_of(data: bytes, name: str) -> str | None:
    """'obj', 'ply', 'stl' or 'glb': by the file's first bytes, else by its name; None where neither says it."""
    ending = BEGINNINGS.get(data[:4], Path(name).suffix.lower())
    return ending[1:] if ending in ENDINGS else None
