"""How thick the walls are: rays from the surface into the body, cast all at once through a tree of boxes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.options import Printer

STEEPEST_DEG = 45.0  # from the vertical; what leans further is printed in layers over each other, or needs support
LEAF = 8  # triangles of a box at the tree's end
RAYS_AT_A_TIME = 2048
FACING = np.cos(np.radians(45.0))  # a wall's two sides face away from each other within this; a sharper pair is an edge
SAMPLES = 3000
FOLDS = 0.003  # share of the surface that may be thinner than the thinnest wall: a sharp fold ends in nothing
SEED = 20
LINES = 2  # a wall of fewer lines is weak
ROUNDING = 0.999  # of a line or a layer still is one

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Walls:
    """Thickness where the surface has an opposite side; every sample stands for the same area.

    thickness_mm : (n,). inward : (n, 3) unit, the direction that the thickness was taken in. sampled : all rays cast.
    points_mm : (n, 3), where it was taken.
    """

    thickness_mm: Floats
    inward: Floats
    sampled: int
    points_mm: Floats

    def lines(self, printer: Printer) -> Floats:
        """(n,): how many lines of the nozzle side by side, or layers over each other where it is level, it holds."""
        level = np.abs(self.inward[:, 2]) > np.sin(np.radians(STEEPEST_DEG))
        return np.asarray(self.thickness_mm / np.where(level, printer.layer_mm, printer.nozzle_mm))

    @property
    def thinnest_mm(self) -> float | None:
        """What all but `FOLDS` of the surface is thicker than; None where no wall was met."""
        if len(self.thickness_mm) == 0:
            return None
        return float(np.sort(self.thickness_mm)[min(int(FOLDS * self.sampled), len(self.thickness_mm) - 1)])


def walls(triangles_mm: Floats, samples: int = SAMPLES, seed: int = SEED) -> Walls:
    """Thickness of a closed body of triangles (m, 3, 3), wound outwards, at points spread evenly over its area.

    The thickness is the distance to the first surface met along the inward normal. A surface that is turned by more
    than 45 degrees from the opposite of where the ray began is the flank of an edge, no other side, and is left out.
    """
    normals, areas = normals_and_areas(triangles_mm)
    randomness = np.random.default_rng(seed)
    along = (np.arange(samples) + randomness.random(samples)) / samples * areas.sum()
    own = np.minimum(np.searchsorted(np.cumsum(areas), along), len(areas) - 1)
    u, v = randomness.random((2, samples))
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    a, b, c = np.moveaxis(triangles_mm[own], 1, 0)
    points = a + u[:, None] * (b - a) + v[:, None] * (c - a)
    inward = -normals[own]
    distance, met = first_hits(triangles_mm, points, inward, own)
    facing = np.zeros(samples, bool)
    hit = met >= 0
    facing[hit] = (inward[hit] * normals[met[hit]]).sum(1) > FACING
    return Walls(distance[facing], inward[facing], samples, points[facing])


def normals_and_areas(triangles: Floats) -> tuple[Floats, Floats]:
    """Unit normals (m, 3), zero where a triangle has no area, and areas (m,) of triangles (m, 3, 3)."""
    cross = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    length = np.linalg.norm(cross, axis=1)
    return cross / np.where(length > 0, length, 1)[:, None], length / 2


def first_hits(
    triangles: Floats, origins: Floats, directions: Floats, leave_out: NDArray[np.integer]
) -> tuple[Floats, NDArray[np.int64]]:
    """Distance (n,) to the first triangle that each ray meets, and its number; inf and -1 where it meets none.

    triangles : (m, 3, 3). origins, directions : (n, 3), unit. leave_out : (n,) the triangle that each ray starts from.
    """
    order, boxes = _tree(triangles)
    distance, met = np.full(len(origins), np.inf), np.full(len(origins), -1)
    for start in range(0, len(origins), RAYS_AT_A_TIME):
        some = slice(start, start + RAYS_AT_A_TIME)
        ray, triangle = _candidates(boxes, origins[some], directions[some])
        triangle = order[triangle]
        t = _meet(triangles[triangle], origins[some][ray], directions[some][ray])
        t[triangle == leave_out[some][ray]] = np.inf
        nearest_first = np.lexsort((t, ray))
        rays, first = np.unique(ray[nearest_first], return_index=True)
        best = nearest_first[first]
        reached = np.isfinite(t[best])
        distance[start + rays[reached]] = t[best][reached]
        met[start + rays[reached]] = triangle[best][reached]
    return distance, met


def _tree(triangles: Floats) -> tuple[NDArray[np.int64], list[tuple[Floats, Floats]]]:
    """Triangles in the order of a space-filling curve, and the bounding boxes of its halves, quarters … down to leaves.

    Curve: Morton, "A computer oriented geodetic data base", 1966. The last triangle fills up the last leaves.
    """
    middle = triangles.mean(1)
    low = middle.min(0)
    cell = ((middle - low) / max(np.ptp(middle, axis=0).max(), 1e-12) * 1023).astype(np.int64)
    code = np.zeros(len(triangles), np.int64)
    for bit in range(10):
        for axis in range(3):
            code |= ((cell[:, axis] >> bit) & 1) << (3 * bit + axis)
    leaves = 1 << max(0, int(np.ceil(np.log2(len(triangles) / LEAF))))
    order = np.resize(np.argsort(code, kind="stable"), leaves * LEAF)
    order[len(triangles) :] = order[len(triangles) - 1]
    corners = triangles[order].reshape(leaves, -1, 3)
    boxes = [(corners.min(1), corners.max(1))]
    while len(boxes[0][0]) > 1:
        lows, highs = boxes[0]
        boxes.insert(0, (lows.reshape(-1, 2, 3).min(1), highs.reshape(-1, 2, 3).max(1)))
    return order, boxes


def _candidates(
    boxes: list[tuple[Floats, Floats]], origins: Floats, directions: Floats
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of ray and place in the curve's order whose leaf box the ray passes through."""
    tiny = 1e-12
    inverse = 1 / np.where(np.abs(directions) < tiny, tiny, directions)
    ray, node = np.arange(len(origins), dtype=np.int64), np.zeros(len(origins), np.int64)
    for depth, (low, high) in enumerate(boxes):
        if depth:
            ray, node = np.repeat(ray, 2), (2 * node[:, None] + np.array([0, 1])).ravel()
        enter, leave = np.zeros(len(ray)), np.full(len(ray), np.inf)
        for axis in range(3):  # an axis at a time: reductions over a length of three are slow
            start, pace = origins[ray, axis], inverse[ray, axis]
            one, other = (low[node, axis] - start) * pace, (high[node, axis] - start) * pace
            enter, leave = np.maximum(enter, np.minimum(one, other)), np.minimum(leave, np.maximum(one, other))
        passes = enter <= leave
        ray, node = ray[passes], node[passes]
    return np.repeat(ray, LEAF), (node[:, None] * LEAF + np.arange(LEAF)).ravel()


def _meet(triangles: Floats, origins: Floats, directions: Floats) -> Floats:
    """Distance along each ray to its triangle, inf where they do not meet.

    Möller and Trumbore, "Fast, minimum storage ray-triangle intersection", Journal of Graphics Tools 2(1), 1997.
    """
    a, ab, ac = triangles[:, 0], triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    p = np.cross(directions, ac)
    determinant = _dot(ab, p)
    scale = 1 / np.where(np.abs(determinant) < 1e-15, np.inf, determinant)
    to_origin = origins - a
    q = np.cross(to_origin, ab)
    u, v, t = _dot(to_origin, p) * scale, _dot(directions, q) * scale, _dot(ac, q) * scale
    edge = 1e-9  # a ray through a shared edge meets at least one of its triangles
    inside = (scale != 0) & (u >= -edge) & (v >= -edge) & (u + v <= 1 + edge) & (t > 1e-9)
    return np.where(inside, t, np.inf)


def _dot(one: Floats, other: Floats) -> Floats:
    return np.asarray(np.einsum("ij,ij->i", one, other))
