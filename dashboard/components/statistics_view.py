"""What the Statistics page shows, as its address says it, so that a reload or a shared link shows the same."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.files.colours import DEPTH_MAPS
from core.measure.statistics import UNITS
from dashboard.library.library import MOST_COMPARED
from dashboard.readings.measured import MAX_BINS, MIN_BINS, PARTS

BINS = 64
HEIGHTS = ("count", "density")
Line = tuple[float, float, float, float]


@dataclass(frozen=True)
class View:
    """The choices of the page; what an address does not say, or says wrong, has its default.

    faces : ids, at least one. active : of them, the one that is measured along lines. height : of the histogram.
    colours : of the maps. low, high : the brushed depths in `unit`. line : x0, y0, x1, y1 in pixels of the active crop.
    """

    faces: tuple[str, ...]
    active: str
    part: str = "head"
    unit: str = "mm"
    height: str = "count"
    bins: int = BINS
    colours: str = "cividis"
    low: float | None = None
    high: float | None = None
    line: Line | None = None


def default_height(faces: Sequence[str]) -> str:
    """Return how histograms are drawn at first: faces of several sizes compare by their shares alone."""
    return "density" if len(faces) > 1 else "count"


def of_address(query: Mapping[str, str], library: Sequence[str]) -> View:
    """Return what an address means, of the faces of a library, the newest first; of that one where it names none."""
    wanted = [face for face in dict.fromkeys(query.get("faces", "").split(",")) if face in library]
    faces = tuple(wanted[:MOST_COMPARED] or library[:1])
    active = query.get("active", "")
    known = active in faces
    low, high = _number(query.get("from")), _number(query.get("to"))
    bins = _number(query.get("bins"))
    return View(
        faces,
        active if known else faces[0],
        part=_one_of(query.get("part"), tuple(PARTS)),
        unit=_one_of(query.get("unit"), UNITS),
        height=query["height"] if query.get("height") in HEIGHTS else default_height(faces),
        bins=int(bins) if bins is not None and MIN_BINS <= bins <= MAX_BINS else BINS,
        colours=_one_of(query.get("colours"), tuple(DEPTH_MAPS)),
        low=low,
        high=high,
        line=_line(query.get("line", "")) if known or not active else None,
    )


def _one_of(value: str | None, allowed: Sequence[str]) -> str:
    return value if value is not None and value in allowed else allowed[0]


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "nan")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _line(text: str) -> Line | None:
    numbers = [_number(part) for part in text.split(",")]
    known = [number for number in numbers if number is not None]
    return (known[0], known[1], known[2], known[3]) if len(known) == len(numbers) == 4 else None
