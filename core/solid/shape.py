"""What a printable solid is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Solid:
    """A closed surface in mm, z up from the print bed at 0, x right, y up the picture.

    vertices_mm : (n, 3) float64. faces : (m, 3) int32, outward counter-clockwise.
    scale : print millimetres per millimetre of the head, across the picture. colours : (n, 3) uint8.
    """

    vertices_mm: NDArray[np.float64]
    faces: NDArray[np.int32]
    colours: NDArray[np.uint8]
    scale: float
