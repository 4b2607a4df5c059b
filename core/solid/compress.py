"""A relief flattened without losing its detail: steep forms give way, fine ones stay."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import cg

STRONGEST = 12.0  # attenuation of the slopes at detail = 1: a slope of 1 (45 degrees) then keeps a fifth of itself
SOLVER_STEPS = 400
SOLVED = 1e-5


def compressed(
    heights: NDArray[np.float64], mask: NDArray[np.bool_], pixel_size: float, detail: float
) -> NDArray[np.float64]:
    """Heights whose slopes s have become log(1 + a s) / a, put together again by Poisson's equation.

    After Weyrich, Deng, Barnes, Rusinkiewicz and Finkelstein, "Digital bas-relief from 3D scenes", SIGGRAPH 2007: their
    attenuation of gradients, their free boundary at the silhouette. The sum of the heights over each connected piece of
    the mask is kept, their scale is left to the caller.

    heights : (H, W), finite within the mask. pixel_size : in the unit of the heights. detail : 0..1, 0 changes nothing.
    """
    attenuation = STRONGEST * detail
    if attenuation < 1e-6 or mask.sum() < 4:
        return heights.copy()
    across, down = np.zeros_like(heights), np.zeros_like(heights)
    across[:, :-1] = np.where(mask[:, :-1] & mask[:, 1:], np.diff(heights, axis=1), 0)
    down[:-1] = np.where(mask[:-1] & mask[1:], np.diff(heights, axis=0), 0)
    slope = np.hypot(across, down) / pixel_size
    gain = np.where(slope > 1e-9, np.log1p(attenuation * slope) / np.maximum(attenuation * slope, 1e-9), 1)
    number = np.cumsum(mask).reshape(mask.shape) - 1
    pairs, wanted = [], []
    for step, here, there in (
        (across, np.s_[:, :-1], np.s_[:, 1:]),
        (down, np.s_[:-1], np.s_[1:]),
    ):
        both = mask[here] & mask[there]
        pairs.append(np.stack([number[here][both], number[there][both]], axis=-1))
        wanted.append((step * gain)[here][both])
    edges, steps = np.concatenate(pairs), np.concatenate(wanted)
    count, edge = int(mask.sum()), np.arange(len(edges))
    difference = coo_matrix(
        (np.r_[-np.ones(len(edges)), np.ones(len(edges))], (np.r_[edge, edge], np.r_[edges[:, 0], edges[:, 1]])),
        shape=(len(edges), count),
    ).tocsr()
    solved, _ = cg(difference.T @ difference, difference.T @ steps, x0=heights[mask], rtol=SOLVED, maxiter=SOLVER_STEPS)
    result = heights.copy()
    result[mask] = solved
    return result
