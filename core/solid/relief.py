"""A plaque with the head in relief, as the camera saw it."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.errors import GeometryError
from core.geometry.reconstruction import Reconstruction
from core.mesh.triangulation import fill_outside, grid, sample
from core.options import SolidOptions
from core.solid.compress import compressed
from core.solid.nozzle import carvable, printable, without_ripples
from core.solid.parallel_heights import MIN_PIXELS, pixel_mm
from core.solid.plaque import print_pitch, rounded_rectangle
from core.solid.pocket import cut, place
from core.solid.shape import Solid, photo_colours
from core.solid.slab import Side, slab, step_seeds

TOLERANCE_MM = 0.04  # on the print; less than half of a fine layer
PLATE_STEP_PX = 24.0
RIM_PERCENTILE = 2.0  # of the head's heights, taken as level with the plate: stray far pixels must not lift the head
EDGE_LAYERS = 3  # the head stands off the plate by at least so many layers, half a nozzle each, or its outline is lost


def make_relief(reconstruction: Reconstruction, options: SolidOptions) -> Solid:
    """A plaque: plate, border, rounded corners, and the head's heights with their detail kept.

    Raises
    ------
    GeometryError
        There is too little depth.
    """
    life_mm = pixel_mm(reconstruction) if reconstruction.head.any() else 1.0
    mask, depth, pitch, shift = _framed(reconstruction, options, life_mm)
    scale = pitch / life_mm
    true = np.where(mask, (np.nanmax(depth[mask]) - np.nan_to_num(depth)) * scale, 0.0)
    drawn = _cut_out(carvable(reconstruction.drawn_mm(reconstruction.mask.shape[0])), shift, mask.shape) * scale
    flat = _flattened(true, mask, pitch, options) + np.where(mask, without_ripples(drawn, pitch, options.nozzle_mm), 0)
    relief = printable(flat, pitch, options.nozzle_mm)
    head = options.base_mm + np.maximum(relief, EDGE_LAYERS * options.nozzle_mm / 2)
    head = fill_outside(head, mask)
    plate = np.full(mask.shape, options.base_mm)
    high = np.array(mask.shape[::-1]) - 1.0
    rim = rounded_rectangle(np.zeros(2), high, options.corner_mm / pitch)
    flat = grid(
        _well_within(mask.shape, rim) & (ndimage.distance_transform_edt(~mask) > PLATE_STEP_PX / 2), PLATE_STEP_PX
    )
    walls, wall_heights = step_seeds(mask, head, plate)
    inner = grid(mask, 10.0)
    top = Side(
        heights=np.where(mask, head, plate),
        refine=ndimage.binary_erosion(mask, iterations=2),
        seeds=np.concatenate([walls, inner, flat]),
        seed_heights=np.r_[wall_heights, sample(head, inner), np.full(len(flat), options.base_mm)],
        tolerance=TOLERANCE_MM,
        triangles=options.max_triangles - 3 * len(rim),
    )
    body = slab(top, 0.0, rim, pitch)
    points = body.points * [pitch, -pitch, 1] + [0, high[1] * pitch, 0]
    colours = photo_colours(reconstruction.crop_rgb, body.points[: body.top_count, :2] + shift, len(points))
    solid = Solid(points, body.faces, colours, float(scale))
    if options.fastening == "none":
        return solid
    at = place(np.where(_well_within(mask.shape, rim), top.heights, 0), pitch, options)
    return cut(solid, np.array([at[0], high[1] - at[1]]) * pitch, options)


def _flattened(
    true: NDArray[np.float64], mask: NDArray[np.bool_], pitch: float, options: SolidOptions
) -> NDArray[np.float64]:
    """Heights of the relief above the plate: compressed, then as high in all as the share of the true ones asks."""
    flat = compressed(true, mask, pitch, options.detail)
    low, true_low = (float(np.percentile(heights[mask], RIM_PERCENTILE)) for heights in (flat, true))
    rise, true_rise = float(flat[mask].max()) - low, float(true[mask].max()) - true_low
    if rise < 1e-6:
        return np.zeros_like(true)
    return np.where(mask, np.maximum(flat - low, 0) * (options.relief_share * true_rise / rise), 0)


def _framed(
    reconstruction: Reconstruction, options: SolidOptions, life_mm: float
) -> tuple[NDArray[np.bool_], NDArray[np.float64], float, NDArray[np.int64]]:
    """Mask and depth on the plaque's rectangle, its mm per pixel, and its upper left corner in crop pixels.

    The rectangle is the head's bounding box with the border round it, so no part of the head reaches the plaque's edge.
    """
    mask = reconstruction.mask
    if mask.sum() < MIN_PIXELS:
        raise GeometryError("There is too little depth to make a solid from. Use another photo or network.")
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    low = np.array([columns[0], rows[0]])
    size = np.array([columns[-1], rows[-1]]) - low + 1
    border = int(np.ceil(options.border_mm / print_pitch(options, (float(size[0]), float(size[1])), life_mm))) + 3
    inner = (slice(low[1], low[1] + size[1]), slice(low[0], low[0] + size[0]))
    depth = np.pad(reconstruction.depth_mm[inner].astype(np.float64), border, constant_values=np.nan)
    whole = size + 2 * border - 1
    if options.life_size:
        pitch = life_mm
    elif options.height_mm is not None:
        pitch = options.height_mm / whole[1]
    else:
        pitch = options.width_mm / whole[0]
    return np.pad(mask[inner], border), depth, float(pitch), low - border


def _cut_out(values: NDArray[np.float32], corner: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """(H, W): of a map, what lies from a corner (2,), x and y, on; 0 beyond the map."""
    border = max(0, *(-corner), *(corner + shape[::-1] - values.shape[::-1]))
    x, y = (corner + border).tolist()
    return np.pad(values, border)[y : y + shape[0], x : x + shape[1]].astype(np.float64)


def _well_within(shape: tuple[int, ...], rim: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(H, W) bool: pixels so far from the rim that points there leave its edges alone."""
    drawn = np.zeros(shape, np.uint8)
    cv2.fillPoly(drawn, [np.round(rim).astype(np.int32)], 1)
    return np.asarray(ndimage.distance_transform_edt(np.pad(drawn, 1))[1:-1, 1:-1] > PLATE_STEP_PX / 2)
