"""Depth that a camera measured and stored beside its picture, and how its levels become nearness."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import PhotoError

Along = Literal["axis", "ray"]
Array = NDArray[np.generic]
A = TypeVar("A", bound=np.generic)

SAME_ASPECT = 0.02  # a map is rounded to its pixels
SQUARE = 0.05  # a camera whose two focal lengths differ by more was not calibrated for this picture
TURNS = {2: (0, 1, 0), 3: (0, 1, 1), 4: (0, 0, 1), 5: (1, 0, 0), 6: (1, 1, 0), 7: (1, 1, 1), 8: (1, 0, 1)}
"""EXIF's orientation -> whether rows and columns change places, then whether left and right, top and bottom do."""


@dataclass(frozen=True)
class Calibration:
    """A camera by its maker: focal length and principal point, in pixels of a picture of `size_px` (width, height)."""

    focal_px: float
    cx_px: float
    cy_px: float
    size_px: tuple[float, float]

    def of(self, width_px: int, height_px: int) -> "Calibration | None":
        """The same for a picture of another size; None where it is of another shape, cut off after it was measured."""
        scale = width_px / self.size_px[0]
        if abs(height_px / self.size_px[1] / scale - 1) > SAME_ASPECT:
            return None
        cx, cy = ((c + 0.5) * scale - 0.5 for c in (self.cx_px, self.cy_px))
        return Calibration(self.focal_px * scale, cx, cy, (width_px, height_px))

    def turned(self, orientation: int) -> "Calibration":
        """As it sees the picture that was turned upright from EXIF's `orientation`."""
        swap, flip_x, flip_y = TURNS.get(orientation, (0, 0, 0))
        (width, height), (x, y) = self.size_px, (self.cx_px, self.cy_px)
        if swap:
            width, height, x, y = height, width, y, x
        return Calibration(
            self.focal_px, width - 1 - x if flip_x else x, height - 1 - y if flip_y else y, (width, height)
        )


@dataclass(frozen=True)
class SensorDepth:
    """A depth map that came with a photo.

    nearness : (h, w) float32, larger is nearer, NaN where nothing was measured. In 1/mm if it `is_absolute`; else it
    is so up to an unknown scale and shift.
    step : between two of its levels, in the same unit; 0 where levels are finer than what they measure.
    along : what the depth was measured along: the camera's axis, or each ray.
    source : who measured, in words. said : what the file says of it, by name, in words.
    calibration : of the photo that it came with, None where the file has none.
    mattes : what the camera found in the picture, (h, w) uint8 by name (`hair`, `skin`, `glasses`, `teeth`, `person`).
    is_exact : whether all of it holds as it is, as of a scan; else its rims are torn and its levels have noise.
    """

    nearness: NDArray[np.float32]
    is_absolute: bool
    step: float
    along: Along
    source: str
    said: Mapping[str, str] = field(default_factory=dict)
    calibration: Calibration | None = None
    mattes: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)
    is_exact: bool = False

    def turned(self, orientation: int) -> "SensorDepth":
        """As the photo looks upright. orientation : EXIF's, 1 to 8."""
        return replace(
            self,
            nearness=upright(self.nearness, orientation),
            calibration=self.calibration and self.calibration.turned(orientation),
            mattes={name: upright(matte, orientation) for name, matte in self.mattes.items()},
        )

    def checked(self, width_px: int, height_px: int) -> "SensorDepth":
        """The same for an upright photo of that size.

        Raises
        ------
        PhotoError
            It is of another shape than the photo, or there is nothing in it.
        """
        height, width = self.nearness.shape
        if abs(np.log(width / height * height_px / width_px)) > SAME_ASPECT + 1 / min(width, height):
            raise PhotoError(f"it has {width} x {height} pixels, which is another shape than the photo's")
        there = self.nearness[np.isfinite(self.nearness)]
        if len(there) < 0.01 * width * height or np.ptp(there) <= 0:
            raise PhotoError("it is empty: no place in it differs from the others")
        if self.calibration is None:
            return self
        return replace(self, calibration=self.calibration.of(width_px, height_px))


def upright(levels: NDArray[A], orientation: int) -> NDArray[A]:
    """(H, W) as stored -> upright. orientation : EXIF's, 1 to 8."""
    swap, flip_x, flip_y = TURNS.get(orientation, (0, 0, 0))
    turned = levels.T if swap else levels
    return np.ascontiguousarray(turned[:: -1 if flip_y else 1, :: -1 if flip_x else 1])


def spread(levels: Array, low: float, high: float, least: float, most: float) -> tuple[NDArray[np.float64], float]:
    """Levels between `least` and `most` -> values between `low` and `high`, and the step between two levels.

    Raises
    ------
    PhotoError
        The range is no range.
    """
    if not (np.isfinite([low, high, least, most]).all() and high > low and most > least):
        raise PhotoError(f"its values go from {low:g} to {high:g}, which is no range")
    step = (high - low) / (most - least)
    return low + (levels.astype(np.float64) - least) * step, step


def of_disparity(per_metre: NDArray[np.float64], step: float) -> tuple[NDArray[np.float32], float]:
    """Disparity in 1/m -> nearness in 1/mm, NaN where it is 0 or less, and its step."""
    with np.errstate(invalid="ignore"):
        there = np.isfinite(per_metre) & (per_metre > 0)
    return np.where(there, per_metre / 1000, np.nan).astype(np.float32), step / 1000


def of_depth(depth_mm: NDArray[np.float64], step_mm: float) -> tuple[NDArray[np.float32], float]:
    """Depth in mm -> nearness in 1/mm, NaN where it is 0 or less, and its step at the nearest quarter."""
    with np.errstate(invalid="ignore", divide="ignore"):
        there = np.isfinite(depth_mm) & (depth_mm > 0)
        nearness = np.where(there, 1 / np.where(there, depth_mm, 1), np.nan).astype(np.float32)
    near = float(np.percentile(nearness[there], 75)) if there.any() else 0.0
    return nearness, step_mm * near**2
