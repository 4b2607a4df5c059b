"""Adaptive Delaunay triangulation of a height map: points go where straight triangles would be wrong."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import contourpy
import cv2
import numpy as np
import scipy
from numpy.typing import NDArray

from core.errors import GeometryError

OUTLINE_STEP_PX = 2.0
FIRST = 0.6  # this share of the points is placed at once, by curvature
GROWTH = 0.5  # of the points are added at most in each round that follows: few, and they go where they matter most
MAX_ROUNDS = 24
SETTLED = 0.02  # a round that would add less than this share of the points is not worth its triangulation …
FAR_OFF = 4.0  # … unless a triangle is still wrong by so many tolerances
MIN_REFINED_AREA_PX = 0.75  # a triangle about as small as half a pixel is not split
SMOOTHING = 1 / 6  # of the mean spacing of points: sigma of the Gaussian before curvature is taken
WIDEST_PX = 48.0  # the mean spacing is taken for no more than this
MAX_SCALES = 5  # times that the spacing, and with it the smoothing, is estimated
R2 = (0.7548776662466927, 0.5698402909980532)  # 1 / p and 1 / p^2, where p^3 = p + 1
HALVED = 10_000  # from so many points on, all but the last triangulations are made in halves
SEAM_PX = 32.0  # beyond its own, each half takes points so far into the other
ON_EDGE = 1e-9  # px: a pixel on an edge belongs to both triangles
CANDIDATES = 60_000  # pixels looked at together, about as many as a core's cache holds
CORES = 2  # threads; Qhull and NumPy let them run side by side


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
    inner = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) > step_px / 2
    points = points[points[:, 0] <= width - 1]
    columns, lines = np.round(points).astype(int).T
    return np.asarray(points[inner[lines, columns]])


def fill_outside(values: NDArray[np.floating], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Values beyond the mask are those of the nearest pixel within it."""
    if not mask.any():
        raise GeometryError("There is no depth to make a surface from. Use another photo or network.")
    nearest = scipy.ndimage.distance_transform_edt(~mask, return_distances=False, return_indices=True)
    return np.asarray(values[tuple(nearest)], dtype=np.float64)


def sample(values: NDArray[np.floating], points_px: NDArray[np.floating]) -> NDArray[np.float64]:
    """Bilinear values (n,) of a map at points (n, 2)."""
    return np.asarray(scipy.ndimage.map_coordinates(values, points_px[:, ::-1].T, order=1, mode="nearest"))


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

    Wrong is what lies off a triangle at right angles to it. Where the budget does not reach, the worst go first by the
    geometric mean of that and of the error along the height: by height alone, steep sides would take most points; at
    right angles alone, the height would be far off beside them.

    Most points are placed at once, by curvature. Then greedy insertion (Garland and Heckbert 1995), in rounds: each
    triangulates anew with scipy and adds the worst pixel of each triangle that is wrong by more than the tolerance, the
    worst triangles first. Before the last rounds, two halves are triangulated side by side.

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
    added = _by_curvature(wanted, pixel_size, int(FIRST * budget) - len(points), tolerance)
    added = _new(added, points)
    rough = True
    for left in range(MAX_ROUNDS, 0, -1):
        points = np.concatenate([points, added])
        values = np.r_[values, wanted[added[:, 1], added[:, 0]]]
        rough = rough and left > 1 and HALVED < len(points) < budget
        triangles = _in_halves(points) if rough else _delaunay(points)
        corners, heights_there = points[triangles], values[triangles]
        along, pixels = _worst(corners, heights_there, wanted)
        cosine = _cosine(corners, heights_there, pixel_size)
        wrong = along * cosine
        room = min(budget - len(points), int(GROWTH * len(points)) + 16)
        added = _new(_to_add(wrong > tolerance, along * np.sqrt(cosine), pixels, corners)[: max(room, 0)], points)
        few = len(added) <= SETTLED * len(points) and wrong.max(initial=0) <= FAR_OFF * tolerance
        if not rough and (few or len(added) == 0):
            break
        rough = not few and len(added) > 0
    used, faces = np.unique(triangles, return_inverse=True)
    points, values = points[used], values[used]
    return Triangulation(points, values, _wound(points, faces.reshape(-1, 3)), float(wrong.max(initial=0)))


