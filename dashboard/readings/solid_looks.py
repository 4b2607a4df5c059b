"""Other looks of a solid's preview, made when they are asked for; kept in memory while the file does not change."""

from functools import lru_cache
from pathlib import Path
from typing import cast

import core
from core.errors import OptionError
from core.files.catalog import source
from core.options.table import shown

LOOKS = ("lit", "walls", "overhang")  # of `core.files.solid_looks`, which loads more than a page needs


def preview(folder: Path, look: str) -> bytes:
    """GLB of the preview in a look.

    Raises
    ------
    FormatError
        There is no solid.
    OptionError
        There is no such look.
    """
    if look not in LOOKS:
        raise OptionError(f"look is {shown(look)}, but must be one of {', '.join(LOOKS)}.")
    file = source(folder, "solid.glb")
    return _preview(folder, file.stat().st_mtime_ns if file.is_file() else 0, look)


@lru_cache(maxsize=8)
def _preview(folder: Path, _changed: int, look: str) -> bytes:
    return core.files.solid_look(folder, cast("core.files.solid_looks.Look", look))
