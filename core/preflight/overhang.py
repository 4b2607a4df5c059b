"""What hangs over: the share of a surface that would print on air, and the resting place that has least of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.transform import Rotation

from core.preflight.walls import STEEPEST_DEG, normals_and_areas

RESTING_FACES = 12  # the largest flat sides of the convex hull are tried
SMALLEST_REST = 0.02  # of the largest: a body does not stand on less
WORTH_TURNING = 0.05  # another place is proposed only if it spares this share of the surface

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Orientation:
    """A way to lay the body on the bed.

    down : unit, the direction of the file that points to the bed. overhang_share : of the surface, over 45 degrees.
    height_mm : above the bed. stands : y leads away from the viewer, as in a bust, and not up the picture.
    """

    down: tuple[float, float, float]
    overhang_share: float
    height_mm: float
    stands: bool = False

    @property
    def turn_deg(self) -> tuple[float, float, float]:
        """Turns about the file's x, then y, then z axis that bring it there."""
        turn, _ = Rotation.align_vectors([[0, 0, -1]], [self.down])
        x, y, z = turn.as_euler("xyz", degrees=True)
        return float(round(x, 1)), float(round(y, 1)), float(round(z, 1))

    @property
    def words(self) -> str:
        """How it lies, for a person who looks at the file."""
        axis = int(np.argmax(np.abs(self.down)))
        if abs(self.down[axis]) < np.cos(np.radians(20)):
            x, y, z = self.turn_deg
            return f"turned by {x:g}, {y:g}, {z:g} degrees about x, y, z"
        edges = ("on its face", "on its back") if self.stands else ("on its lower edge", "on its upper edge")
        words = ("on its left side", "on its right side", *edges, "as it lies", "upside down")
        return words[2 * axis + (self.down[axis] > 0)]


def overhang(triangles_mm: Floats, layer_mm: float, *, stands: bool = False) -> tuple[Orientation, Orientation]:
    """Orientation of the file as it is, and the best of those on a flat side; triangles (m, 3, 3), wound outwards.

    The triangles that rest on the bed (all corners within a layer of the lowest point) do not hang over.
    """
    normals, areas = normals_and_areas(triangles_mm)
    as_it_is = _measured(triangles_mm, normals, areas, np.array([0.0, 0.0, -1.0]), layer_mm, stands=stands)
    found = [_measured(triangles_mm, normals, areas, down, layer_mm, stands=stands) for down in _resting(triangles_mm)]
    best = min(found, key=lambda one: (round(one.overhang_share, 3), one.height_mm), default=as_it_is)
    return as_it_is, best if best.overhang_share < as_it_is.overhang_share - WORTH_TURNING else as_it_is


def _measured(
    triangles: Floats, normals: Floats, areas: Floats, down: Floats, layer_mm: float, *, stands: bool
) -> Orientation:
    depth = triangles @ down
    lowest = depth.max()
    hangs = _hangs(depth, normals, down, layer_mm)
    share = float(areas[hangs].sum() / areas.sum())
    x, y, z = (float(v) for v in down)
    return Orientation((x, y, z), share, float(lowest - depth.min()), stands)


def _hangs(depth: Floats, normals: Floats, down: Floats, layer_mm: float) -> NDArray[np.bool_]:
    """(m,) bool; depth : (m, 3), how far down each corner is."""
    leans = normals @ down > np.sin(np.radians(STEEPEST_DEG))
    return np.asarray(leans & (depth.min(1) < depth.max() - layer_mm))


def hanging(triangles_mm: Floats, layer_mm: float) -> NDArray[np.bool_]:
    """(m,) bool: which of the triangles (m, 3, 3) of a body hang over as it lies, z up from the bed."""
    normals, _ = normals_and_areas(triangles_mm)
    down = np.array([0.0, 0.0, -1.0])
    return _hangs(triangles_mm @ down, normals, down, layer_mm)


def _resting(triangles: Floats) -> list[Floats]:
    """Outward directions of the largest flat sides of the convex hull."""
    try:
        hull = ConvexHull(triangles.reshape(-1, 3))
    except QhullError:  # a flat body has no inside to rest on
        return []
    _, areas = normals_and_areas(hull.points[hull.simplices])
    directions, side = np.unique(np.round(hull.equations[:, :3], 3), axis=0, return_inverse=True)
    sizes = np.bincount(side.reshape(-1), areas)
    largest = np.argsort(-sizes)[:RESTING_FACES]
    kept = directions[largest[sizes[largest] >= SMALLEST_REST * sizes.max()]]
    return list(kept / np.linalg.norm(kept, axis=1, keepdims=True))
