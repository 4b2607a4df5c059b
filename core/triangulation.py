"""Adaptive Delaunay triangulation of a height map: points go where straight triangles would be wrong."""

from dataclasses import dataclass

import contourpy
import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import Delaunay

from core.errors import GeometryError

GRID_STEP_PX = 10.0  # of the first, even points
OUTLINE_STEP_PX = 2.0
GROWTH = 0.8  # at most this share of the points is added in a round
MAX_ROUNDS = 16
SETTLED = 0.02  # a round that would add less than this share of the points is not worth its triangulation
MIN_REFINED_AREA_PX = 0.75  # a triangle about as small as half a pixel is not split
ON_EDGE = 1e-9  # barycentric: a pixel on an edge belongs to both triangles
CANDIDATES = 4_000_000  # pixels looked at together, about 0.5 GB


@dataclass(frozen=True)
class Triangulation:
    """points_px : (n, 2) float64, x and y. heights : (n,) float64. faces : (m, 3) int32, counter-clockwise with y up.

    error : largest distance of the refined pixels from their triangle that is left, in the unit of the heights.
    """

    points_px: NDArray[np.float64]
    heights: NDArray[np.float64]
    faces: NDArray[np.int32]
    error: float


def outlines(
    mask: NDArray[np.bool_], offset_px: float = 0.0, step_px: float = OUTLINE_STEP_PX
) -> list[NDArray[np.float64]]:
    """The mask's smoothed rim as closed lines of points (n, 2) at even steps; `offset_px` > 0 lies outside it."""
    padded = np.pad(mask, 4).astype(np.uint8)
    distance = cv2.distanceTransform(1 - padded, cv2.DIST_L2, 5) - cv2.distanceTransform(padded, cv2.DIST_L2, 5)
    smooth = cv2.GaussianBlur(distance, (0, 0), 1.5)
    lines = contourpy.contour_generator(z=smooth).lines(offset_px)
    return [_resampled(np.asarray(line) - 4, step_px) for line in lines if len(line) > 8]


def _resampled(line: NDArray[np.float64], step_px: float) -> NDArray[np.float64]:
    along = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    count = max(8, round(float(along[-1]) / step_px))
    at = np.linspace(0, along[-1], count, endpoint=False)
    return np.stack([np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])], axis=-1)


def grid(mask: NDArray[np.bool_], step_px: float) -> NDArray[np.float64]:
    """Even points (n, 2) on a triangular grid within the mask, at least half a step from its rim."""
    height, width = mask.shape
    x, y = np.meshgrid(np.arange(0, width - 0.5, step_px), np.arange(0, height - 0.5, step_px * np.sqrt(0.75)))
    x[1::2] += step_px / 2
    points = np.stack([x.ravel(), y.ravel()], axis=-1)
    inner = ndimage.distance_transform_edt(mask) > step_px / 2
    points = points[points[:, 0] <= width - 1]
    columns, lines = np.round(points).astype(int).T
    return np.asarray(points[inner[lines, columns]])


