"""Iris and pupil as a sculptor carves them: a hollow disc with a deeper hole, whatever shines on it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.face.landmarks import LEFT_EYE, RIGHT_EYE
from core.fine_relief.shading import Floats

IRIS_MM = 11.71  # diameter; Rüfer, Schröder and Erb, "White-to-white corneal diameter", Cornea 24:259, 2005
PUPIL_MM = 4.0
PUPIL_DEPTH = 0.35  # how much darker than the iris the pupil counts
OPEN = 0.13  # height of an open eye over its width; below, no iris is looked for
CONTRAST = 0.15  # the iris must be so much darker than the rest of the eye


def carved_eyes(
    ratio: Floats, eyes: tuple[NDArray[np.bool_], ...], landmarks_px: NDArray[np.floating], pixel_mm: float
) -> Floats:
    """The logarithm of light (T, T) with irises dark all over, catchlights taken out, and pupils darker.

    eyes : the opening of each, (T, T) bool. Where the photo shows no disc in an open eye, all stays as it is.
    """
    result = ratio.copy()
    radius = IRIS_MM / 2 / pixel_mm
    for eye, of in zip(eyes, (RIGHT_EYE, LEFT_EYE), strict=True):
        outline = landmarks_px[of]
        width = float(np.linalg.norm(outline[3] - outline[0]))
        height = float(np.linalg.norm(outline[[1, 2]].mean(0) - outline[[4, 5]].mean(0)))
        if eye.any() and height >= OPEN * width:
            left, top = np.maximum(np.floor(outline.min(0) - radius), 0).astype(int).tolist()
            right, bottom = np.ceil(outline.max(0) + radius).astype(int).tolist()
            here = np.s_[top : bottom + 1, left : right + 1]
            result[here] = _carved(ratio[here], eye[here], radius, pixel_mm)
    return result


def _carved(ratio: Floats, eye: NDArray[np.bool_], radius: float, pixel_mm: float) -> Floats:
    """The part of the picture round one open eye."""
    middle = _darkest(ratio, eye, radius)
    y, x = np.indices(ratio.shape, np.float32)
    away = np.hypot(x - middle[0], y - middle[1])
    iris, white = eye & (away < 0.9 * radius), eye & (away > 1.15 * radius)
    if not iris.any() or not white.any():
        return ratio
    level = float(np.percentile(ratio[iris], 40))
    if np.median(ratio[white]) - level < CONTRAST:
        return ratio
    opening = cv2.GaussianBlur(eye.astype(np.float32), (0, 0), 0.4 / pixel_mm)
    disc = opening * np.clip((0.95 * radius - away) / (0.15 * radius), 0, 1)
    hole = np.clip((PUPIL_MM / 2 / pixel_mm - away) / (0.6 / pixel_mm) + 0.5, 0, 1)
    return (ratio + disc * (np.minimum(ratio, level) - PUPIL_DEPTH * hole - ratio)).astype(np.float32)


def _darkest(ratio: Floats, eye: NDArray[np.bool_], radius_px: float) -> tuple[float, float]:
    """X and y of the middle of the darkest disc in an eye."""
    inside = eye.astype(np.float32)
    sigma = 0.5 * radius_px
    share = cv2.GaussianBlur(inside, (0, 0), sigma)
    dark = np.minimum(ratio, np.median(ratio[eye]))  # a catchlight must not push the disc aside
    mean = cv2.GaussianBlur(dark * inside, (0, 0), sigma) / np.maximum(share, np.float32(1e-3))
    row, column = np.unravel_index(np.where(eye & (share > 0.4 * share.max()), mean, np.inf).argmin(), eye.shape)
    return float(column), float(row)
