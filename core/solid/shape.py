"""What a printable solid is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.mesh.triangulation import sample

BARE = 200  # gray of what the photo does not show


@dataclass(frozen=True)
class Solid:
    """A closed surface in mm, z up from the print bed at 0, x right.

    y is up the picture; of a bust, which stands, z is up the picture and y away from the viewer.

    vertices_mm : (n, 3) float64. faces : (m, 3) int32, outward counter-clockwise.
    scale : print millimetres per millimetre of the head, across the picture. colours : (n, 3) uint8.
    """

    vertices_mm: NDArray[np.float64]
    faces: NDArray[np.int32]
    colours: NDArray[np.uint8]
    scale: float


def photo_colours(picture: NDArray[np.uint8], photo_px: NDArray[np.float64], count: int) -> NDArray[np.uint8]:
    """(count, 3): colours of a crop's picture at the first vertices, seen at `photo_px` (n, 2), gray for all others."""
    colours = np.full((count, 3), BARE, np.uint8)
    for channel in range(3):
        seen = sample(picture[..., channel].astype(np.float32), photo_px)
        colours[: len(photo_px), channel] = np.round(seen)
    return colours
