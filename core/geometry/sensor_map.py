"""A camera's own depth map as the pixels of a crop see it, and as depth along the line of sight."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.face.window import inverse, transform
from core.geometry.camera import Intrinsics
from core.sensor import SensorDepth
from core.sensor.sensor_depth import Along

WORN_AND_OWN = ("skin", "hair", "glasses", "teeth")  # mattes that make up a head
MIXED = 2e-3  # of an exact map's distance: pixels that are so far apart show two surfaces, one behind the other


@dataclass(frozen=True)
class SensorMap:
    """nearness : (S, S) float32 as in `SensorDepth`, NaN where nothing was measured.

    is_absolute, step, along, is_exact : of it.
    pitch_px : of the sensor's own pixels, in those of the crop.
    """

    nearness: NDArray[np.float32]
    is_absolute: bool
    step: float
    along: Along
    pitch_px: float
    is_exact: bool = False

    @property
    def there(self) -> NDArray[np.bool_]:
        """(S, S) bool: where something was measured."""
        return np.isfinite(self.nearness)

    def turned_to_sight(self, intrinsics: Intrinsics) -> NDArray[np.float64]:
        """(S, S) nearness along the line of sight of a perspective camera, over that along what was measured."""
        per_axial = intrinsics.depth_per_axial(self.nearness.shape)
        if self.along == "axis":
            return np.asarray(1 / per_axial)
        (height, width), focal = self.nearness.shape, intrinsics.focal_px
        x, y = np.meshgrid(
            (np.arange(width) - intrinsics.cx_px) / focal, (np.arange(height) - intrinsics.cy_px) / focal
        )
        return np.asarray(np.sqrt(1 + x**2 + y**2) / per_axial)


def sensor_map(
    sensor: SensorDepth, crop_to_photo: NDArray[np.float64], side_px: int, photo_shape: tuple[int, ...]
) -> SensorMap:
    """A photo's depth map in the square of a crop; between its pixels linear, of finer ones their mean.

    An exact one is no mean: between pixels of which one is far behind the other it is the nearer pixel of the two.
    """
    values = sensor.nearness
    scale = values.shape[1] / photo_shape[1]
    finer = int(np.hypot(crop_to_photo[0, 0], crop_to_photo[1, 0]) * scale)
    if finer > 1 and not sensor.is_exact:
        values = _reduced(values, finer)
    nearness = _in_crop(values, crop_to_photo, side_px, photo_shape, beyond=float("nan"), unmixed=sensor.is_exact)
    across = inverse(crop_to_photo)
    pitch = float(np.hypot(across[0, 0], across[1, 0]) * photo_shape[1] / values.shape[1])
    return SensorMap(nearness, sensor.is_absolute, sensor.step, sensor.along, pitch, sensor.is_exact)


def head_matte(
    sensor: SensorDepth, crop_to_photo: NDArray[np.float64], side_px: int, photo_shape: tuple[int, ...]
) -> NDArray[np.float32] | None:
    """(S, S) in 0..1, a crop's skin, hair and what is worn on them, as the camera found them; else of the person."""
    names = WORN_AND_OWN if {"skin", "hair"} <= set(sensor.mattes) else ("person",)
    found = [
        _in_crop(
            sensor.mattes[name].astype(np.float32) / np.float32(255), crop_to_photo, side_px, photo_shape, beyond=0.0
        )
        for name in names
        if name in sensor.mattes
    ]
    return np.maximum.reduce(found) if found else None


def _in_crop(
    values: NDArray[np.float32], crop_to_photo: NDArray[np.float64], side_px: int, photo_shape: tuple[int, ...],
    *, beyond: float, unmixed: bool = False,
) -> NDArray[np.float32]:  # fmt: skip
    """(S, S) of a map of the whole photo.

    beyond : what there is outside of it. unmixed : between two surfaces, or beside a hole, the nearest pixel alone.
    """
    to_map = np.array([values.shape[1] / photo_shape[1], values.shape[0] / photo_shape[0]])
    axis = np.arange(side_px, dtype=np.float64)
    places = transform(crop_to_photo, np.stack(np.meshgrid(axis, axis), -1))
    x, y = np.moveaxis(((places + 0.5) * to_map - 0.5).astype(np.float32), -1, 0)
    found = cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = (x >= -0.5) & (x <= values.shape[1] - 0.5) & (y >= -0.5) & (y <= values.shape[0] - 0.5)
    if unmixed:
        nearest = cv2.remap(values, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
        with np.errstate(invalid="ignore"):
            is_mixed = ~(np.abs(found / nearest - 1) < MIXED)
        found = np.where(is_mixed, nearest, found)
    return np.where(inside, found, np.float32(beyond))


def _reduced(values: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Means of blocks of `factor` x `factor`, over what was measured of each; the last ones may be cut off."""
    there = np.isfinite(values)
    size = (-(-values.shape[1] // factor), -(-values.shape[0] // factor))
    padded = [(0, size[1] * factor - values.shape[0]), (0, size[0] * factor - values.shape[1])]
    total = np.pad(np.where(there, values, 0), padded).reshape(size[1], factor, size[0], factor).sum((1, 3))
    count = np.pad(there, padded).reshape(size[1], factor, size[0], factor).sum((1, 3))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
