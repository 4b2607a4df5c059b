"""The 68 landmarks: their order, their mirror image, their mean place on a head, and the pose that follows from them.

Order: Multi-PIE (Gross et al. 2010), counted from 0: jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, mouth 48-67;
'right' is the person's right, at the left of the picture.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.options.run import DEFAULT_IPD_MM

JAW = slice(0, 17)
NOSE = slice(27, 36)
NOSE_TIP = 30
RIGHT_EYE = slice(36, 42)
LEFT_EYE = slice(42, 48)
INNER = slice(17, 68)
MIRRORED = np.concatenate(
    [
        range(16, -1, -1),
        range(26, 16, -1),
        [27, 28, 29, 30, 35, 34, 33, 32, 31],
        [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40],
        [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65],
    ]
)

# (68, 3) mm on the mean head of ICT-FaceKit (Li et al. 2020, MIT licence) scaled to an IPD of 63 mm, made symmetric;
# frame: x to the picture's right, y down, z away from the camera, origin midway between the centres of the eyeballs.
MEAN_MM: NDArray[np.float32] = np.load(Path(__file__).with_name("mean_landmarks_mm.npy"))
PER_LIDS = float(DEFAULT_IPD_MM / np.linalg.norm(MEAN_MM[LEFT_EYE].mean(0) - MEAN_MM[RIGHT_EYE].mean(0)))
"""Interpupillary distance over that between the middles of the lids, on the mean head: pupils are nearer together."""


@dataclass(frozen=True)
class Pose:
    """How a head is turned, from landmarks under scaled orthography.

    rotation : (3, 3), head frame of `MEAN_MM` -> camera frame.
    px_per_mm : picture scale at the head, on the assumption of `DEFAULT_IPD_MM`.
    eyes_px : (2,) where the point midway between the eyeballs is seen.
    residual_ipd : RMS distance of the landmarks from the mean head so placed, in IPD; tells a face from a jumble.
    """

    rotation: NDArray[np.float64]
    px_per_mm: float
    eyes_px: NDArray[np.float64]
    residual_ipd: float

    @property
    def ipd_px(self) -> float:
        """The interpupillary distance as it would be seen from the front."""
        return self.px_per_mm * DEFAULT_IPD_MM

    @property
    def quarter_deg(self) -> int:
        """The quarter turn in the picture's plane that the head is nearest to: -180, -90, 0, 90 or 180, clockwise."""
        return 90 * round(float(np.degrees(np.arctan2(-self.rotation[0, 1], self.rotation[1, 1]))) / 90)

    @cached_property
    def upright(self) -> NDArray[np.float64]:
        """(3, 3) `rotation` as it is seen once the picture is turned back by `quarter_deg`."""
        x, y, z = self.rotation
        return np.stack({0: (x, y, z), 90: (y, -x, z), -90: (-y, x, z)}.get(self.quarter_deg, (-x, -y, z)))

    @property
    def yaw_deg(self) -> float:
        """Turn to the side; positive when the nose points to the right of the picture, which stands upright."""
        return float(np.degrees(np.arctan2(-self.upright[0, 2], self.upright[2, 2])))

    @property
    def pitch_deg(self) -> float:
        """Nod; positive when the face looks down."""
        return float(np.degrees(np.arcsin(np.clip(-self.upright[1, 2], -1, 1))))

    @property
    def roll_deg(self) -> float:
        """Turn in the picture's plane; positive clockwise as seen."""
        return self.quarter_deg + float(np.degrees(np.arctan2(self.upright[1, 0], self.upright[1, 1])))


def fit_pose(landmarks_px: NDArray[np.floating], confidence: NDArray[np.floating]) -> Pose:
    """Least squares of an affine camera, then the nearest scaled rotation (Tomasi and Kanade 1992).

    landmarks_px : (68, 2). confidence : (68,), weights.
    """
    weight = np.clip(confidence, 1e-3, 1)[:, None].astype(np.float64)
    model = np.c_[MEAN_MM, np.ones(len(MEAN_MM))]
    affine = np.linalg.lstsq(model * weight, landmarks_px * weight, rcond=None)[0].T
    u, scales, vt = np.linalg.svd(affine[:, :3], full_matrices=False)
    rows = u @ vt
    rotation = np.vstack([rows, np.cross(rows[0], rows[1])])
    scale = float(scales.mean())
    error = landmarks_px - model @ affine.T
    mean_square = float((weight[:, 0] * (error**2).sum(1)).sum() / weight.sum())
    residual = np.sqrt(mean_square) / max(scale * DEFAULT_IPD_MM, 1e-9)
    return Pose(rotation, scale, affine[:, 3], float(residual))


def eye_line_deg(landmarks_px: NDArray[np.floating]) -> float:
    """Angle of the line through both eyes in the picture, clockwise as seen, 0 when level."""
    x, y = landmarks_px[LEFT_EYE].mean(0) - landmarks_px[RIGHT_EYE].mean(0)
    return float(np.degrees(np.arctan2(y, x)))
