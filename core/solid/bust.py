"""A head that stands: what the photo shows of it, cut flat behind the ears, on a neck and a foot."""

import manifold3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.errors import GeometryError
from core.reconstruction import Reconstruction
from core.solid.bust_form import BustForm, bust_form
from core.solid.frontal import MIN_PIXELS, Frontal, frontal, largest
from core.solid.nozzle import printable
from core.solid.offset import offset_inwards
from core.solid.options import SolidOptions
from core.solid.outline import cut_flat, outline
from core.solid.pocket import as_manifold, boss, cut, place, subtracted
from core.solid.scaling import PRINT_TOLERANCE_MM, fit
from core.solid.shape import Solid, photo_colours
from core.solid.slab import Side, slab
from core.triangulation import fill_outside, grid, sample

CHIN = 8  # landmark
RIM_STEP_PX = 1.5
LEAST_NOZZLES = 3.0
WALL_SLACK_PX = 1.0  # for what triangles and pixels take off the thickness
DRAIN_NOZZLES = 10.0  # width of the drain hole: resin and loose support must come out of it


def make_bust(reconstruction: Reconstruction, options: SolidOptions) -> Solid:
    """Head, neck and foot, full or hollow, standing on z = 0 as it will stand.

    Raises
    ------
    GeometryError
        There is too little depth, or too little room for a wall, a drain hole or a fastening.
    """
    view = frontal(reconstruction)
    chin, scale = _chin(reconstruction, view), 1.0
    for _ in range(3):  # the foot's thickness is given on the print
        form = bust_form(view, chin, options.base_mm / scale, LEAST_NOZZLES * options.nozzle_mm / scale)
        rim = cut_flat(outline(form.inside, RIM_STEP_PX)[0], form.floor_px)
        scale = fit(options, *(np.ptp(rim, axis=0) * view.pitch_mm))
    low = np.array([rim[:, 0].min(), form.floor_px, 0])
    size = np.array([view.pitch_mm, -view.pitch_mm, 1]) * scale
    solid = _full(form, rim, view, reconstruction, options, low, size)
    pitch, pocket = view.pitch_mm * scale, None
    if options.fastening != "none":
        flat = form.inside & (form.back <= 0)
        flat[form.floor_px :] = False
        pocket = place(np.where(flat, form.front * scale, 0), pitch, options)
    if options.hollow:
        solid = subtracted(solid, _hollow(form, pocket, view.pitch_mm, options, low, size), "The hollow")
    if pocket is not None:
        solid = cut(solid, (pocket - low[:2]) * size[:2], options)
    x, y, z = solid.vertices_mm.T
    return Solid(np.stack([x, z.max() - z, y], axis=-1), solid.faces, solid.colours, solid.scale)


def _chin(reconstruction: Reconstruction, view: Frontal) -> float | None:
    """The chin's row in the frontal view, if it is known."""
    if reconstruction.landmarks_px is None:
        return None
    at = reconstruction.landmarks_px[[CHIN]]
    point = reconstruction.intrinsics.unproject(at, reconstruction.depth_at(at))
    return float(view.to_grid(point)[0, 1]) if np.isfinite(point).all() else None


def _full(
    form: BustForm,
    rim: NDArray[np.float64],
    view: Frontal,
    reconstruction: Reconstruction,
    options: SolidOptions,
    low: NDArray[np.float64],
    size: NDArray[np.float64],
) -> Solid:
    """The body without hollow or fastening, on its back."""
    scale = float(size[2])
    within = ndimage.distance_transform_edt(form.inside) > 2 * RIM_STEP_PX
    within[form.floor_px - 2 :] = False
    front = printable(form.front, view.pitch_mm, options.nozzle_mm / scale)
    points, behind = grid(within, 8.0), grid(within, 24.0)
    top = Side(
        front, within, points, sample(front, points), PRINT_TOLERANCE_MM / scale, int(0.75 * options.max_triangles)
    )
    bottom = Side(
        form.back, within, behind, sample(form.back, behind), 2 * PRINT_TOLERANCE_MM / scale, options.max_triangles // 4
    )
    body = slab(top, bottom, rim, view.pitch_mm)
    on_view = body.points[: body.top_count, :2] - form.shift_px
    seen = np.stack([sample(view.photo_px[..., i], on_view) for i in range(2)], axis=-1)
    vertices = (body.points - low) * size
    return Solid(vertices, body.faces, photo_colours(reconstruction, seen, len(vertices)), scale)


def _hollow(
    form: BustForm,
    pocket: NDArray[np.int64] | None,
    pitch: float,
    options: SolidOptions,
    low: NDArray[np.float64],
    size: NDArray[np.float64],
) -> manifold3d.Manifold:
    """What is taken out of a hollow bust: its inside, a wall away from every side, and the drain hole below."""
    scale = float(size[2])
    wall = options.wall_mm / scale + WALL_SLACK_PX * pitch
    inside = form.inside.copy()
    inside[form.floor_px + 1 :] = False
    upper, lower = offset_inwards(form.front, inside, wall, pitch), -offset_inwards(-form.back, inside, wall, pitch)
    reached = np.isfinite(upper) & np.isfinite(lower)
    gap = np.where(reached, np.where(reached, upper, 0) - np.where(reached, lower, 0), 0)
    region = gap > 2 * options.nozzle_mm / scale
    if pocket is not None:
        region &= ~boss(region.shape, pocket, pitch * scale, options)
    region = largest(ndimage.binary_opening(region, iterations=2))
    drain = max(DRAIN_NOZZLES * options.nozzle_mm, 3.0) / scale
    reach = int(np.ceil(drain / 2 / pitch)) + 1
    around = ndimage.binary_erosion(region & (gap >= drain + 2 * pitch), iterations=reach)
    if region.sum() < MIN_PIXELS or not around.any():
        raise GeometryError(
            f"With walls of {options.wall_mm:g} mm there is no room for a hollow and its drain hole. "
            "Make the bust larger or the walls thinner, or leave it full."
        )
    rim, region = outline(region, RIM_STEP_PX)
    upper, lower = fill_outside(upper, region & reached), fill_outside(lower, region & reached)
    within = ndimage.distance_transform_edt(region) > 2 * RIM_STEP_PX
    points = grid(within, 8.0)
    tolerance, budget = 4 * PRINT_TOLERANCE_MM / scale, options.max_triangles // 4
    sides = [Side(heights, within, points, sample(heights, points), tolerance, budget) for heights in (upper, lower)]
    body = slab(sides[0], sides[1], rim, pitch)
    cavity = as_manifold((body.points - low) * size, body.faces)
    rows, columns = np.nonzero(around)
    row = rows.max()
    column = int(np.median(columns[rows == row]))
    x, y, z = (np.array([column, row, (upper[row, column] + lower[row, column]) / 2]) - low) * size
    hole = manifold3d.Manifold.cylinder(float(y) + 1, drain * scale / 2, circular_segments=48)
    return cavity + hole.rotate((-90, 0, 0)).translate((float(x), -1.0, float(z)))
