"""Cutting a square out of a picture by a similarity, without aliasing; the disc that masks are dilated with."""

import cv2
import numpy as np
from numpy.typing import NDArray


def similarity(centre_px: NDArray[np.floating], side_px: float, roll_deg: float, window_px: int) -> NDArray[np.float64]:
    """`window_to_picture` (2, 3): pixel (x, y) of a window of `window_px` -> pixel of the picture; centres at integers.

    The window shows a square of `side_px` picture pixels round `centre_px`, turned so that a line at `roll_deg`
    (clockwise as seen) becomes level.
    """
    scale, angle = side_px / window_px, np.radians(roll_deg)
    rotation = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.full(2, (window_px - 1) / 2)
    return np.c_[rotation, np.asarray(centre_px, dtype=np.float64) - rotation @ middle]


def cut(rgb: NDArray[np.uint8], window_to_picture: NDArray[np.float64], window_px: int) -> NDArray[np.uint8]:
    """(H, W, 3) -> (window_px, window_px, 3); beyond the picture its border goes on.

    A strong reduction averages over areas first, because bilinear sampling alone would alias.
    """
    reduction = np.hypot(window_to_picture[0, 0], window_to_picture[1, 0])
    picture, to_picture = rgb, window_to_picture
    if reduction > 1.5:
        low, high = _reach(window_to_picture, window_px, rgb.shape, margin=2 * reduction)
        part = rgb[low[1] : high[1], low[0] : high[0]]
        size = [max(1, round(n / reduction)) for n in (part.shape[1], part.shape[0])]
        picture = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
        ratio = np.array([size[0] / part.shape[1], size[1] / part.shape[0]])
        to_picture = window_to_picture * ratio[:, None]
        to_picture[:, 2] += (0.5 - low) * ratio - 0.5
    return np.asarray(
        cv2.warpAffine(
            picture,
            to_picture,
            (window_px, window_px),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )


def _reach(
    window_to_picture: NDArray[np.float64], window_px: int, shape: tuple[int, ...], margin: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The part of the picture (low, high corner) that the window sees; at least one pixel."""
    last = window_px - 1
    corners = transform(window_to_picture, np.array([[0, 0], [last, 0], [0, last], [last, last]], dtype=np.float64))
    size = np.array([shape[1], shape[0]])
    low = np.clip(np.floor(corners.min(0) - margin), 0, size - 1).astype(np.int64)
    high = np.clip(np.ceil(corners.max(0) + margin), low + 1, size).astype(np.int64)
    return low, high


def transform(matrix: NDArray[np.float64], points: NDArray[np.floating]) -> NDArray[np.float64]:
    """Apply a 2 x 3 matrix to points (..., 2)."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


def inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 2 x 3 matrix of the way back."""
    linear = np.linalg.inv(matrix[:, :2])
    return np.c_[linear, -linear @ matrix[:, 2]]


def disc(radius_px: int) -> NDArray[np.uint8]:
    """(2 r + 1, 2 r + 1) uint8: a disc to dilate, erode, open or close a mask with; r is 1 or more."""
    size = 2 * max(1, radius_px) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
