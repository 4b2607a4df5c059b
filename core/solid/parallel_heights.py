"""The head as seen from infinitely far in front: one height in mm over an even grid in mm, at true proportions."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.errors import GeometryError
from core.geometry.reconstruction import Reconstruction
from core.mesh.triangulation import fill_outside, sample
from core.solid.nozzle import carvable

MARCH_STEPS = 96
BISECTIONS = 8
MIN_PIXELS = 16
MARGIN_PX = 8
SIDE_BLUR_PX = 2.5
SIDES_FROM = 1.2  # slope, as height over breadth (50 degrees), from which a side is smoothed; fully at twice that


@dataclass(frozen=True)
class Frontal:
    """Heights over a plane across the view, life size.

    heights_mm : (H, W) float64, towards the viewer from the farthest point of the head; NaN outside it.
    pitch_mm : of the grid. corner_mm : (2,) x and y of the grid's first point in the camera frame.
    depth_mm : of height 0. photo_px : (H, W, 2) crop pixels where each point is seen.
    """

    heights_mm: NDArray[np.float64]
    pitch_mm: float
    corner_mm: NDArray[np.float64]
    depth_mm: float
    photo_px: NDArray[np.float32]

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(H, W) bool, where there is head."""
        return np.isfinite(self.heights_mm)

    def to_grid(self, points_mm: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points (n, 2 or 3) of the camera frame -> x and y on the grid (n, 2)."""
        return np.asarray((points_mm[:, :2] - self.corner_mm) / self.pitch_mm)


def pixel_mm(reconstruction: Reconstruction) -> float:
    """Millimetres across that a crop pixel sees, at the head's median depth."""
    return float(reconstruction.intrinsics.pixel_mm(float(np.nanmedian(reconstruction.head_depth_mm))))


def frontal(reconstruction: Reconstruction) -> Frontal:
    """Turn what the camera saw of the head in perspective into heights along its axis.

    Each grid point's line of sight is followed backwards until it meets the depth map; the first meeting counts, so
    what the camera saw in front hides what is behind.

    Raises
    ------
    GeometryError
        There is too little depth.
    """
    mask = largest(reconstruction.head)
    if mask.sum() < MIN_PIXELS:
        raise GeometryError("There is too little depth to make a solid from. Use another photo or network.")
    depth = np.where(mask, reconstruction.depth_mm, np.nan).astype(np.float64)
    rows, columns = np.nonzero(mask)
    seen = reconstruction.intrinsics.unproject(np.stack([columns, rows], -1).astype(np.float64), depth[mask])
    pitch = pixel_mm(reconstruction)
    low, high = seen[:, :2].min(0) - MARGIN_PX * pitch, seen[:, :2].max(0) + MARGIN_PX * pitch
    width, height = np.ceil((high - low) / pitch).astype(int) + 1
    x, y = np.meshgrid(low[0] + pitch * np.arange(width), low[1] + pitch * np.arange(height))
    near, far = float(seen[:, 2].min()), float(seen[:, 2].max())
    behind = np.where(mask, fill_outside(depth, mask), far).astype(np.float32)

    def gap(z: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """How far a point at depth z still is in front of the depth map, and where the camera sees it."""
        at = reconstruction.intrinsics.project(np.stack([x, y, z], -1)).astype(np.float32)
        here = cv2.remap(behind, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(here - z, dtype=np.float32), at

    before, after = np.full(x.shape, near), np.full(x.shape, far)
    met = np.zeros(x.shape, bool)
    for z in np.linspace(near, far, MARCH_STEPS)[1:]:
        meets = ~met & (gap(np.full(x.shape, z))[0] <= 0)
        after[meets] = z
        met |= meets
        before[~met] = z
    for _ in range(BISECTIONS):
        middle = (before + after) / 2
        meets = gap(middle)[0] <= 0
        after, before = np.where(meets, middle, after), np.where(meets, before, middle)
    _, at = gap(after)
    # Past the silhouette a line of sight meets the step from head to nothing, which is no surface: it lies in the
    # shadow that the head casts from the camera. All four pixels round the meeting must be head.
    inside = sample(mask.astype(np.float32), at.reshape(-1, 2)).reshape(x.shape) > 1 - 1e-3
    inside &= ((at > 0) & (at < mask.shape[0] - 1)).all(-1)
    heights = even_sides(np.where(largest(inside), far - after, np.nan), pitch)
    drawn = carvable(reconstruction.drawn_mm(mask.shape[0]))
    heights += cv2.remap(drawn, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return Frontal(heights, pitch, low, far, at)


def even_sides(heights: NDArray[np.float64], pitch: float) -> NDArray[np.float64]:
    """Heights with smooth steep sides: there a pixel of the photo is a long step, and its noise shows as stripes."""
    inside = np.isfinite(heights)
    smooth = blurred(np.where(inside, heights, 0), inside, SIDE_BLUR_PX)
    slope = np.hypot(*np.gradient(smooth)) / pitch
    share = np.clip((slope - SIDES_FROM) / (SIDES_FROM), 0, 1)
    return np.asarray(heights + share * (smooth - heights))


def blurred(values: NDArray[np.float64], inside: NDArray[np.bool_], sigma_px: float) -> NDArray[np.float64]:
    """Gaussian means over what is inside alone; 0 where nothing inside is near."""
    weight = ndimage.gaussian_filter(inside.astype(np.float64), sigma_px)
    total = ndimage.gaussian_filter(np.where(inside, values, 0), sigma_px)
    return np.where(weight > 1e-6, total / np.maximum(weight, 1e-6), 0)


def largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest connected piece of a mask; empty stays empty."""
    labels, count = ndimage.label(mask)
    if count == 0:
        return np.zeros_like(mask)
    return np.asarray(labels == np.bincount(labels[labels > 0]).argmax())


def smoothed(region: NDArray[np.bool_], sigma_px: float) -> NDArray[np.bool_]:
    """The largest piece of a region, without holes, with a smooth rim, clear of the edge of the map."""
    clear = int(np.ceil(sigma_px)) + 1
    filled = ndimage.binary_fill_holes(largest(region)).astype(np.float32)
    filled[:clear] = filled[-clear:] = filled[:, :clear] = filled[:, -clear:] = 0
    return np.asarray(ndimage.binary_fill_holes(largest(cv2.GaussianBlur(filled, (0, 0), sigma_px) > 0.5)))
