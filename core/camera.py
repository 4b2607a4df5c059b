"""The pinhole camera: focal length, intrinsics of a crop, distance, scale and shift, pixels to millimetres and back.

Camera frame: x right, y down, z forward, millimetres. Pixel centres are at integer coordinates.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from core.errors import GeometryError
from core.face.landmarks import DEFAULT_IPD_MM, LEFT_EYE, MEAN_MM, RIGHT_EYE, Pose
from core.face.window import inverse, transform

FILM_DIAGONAL_MM = 43.267  # of 24 x 36 mm film, to which EXIF's 35 mm equivalent refers (CIPA DCG-001)
DEFAULT_FOV_DEG = 46.8  # over the diagonal: a 50 mm lens on 35 mm film
MIN_FOV_DEG, MAX_FOV_DEG = 5.0, 120.0
PROFILE_YAW_DEG = 35.0  # beyond it the eyes are too close together in the picture to measure by
FIT_ROUNDS = 20
MIN_CORRELATION = 0.3


@dataclass(frozen=True)
class Intrinsics:
    """Focal length and principal point, in pixels."""

    focal_px: float
    cx_px: float
    cy_px: float

    @property
    def K(self) -> NDArray[np.float64]:
        """(3, 3) matrix: camera frame -> homogeneous pixels."""
        return np.array([[self.focal_px, 0, self.cx_px], [0, self.focal_px, self.cy_px], [0, 0, 1.0]])

    def cropped(self, crop_to_photo: NDArray[np.float64]) -> "Intrinsics":
        """The same camera, rolled about its axis, as a crop's pixels see it; exact, so a crop changes no geometry."""
        scale = float(np.hypot(crop_to_photo[0, 0], crop_to_photo[1, 0]))
        cx, cy = transform(inverse(crop_to_photo), np.array([self.cx_px, self.cy_px]))
        return Intrinsics(self.focal_px / scale, float(cx), float(cy))

    def unproject(self, points_px: NDArray[np.floating], depth_mm: NDArray[np.floating]) -> NDArray[np.float64]:
        """Pixels (..., 2) at depth (...) in mm -> points (..., 3) in mm, camera frame."""
        z = np.asarray(depth_mm, dtype=np.float64)
        x = (points_px[..., 0] - self.cx_px) * z / self.focal_px
        y = (points_px[..., 1] - self.cy_px) * z / self.focal_px
        return np.stack([x, y, z], axis=-1)

    def project(self, points_mm: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points (..., 3) in mm, camera frame -> pixels (..., 2)."""
        return np.asarray(points_mm[..., :2] / points_mm[..., 2:] * self.focal_px + np.array([self.cx_px, self.cy_px]))


def photo_intrinsics(
    shape: tuple[int, ...], focal_35mm: float | None, fov_deg: float | None = None
) -> tuple[Intrinsics, str]:
    """The camera of a photo of shape (H, W, ...), and where its focal length comes from.

    `fov_deg`, over the diagonal, goes before EXIF; without either, the default field of view is assumed.
    The principal point is the middle of the photo.
    """
    height, width = shape[:2]
    diagonal = float(np.hypot(height, width))
    if fov_deg is not None:
        focal_px, source = diagonal / 2 / np.tan(np.radians(fov_deg) / 2), "given field of view"
    elif focal_35mm is not None:
        focal_px, source = focal_35mm / FILM_DIAGONAL_MM * diagonal, "EXIF"
    else:
        focal_px, source = diagonal / 2 / np.tan(np.radians(DEFAULT_FOV_DEG) / 2), "assumed field of view"
    return Intrinsics(float(focal_px), (width - 1) / 2, (height - 1) / 2), source


def eye_distance_mm(landmarks_px: NDArray[np.floating], pose: Pose, focal_px: float, ipd_mm: float) -> float:
    """Distance of the eyes from the camera along its axis, if the interpupillary distance is `ipd_mm`.

    The distance between the eyes in the picture is set against that of the mean head turned the same way;
    for a head nearly in profile the scale of all landmarks is used instead.
    landmarks_px : (68, 2), in the pixels of `focal_px`.
    """
    if abs(pose.yaw_deg) > PROFILE_YAW_DEG:
        px_per_mm = pose.px_per_mm
    else:
        seen_px = np.linalg.norm(landmarks_px[LEFT_EYE].mean(0) - landmarks_px[RIGHT_EYE].mean(0))
        apart_mm = MEAN_MM[LEFT_EYE].mean(0) - MEAN_MM[RIGHT_EYE].mean(0)
        px_per_mm = float(seen_px / np.linalg.norm((pose.rotation @ apart_mm)[:2]))
    return focal_px / px_per_mm * ipd_mm / DEFAULT_IPD_MM


@dataclass(frozen=True)
class ScaleAndShift:
    """`a * inverse_depth + b = 1 / depth_mm`.

    fitted_to : what gave a and b. residual_mm : median distance from it over the face; None where nothing compares.
    """

    a: float
    b: float
    fitted_to: str
    residual_mm: float | None

    def depth_mm(self, inverse_depth: NDArray[np.floating], farthest_mm: float) -> NDArray[np.float32]:
        """(H, W) inverse depth -> depth in mm, at most `farthest_mm`."""
        inverse_mm = self.a * np.asarray(inverse_depth, dtype=np.float64) + self.b
        return (1 / np.maximum(inverse_mm, 1 / farthest_mm)).astype(np.float32)


def fit_scale_and_shift(
    inverse_depth: NDArray[np.floating], prior_depth_mm: NDArray[np.floating], face: NDArray[np.bool_], prior: str
) -> ScaleAndShift:
    """Fit a and b by least absolute deviations (reweighted squares), so that depths agree with a prior over the face.

    inverse_depth, prior_depth_mm, face : (H, W). prior : what the prior is, for the record.

    Raises
    ------
    GeometryError
        The map is flat or inverted over the face, so that no millimetres follow from it.
    """
    value = inverse_depth[face].astype(np.float64)
    target = 1 / prior_depth_mm[face].astype(np.float64)
    spread = value.std()
    if len(value) < 50 or not np.isfinite(spread) or spread <= 1e-9 * max(1.0, float(np.abs(value).max())):
        raise GeometryError("The network's depth map is flat over the face. Use another network or another photo.")
    correlation = float(spearmanr(value, target).statistic)  # of ranks, which outliers do not move
    if not correlation > MIN_CORRELATION:
        raise GeometryError(
            f"The network's depth map does not look like a face (rank correlation {correlation:.2f} with one). "
            "Use another network or another photo."
        )
    # The prior is trusted and the map may be wrong in places: so the prior explains the map, not the other way round.
    design = np.c_[(target - target.mean()) / target.std(), np.ones_like(target)]
    weight = np.ones_like(value)
    slope, level = 0.0, 0.0
    for _ in range(FIT_ROUNDS):
        root = np.sqrt(weight)
        slope, level = np.linalg.lstsq(design * root[:, None], value / spread * root, rcond=None)[0]
        weight = 1 / np.maximum(np.abs(design @ [slope, level] - value / spread), 1e-4)
    if not slope > 0:
        raise GeometryError("The network's depth map is inverted over the face. Use another network or another photo.")
    a = float(target.std() / (slope * spread))
    b = float(target.mean() - a * level * spread)
    fitted = 1 / np.maximum(a * value + b, 1e-6)
    return ScaleAndShift(a, b, prior, float(np.median(np.abs(fitted - 1 / target))))
