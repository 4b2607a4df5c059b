"""Taubin's smoothing: a step that shrinks and one that swells, so that what is smooth keeps its size."""

import numpy as np
import scipy
from numpy.typing import NDArray

SHRINK = 0.5
PASS_BAND = 0.1  # frequencies of the mesh below this are kept: 1 / SHRINK + 1 / SWELL


def taubin(vertices: NDArray[np.float64], faces: NDArray[np.int32], rounds: int) -> NDArray[np.float64]:
    """Vertices (n, 3) after so many rounds; those on an open rim stay where they are.

    Taubin, "A signal processing approach to fair surface design", SIGGRAPH 1995: weights of 1 for every neighbour,
    steps of 1/2 and 1 / (0.1 - 2).
    """
    swell = 1 / (PASS_BAND - 1 / SHRINK)
    count = len(vertices)
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    directed = scipy.sparse.coo_matrix((np.ones(len(start)), (start, end)), shape=(count, count)).tocsr()
    joined = ((directed + directed.T) > 0).astype(np.float64)
    neighbours = np.asarray(joined.sum(1)).ravel()
    mean = scipy.sparse.diags(1 / np.maximum(neighbours, 1)) @ joined
    one_sided = (directed != directed.T).astype(bool)
    free = np.ones(count)
    free[np.unique(np.concatenate(one_sided.nonzero()))] = 0
    result = vertices.copy()
    for _ in range(rounds):
        for step in (SHRINK, swell):
            result += step * free[:, None] * (mean @ result - result)
    return result
