"""The true answers of a rendered picture: relief and masks at a third of the rendered side."""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.depth.builtin.render import raster
from core.depth.builtin.render.pool import TARGET_SIDE, UNIT_IPD
from core.depth.builtin.render.raster import Fragments


def as_surface(fragments: Fragments, material: NDArray[np.uint8], masks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return inverse depth (S, S) in which hair is a surface: stray strands go, gaps close. `masks` is mended in place.

    The picture keeps every strand; the answer is what a depth map can hold.
    """
    inverse = fragments.inverse_depth
    is_hair = (fragments.triangle >= 0) & (material[fragments.triangle] == raster.HAIR)
    if not is_hair.any():
        return inverse
    near_hair = cv2.dilate(is_hair.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    subject = np.where(near_hair, cv2.medianBlur(masks[..., 1], 9), masks[..., 1])
    head = np.where(near_hair, cv2.medianBlur(masks[..., 0], 9), masks[..., 0])
    masks[..., 0], masks[..., 1] = head, subject
    around = cv2.dilate(np.where(is_hair, inverse, 0), np.ones((7, 7), np.uint8))
    filled = np.where((subject > 0) & (inverse == 0), around, inverse)
    smooth = cv2.medianBlur(cv2.medianBlur(filled, 5), 5)
    inverse = np.where(is_hair & (smooth > 0) | (fragments.triangle < 0), smooth, filled)
    # A gap so wide that no strand is near stays background.
    masks[..., 1] = np.where(inverse > 0, masks[..., 1], 0)
    return np.where(masks[..., 1] > 0, inverse, 0)


def relief(inverse: NDArray[np.float32], z_eyes: float, ipd: float) -> NDArray[np.float16]:
    """Inverse depth (384, 384) in 1 / cm -> the target (128, 128): (z_eyes / z - 1) * z_eyes in units of 0.4 IPD."""
    units = (inverse * z_eyes - 1) * z_eyes / (UNIT_IPD * ipd)
    return np.where(inverse > 0, units, 0)[1::3, 1::3].astype(np.float16)


def coverage(masks: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the masks at a third of the side; the subject's is above one half exactly where the target has a depth."""
    small = masks.reshape(TARGET_SIDE, 3, TARGET_SIDE, 3, 2).mean((1, 3)).astype(np.uint8)
    there = masks[1::3, 1::3, 1] > 0
    small[..., 1] = np.where(there, np.maximum(small[..., 1], 128), np.minimum(small[..., 1], 127))
    return small
