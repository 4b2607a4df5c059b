"""What a photo's EXIF says of its lens: the focal length as on 35 mm film, where it still holds for this picture."""

import math
from dataclasses import dataclass

from core.photo.exif import (
    DIGITAL_ZOOM,
    FOCAL_LENGTH,
    FOCAL_LENGTH_35MM,
    HEIGHT,
    PLANE_UNIT,
    PLANE_X_RESOLUTION,
    PLANE_Y_RESOLUTION,
    WIDTH,
    Tags,
)

FILM_DIAGONAL_MM = 43.267  # of 24 x 36 mm film, to which EXIF's 35 mm equivalent refers (CIPA DCG-001)
EXIF = "EXIF"
BY_FOCAL_PLANE = "EXIF, by the size of the sensor"
OF_A_CROP = "EXIF, for what is left of the photo"

SHORTEST_MM, LONGEST_MM = 5, 2000  # as on 35 mm film; 0 stands for 'unknown' (Exif 2.32, 4.6.5)
SMALLEST_MM, LARGEST_MM = 2, 110  # diagonals of sensors, from the smallest of phones to medium format
UNITS_MM = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}  # 4 and 5 are not in the standard, but written
SAME_ASPECT = 0.02  # a smaller copy is rounded to pixels, and a converter cuts off a few; a focal length bears that


@dataclass(frozen=True)
class Lens:
    """focal_35mm : as on 35 mm film, by the diagonal of this picture, in mm; None where nothing tells it.

    source : what tells it, in words. warning : what to know of it, as a sentence, if anything.
    """

    focal_35mm: float | None
    source: str = EXIF
    warning: str | None = None


def read_lens(tags: Tags, width_px: int, height_px: int) -> Lens:
    """What the lens saw in a picture of that size, as stored, before it is turned upright.

    The 35 mm equivalent if there is one; else the focal length and the size of the sensor, which follows from the
    pixels on a unit of the focal plane, and the digital zoom (which the 35 mm equivalent has in it, as exiftool has
    it, too). Where EXIF counts other pixels than the picture has, it is a smaller copy if its sides are in the same
    ratio; a part with all of one side keeps its focal length in pixels; of any other part nothing is known.
    """
    taken = _size(tags, width_px, height_px)
    focal, source = tags.get(FOCAL_LENGTH_35MM, 0.0), EXIF
    if not SHORTEST_MM <= focal <= LONGEST_MM:
        focal, source = _by_focal_plane(tags, *taken), BY_FOCAL_PLANE
    if not SHORTEST_MM <= focal <= LONGEST_MM:
        return Lens(None)
    if _is_whole(taken, (width_px, height_px)):
        return Lens(focal, source)
    sizes = f"{taken[0]:g} x {taken[1]:g} pixels, and it has {width_px} x {height_px}"
    cropped = f"The photo was cropped after it was taken (its EXIF says {sizes})"
    left = focal * math.hypot(*taken) / math.hypot(width_px, height_px)
    if _is_strip(taken, (width_px, height_px)) and left <= LONGEST_MM:
        return Lens(left, OF_A_CROP, f"{cropped}: what is left is taken for its middle, by which its lens is known.")
    return Lens(None, warning=f"{cropped}: its focal length of {focal:.0f} mm no longer holds, and is not used.")


def _size(tags: Tags, width_px: int, height_px: int) -> tuple[float, float]:
    """How many pixels the photo had when it was taken; those that it has where EXIF does not say."""
    width, height = tags.get(WIDTH, 0.0), tags.get(HEIGHT, 0.0)
    return (width, height) if min(width, height) >= 1 else (width_px, height_px)


def _by_focal_plane(tags: Tags, width: float, height: float) -> float:
    """0 where the tags do not give it."""
    across, focal = tags.get(PLANE_X_RESOLUTION, 0.0), tags.get(FOCAL_LENGTH, 0.0)
    down = tags.get(PLANE_Y_RESOLUTION, 0.0)
    unit_mm = UNITS_MM.get(int(tags.get(PLANE_UNIT, 2)), 0.0)
    if across <= 0 or focal <= 0:
        return 0.0
    diagonal_mm = math.hypot(width / across, height / (down if down > 0 else across)) * unit_mm
    if not SMALLEST_MM <= diagonal_mm <= LARGEST_MM:
        return 0.0
    return focal * FILM_DIAGONAL_MM / diagonal_mm * max(tags.get(DIGITAL_ZOOM, 1.0), 1.0)


def _is_whole(taken: tuple[float, float], now: tuple[int, int]) -> bool:
    """Whether the sides are in the same ratio, or the picture was turned and they are in its inverse."""
    ratio = math.log(taken[0] / taken[1])
    return any(abs(ratio - other) < SAME_ASPECT for other in (math.log(now[0] / now[1]), math.log(now[1] / now[0])))


def _is_strip(taken: tuple[float, float], now: tuple[int, int]) -> bool:
    """Whether one side has all of its pixels and the other fewer."""
    long, short = max(taken), min(taken)
    return min(now) <= short and max(now) <= long and bool({long, short} & set(now))
