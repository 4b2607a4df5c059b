"""A head that stands: what the photo shows of it, cut flat behind the ears, on a neck and a foot."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.geometry.reconstruction import Reconstruction
from core.mesh.colours import without_background
from core.mesh.triangulation import grid, sample
from core.options import SolidOptions
from core.solid.bust_form import BustForm, bust_form
from core.solid.hollow import hollow
from core.solid.nozzle import printable
from core.solid.outline import cut_flat, outline
from core.solid.parallel_heights import Frontal, frontal
from core.solid.pocket import boss_solid, cut, place, subtracted
from core.solid.scaling import PRINT_TOLERANCE_MM, fit
from core.solid.shape import Solid, photo_colours
from core.solid.slab import Side, slab

CHIN = 8  # landmark
RIM_STEP_PX = 1.5
LEAST_NOZZLES = 3.0


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
        behind = 4 * options.wall_mm if options.hollow else 0.0
        pocket = place(np.where(flat, form.front * scale, 0), pitch, options, behind)
    if options.hollow:
        inside = hollow(form, view.pitch_mm, options, low, size)
        if pocket is not None:
            inside -= boss_solid((pocket - low[:2]) * size[:2], options)
        solid = subtracted(solid, inside, "The hollow")
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
    colours = photo_colours(without_background(reconstruction.crop_rgb, reconstruction.head), seen, len(vertices))
    return Solid(vertices, body.faces, colours, scale)