def _by_curvature(wanted: NDArray[np.float64], pixel_size: float, count: int, tolerance: float) -> NDArray[np.int64]:
    """At most about `count` pixels (k, 2), as dense as the curvature asks for, and no denser than the tolerance does.

    A straight edge of length h is up to H h^2 / 8 off a height whose second derivative is H, and equilateral triangles
    of such edges have 2 / (sqrt(3) h^2) corners per area: a tolerance asks for a density of H / (4 sqrt(3) tolerance).
    It becomes points by ordered dithering with a quasirandom sequence, which lies evenly at every density (Roberts
    2018, 'The unreasonable effectiveness of quasirandom sequences').

    wanted : (H, W), NaN where it does not count.
    """
    inside = np.isfinite(wanted)
    if count <= 0 or not inside.any():
        return np.empty((0, 2), np.int64)
    rows, columns = np.nonzero(inside)
    level = np.where(inside, wanted - wanted[inside].mean(), 0).astype(np.float32)
    spacing = min(np.sqrt(len(rows) / count), WIDEST_PX)
    for _ in range(MAX_SCALES):  # fewer points are farther apart, and do not follow what is finer than that
        curvature, cosine = _curvature(level, inside, pixel_size, spacing * SMOOTHING)
        needed = np.minimum(curvature * cosine * np.float32(FIRST / (4 * np.sqrt(3) * max(tolerance, 1e-9))), 1)
        density = _shared(curvature, needed, count)
        spacing, before = min(np.sqrt(len(rows) / max(float(density.sum()), 1.0)), WIDEST_PX), spacing
        if spacing < 1.2 * before:
            break
    chosen = density > (columns * R2[0] + rows * R2[1]) % 1
    return np.stack([columns[chosen], rows[chosen]], axis=-1)


