"""The true answers of a rendered picture: relief and masks at half the rendered side."""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.depth.builtin.render import raster
from core.depth.builtin.render.pool import TARGET_SIDE, UNIT_IPD
from core.depth.builtin.render.raster import Camera, Fragments

EDGE_IPD = 0.1  # a difference in depth that no slope has within a pixel


def as_surface(fragments: Fragments, material: NDArray[np.uint8], masks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return inverse depth (S, S) in which hair is a surface: stray strands go, gaps close. `masks` is mended in place.

    The picture keeps every strand; the answer is what a depth map can hold.
    """
    inverse = fragments.inverse_depth
    is_hair = (fragments.triangle >= 0) & (material[fragments.triangle] == raster.HAIR)
    if not is_hair.any():
        return inverse
    near_hair = cv2.dilate(is_hair.astype(np.uint8), np.ones((11, 11), np.uint8)) > 0
    subject = np.where(near_hair, cv2.medianBlur(masks[..., 1], 11), masks[..., 1])
    head = np.where(near_hair, cv2.medianBlur(masks[..., 0], 11), masks[..., 0])
    masks[..., 0], masks[..., 1] = head, subject
    around = cv2.dilate(np.where(is_hair, inverse, 0), np.ones((9, 9), np.uint8))
    filled = np.where((subject > 0) & (inverse == 0), around, inverse)
    smooth = cv2.medianBlur(cv2.medianBlur(filled, 5), 5)
    inverse = np.where(is_hair & (smooth > 0) | (fragments.triangle < 0), smooth, filled)
    # A gap so wide that no strand is near stays background.
    masks[..., 1] = np.where(inverse > 0, masks[..., 1], 0)
    return np.where(masks[..., 1] > 0, inverse, 0)


def relief(
    inverse: NDArray[np.float32], camera: Camera, eyes: NDArray[np.floating], middle: NDArray[np.floating], ipd: float
) -> NDArray[np.float16]:
    """Inverse depth (512, 512) in 1 / cm -> the target (256, 256): (d_eyes / d - 1) * d_eyes in units of 0.4 IPD.

    The depth d is counted along the line of sight to the middle of the face, not along the camera's axis: a window cut
    out of a picture does not show where that was, and heads off the axis would teach turns that nobody can see.
    Four pixels make one: their mean where they are one surface, the nearest of them at an edge.

    eyes, middle : (3,) cm, camera frame.
    """
    line = middle / np.linalg.norm(middle)
    x, y = ((np.arange(camera.side) - centre) / camera.focal_px for centre in (camera.cx, camera.cy))
    inverse = inverse / (line[0] * x[None] + line[1] * y[:, None] + line[2])
    d_eyes = float(eyes @ line)
    four = inverse.reshape(TARGET_SIDE, 2, TARGET_SIDE, 2).swapaxes(1, 2).reshape(TARGET_SIDE, TARGET_SIDE, 4)
    nearest = four.max(2)
    one = (four.min(2) > 0) & ((nearest - four.min(2)) * d_eyes**2 < EDGE_IPD * ipd)
    units = (np.where(one, four.mean(2), nearest) * d_eyes - 1) * d_eyes / (UNIT_IPD * ipd)
    return np.where(_there(inverse), units, 0).astype(np.float16)


def coverage(masks: NDArray[np.uint8], inverse: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return the masks at half the side; the subject's is above one half exactly where the target has a depth."""
    small = masks.reshape(TARGET_SIDE, 2, TARGET_SIDE, 2, 2).mean((1, 3)).astype(np.uint8)
    there = _there(inverse)
    small[..., 1] = np.where(there, np.maximum(small[..., 1], 128), np.minimum(small[..., 1], 127))
    return small


def _there(inverse: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Tell where at least two of four pixels show the subject, (256, 256)."""
    count = (inverse > 0).reshape(TARGET_SIDE, 2, TARGET_SIDE, 2).sum((1, 3))
    there: NDArray[np.bool_] = count >= 2
    return there
