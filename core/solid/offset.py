"""A height map moved inwards by a wall thickness, measured at right angles to the surface."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.mesh.triangulation import fill_outside, sample

BALL_PX = 8  # larger balls are rolled over a coarser map


def offset_inwards(
    heights: NDArray[np.float64], inside: NDArray[np.bool_], wall: float, pixel_size: float
) -> NDArray[np.float64]:
    """The highest surface that is everywhere at least `wall` away from the height map and from the air beside it.

    Erosion of the map by a ball of that radius: no self-intersection can come of it, as it is a height map again.

    heights : (H, W), in the unit of `wall`. inside : (H, W) bool, the body; beside it is air all the way down.
    pixel_size : of a pixel, in the same unit. Returns (H, W), -inf within a wall of the air beside the body.
    """
    solid = np.where(inside, heights, -np.inf)
    coarser = max(1, round(wall / pixel_size / BALL_PX))
    if coarser > 1:
        lowest = ndimage.minimum_filter(solid, 2 * coarser + 1, mode="constant", cval=-np.inf)[::coarser, ::coarser]
        small = _eroded(lowest, wall, pixel_size * coarser)
        reached = np.isfinite(small)
        if not reached.any():
            return np.full(solid.shape, -np.inf)
        y, x = np.indices(solid.shape) / coarser
        at = np.stack([x.ravel(), y.ravel()], axis=-1)
        fine = sample(fill_outside(small, reached), at).reshape(solid.shape)
        return np.where(sample(reached.astype(np.float64), at).reshape(solid.shape) > 1 - 1e-9, fine, -np.inf)
    return _eroded(solid, wall, pixel_size)


def _eroded(solid: NDArray[np.float64], wall: float, pixel_size: float) -> NDArray[np.float64]:
    reach = int(wall / pixel_size)
    padded = np.pad(solid, reach, constant_values=-np.inf)
    result = np.full(solid.shape, np.inf)
    height, width = solid.shape
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            under = wall**2 - (dx**2 + dy**2) * pixel_size**2
            if under >= 0:
                part = padded[reach + dy : reach + dy + height, reach + dx : reach + dx + width]
                np.minimum(result, part - np.sqrt(under), out=result)
    return result
