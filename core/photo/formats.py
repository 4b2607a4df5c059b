"""The one table of the picture formats that are read: sentences, help, file choosers and the command line take it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Format:
    """name : for people. endings : of the files' names, in lower case, the usual one first."""

    name: str
    endings: tuple[str, ...]


FORMATS = (
    Format("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo")),
    Format("PNG", (".png", ".apng")),
    Format("WebP", (".webp",)),
    Format("HEIC", (".heic", ".heif", ".hif")),
    Format("AVIF", (".avif",)),
    Format("TIFF", (".tif", ".tiff")),
    Format("BMP", (".bmp",)),
    Format("GIF", (".gif",)),
)

NAMES = f"{', '.join(one.name for one in FORMATS[:-1])} or {FORMATS[-1].name}"
ENDINGS = tuple(ending for one in FORMATS for ending in one.endings)
ACCEPT = ",".join(["image/*", *ENDINGS])
"""For a file chooser: some systems know no type of the newer formats, so their endings are named too."""


def is_picture(path: Path) -> bool:
    """Whether a file's name ends as that of a picture does, and is not hidden (macOS puts `._photo.jpg` beside)."""
    return path.suffix.lower() in ENDINGS and not path.name.startswith(".")