def _curvature(
    level: NDArray[np.float32], inside: NDArray[np.bool_], pixel_size: float, sigma_px: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Frobenius norm of the Hessian, per px^2, and cosine of the slope of a smoothed map, at the n pixels inside.

    Where smoothing and derivatives would reach beyond the inside, they are the largest nearby.
    """
    radius = int(np.ceil(2.5 * sigma_px))
    smooth = cv2.GaussianBlur(level, (2 * radius + 1,) * 2, sigma_px)
    squares = np.zeros_like(level)
    for i, j, times in ((2, 0, 1), (0, 2, 1), (1, 1, 2)):
        derivative = cv2.Sobel(smooth, cv2.CV_32F, i, j, scale=1 / 4)
        squares += times * derivative * derivative
    rounding = 16 * np.finfo(np.float32).eps * np.abs(level).max()
    norm = np.maximum(np.sqrt(squares) - rounding, 0)
    x, y = (cv2.Sobel(smooth, cv2.CV_32F, i, 1 - i, scale=1 / 8 / pixel_size) for i in (1, 0))
    cosine = np.reciprocal(np.sqrt(1 + x * x + y * y))
    window, around = (np.ones((2 * radius + more,) * 2, np.uint8) for more in (3, 5))
    known = cv2.erode(inside.astype(np.uint8), window, borderType=cv2.BORDER_CONSTANT, borderValue=0)

    def filled(part: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(np.where(known > 0, part, cv2.dilate(part * known, around))[inside], np.float32)

    return filled(norm), filled(cosine)


def _shared(weights: NDArray[np.float32], most: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Densities (n,) in proportion to the weights, each at most `most`, together `count` or as many as that allows."""
    density = most
    if most.sum() > count:
        factor = count / weights.sum()
        for _ in range(8):
            density = np.minimum(factor * weights, most)
            factor += (count - density.sum()) / max(weights[density < most].sum(), 1e-12)
    return density


def _delaunay(points: NDArray[np.float64]) -> NDArray[np.int32]:
    """Triangles (m, 3), counter-clockwise with y down, of points on the lattice of 1/64 px.

    On that lattice Qhull's sums are nearly exact. So it need not merge facets that lie almost in one plane (option Q0),
    which takes more than half of its time where many points lie on one circle. Where this fails, its own options do.
    """
    if len(points) < 3:
        raise GeometryError("There is too little depth to make a surface from. Use another photo or network.")
    try:
        mesh = scipy.spatial.Delaunay(points, qhull_options="Qbb Qc Qz Q12 Q0")
        if len(mesh.coplanar) == 0 and (_turn(points, mesh.simplices) >= 0).all():
            return np.asarray(mesh.simplices)
    except scipy.spatial.QhullError:
        pass
    try:
        return np.asarray(scipy.spatial.Delaunay(points).simplices)
    except scipy.spatial.QhullError as error:  # points on one line
        raise GeometryError("The depth lies on one line; no surface can be made from it. Use another photo.") from error


def _in_halves(points: NDArray[np.float64]) -> NDArray[np.int32]:
    """As `_delaunay`, of the upper and the lower half at the same time; they meet, but do not fit where they meet."""
    y = points[:, 1]
    middle = float(np.median(y))

    def half(side: int) -> NDArray[np.int32]:
        near = np.flatnonzero(side * (y - middle) <= SEAM_PX)
        triangles = near[_delaunay(points[near])]
        return triangles[side * (y[triangles].mean(1) - middle) <= 0].astype(np.int32)

    with ThreadPoolExecutor(CORES) as pool:
        return np.concatenate(list(pool.map(half, (1, -1))))


def _worst(
    corners: NDArray[np.float64], heights: NDArray[np.float64], wanted: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Largest distance of the map from each triangle along the height, and the pixel where it is.

    Each triangle is drawn row by row, as a display would draw it: along a row its height is a straight line.

    corners : (m, 3, 2). heights : (m, 3), at the corners. wanted : (H, W), NaN where it does not count.
    Returns errors (m,), 0 for a triangle that holds no pixel, and pixels (m, 2), x and y.
    """
    wrong, pixels = np.zeros(len(corners)), np.zeros((len(corners), 2), np.int64)
    values, width = wanted.ravel(), wanted.shape[1]
    plane = _planes(corners, heights)
    bounds = _bounds(corners)
    first, rows = _rows(corners, wanted.shape[0])

    def look(part: NDArray[np.intp]) -> None:
        triangle = np.repeat(part, rows[part])
        y = _counted(rows[part]) + np.repeat(first[part], rows[part])
        start, length = _spans(bounds, triangle, y, width)
        held = np.flatnonzero(length)
        triangle, y, start, length = triangle[held], y[held], start[held], length[held]
        if len(held) == 0:
            return
        along = _counted(length)
        at_start = plane[triangle, 0] + plane[triangle, 1] * start + plane[triangle, 2] * y
        height = np.repeat(at_start, length) + np.repeat(plane[triangle, 1], length) * along
        index = np.repeat(y * width + start, length) + along
        error = np.abs(height - values[index])
        of_first = np.flatnonzero(np.diff(triangle, prepend=-1))
        begin = np.r_[0, np.cumsum(length)[:-1]][of_first]
        most = np.fmax.reduceat(error, begin)
        worst = np.flatnonzero(error == np.repeat(most, np.diff(np.r_[begin, len(error)])))
        of = triangle[of_first][np.searchsorted(begin, worst, side="right") - 1]
        wrong[triangle[of_first]] = np.nan_to_num(most)
        pixels[of] = np.stack([index[worst] % width, index[worst] // width], axis=-1)

    with ThreadPoolExecutor(CORES) as pool:
        list(pool.map(look, _in_parts(rows * np.clip(np.ptp(corners[..., 0], axis=1), 1, width))))
    return wrong, pixels


def _planes(corners: NDArray[np.float64], heights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m, 3): height at x = y = 0 of each triangle's plane, its change per x and per y; NaN where it has no area."""
    a, (bx, by), (cx, cy) = corners[:, 0], (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    b, c = heights[:, 1] - heights[:, 0], heights[:, 2] - heights[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        area = bx * cy - by * cx
        per_x, per_y = (b * cy - c * by) / area, (c * bx - b * cx) / area
    return np.stack([heights[:, 0] - per_x * a[:, 0] - per_y * a[:, 1], per_x, per_y], axis=-1)


def _bounds(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m, 3, 2, 2): of each edge, as lower and as upper bound of x: its x at y = 0 and its change per y.

    An edge that bounds the triangle on the other side alone, or that lies along a row, bounds nothing: infinite.
    """
    start, end = corners, np.roll(corners, -1, axis=1)
    run, rise = (end - start)[..., 0], (end - start)[..., 1]
    far = np.roll(corners, -2, axis=1)
    result = np.zeros((len(corners), 3, 2, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(rise == 0, 0, run / rise)
    at_zero = start[..., 0] - slope * start[..., 1]
    is_left = far[..., 0] > at_zero + slope * far[..., 1]
    level = rise == 0
    result[..., 0, 0] = np.where(is_left & ~level, at_zero, -np.inf)
    result[..., 1, 0] = np.where(~is_left & ~level, at_zero, np.inf)
    result[..., 1] = slope[..., None]
    return result


def _rows(corners: NDArray[np.float64], height: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First row of pixels in each triangle (m,), and how many rows (m,)."""
    first = np.clip(np.ceil(corners[..., 1].min(1)), 0, None).astype(np.int64)
    last = np.clip(np.floor(corners[..., 1].max(1)), None, height - 1).astype(np.int64)
    return first, np.maximum(last - first + 1, 0)


def _spans(
    bounds: NDArray[np.float64], triangle: NDArray[np.intp], y: NDArray[np.int64], width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First pixel (n,) of each triangle in each of its rows, and how many pixels (n,)."""
    low, high = np.zeros(len(y)), np.full(len(y), width - 1.0)
    for edge in range(3):
        of = bounds[:, edge][triangle]
        np.maximum(low, of[:, 0, 0] + of[:, 0, 1] * y - ON_EDGE, out=low)
        np.minimum(high, of[:, 1, 0] + of[:, 1, 1] * y + ON_EDGE, out=high)
    start = np.ceil(low).astype(np.int64)
    return start, np.maximum(np.floor(high).astype(np.int64) - start + 1, 0)


def _counted(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, 2 … for each of the lengths, one after the other."""
    return np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def _cosine(corners: NDArray[np.float64], heights: NDArray[np.float64], pixel_size: float) -> NDArray[np.float64]:
    """(m,): of the angle between each triangle's normal and the height; 0 for a triangle of no area."""
    points = np.concatenate([corners * pixel_size, heights[..., None]], axis=-1)
    normal = np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0])
    return np.abs(normal[:, 2]) / np.maximum(np.linalg.norm(normal, axis=1), 1e-12)


def _in_parts(count: NDArray[np.floating]) -> list[NDArray[np.intp]]:
    """Indices of triangles that hold any candidate, in parts of about `CANDIDATES`."""
    held = np.flatnonzero(count)
    if len(held) == 0:
        return []
    part = np.cumsum(count[held]) // CANDIDATES
    return np.split(held, np.flatnonzero(np.diff(part)) + 1)


def _to_add(
    wrong: NDArray[np.bool_], urgency: NDArray[np.float64], pixels: NDArray[np.int64], corners: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Pixels (k, 2) to add as points, the most urgent first, each once: of wrong triangles large enough to be split."""
    a, b, c = (corners[:, i] for i in range(3))
    area = np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2
    candidates = np.flatnonzero(wrong & (area > MIN_REFINED_AREA_PX))
    order = pixels[candidates[np.argsort(-urgency[candidates], kind="stable")]]
    _, first = np.unique(_keys(order), return_index=True)
    return order[np.sort(first)]


def _new(pixels: NDArray[np.int64], points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Those of the pixels (k, 2) where no point is yet."""
    on_pixel = points[(points == np.rint(points)).all(1)].astype(np.int64)
    return pixels[~np.isin(_keys(pixels), _keys(on_pixel))]


def _keys(pixels: NDArray[np.int64]) -> NDArray[np.int64]:
    """One number for each pixel (k, 2)."""
    return np.asarray(pixels[:, 0] + (pixels[:, 1] << 32))


def _turn(points: NDArray[np.float64], faces: NDArray[np.integer]) -> NDArray[np.float64]:
    """(m,): twice the signed area of triangles, positive when counter-clockwise with y up."""
    a, b, c = (points[faces[:, i]] for i in range(3))
    return (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]


def _wound(points: NDArray[np.float64], faces: NDArray[np.integer]) -> NDArray[np.int32]:
    """Each triangle counter-clockwise when y points up."""
    wound = np.where((_turn(points, faces) > 0)[:, None], faces[:, ::-1], faces)
    return wound.astype(np.int32)
