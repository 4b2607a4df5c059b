"""A closed body between two height maps over one outline: shared vertices, so closed and manifold by construction."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import GeometryError
from core.mesh.triangulation import Triangulation, outlines, sample, triangulate

STEP_PX = 0.6  # half the width, in map pixels, of a wall within a height map
SLIVER_PX2 = 0.1  # triangles along the rim of less than half this area come from rounding alone
FINER = 8  # the outline is drawn this much finer to tell what lies within it


@dataclass(frozen=True)
class Side:
    """One side of a slab.

    heights : (H, W). refine : (H, W) bool, the pixels that points may be added at. seeds : (n, 2) px, points that are
    given. seed_heights : (n,). tolerance : of the refined pixels, in the unit of the heights. triangles : budget.
    """

    heights: NDArray[np.float64]
    refine: NDArray[np.bool_]
    seeds: NDArray[np.float64]
    seed_heights: NDArray[np.float64]
    tolerance: float
    triangles: int


@dataclass(frozen=True)
class Body:
    """A closed surface over map pixels.

    points : (n, 3) float64, x and y in map pixels, y down; z in the unit of the heights, up. faces : (m, 3) int32,
    outward counter-clockwise when y points up. top_count : that many points, the first, are the top's.
    """

    points: NDArray[np.float64]
    faces: NDArray[np.int32]
    top_count: int


def step_seeds(
    region: NDArray[np.bool_], within: NDArray[np.float64], beyond: NDArray[np.float64], spacing_px: float = 1.5
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points (n, 2) and heights (n,) of a clean wall round a region of a height map: two contour lines close together.

    within, beyond : (H, W), the heights on either side, each good a little past the region's rim.
    """
    inner = np.concatenate([np.empty((0, 2)), *outlines(region, -STEP_PX, spacing_px)])
    outer = np.concatenate([np.empty((0, 2)), *outlines(region, STEP_PX, spacing_px)])
    return np.concatenate([inner, outer]), np.r_[sample(within, inner), sample(beyond, outer)]


