"""Edge-preserving smoothing of relief: noise of the skin goes, lids, lips and nostrils stay."""

import cv2
import numpy as np
from numpy.typing import NDArray

FULL_MM = 1.0  # at strength 1, what rises less than so much over its surroundings is taken for noise
BASE_SHARE = 1 / 40  # of the map's side: standard deviation of the shape that is taken off first (6 mm on a face)
WINDOW_SHARE = 1 / 128  # of the map's side: half the window's width (3 mm on a face)
WALL_SLOPE = (10.0, 16.0)  # 84 and 86 degrees: a wall is smoothed from the first on, wholly from the second
WALL_SHARE = 3 / 512  # of the map's side: standard deviation of that


def smooth(relief_mm: NDArray[np.floating], mask: NDArray[np.bool_], strength: float) -> NDArray[np.float64]:
    """Smooth a relief within a mask by a guided filter that is its own guide (He, Sun and Tang 2010).

    The filter is run on what is left once a broad blur of the relief is taken off: else a cheek that only slopes would
    pass for an edge, and keep its noise. Where what is left varies by much more than `strength * FULL_MM` within a
    window it stays; where it varies by much less it becomes its mean.

    Parameters
    ----------
    relief_mm : (H, W) mm, finite within the mask.
    mask : (H, W); nothing outside it has any influence.
    strength : 0 (as it is) to 1.

    Returns
    -------
    (H, W) float64 mm; outside the mask as it was.
    """
    relief = np.asarray(relief_mm, dtype=np.float64)
    if strength <= 0 or not mask.any():
        return relief
    side = max(relief.shape)
    weight = mask.astype(np.float64)
    level = float(relief[mask].mean())
    inside = np.where(mask, relief - level, 0.0)
    sigma = side * BASE_SHARE
    coverage = np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-6)
    base = cv2.GaussianBlur(inside, (0, 0), sigma) / coverage
    window = 2 * max(1, round(side * WINDOW_SHARE)) + 1
    count = np.maximum(_box(weight, window), 1e-6)
    detail = (inside - base) * weight
    mean = _box(detail, window) / count
    variance = np.maximum(_box(detail**2, window) / count - mean**2, 0.0)
    keep = variance / (variance + (strength * FULL_MM) ** 2)
    shift = (1 - keep) * mean
    smoothed = (_box(keep * weight, window) * detail + _box(shift * weight, window)) / count
    return np.where(mask, base + smoothed + level, relief)


def smooth_walls(relief_mm: NDArray[np.floating], mask: NDArray[np.bool_], pixel_mm: float) -> NDArray[np.float64]:
    """Smooth a relief where it falls so steeply that a picture hardly shows it, as from a cheek to the hair behind.

    There a map's pixels make stairs, which a mesh shows as streaks. What is less steep stays to the last bit.

    relief_mm : (H, W) mm, finite within the mask. pixel_mm : size of a pixel at the relief's distance.
    """
    relief = np.asarray(relief_mm, dtype=np.float64)
    sigma = max(relief.shape) * WALL_SHARE
    weight = mask.astype(np.float64)
    coverage = np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-6)
    mean = cv2.GaussianBlur(np.where(mask, relief, 0.0), (0, 0), sigma) / coverage
    down, across = np.gradient(np.where(mask, relief, mean) / pixel_mm)
    reach = 2 * max(1, round(sigma / 2)) + 1
    slope = cv2.dilate(np.where(mask, np.hypot(down, across), 0.0), np.ones((reach, reach)))
    share = np.clip((cv2.blur(slope, (reach, reach)) - WALL_SLOPE[0]) / (WALL_SLOPE[1] - WALL_SLOPE[0]), 0, 1)
    share = np.where(mask, share * share * (3 - 2 * share), 0.0)
    return np.asarray(relief + share * (mean - relief))


def _box(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    return np.asarray(cv2.blur(values, (window, window), borderType=cv2.BORDER_CONSTANT), dtype=np.float64)
