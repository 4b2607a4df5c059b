"""Every pixel a vertex: the dense grid over a mask; and quadric decimation to a budget, of closed surfaces, too."""

import fast_simplification
import numpy as np
from numpy.typing import NDArray


def dense_grid(mask: NDArray[np.bool_], heights: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Two triangles for each square of four pixels of the mask, split along the diagonal that bends less.

    heights : (H, W). Returns pixels (n, 2), x and y, and faces (m, 3), counter-clockwise with y up.
    """
    number = np.cumsum(mask).reshape(mask.shape) - 1
    square = mask[:-1, :-1] & mask[:-1, 1:] & mask[1:, :-1] & mask[1:, 1:]
    a, b = number[:-1, :-1][square], number[:-1, 1:][square]  # above, left and right
    c, d = number[1:, :-1][square], number[1:, 1:][square]  # below
    z = heights[mask]
    falling = np.abs(z[a] - z[d]) <= np.abs(z[b] - z[c])
    split = [np.c_[a, c, d], np.c_[a, d, b], np.c_[a, c, b], np.c_[b, c, d]]
    kept = [falling, falling, ~falling, ~falling]
    faces = np.concatenate([part[which] for part, which in zip(split, kept, strict=True)])
    rows, columns = np.nonzero(mask)
    return np.stack([columns, rows], axis=-1), faces.astype(np.int32)


def decimated(
    vertices: NDArray[np.float64], faces: NDArray[np.int32], max_triangles: int
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """The mesh with at most that many triangles, by collapsing the edges of least quadric error.

    Garland and Heckbert, "Surface simplification using quadric error metrics", SIGGRAPH 1997.
    """
    if len(faces) <= max_triangles:
        return vertices, faces
    middle = vertices.mean(0)  # the library computes in single precision
    few, left = fast_simplification.simplify(
        np.ascontiguousarray(vertices - middle, dtype=np.float32), faces, target_count=max_triangles
    )
    return np.asarray(few, dtype=np.float64) + middle, np.asarray(left, dtype=np.int32)


def decimated_closed(
    points: NDArray[np.float64], faces: NDArray[np.int32], max_triangles: int
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """A closed surface with at most that many triangles, or as many more as it takes to stay one closed surface."""
    while max_triangles < len(faces):
        fewer, left = _without_flaps(*decimated(points, faces, max_triangles))
        if is_like_a_sphere(len(fewer), left):
            return fewer, left
        max_triangles *= 2
    return points, faces


def _without_flaps(
    points: NDArray[np.float64], faces: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """The mesh without pairs of triangles back to back, to which narrow folds are decimated."""
    while True:
        _, which, times = np.unique(np.sort(faces, axis=1), axis=0, return_inverse=True, return_counts=True)
        if times.max() == 1:
            break
        faces = faces[times[which] == 1]
    used, anew = np.unique(faces, return_inverse=True)
    return points[used], anew.reshape(-1, 3).astype(np.int32)


def is_like_a_sphere(count: int, faces: NDArray[np.int32]) -> bool:
    """Whether faces (m, 3) over so many vertices are like a sphere: each edge twice, Euler's number 2."""
    sides = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=-1), axis=-1).reshape(-1, 2)
    edges, times = np.unique(sides @ np.array([count, 1]), return_counts=True)
    return bool((times == 2).all() and count - len(edges) + len(faces) == 2)