def snapped(points_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points on the lattice of 1/64 px that `triangulate` keeps to, so that they can be found again exactly."""
    return np.round(points_px * 64) / 64


def slab(top: Side, bottom: Side | float, rim: NDArray[np.float64], pixel_size: float) -> Body:
    """The body between two sides over the polygon `rim`, with walls along it.

    bottom : a side, everywhere under the top, or the height of a flat one. rim : (n, 2) px, a simple polygon whose
    points are closer to their neighbours than to the seeds and refined pixels. pixel_size : as in `triangulate`.

    Raises
    ------
    GeometryError
        Nothing can be triangulated.
    """
    rim = snapped(rim)
    upper = _over(top, rim, pixel_size)
    edges = _rim_edges(upper.faces)
    ring = np.unique(edges)
    lower_points, lower_heights, lower_faces = _below(upper, bottom, edges, rim, pixel_size)
    below = np.full(len(upper.points_px), -1, np.int64)  # top's rim vertex -> the bottom's
    order = {tuple(p): i for i, p in enumerate(lower_points.tolist())}
    below[ring] = [order[tuple(p)] for p in upper.points_px[ring].tolist()]
    below += len(upper.points_px)
    a, b = edges.T
    walls = np.concatenate([np.c_[b, a, below[a]], np.c_[b, below[a], below[b]]])
    faces = np.concatenate([upper.faces, walls, lower_faces[:, ::-1] + len(upper.points_px)])
    points = np.concatenate([np.c_[upper.points_px, upper.heights], np.c_[lower_points, lower_heights]])
    return Body(points, faces.astype(np.int32), len(upper.points_px))


def _below(
    upper: Triangulation,
    bottom: Side | float,
    edges: NDArray[np.int32],
    rim: NDArray[np.float64],
    pixel_size: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]:
    """Points (n, 2), heights (n,) and upward faces (m, 3) of the bottom, whose rim is exactly the top's."""
    ring = np.unique(edges)
    if isinstance(bottom, float):
        points = upper.points_px[ring]
        middle = points.mean(0)
        a, b = points[np.searchsorted(ring, edges[:, 0])], points[np.searchsorted(ring, edges[:, 1])]
        if (_turn(a, b, middle[None]) < -1e-6).all():  # the middle sees all of the rim: a fan is the fewest triangles
            fan = np.c_[np.searchsorted(ring, edges), np.full(len(edges), len(ring))]
            return np.concatenate([points, middle[None]]), np.full(len(ring) + 1, bottom), fan.astype(np.int32)
        empty = np.zeros((0, 2))
        flat = np.zeros((2, 2))
        bottom = Side(flat + bottom, flat > 0, empty, empty[:, 0], 1.0, 0)
    seeds = np.concatenate([upper.points_px[ring], bottom.seeds])
    heights = np.r_[sample(bottom.heights, upper.points_px[ring]), bottom.seed_heights]
    own = Side(bottom.heights, bottom.refine, seeds, heights, bottom.tolerance, bottom.triangles)
    lower = _over(own, rim, pixel_size, with_rim=False)
    wanted = {frozenset(map(tuple, pair)) for pair in upper.points_px[edges].tolist()}
    got = {frozenset(map(tuple, pair)) for pair in lower.points_px[_rim_edges(lower.faces)].tolist()}
    if wanted == got:
        return lower.points_px, lower.heights, lower.faces
    # Delaunay left an edge of the rim out: the top's triangles do for the bottom, with more points than it needs.
    return upper.points_px, sample(bottom.heights, upper.points_px), upper.faces


def _over(side: Side, rim: NDArray[np.float64], pixel_size: float, with_rim: bool = True) -> Triangulation:
    """A side's triangles within the rim, one disc."""
    seeds, heights = side.seeds, side.seed_heights
    if with_rim:
        seeds, heights = np.concatenate([rim, seeds]), np.r_[sample(side.heights, rim), heights]
    mesh = triangulate(side.heights, side.refine, seeds, heights, pixel_size, side.triangles, side.tolerance)
    corners = mesh.points_px[mesh.faces]
    sliver = np.abs(_turn(corners[:, 0], corners[:, 1], corners[:, 2])) < SLIVER_PX2
    faces = _peeled(mesh.faces, sliver | ~_within(rim, corners.mean(1)))
    used, renumbered = np.unique(faces, return_inverse=True)
    return Triangulation(
        mesh.points_px[used], mesh.heights[used], renumbered.reshape(-1, 3).astype(np.int32), mesh.error
    )


def _within(rim: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n,) bool: points (n, 2) within a polygon; read off a drawing of it, and reckoned where they are near the rim."""
    low = np.floor(rim.min(0)) - 2
    size = np.ceil(rim.max(0) - low).astype(int) + 3
    drawn = np.zeros((size[1] * FINER, size[0] * FINER), np.uint8)
    cv2.fillPoly(drawn, [np.round((rim - low) * FINER * 16).astype(np.int32)], 1, shift=4)
    columns, rows = np.clip(np.round((points - low) * FINER).astype(int), 0, size * FINER - 1).T
    around = np.ones((5, 5), np.uint8)
    near = np.flatnonzero((cv2.dilate(drawn, around) != cv2.erode(drawn, around))[rows, columns])
    inside = drawn[rows, columns] > 0
    (x, y), (ax, ay), (bx, by) = points[near].T[:, :, None], rim.T, np.roll(rim, -1, axis=0).T
    with np.errstate(divide="ignore", invalid="ignore"):
        crosses = ((ay > y) != (by > y)) & (x < ax + (y - ay) / (by - ay) * (bx - ax))
    inside[near] = crosses.sum(1) % 2 == 1
    return inside


def _peeled(faces: NDArray[np.int32], unwanted: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Take unwanted triangles off a disc from its rim inwards, each only if what is left stays one disc."""
    across = _neighbours(faces)
    kept = np.ones(len(faces), bool)
    on_rim = np.zeros(int(faces.max()) + 1, bool)
    open_edge = across < 0
    on_rim[np.concatenate([faces[open_edge[:, i]][:, [(i + 1) % 3, (i + 2) % 3]].ravel() for i in range(3)])] = True
    waiting = list(np.flatnonzero(unwanted & open_edge.any(1)))
    left = len(faces)
    while waiting and left > 1:
        face = waiting.pop()
        if not kept[face]:
            continue
        opened = [i for i in range(3) if across[face, i] < 0]
        if len(opened) == 1 and on_rim[faces[face, opened[0]]]:
            continue  # its far corner is on the rim: without it the disc would hang together by a point
        kept[face] = False
        left -= 1
        on_rim[faces[face]] = True
        for i in range(3):
            other = across[face, i]
            if other >= 0:
                across[other, across[other] == face] = -1
                if unwanted[other]:
                    waiting.append(other)
        across[face] = -1
    return faces[kept]


def _neighbours(faces: NDArray[np.int32]) -> NDArray[np.int64]:
    """(m, 3): the face across from each corner, -1 where there is none."""
    edges = np.sort(np.concatenate([faces[:, [1, 2]], faces[:, [2, 0]], faces[:, [0, 1]]]).astype(np.int64), axis=1)
    key = edges[:, 0] * (int(faces.max()) + 1) + edges[:, 1]
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero(np.diff(key[order]) == 0)
    first, second = order[same], order[same + 1]
    across = np.full(3 * len(faces), -1, np.int64)
    across[first], across[second] = second % len(faces), first % len(faces)
    return across.reshape(3, -1).T.copy()


def _rim_edges(faces: NDArray[np.int32]) -> NDArray[np.int32]:
    """(n, 2): edges of one face only, in that face's direction."""
    corner = np.argwhere(_neighbours(faces) < 0)
    if len(corner) == 0:
        raise GeometryError("There is too little depth to make a solid from. Use another photo or network.")
    face, across = corner.T
    return np.stack([faces[face, (across + 1) % 3], faces[face, (across + 2) % 3]], axis=-1)


def _turn(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,): twice the signed area of triangles, positive when counter-clockwise with y down."""
    return np.asarray((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
