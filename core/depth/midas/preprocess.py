"""A picture on its way to a network and back: the published resize rules and normalisation, exactly.

The rules are those of MiDaS 3.1: cubic resampling (Keys, a = -0.75, no antialiasing) to a size in multiples of 32.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.depth.catalog import Model

STEP_PX = 32


def network_size(width: int, height: int, model: Model) -> tuple[int, int]:
    """Return the (width, height) at which the network sees a picture of that size.

    Where the published rule gives no pixels at all (a picture of 37 x 911), the side is one step.
    """
    side = model.side_px
    across, down = side / width, side / height
    if model.resize == "square":
        return side, side
    if model.resize == "minimal":
        scale = across if abs(1 - across) < abs(1 - down) else down
        limit = None
    else:
        scale = min(across, down)
        limit = side
    return _legal(scale * width, limit), _legal(scale * height, limit)


def _legal(length: float, limit: int | None) -> int:
    """Round to the nearest step (halves to even), down where that passes the limit, never under one step."""
    steps = int(np.round(length / STEP_PX))
    if limit is not None and steps * STEP_PX > limit:
        steps = int(length // STEP_PX)
    return max(steps, 1) * STEP_PX


def network_input(rgb: NDArray[np.uint8], model: Model) -> NDArray[np.float32]:
    """Return the picture as the network sees it.

    Parameters
    ----------
    rgb : (H, W, 3) uint8.

    Returns
    -------
    (3, h, w) float32, normalised, with (w, h) = `network_size(W, H, model)`.
    """
    size = network_size(rgb.shape[1], rgb.shape[0], model)
    resized = cv2.resize(rgb.astype(np.float32) / np.float32(255), size, interpolation=cv2.INTER_CUBIC)
    mean, std = (np.asarray(values, np.float32) for values in (model.normalisation.mean, model.normalisation.std))
    return np.ascontiguousarray(((resized - mean) / std).transpose(2, 0, 1), dtype=np.float32)
