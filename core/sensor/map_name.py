"""Depth maps given by hand: files beside a photo, whose names say which photo they belong to and what they hold.

`anna.depth-mm.png` belongs to `anna.jpg`. After `depth-` stands the unit of its values, with a factor before it where
that is not 1 (`anna.depth-0.1mm.png`); or `relative`, for inverse depth of unknown scale and shift.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from core.errors import PhotoError
from core.names import readable
from core.storage import refusal

MapUnit = Literal["mm", "cm", "m", "1/m", "relative"]
MAP_ENDINGS = (".png", ".tif", ".tiff", ".npy", ".exr")
UNITS: dict[str, MapUnit] = {"mm": "mm", "cm": "cm", "m": "m", "per-m": "1/m", "relative": "relative"}

_MAP = re.compile(rf"(.+)\.depth(?:-(.*))?(?:{'|'.join(map(re.escape, MAP_ENDINGS))})", re.IGNORECASE | re.DOTALL)
_MEASURE = re.compile(r"(\d+(?:\.\d+)?|\.\d+)?(mm|cm|m|per-m)|relative", re.IGNORECASE)


@dataclass(frozen=True)
class MapName:
    """What a depth map's name says: its photo's name without the ending, the unit of its values and their factor."""

    stem: str
    unit: MapUnit
    scale: float = 1.0


@dataclass(frozen=True)
class MapFile:
    """A depth map as it comes: its name, and the open file that it is read from if it is not too large."""

    name: str
    file: IO[bytes]

    @staticmethod
    @contextmanager
    def opened(path: Path) -> Iterator["MapFile"]:
        """The map of a path.

        Raises
        ------
        PhotoError
            It cannot be opened.
        """
        name = readable(path.name)
        try:
            file = path.open("rb")
        except OSError as error:
            raise PhotoError(f"{name} cannot be opened: {refusal(error) or error}") from error
        with file:
            yield MapFile(name, file)


def source_of_map(name: str) -> str:
    """What the depth of such a file is from, in words."""
    return f"the depth map {name}"


def stem_of_map(name: str) -> str | None:
    """The name, without its ending, of the photo that a file is the depth map of; None where it is called otherwise.

    A map whose name does not say its unit, or says it wrongly, counts as one.
    """
    found = _MAP.fullmatch(name)
    return found[1] if found else None


def parse_map_name(name: str) -> MapName:
    """Read the name of a depth map.

    Raises
    ------
    PhotoError
        It does not say what the map's values are; the sentence says how to name it.
    """
    found = _MAP.fullmatch(name)
    measure = _MEASURE.fullmatch(found[2] or "") if found else None
    scale = float(measure[1] or 1) if measure else 0.0
    if found is None or measure is None or scale == 0:
        stem, ending = found[1] if found else Path(name).stem, Path(name).suffix
        ending = ending if ending.lower() in MAP_ENDINGS else ".png"
        raise PhotoError(
            f"{name} is not used as a depth map: its name does not say what its values are. Name it as "
            f"{stem}.depth-mm{ending}: after 'depth-' stands mm, cm, m, per-m (inverse depth in 1/m) or relative, "
            "before a unit the factor if it is not 1, as in 0.1mm."
        )
    return MapName(found[1], UNITS[(measure[2] or "relative").lower()], scale)


def maps_of(photo: Path, files: Iterable[Path]) -> list[Path]:
    """Those of some files that are depth maps of a photo, by their names."""
    return sorted(file for file in files if file != photo and stem_of_map(file.name) == photo.stem)
