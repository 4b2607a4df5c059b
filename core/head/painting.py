"""Triangles in a plane -> pixels: which triangle each pixel shows, and where in it."""

from dataclasses import dataclass

import cv2
import numpy as np
import scipy
from numpy.typing import NDArray

SHIFT = 4  # bits of a pixel that OpenCV places corners to


@dataclass(frozen=True)
class Pixels:
    """Pixels (t,) that show a triangle. rows, columns, face : (t,). weights : (t, 3), of the corners of the face."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    face: NDArray[np.int32]
    weights: NDArray[np.float32]

    def between(self, values: NDArray[np.floating], faces: NDArray[np.int32]) -> NDArray[np.float32]:
        """Values (n, k) of vertices, interpolated at the pixels: (t, k)."""
        count, corners = len(self.face), faces[self.face]
        starts = np.arange(0, 3 * count + 1, 3, dtype=np.int32)
        each = scipy.sparse.csr_array((self.weights.ravel(), corners.ravel(), starts), shape=(count, len(values)))
        return np.asarray(each @ values.astype(np.float32))


def painted(
    at: NDArray[np.floating], faces: NDArray[np.int32], shape: tuple[int, int], near: NDArray[np.floating] | None = None
) -> Pixels:
    """Paint triangles (m, 3) with vertices at pixels (n, 2) into a picture of this height and width.

    near : (n,) of vertices; what is nearer is painted over what is farther. Without it no triangles should overlap.
    """
    corners = at[faces]
    owner = np.full(shape, -1, np.int32)
    order = np.arange(len(faces)) if near is None else np.argsort(near[faces].mean(1))
    fixed = np.round(corners * 2**SHIFT).astype(np.int32)
    for index in order.tolist():
        cv2.fillConvexPoly(owner, fixed[index], index, shift=SHIFT)
    rows, columns = np.nonzero(owner >= 0)
    face = owner[rows, columns]
    a, b, c = corners[face].transpose(1, 0, 2)
    point = np.stack([columns, rows], axis=1) - a
    one, other = b - a, c - a
    whole = _cross(one, other)
    whole = np.where(np.abs(whole) < 1e-9, 1.0, whole)
    second, third = _cross(point, other) / whole, _cross(one, point) / whole
    weights = np.clip(np.stack([1 - second - third, second, third], axis=1), 0, 1)
    weights /= weights.sum(1, keepdims=True)
    return Pixels(rows, columns, face, weights.astype(np.float32))


def _cross(one: NDArray[np.floating], other: NDArray[np.floating]) -> NDArray[np.floating]:
    return one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]


def looked_up(picture: NDArray[np.float32], at: NDArray[np.floating]) -> NDArray[np.float32]:
    """(t, 3) colours of a picture (H, W, 3) at its pixels (t, 2), bilinear."""
    columns = 4096  # OpenCV takes no rows of more than 32767
    padded = np.zeros((-(-len(at) // columns) * columns, 2), np.float32)
    padded[: len(at)] = at
    grid = padded.reshape(-1, columns, 2)
    found = cv2.remap(picture, grid[..., 0], grid[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found.reshape(-1, 3)[: len(at)])
