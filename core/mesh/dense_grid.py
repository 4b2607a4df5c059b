"""Every pixel a vertex: the dense grid over a mask, and quadric decimation of it to a budget."""

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
