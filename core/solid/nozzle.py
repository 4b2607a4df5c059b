"""What a nozzle can draw of a height map."""

import cv2
import numpy as np
from numpy.typing import NDArray

RIPPLE_NOZZLES = 2.0  # width of the finest ripple that lines of a nozzle's width can draw: one up, one down
DEEPEST_MM = 4.0  # of fine relief, life size: deeper pits show on the inside of a shell, and no brush reaches them


def carvable(drawn_mm: NDArray[np.float32]) -> NDArray[np.float32]:
    """A fine relief (H, W), mm in life, that nowhere goes deeper or stands out farther than `DEEPEST_MM`."""
    return np.asarray(DEEPEST_MM * np.tanh(drawn_mm / DEEPEST_MM), np.float32)


def without_ripples(relief: NDArray[np.float64], pixel_size: float, nozzle: float) -> NDArray[np.float64]:
    """A fine relief (H, W) without ripples that are finer than the nozzle can draw.

    A Gaussian that leaves half of those of `RIPPLE_NOZZLES`. pixel_size, nozzle : in one unit.
    """
    sigma = np.sqrt(np.log(2) / 2) / np.pi * RIPPLE_NOZZLES * nozzle / pixel_size
    return np.asarray(cv2.GaussianBlur(relief, (0, 0), sigma))


def printable(heights: NDArray[np.float64], pixel_size: float, nozzle: float) -> NDArray[np.float64]:
    """The map without ridges and without grooves narrower than the nozzle; slopes stay as they are.

    Opening, then closing, by a disc of the nozzle's width. pixel_size, nozzle : in one unit.
    """
    width = int(nozzle / pixel_size)
    width -= 1 - width % 2  # an odd width: an even one would move the map by a pixel
    if width < 3:
        return heights
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    opened = cv2.morphologyEx(heights, cv2.MORPH_OPEN, disc, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.morphologyEx(opened, cv2.MORPH_CLOSE, disc, borderType=cv2.BORDER_REPLICATE))
