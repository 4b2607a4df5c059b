"""Pictures of a face as small as a page shows them, made when they are asked for and kept in memory."""

import io
from functools import lru_cache
from pathlib import Path

from PIL import Image

WIDTHS = (400, 800, 1600)  # px: halves of a card, a whole one, a picture to look closely at; on screens of two per px
KEPT = 512  # about 15 kB each
QUALITY = 80
EFFORT = 2  # of 6: a tenth larger than the best, in a third of its time


def small(file: Path, width_px: int) -> bytes:
    """Return a picture as WebP, at most `width_px` wide and high.

    Raises
    ------
    FileNotFoundError
        It is gone.
    """
    return _small(file, file.stat().st_mtime_ns, width_px)


@lru_cache(maxsize=KEPT)
def _small(file: Path, _modified_ns: int, width_px: int) -> bytes:
    with Image.open(file) as picture:
        picture.thumbnail((width_px, width_px))
        packed = io.BytesIO()
        picture.save(packed, "WEBP", quality=QUALITY, method=EFFORT)
    return packed.getvalue()