def fill_outside(values: NDArray[np.floating], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Values beyond the mask are those of the nearest pixel within it."""
    if not mask.any():
        raise GeometryError("There is no depth to make a surface from. Use another photo or network.")
    nearest = ndimage.distance_transform_edt(~mask, return_distances=False, return_indices=True)
    return np.asarray(values[tuple(nearest)], dtype=np.float64)


def sample(values: NDArray[np.floating], points_px: NDArray[np.floating]) -> NDArray[np.float64]:
    """Bilinear values (n,) of a map at points (n, 2)."""
    return np.asarray(ndimage.map_coordinates(values, points_px[:, ::-1].T, order=1, mode="nearest"))


def triangulate(
    heights: NDArray[np.floating],
    refine: NDArray[np.bool_],
    seeds: NDArray[np.floating],
    seed_heights: NDArray[np.floating],
    pixel_size: float,
    max_triangles: int,
    tolerance: float,
) -> Triangulation:
    """Delaunay triangulation of `seeds` and of the pixels where it is most wrong, until nearly all is right.

    Wrong is what lies off a triangle at right angles to it: along the height alone, steep sides would take most points.

    Greedy insertion (Garland and Heckbert 1995), in rounds: each round triangulates anew with scipy and adds the worst
    pixel of each triangle that is wrong by more than the tolerance, the worst triangles first.

    heights : (H, W). refine : (H, W) bool, the pixels that count. seeds : (n, 2), given points. seed_heights : (n,).
    pixel_size : of a pixel, in the unit of the heights. max_triangles : budget for the whole triangulation.

    Raises
    ------
    GeometryError
        No triangle can be made: fewer than three points, or all on one line.
    """
    points, first = np.unique(np.round(np.asarray(seeds, dtype=np.float64) * 64) / 64, axis=0, return_index=True)
    values = np.asarray(seed_heights, dtype=np.float64)[first]
    wanted = np.where(refine, heights, np.nan)
    budget = max(max_triangles // 2, len(points))
    for round_ in range(MAX_ROUNDS):
        mesh = _delaunay(points)
        wrong, pixels = _worst(points[mesh.simplices], values[mesh.simplices], wanted, pixel_size)
        room = min(budget - len(points), int(GROWTH * len(points)) + 16)
        added = _to_add(wrong, pixels, mesh.simplices, points, tolerance)[: max(room, 0)]
        if len(added) <= SETTLED * len(points) or round_ == MAX_ROUNDS - 1:
            break
        points = np.concatenate([points, added])
        values = np.r_[values, wanted[added[:, 1], added[:, 0]]]
    used, faces = np.unique(mesh.simplices, return_inverse=True)
    points, values = points[used], values[used]
    return Triangulation(points, values, _wound(points, faces.reshape(-1, 3)), float(wrong.max(initial=0)))


def _delaunay(points: NDArray[np.float64]) -> Delaunay:
    if len(points) < 3:
        raise GeometryError("There is too little depth to make a surface from. Use another photo or network.")
    try:
        return Delaunay(points)
    except Exception as error:  # scipy raises QhullError for points on one line
        raise GeometryError("The depth lies on one line; no surface can be made from it. Use another photo.") from error


def _worst(
    corners: NDArray[np.float64], heights: NDArray[np.float64], wanted: NDArray[np.floating], pixel_size: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Largest distance of the map from each triangle, at right angles to it, and the pixel where it is.

    corners : (m, 3, 2). heights : (m, 3), at the corners. wanted : (H, W), NaN where it does not count.
    Returns errors (m,), 0 for a triangle that holds no pixel, and pixels (m, 2), x and y.
    """
    last = np.array(wanted.shape[::-1]) - 1
    low = np.clip(np.ceil(corners.min(1)), 0, None).astype(np.int64)
    high = np.clip(np.floor(corners.max(1)), None, last).astype(np.int64)
    size = np.maximum(high - low + 1, 0)
    count = size.prod(1)
    wrong, pixels = np.zeros(len(corners)), np.zeros((len(corners), 2), np.int64)
    for part in _in_parts(count):
        of = np.repeat(part, count[part])
        start = np.r_[0, np.cumsum(count[part])[:-1]]
        along = np.arange(len(of)) - np.repeat(start, count[part])
        x, y = low[of, 0] + along % size[of, 0], low[of, 1] + along // size[of, 0]
        error = np.nan_to_num(np.abs(_plane(corners, heights, of, x, y) - wanted[y, x]))
        wrong[part] = np.maximum.reduceat(error, start)
        worst = np.flatnonzero(error == wrong[of])
        pixels[of[worst]] = np.stack([x[worst], y[worst]], axis=-1)
    return wrong * _cosine(corners, heights, pixel_size), pixels


def _cosine(corners: NDArray[np.float64], heights: NDArray[np.float64], pixel_size: float) -> NDArray[np.float64]:
    """(m,): of the angle between each triangle's normal and the height; 0 for a triangle of no area."""
    points = np.concatenate([corners * pixel_size, heights[..., None]], axis=-1)
    normal = np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0])
    return np.abs(normal[:, 2]) / np.maximum(np.linalg.norm(normal, axis=1), 1e-12)


def _in_parts(count: NDArray[np.int64]) -> list[NDArray[np.intp]]:
    """Indices of triangles that hold any candidate, in parts of about `CANDIDATES`, to bound memory."""
    held = np.flatnonzero(count)
    if len(held) == 0:
        return []
    part = np.cumsum(count[held]) // CANDIDATES
    return np.split(held, np.flatnonzero(np.diff(part)) + 1)


def _plane(
    corners: NDArray[np.float64],
    heights: NDArray[np.float64],
    of: NDArray[np.intp],
    x: NDArray[np.int64],
    y: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Height at pixels (x, y) of the planes of triangles `of`; NaN beyond the triangle, and where it has no area."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    (bx, by), (cx, cy) = (b - a).T, (c - a).T
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 1 / (bx * cy - by * cx)
        dx, dy = x - a[of, 0], y - a[of, 1]
        v = (dx * cy[of] - dy * cx[of]) * scale[of]
        w = (dy * bx[of] - dx * by[of]) * scale[of]
        height = heights[of, 0] + v * (heights[:, 1] - heights[:, 0])[of] + w * (heights[:, 2] - heights[:, 0])[of]
    inside = (v >= -ON_EDGE) & (w >= -ON_EDGE) & (v + w <= 1 + ON_EDGE)
    return np.where(inside, height, np.nan)


def _to_add(
    wrong: NDArray[np.float64],
    pixels: NDArray[np.int64],
    simplices: NDArray[np.int32],
    points: NDArray[np.float64],
    tolerance: float,
) -> NDArray[np.int64]:
    """Pixels (k, 2) to add as points, worst first, each once: of triangles wrong by more than the tolerance."""
    a, b, c = (points[simplices[:, i]] for i in range(3))
    area = np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2
    candidates = np.flatnonzero((wrong > tolerance) & (area > MIN_REFINED_AREA_PX))
    order = pixels[candidates[np.argsort(-wrong[candidates], kind="stable")]]
    _, first = np.unique(order, axis=0, return_index=True)
    return order[np.sort(first)]


def _wound(points: NDArray[np.float64], faces: NDArray[np.integer]) -> NDArray[np.int32]:
    """Each triangle counter-clockwise when y points up."""
    a, b, c = (points[faces[:, i]] for i in range(3))
    turn = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    wound = np.where((turn > 0)[:, None], faces[:, ::-1], faces)
    return wound.astype(np.int32)
