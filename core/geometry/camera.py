"""The camera: focal length, intrinsics of a crop, distance, scale and shift, pixels to millimetres and back.

Camera frame: x right, y down, z forward along the line of sight to the face, millimetres; where no line of sight is
given it is the camera's axis. Pixel centres are at integer coordinates.

Two projections: a pinhole's *perspective*; and *orthographic*, its limit for a camera that moves away while its focal
length grows. Nearness (see `ScaleAndShift`) is the same in both; only what follows from it differs.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy
from numpy.typing import NDArray

from core.errors import GeometryError
from core.face.landmarks import LEFT_EYE, MEAN_MM, RIGHT_EYE, Pose
from core.face.window import inverse, transform
from core.options.run import DEFAULT_FOV_DEG, DEFAULT_IPD_MM, Projection
from core.photo.lens import EXIF, FILM_DIAGONAL_MM
from core.sensor import Calibration

PROFILE_YAW_DEG = 35.0  # beyond it the eyes are too close together in the picture to measure by
CALIBRATED = "the camera's own calibration"
FIT_ROUNDS = 20
MIN_CORRELATION = 0.3
INLIER_MM = 5.0  # of relief: a pixel of the fit that is farther from the prior than that is an outlier


@dataclass(frozen=True)
class Intrinsics:
    """Focal length and principal point, in pixels.

    mm_per_px : of an orthographic camera, the same at any depth; None for perspective. An orthographic camera keeps
    the focal length and distance of the perspective one that it stands for.
    sight : unit vector, where the axis is (0, 0, 1): the line of sight to the face. It is the z axis of the camera
    frame, along which depth is counted.
    """

    focal_px: float
    cx_px: float
    cy_px: float
    mm_per_px: float | None = None
    sight: tuple[float, float, float] = (0.0, 0.0, 1.0)

    @property
    def projection(self) -> Projection:
        """How depth shows in the picture."""
        return "perspective" if self.mm_per_px is None else "orthographic"

    @property
    def K(self) -> NDArray[np.float64]:
        """(3, 3) matrix to homogeneous pixels, from the frame of the axis: see `turn`.

        Of (x, y, z) in mm, or for an orthographic camera of (x, y, 1).
        """
        scale = self.focal_px if self.mm_per_px is None else 1 / self.mm_per_px
        return np.array([[scale, 0, self.cx_px], [0, scale, self.cy_px], [0, 0, 1.0]])

    def cropped(self, crop_to_photo: NDArray[np.float64]) -> "Intrinsics":
        """The same camera, rolled about its axis, as a crop's pixels see it; exact, so a crop changes no geometry."""
        scale = float(np.hypot(crop_to_photo[0, 0], crop_to_photo[1, 0]))
        cx, cy = transform(inverse(crop_to_photo), np.array([self.cx_px, self.cy_px]))
        mm_per_px = None if self.mm_per_px is None else self.mm_per_px * scale
        x, y = (crop_to_photo[:, :2].T @ self.sight[:2] / scale).tolist()
        return Intrinsics(self.focal_px / scale, float(cx), float(cy), mm_per_px, (x, y, self.sight[2]))

    def orthographic(self, distance_mm: float) -> "Intrinsics":
        """The orthographic camera that shows a plane at `distance_mm` as this one does."""
        return replace(self, mm_per_px=distance_mm / self.focal_px)

    def pixel_mm(self, depth_mm: float | NDArray[np.floating]) -> NDArray[np.float64]:
        """What one pixel near the line of sight is across, in mm, at a depth (...) in mm."""
        if self.mm_per_px is not None:
            return np.full(np.shape(depth_mm), self.mm_per_px)
        return np.asarray(depth_mm, dtype=np.float64) * (self.sight[2] / self.focal_px)

    def facing(self, point_px: NDArray[np.floating]) -> "Intrinsics":
        """The same camera, whose frame is turned the shortest way until a pixel (2,) lies straight ahead."""
        ray = np.array([*((point_px - [self.cx_px, self.cy_px]) / self.focal_px), 1.0])
        x, y, z = (ray / np.linalg.norm(ray)).tolist()
        return replace(self, sight=(x, y, z))

    @property
    def turn(self) -> NDArray[np.float64]:
        """(3, 3) rotation: the frame whose z is the camera's axis -> camera frame, whose z is `sight`."""
        x, y, z = self.sight
        across = x * y / (1 + z)
        return np.array([[1 - x * x / (1 + z), -across, -x], [-across, 1 - y * y / (1 + z), -y], self.sight])

    def depth_per_axial(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """(H, W): the depth, along `sight`, of what is 1 deep along the camera's axis."""
        x, y = ((np.arange(n) - c) / self.focal_px for n, c in ((shape[1], self.cx_px), (shape[0], self.cy_px)))
        return np.asarray(self.sight[0] * x[None] + self.sight[1] * y[:, None] + self.sight[2])

    def unproject(self, points_px: NDArray[np.floating], depth_mm: NDArray[np.floating]) -> NDArray[np.float64]:
        """Pixels (..., 2) at depth (...) in mm -> points (..., 3) in mm, camera frame."""
        z = np.asarray(depth_mm, dtype=np.float64)
        x, y = points_px[..., 0] - self.cx_px, points_px[..., 1] - self.cy_px
        if self.mm_per_px is not None:
            return np.stack([x * self.mm_per_px, y * self.mm_per_px, z], axis=-1)
        rays = np.stack([x / self.focal_px, y / self.focal_px, np.ones_like(x, np.float64)], axis=-1) @ self.turn.T
        return np.asarray(rays * (z / rays[..., 2])[..., None])

    def project(self, points_mm: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points (..., 3) in mm, camera frame -> pixels (..., 2)."""
        centre = np.array([self.cx_px, self.cy_px])
        if self.mm_per_px is not None:
            return np.asarray(points_mm[..., :2] / self.mm_per_px + centre)
        points = points_mm @ self.turn
        return np.asarray(self.focal_px * points[..., :2] / points[..., 2:] + centre)


def photo_intrinsics(
    shape: tuple[int, ...],
    focal_35mm: float | None,
    fov_deg: float | None = None,
    given_35mm: float | None = None,
    told_by: str = EXIF,
    calibration: Calibration | None = None,
) -> tuple[Intrinsics, str]:
    """The camera of a photo of shape (H, W, ...), and where its focal length comes from.

    What a person gives, `fov_deg` over the diagonal or `given_35mm`, goes before the camera's own `calibration`, that
    before `focal_35mm`, which the photo tells (told_by : by what, in words); without any the default field of view is
    assumed. 35 mm equivalents are taken by the diagonal (CIPA DCG-001). The principal point is that of the calibration,
    or the middle of the photo.
    """
    height, width = shape[:2]
    diagonal = float(np.hypot(height, width))
    if fov_deg is not None:
        focal_px, source = diagonal / 2 / np.tan(np.radians(fov_deg) / 2), "given field of view"
    elif given_35mm is not None:
        focal_px, source = given_35mm / FILM_DIAGONAL_MM * diagonal, "given focal length"
    elif calibration is not None:
        focal_px, source = calibration.focal_px, CALIBRATED
    elif focal_35mm is not None:
        focal_px, source = focal_35mm / FILM_DIAGONAL_MM * diagonal, told_by
    else:
        focal_px, source = diagonal / 2 / np.tan(np.radians(DEFAULT_FOV_DEG) / 2), "assumed field of view"
    centre = (calibration.cx_px, calibration.cy_px) if calibration else ((width - 1) / 2, (height - 1) / 2)
    return Intrinsics(float(focal_px), *centre), source


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
    """`a * inverse_depth + b = nearness`, in 1/mm: 1 / depth under perspective.

    fitted_to : what gave a and b. residual_mm : median distance from it over the face, and inlier_share : the share of
    the face that is within `INLIER_MM` of it; None where nothing compares.
    """

    a: float
    b: float
    fitted_to: str
    residual_mm: float | None
    inlier_share: float | None = None

    def nearness(self, inverse_depth: NDArray[np.floating]) -> NDArray[np.float64]:
        """(H, W) inverse depth -> nearness in 1/mm."""
        return self.a * np.asarray(inverse_depth, dtype=np.float64) + self.b

    def depth_mm(self, inverse_depth: NDArray[np.floating], farthest_mm: float) -> NDArray[np.float32]:
        """(H, W) inverse depth -> depth in mm under perspective, at most `farthest_mm`."""
        return depth_of(self.nearness(inverse_depth), farthest_mm)


def depth_of(
    nearness: NDArray[np.floating],
    farthest_mm: float,
    projection: Projection = "perspective",
    distance_mm: float | None = None,
) -> NDArray[np.float32]:
    """(H, W) nearness in 1/mm -> depth in mm, at most `farthest_mm`.

    Under perspective depth is 1 / nearness. An orthographic camera is the limit for a face that is seen from ever
    farther off: depth is then linear, `distance * (2 - distance * nearness)`, which is the tangent of 1 / nearness at
    the distance of the eyes. `distance_mm` is needed for that alone.
    """
    if projection == "perspective":
        return (1 / np.maximum(nearness, 1 / farthest_mm)).astype(np.float32)
    if distance_mm is None:
        raise ValueError("an orthographic depth needs the distance of the plane that it is counted from")
    return np.minimum(distance_mm * (2 - distance_mm * nearness), farthest_mm).astype(np.float32)


def fit_scale_and_shift(
    inverse_depth: NDArray[np.floating], prior_depth_mm: NDArray[np.floating], face: NDArray[np.generic], prior: str
) -> ScaleAndShift:
    """Fit a and b by least absolute deviations (reweighted squares), so that depths agree with a prior over the face.

    inverse_depth, prior_depth_mm : (H, W). face : (H, W) weights of pixels, 0 to 1; what the fit is judged by is where
    they are largest. prior : what the prior is, for the record.

    Raises
    ------
    GeometryError
        The map is flat or inverted over the face, so that no millimetres follow from it.
    """
    importance = face.astype(np.float64)
    used = importance > 0
    importance = importance[used]
    value = inverse_depth[used].astype(np.float64)
    target = 1 / prior_depth_mm[used].astype(np.float64)
    spread = value.std()
    if len(value) < 50 or not np.isfinite(spread) or spread <= 1e-9 * max(1.0, float(np.abs(value).max())):
        raise GeometryError("The network's depth map is flat over the face. Use another network or another photo.")
    correlation = float(scipy.stats.spearmanr(value, target).statistic)  # of ranks, which outliers do not move
    if not correlation > MIN_CORRELATION:
        raise GeometryError(
            f"The network's depth map does not look like a face (rank correlation {correlation:.2f} with one). "
            "Use another network or another photo."
        )
    # The prior is trusted and the map may be wrong in places: so the prior explains the map, not the other way round.
    design = np.c_[(target - target.mean()) / target.std(), np.ones_like(target)]
    weight = importance.copy()
    slope, level = 0.0, 0.0
    for _ in range(FIT_ROUNDS):
        root = np.sqrt(weight)
        slope, level = np.linalg.lstsq(design * root[:, None], value / spread * root, rcond=None)[0]
        weight = importance / np.maximum(np.abs(design @ [slope, level] - value / spread), 1e-4)
    if not slope > 0:
        raise GeometryError("The network's depth map is inverted over the face. Use another network or another photo.")
    a = float(target.std() / (slope * spread))
    b = float(target.mean() - a * level * spread)
    error_mm = np.abs(1 / np.maximum(a * value + b, 1e-6) - 1 / target)[importance == importance.max()]
    return ScaleAndShift(a, b, prior, float(np.median(error_mm)), float((error_mm <= INLIER_MM).mean()))
