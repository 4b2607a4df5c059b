"""The hollow of a closed body, a wall away from its surface everywhere, with a hole through the floor."""

import cv2
import manifold3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from core.head import vertex_normals
from core.options import SolidOptions
from core.solid.hollow import DRAIN_MM, DRAIN_NOZZLES, no_room
from core.solid.pocket import ROUND, as_manifold
from core.solid.scaling import PRINT_TOLERANCE_MM
from core.solid.shape import Solid

CELLS = 500_000  # of the grid at most: a finer one costs seconds and shows nowhere
CELLS_IN_WALL = 2.0
TOLERANCE = 0.05  # of a cell, or that of prints: how far triangles may be off
ROUND_MM = 6.0  # in life: radius of what the hollow is made of, so that it goes into no ear
BEYOND_CELLS = 3.0  # how far beyond that depths are told
FIXED = 4  # bits of a pixel that OpenCV places corners to
STEP_MM = 0.5  # upwards, in search of where the drain hole finds room


def cavity(
    solid: Solid, surface: NDArray[np.float64], faces: NDArray[np.int32], options: SolidOptions
) -> manifold3d.Manifold:
    """What is taken out of a full solid to hollow it: all that is a wall away from its surface, and a drain hole.

    surface, faces : (n, 3) and (m, 3), the same surface before it was decimated, mm.

    Raises
    ------
    GeometryError
        There is no room for it.
    """
    wall = options.wall_mm
    low, high = solid.vertices_mm.min(0), solid.vertices_mm.max(0)
    cell = max(wall / CELLS_IN_WALL, float(np.cbrt(np.prod(high - low) / CELLS)))
    tolerance = max(PRINT_TOLERANCE_MM, TOLERANCE * cell)
    least = wall + 2 * tolerance  # triangles cut across the grid, and are simplified
    inner = least + max(ROUND_MM * solid.scale, cell)
    most = inner + BEYOND_CELLS * cell
    depths = _of_balls(_depths(solid, surface, faces, low, cell, most), inner, cell)
    hollow = _deeper(depths, low, cell, least, tolerance)
    drain = max(DRAIN_NOZZLES * options.nozzle_mm, DRAIN_MM)
    out = None if hollow is None else _way_out(hollow, drain / 2, cell / 4)
    if hollow is None or out is None:
        raise no_room(options)
    x, y, top = out
    return hollow + manifold3d.Manifold.cylinder(top + 1, drain / 2, circular_segments=ROUND).translate((x, y, -1.0))


def _depths(
    solid: Solid, surface: NDArray[np.float64], faces: NDArray[np.int32], low: NDArray[np.float64], cell: float,
    most: float,
) -> NDArray[np.float64]:  # fmt: skip
    """(X, Y, Z) how deep the points of a grid from `low` lie in the body, mm; 0 outside, `most` where it is more.

    The distance to the plane of the nearest vertex, but no less than what its triangles' size explains.
    """
    inside = _inside(solid, low, cell)
    rough = ndimage.distance_transform_edt(inside, sampling=cell)
    depths = np.minimum(rough, most)
    asked = np.argwhere(inside & (rough < most + 2 * cell))
    places = low + cell * asked
    away, nearest = cKDTree(surface).query(places, workers=-1)
    upright = np.abs(((places - surface[nearest]) * vertex_normals(surface, faces)[nearest]).sum(1))
    beside = np.percentile(np.linalg.norm(surface[faces[:, 0]] - surface[faces[:, 1]], axis=1), 99) / np.sqrt(3)
    away = np.maximum(upright, np.sqrt(np.maximum(away**2 - beside**2, 0)))
    depths[tuple(asked.T)] = np.minimum(away, most)
    return np.minimum(depths, cell * np.arange(depths.shape[2]))  # the floor has few vertices


def _inside(solid: Solid, low: NDArray[np.float64], cell: float) -> NDArray[np.bool_]:
    """(X, Y, Z) bool: which points of a grid from `low` lie in the body."""
    counts = np.ceil((solid.vertices_mm.max(0) - low) / cell).astype(int) + 1
    body = as_manifold(solid.vertices_mm, solid.faces)
    found = np.zeros(counts[::-1], np.uint8)
    for layer, level in zip(found, low[2] + cell * np.arange(counts[2]), strict=True):
        outlines = body.slice(float(level)).to_polygons()
        if outlines:
            corners = [np.round((line - low[:2]) / cell * 2**FIXED).astype(np.int32) for line in outlines]
            cv2.fillPoly(layer, corners, 1, shift=FIXED)
    return found.transpose(2, 1, 0) > 0


def _of_balls(depths: NDArray[np.float64], least: float, cell: float) -> NDArray[np.float64]:
    """Depths (X, Y, Z) in what is covered by balls in the body larger than `least`; nowhere more than before.

    Each point's ball is the one about the nearest point so deep.
    """
    core = depths > least
    if not core.any():
        return np.zeros_like(depths)
    away, nearest = ndimage.distance_transform_edt(~core, sampling=cell, return_indices=True)
    return np.asarray(np.maximum(depths[tuple(nearest)] - away, 0))


def _deeper(
    depths: NDArray[np.float64], low: NDArray[np.float64], cell: float, least: float, tolerance: float
) -> manifold3d.Manifold | None:
    """The largest body within which depths (X, Y, Z) are more than `least`; None if there is none."""
    if depths.max() <= least:
        return None
    between = ndimage.uniform_filter(depths, 2)[1:, 1:, 1:]  # in the middle of eight
    grids = [(grid.ravel().tolist(), grid.shape) for grid in (depths, between)]
    half, (x0, y0, z0) = cell / 2, low.tolist()

    def depth(x: float, y: float, z: float) -> float:
        """At a point of the grid, or in the middle of eight: there alone it is asked for."""
        i, j, k = round((x - x0) / half), round((y - y0) / half), round((z - z0) / half)
        values, (rows, columns, layers) = grids[i & 1]
        i, j, k = i >> 1, j >> 1, k >> 1
        if not (0 <= i < rows and 0 <= j < columns and 0 <= k < layers):
            return 0.0
        return values[(i * columns + j) * layers + k]

    high = low + cell * (np.array(depths.shape) - 1)
    found = manifold3d.Manifold.level_set(depth, [*low, *high], cell * (1 - 1e-9), least)
    largest = max(found.decompose(), key=lambda piece: float(piece.volume()), default=None)
    return None if largest is None else largest.simplify(tolerance)


def _way_out(hollow: manifold3d.Manifold, radius: float, pixel: float) -> tuple[float, float, float] | None:
    """x, y and z of the lowest place in a hollow where a hole of that radius comes out of it; None if there is none."""
    x0, y0, bottom, x1, y1, top = hollow.bounding_box()
    for level in np.arange(bottom + STEP_MM / 2, top, STEP_MM):
        picture = np.zeros((int((y1 - y0) / pixel) + 3, int((x1 - x0) / pixel) + 3), np.uint8)
        outlines = hollow.slice(float(level)).to_polygons()
        cv2.fillPoly(picture, [np.round((line - [x0, y0]) / pixel + 1).astype(np.int32) for line in outlines], 1)
        room = cv2.distanceTransform(picture, cv2.DIST_L2, 5) * pixel
        row, column = np.unravel_index(int(room.argmax()), room.shape)
        if room[row, column] > radius:
            return x0 + (column - 1) * pixel, y0 + (row - 1) * pixel, float(level)
    return None
