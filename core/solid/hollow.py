"""The hollow of a bust, with the hole that drains it."""

import manifold3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.errors import GeometryError
from core.mesh.triangulation import fill_outside, grid, sample
from core.options import SolidOptions
from core.solid.bust_form import BustForm
from core.solid.offset import offset_inwards
from core.solid.outline import outline
from core.solid.parallel_heights import MIN_PIXELS, largest
from core.solid.pocket import as_manifold
from core.solid.scaling import PRINT_TOLERANCE_MM
from core.solid.slab import Side, slab

RIM_STEP_PX = 1.5
WALL_SLACK_PX = 1.0  # for what triangles and pixels take off the thickness
DRAIN_NOZZLES = 10.0  # width of the drain hole: resin and loose support must come out of it
DRAIN_MM = 3.0
OVERLAP_PX = 3  # the hole goes so far up into the hollow


def hollow(
    form: BustForm,
    pitch: float,
    options: SolidOptions,
    low: NDArray[np.float64],
    size: NDArray[np.float64],
) -> manifold3d.Manifold:
    """What is taken out of a bust on its back to hollow it: its inside, a wall away from every side, and a drain hole.

    pitch : of the form's grid, mm in life. low, size : origin and scale that take the form's points to the print.

    Raises
    ------
    GeometryError
        There is no room for it.
    """
    scale = float(size[2])
    wall = options.wall_mm / scale + WALL_SLACK_PX * pitch
    inside = form.inside.copy()
    inside[form.floor_px + 1 :] = False
    upper, lower = offset_inwards(form.front, inside, wall, pitch), -offset_inwards(-form.back, inside, wall, pitch)
    reached = np.isfinite(upper) & np.isfinite(lower)
    gap = np.where(reached, np.where(reached, upper, 0) - np.where(reached, lower, 0), 0)
    region = gap > 2 * options.nozzle_mm / scale
    region = largest(ndimage.binary_opening(region, iterations=2))
    drain = max(DRAIN_NOZZLES * options.nozzle_mm, DRAIN_MM) / scale
    reach = int(np.ceil(drain / 2 / pitch)) + 1
    around = ndimage.binary_erosion(region & (gap >= drain + 2 * pitch), iterations=reach)
    middle = (np.where(reached, upper, 0) + np.where(reached, lower, 0)) / 2
    around &= _way_down(form, inside, middle, drain / 2 + options.nozzle_mm / scale, reach)
    if region.sum() < MIN_PIXELS or not around.any():
        raise no_room(options)
    rows, columns = np.nonzero(around)
    row = int(rows.max())
    column = int(np.sort(columns[rows == row])[(rows == row).sum() // 2])
    region[row + 1 :] = False  # what is lower is too thin for the hole, which would run in and out of it
    rim, region = outline(largest(region), RIM_STEP_PX)
    upper, lower = fill_outside(upper, region & reached), fill_outside(lower, region & reached)
    within = ndimage.distance_transform_edt(region) > 2 * RIM_STEP_PX
    points = grid(within, 8.0)
    tolerance, budget = 4 * PRINT_TOLERANCE_MM / scale, options.max_triangles // 4
    sides = [Side(heights, within, points, sample(heights, points), tolerance, budget) for heights in (upper, lower)]
    body = slab(sides[0], sides[1], rim, pitch)
    cavity = as_manifold((body.points - low) * size, body.faces)
    x, y, z = (np.array([column, row - OVERLAP_PX, middle[row, column]]) - low) * size
    hole = manifold3d.Manifold.cylinder(float(y) + 1, drain * scale / 2, circular_segments=48)
    return cavity + hole.rotate((-90, 0, 0)).translate((float(x), -1.0, float(z)))


def no_room(options: SolidOptions) -> GeometryError:
    """What is raised where walls leave no room."""
    return GeometryError(
        f"With walls of {options.wall_mm:g} mm there is no room for a hollow and its drain hole. "
        "Make the bust larger or the walls thinner, or leave it full."
    )


def _way_down(
    form: BustForm, inside: NDArray[np.bool_], middle: NDArray[np.float64], radius: float, reach: int
) -> NDArray[np.bool_]:
    """(H, W) bool: from here a hole of that radius, at the height `middle`, goes down to the floor within the body."""
    size = 2 * reach + 1
    front = ndimage.minimum_filter(np.where(inside, form.front, -np.inf), size)[: form.floor_px - reach]
    back = ndimage.maximum_filter(np.where(inside, form.back, np.inf), size)[: form.floor_px - reach]
    least, most = np.minimum.accumulate(front[::-1])[::-1], np.maximum.accumulate(back[::-1])[::-1]
    free = np.zeros(inside.shape, bool)
    free[: len(front)] = (middle[: len(front)] + radius < least) & (middle[: len(front)] - radius > most)
    return free
