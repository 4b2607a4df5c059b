"""A ring on top of a plaque or a coin, for a key ring."""

import manifold3d
import numpy as np
from numpy.typing import NDArray

from core.errors import GeometryError
from core.options import SolidOptions
from core.solid.pocket import WELD_MM, as_manifold, disc, from_manifold, prism
from core.solid.shape import Solid

HOLE_MM = 5.0  # a split ring of 2 mm of wire goes through and turns
BAND_MM = 2.5  # of material round the hole: six lines of a usual nozzle
CLEAR_MM = 0.5  # between the hole and the plaque's edge
RISE_MM = CLEAR_MM + HOLE_MM + BAND_MM  # how far the loop stands over the edge


def looped(solid: Solid, top_mm: NDArray[np.float64], options: SolidOptions) -> Solid:
    """The solid, whose back lies at z = 0, with a loop as thick as its base over the point `top_mm` (2,) of its edge.

    Raises
    ------
    GeometryError
        The two do not become one body with one hole.
    """
    centre = (float(top_mm[0]), float(top_mm[1]) + CLEAR_MM + HOLE_MM / 2)
    ring = prism(disc(HOLE_MM + 2 * BAND_MM, centre), 0.0, options.base_mm)
    hole = prism(disc(HOLE_MM, centre), -1.0, float(solid.vertices_mm[:, 2].max()) + 1.0)
    whole = (as_manifold(solid.vertices_mm, solid.faces) + ring - hole).set_tolerance(WELD_MM)
    if whole.status() != manifold3d.Error.NoError or len(whole.decompose()) != 1 or whole.genus() != 1:
        raise GeometryError("The loop does not hold on this solid. Make the solid larger, or leave the loop out.")
    return from_manifold(whole, solid)
