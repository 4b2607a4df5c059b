"""Where on a solid its walls are thin and where it hangs over, for each of its points: what a preview is painted by."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from core.mesh.plaster import vertex_normals
from core.options import Printer
from core.preflight.overhang import hanging
from core.preflight.walls import LINES, ROUNDING, Floats, walls

SAMPLES = 12_000
NEAREST = 3  # a point is as thin as the middle one of so many samples round it: a single ray beside an edge is no wall
FARTHEST = 1.5  # times the mean distance of the samples: beyond, a point has no sample of its own side


def thin_places(vertices_mm: Floats, faces: NDArray[np.integer], printer: Printer) -> NDArray[np.uint8]:
    """(n,): 2 where a wall is thinner than a line or a layer, 1 where it holds fewer than two, 0 elsewhere.

    Rays from evenly spread points, as the preflight casts them; a vertex takes after those next to it.
    """
    found = walls(vertices_mm[faces], SAMPLES)
    if len(found.points_mm) < NEAREST:
        return np.zeros(len(vertices_mm), np.uint8)
    lines = found.lines(printer)
    normals = vertex_normals(vertices_mm, faces)
    corners = vertices_mm[faces]
    area = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum()
    apart = np.sqrt(area / SAMPLES)
    # the side counts as much as the place: the other side of a thin wall is near, and another surface
    tree = cKDTree(np.hstack([found.points_mm, -found.inward * 4 * apart]))
    distance, nearest = tree.query(np.hstack([vertices_mm, normals * 4 * apart]), k=NEAREST)
    middle = np.median(lines[nearest], axis=1)
    there = distance[:, 0] < FARTHEST * 2 * apart
    return np.where(there & (middle < ROUNDING), 2, np.where(there & (middle < LINES * ROUNDING), 1, 0)).astype(
        np.uint8
    )


def hanging_places(vertices_mm: Floats, faces: NDArray[np.integer], printer: Printer) -> NDArray[np.bool_]:
    """(n,) bool: where most of the surface round a vertex leans over by more than 45 degrees, as it lies."""
    corners = vertices_mm[faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    hangs = hanging(corners, printer.layer_mm)
    count = len(vertices_mm)
    around, over = (np.bincount(faces.ravel(), np.repeat(share, 3), count) for share in (area, area * hangs))
    return np.asarray(over > around / 2)
