"""Photo and face -> the levelled crop: a square in which the eye line is horizontal, and the way back to the photo."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.face.detect import Face
from core.face.landmarks import NOSE
from core.face.window import cut, inverse, similarity, transform

SIDE_PX = 512
IPD_SHARE = 0.16  # of the crop's side: 39 cm of scene round a head, so that tall hair is in it
MAX_TEXTURE_PX = 2048


@dataclass(frozen=True)
class Crop:
    """A square cut out of a photo.

    rgb : (S, S, 3) uint8.
    crop_to_photo : (2, 3), crop pixel -> photo pixel, pixel centres at integers.
    texture : (T, T, 3) uint8, the same square at the photo's own resolution (S <= T <= 2048).
    """

    rgb: NDArray[np.uint8]
    crop_to_photo: NDArray[np.float64]
    texture: NDArray[np.uint8]

    @property
    def side_px(self) -> int:
        """Side S of the crop."""
        return int(self.rgb.shape[0])

    @property
    def photo_px_per_px(self) -> float:
        """Photo pixels per crop pixel."""
        return float(np.hypot(self.crop_to_photo[0, 0], self.crop_to_photo[1, 0]))

    def to_crop(self, points_px: NDArray[np.floating]) -> NDArray[np.float64]:
        """Photo pixels (..., 2) -> crop pixels."""
        return transform(inverse(self.crop_to_photo), points_px)

    def to_photo(self, points_px: NDArray[np.floating]) -> NDArray[np.float64]:
        """Crop pixels (..., 2) -> photo pixels."""
        return transform(self.crop_to_photo, points_px)


def level(rgb: NDArray[np.uint8], face: Face, side_px: int = SIDE_PX) -> Crop:
    """Cut the head out of a picture (H, W, 3), levelled by the eye line, with room for hair and shoulders."""
    centre = face.landmarks_px[NOSE].mean(0)
    return _crop(rgb, centre, face.pose.ipd_px / IPD_SHARE, face.roll_deg, side_px)


def whole(rgb: NDArray[np.uint8], turn_deg: int = 0, side_px: int = SIDE_PX) -> Crop:
    """The whole picture in a square, turned clockwise by `turn_deg`; beyond the picture its border goes on."""
    height, width = rgb.shape[:2]
    return _crop(rgb, np.array([(width - 1) / 2, (height - 1) / 2]), max(height, width), -turn_deg, side_px)


def _crop(
    rgb: NDArray[np.uint8], centre_px: NDArray[np.floating], extent_px: float, roll_deg: float, side_px: int
) -> Crop:
    texture_px = int(np.clip(2 ** np.ceil(np.log2(extent_px)), side_px, MAX_TEXTURE_PX))
    matrix = similarity(centre_px, extent_px, roll_deg, side_px)
    texture = cut(rgb, similarity(centre_px, extent_px, roll_deg, texture_px), texture_px)
    return Crop(cut(rgb, matrix, side_px), matrix, texture)


def inside_photo(crop: Crop, photo_shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """(S, S) bool, which crop pixels show the photo and not the border that was drawn on."""
    axis = np.arange(crop.side_px)
    x, y = np.moveaxis(crop.to_photo(np.stack(np.meshgrid(axis, axis), -1)), -1, 0)
    return np.asarray((x >= -0.5) & (y >= -0.5) & (x <= photo_shape[1] - 0.5) & (y <= photo_shape[0] - 0.5))
