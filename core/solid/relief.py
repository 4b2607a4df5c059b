"""Reconstruction -> printable solid: a relief plaque, closed by construction."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.errors import GeometryError
from core.reconstruction import Reconstruction
from core.solid.options import SolidOptions
from core.solid.shape import Solid
from core.triangulation import Triangulation, fill_outside, grid, outlines, sample, triangulate

TOLERANCE_MM = 0.04  # on the print; less than half of a fine layer
STEP_PX = 0.6  # half the width, in map pixels, of the wall where the head stands off the plate
PLATE_STEP_PX = 24.0
RIM_PERCENTILE = 98.0  # of the head's depth, taken as level with the plate: stray far pixels must not lift the head


def make_relief(reconstruction: Reconstruction, options: SolidOptions) -> Solid:
    """A plaque with the head in relief, as the camera saw it.

    Raises
    ------
    GeometryError
        There is too little depth.
    """
    mask, depth, shift = _framed(reconstruction, options)
    height_px, width_px = mask.shape
    mm_per_px = options.width_mm / (width_px - 1)
    life_mm_per_px = float(np.nanmedian(reconstruction.depth_mm)) / reconstruction.intrinsics.focal_px
    scale = mm_per_px / life_mm_per_px
    far = np.percentile(depth[mask], RIM_PERCENTILE)
    relief = np.maximum(far - fill_outside(depth, mask), 0) * scale * options.relief_share
    heights = options.base_mm + np.where(mask, relief, 0)
    mesh = _plate(heights, options.base_mm + relief, options.base_mm, mask, mm_per_px, options.max_triangles)
    top = np.c_[mesh.points_px[:, 0], (height_px - 1) - mesh.points_px[:, 1]] * mm_per_px
    vertices, faces = _closed(np.c_[top, mesh.heights], mesh.faces)
    colours = np.full((len(vertices), 3), 200, np.uint8)
    on_photo = np.clip(np.round(mesh.points_px + shift), 0, reconstruction.crop_rgb.shape[0] - 1).astype(int)
    colours[: len(on_photo)] = reconstruction.crop_rgb[on_photo[:, 1], on_photo[:, 0]]
    return Solid(vertices, faces, colours, float(scale))


def _framed(
    reconstruction: Reconstruction, options: SolidOptions
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.int64]]:
    """Mask and depth on the plaque's rectangle, and its upper left corner in crop pixels.

    The rectangle is the head's bounding box with the border round it, so no part of the head reaches the plaque's edge.
    """
    mask = reconstruction.mask
    if mask.sum() < 16:
        raise GeometryError("There is too little depth to make a solid from. Use another photo or network.")
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    low = np.array([columns[0], rows[0]])
    size = np.array([columns[-1], rows[-1]]) - low + 1
    border = int(np.ceil(size[0] * options.border_mm / (options.width_mm - 2 * options.border_mm))) + 3
    inner = (slice(low[1], low[1] + size[1]), slice(low[0], low[0] + size[0]))
    depth = np.pad(reconstruction.depth_mm[inner].astype(np.float64), border, constant_values=np.nan)
    return np.pad(mask[inner], border), depth, low - border


def _plate(
    heights: NDArray[np.float64],
    head_heights: NDArray[np.float64],
    base: float,
    mask: NDArray[np.bool_],
    mm_per_px: float,
    max_triangles: int,
) -> Triangulation:
    """Triangulate the upper side: the head to the tolerance, a clean wall round it, the plate with few triangles."""
    height, width = mask.shape
    on_head = np.concatenate([*outlines(mask, -STEP_PX, 1.5), grid(mask, 10.0)])
    plate = ndimage.distance_transform_edt(~mask) > PLATE_STEP_PX / 2
    beside = np.concatenate([*outlines(mask, STEP_PX, 1.5), grid(plate, PLATE_STEP_PX), _rectangle(width, height)])
    seeds = np.concatenate([on_head, beside])
    seed_heights = np.r_[sample(head_heights, on_head), np.full(len(beside), base)]
    refine = ndimage.binary_erosion(mask, iterations=2)
    budget = max_triangles - 2 * len(beside)
    return triangulate(heights, refine, seeds, seed_heights, mm_per_px, budget, TOLERANCE_MM)


def _rectangle(width: int, height: int) -> NDArray[np.float64]:
    """Points along the rectangle's edge."""
    across = np.linspace(0, width - 1, max(2, round(width / PLATE_STEP_PX)))
    along = np.linspace(0, height - 1, max(2, round(height / PLATE_STEP_PX)))
    sides = [np.c_[across, np.full_like(across, y)] for y in (0, height - 1)]
    sides += [np.c_[np.full_like(along, x), along] for x in (0, width - 1)]
    return np.concatenate(sides)


def _closed(top: NDArray[np.float64], faces: NDArray[np.int32]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Close a disc-shaped top by walls down to z = 0 and a floor fanned out from its middle, on shared vertices."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    key = np.sort(edges, axis=1)
    _, first, count = np.unique(key, axis=0, return_index=True, return_counts=True)
    rim = edges[first[count == 1]]
    ring = np.unique(rim)
    below = np.zeros(len(top), np.int32)
    below[ring] = len(top) + np.arange(len(ring))
    middle = len(top) + len(ring)
    floor = np.c_[top[ring, :2], np.zeros(len(ring))]
    a, b = rim[:, 0], rim[:, 1]
    walls = np.concatenate([np.c_[b, a, below[a]], np.c_[b, below[a], below[b]]])
    fan = np.c_[below[b], below[a], np.full(len(rim), middle)]
    vertices = np.concatenate([top, floor, [[*floor[:, :2].mean(0), 0.0]]])
    return vertices, np.concatenate([faces, walls, fan]).astype(np.int32)
