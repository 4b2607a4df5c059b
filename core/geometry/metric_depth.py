"""What networks say of a crop, and a camera -> depth in millimetres: the one way, at first and when computed anew."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.depth.blend import prior_weight, with_rim_of, with_shape_of
from core.depth.denoise import smooth, smooth_walls
from core.face.landmarks import INNER, LEFT_EYE, NOSE, RIGHT_EYE, fit_pose
from core.face.level import Crop, inside_photo
from core.face.window import disc
from core.geometry.camera import (
    INLIER_MM,
    Intrinsics,
    ScaleAndShift,
    depth_of,
    eye_distance_mm,
    fit_scale_and_shift,
)
from core.options.run import DEFAULT_IPD_MM, Projection

BUILTIN = "builtin"
DEFAULT_DISTANCE_MM = 700.0  # of a whole photo, where no face says it
DEFAULT_RANGE_MM = 300.0  # from the nearest to the farthest hundredth of a whole photo
BEHIND_FACE_MM = 400.0  # nothing of a head lies farther behind its eyes
NEAREST = 1.7  # times nearer than the eyes: nothing is; a wrong place of a map must not come out behind the camera
POOR_RESIDUAL_MM = 4.0  # the built-in network's face is itself off by 2 to 3 mm in the median
POOR_INLIER_SHARE = 0.6
JAW_WEIGHT = 0.3  # on known heads 0.1 to 0.5 do equally well; 0 and 1 leave single heads 1.0 and 1.4 mm off
HEAD = 128  # of 255: from this coverage on a pixel is head


@dataclass(frozen=True)
class Observation:
    """What is seen in a crop, whatever is assumed of camera and size; a written face keeps all of it.

    crop : the levelled crop. photo_shape : height and width of its photo.
    network, refine : that gave inverse_depth, (S, S) float32, larger is nearer.
    relief : (S, S) float32, the face network's, one unit `mm_per_unit` at the mean IPD; None for a whole photo.
    coverage : (S, S) uint8, the head's soft mask; from `HEAD` on a pixel is head.
    landmarks_px : (68, 2) float64 crop pixels, with their confidence (68,); None for a whole photo.
    """

    crop: Crop
    photo_shape: tuple[int, int]
    network: str
    refine: str
    inverse_depth: NDArray[np.float32]
    relief: NDArray[np.float32] | None
    mm_per_unit: float
    coverage: NDArray[np.uint8]
    landmarks_px: NDArray[np.float64] | None
    confidence: NDArray[np.float64] | None

    def mask(self, background: bool) -> NDArray[np.bool_]:
        """(S, S) bool: the head, or all that the photo shows."""
        if background or self.landmarks_px is None:
            return inside_photo(self.crop, self.photo_shape)
        return self.coverage >= HEAD


@dataclass(frozen=True)
class Solution:
    """What was solved.

    depth_mm : (S, S) float32, z of the camera frame, along the line of sight; NaN outside the mask.
    plain_mm : the same as the network alone would have it, before the prior's shape and the smoothing.
    intrinsics : of the crop.
    distance_mm : of the eyes, along the line of sight.
    prior_weight : the prior's share of the broad shape; None where there is no prior beside the network.
    """

    depth_mm: NDArray[np.float32]
    plain_mm: NDArray[np.float32]
    intrinsics: Intrinsics
    distance_mm: float
    fit: ScaleAndShift
    prior_weight: float | None
    warnings: tuple[str, ...]


def solve(
    seen: Observation, camera: Intrinsics, *, ipd_mm: float, projection: Projection, strength: float, background: bool
) -> Solution:
    """Depth of a crop in millimetres.

    Networks see the crop and not where in the photo it was: they count depth along the line of sight to the face. So
    that line, and not the camera's axis, is the z of the solution's frame; else a face 10 degrees off the axis would
    be sheared by as much. An orthographic camera has but one direction, and that is the line of sight.

    camera : of the photo, perspective. strength : of the smoothing, 0 to 1. background : keep what is round the head.

    Raises
    ------
    GeometryError
        The network's map is flat or inverted over the face.
    """
    intrinsics = camera.cropped(seen.crop.crop_to_photo)
    mask = seen.mask(background)
    warnings: list[str] = []
    weight = None
    if seen.landmarks_px is None or seen.relief is None or seen.confidence is None:
        distance, farthest = DEFAULT_DISTANCE_MM, 2 * DEFAULT_DISTANCE_MM
        fit = _assumed_range(seen.inverse_depth, mask)
    else:
        ahead_px = seen.landmarks_px
        if projection == "perspective":
            intrinsics = intrinsics.facing(seen.landmarks_px[NOSE].mean(0))
            points = intrinsics.unproject(seen.landmarks_px, np.ones(len(seen.landmarks_px)))
            ahead_px = intrinsics.focal_px * points[:, :2]
        pose = fit_pose(ahead_px, seen.confidence)
        distance = eye_distance_mm(ahead_px, pose, intrinsics.focal_px, ipd_mm)
        farthest = distance + BEHIND_FACE_MM
        prior = _prior(seen.relief, seen.landmarks_px, distance, seen.mm_per_unit * ipd_mm / DEFAULT_IPD_MM)
        fit = prior
    relief_mm = plain = _relief_mm(fit, seen.inverse_depth, distance, farthest)
    if seen.landmarks_px is not None and seen.network != BUILTIN:
        assert seen.relief is not None
        face = face_weight(seen.landmarks_px, mask)
        fit = fit_scale_and_shift(seen.inverse_depth, prior.depth_mm(seen.relief, farthest), face, prior.fitted_to)
        warnings += fit_warnings(fit)
        plain = _relief_mm(fit, seen.inverse_depth, distance, farthest)
        of_prior = _relief_mm(prior, seen.relief, distance, farthest)
        weight = prior_weight(plain, of_prior, face == 1)
        relief_mm = with_shape_of(plain, of_prior, mask, weight)
        if not background:
            relief_mm = with_rim_of(relief_mm, of_prior, mask)
    relief_mm = smooth(relief_mm, mask, strength)
    if strength > 0:
        relief_mm = smooth_walls(relief_mm, mask, float(intrinsics.pixel_mm(distance)))
    depth, plain_mm = (
        np.where(mask, depth_of(_nearness(relief, distance), farthest, projection, distance), np.nan)
        for relief in (relief_mm, plain)
    )
    if projection == "orthographic":
        intrinsics = intrinsics.orthographic(distance)
    return Solution(
        depth.astype(np.float32), plain_mm.astype(np.float32), intrinsics, distance, fit, weight, tuple(warnings)
    )


def _relief_mm(
    fit: ScaleAndShift, inverse_depth: NDArray[np.float32], distance_mm: float, farthest_mm: float
) -> NDArray[np.float64]:
    """(S, S) mm nearer than the eyes, linear in nearness: what shape is worked on in, whatever the projection."""
    nearness = np.clip(fit.nearness(inverse_depth), 1 / farthest_mm, NEAREST / distance_mm)
    return (nearness - 1 / distance_mm) * distance_mm**2


def _nearness(relief_mm: NDArray[np.float64], distance_mm: float) -> NDArray[np.float64]:
    return 1 / distance_mm + relief_mm / distance_mm**2


def _prior(
    relief: NDArray[np.float32], landmarks_px: NDArray[np.float64], distance_mm: float, mm_per_unit: float
) -> ScaleAndShift:
    """The face network's relief is metric up to the IPD: one unit nearer is `mm_per_unit` nearer, from the eyes on."""
    eyes = np.r_[landmarks_px[RIGHT_EYE], landmarks_px[LEFT_EYE]]
    columns, rows = np.clip(np.round(eyes), 0, relief.shape[0] - 1).astype(int).T
    at_eyes = float(np.median(relief[rows, columns]))
    a = mm_per_unit / distance_mm**2
    return ScaleAndShift(a, 1 / distance_mm - a * at_eyes, "the built-in network's face", None)


def _assumed_range(inverse_depth: NDArray[np.float32], mask: NDArray[np.bool_]) -> ScaleAndShift:
    low, high = np.percentile(inverse_depth[mask], [1, 99])
    near = DEFAULT_DISTANCE_MM - DEFAULT_RANGE_MM / 2
    a = (1 / near - 1 / (near + DEFAULT_RANGE_MM)) / max(float(high - low), 1e-9)
    return ScaleAndShift(a, 1 / near - a * float(high), "an assumed range of distances", None)


def face_weight(landmarks_px: NDArray[np.float64], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(S, S) how much each pixel counts for the fit: 1 round brows, eyes, nose and mouth, less to the jaw, 0 beyond.

    The prior is most exact about the inner face; the jaw's longer lever steadies the scale.
    """
    weight = np.zeros(mask.shape, np.float64)
    for points, value in ((landmarks_px, JAW_WEIGHT), (landmarks_px[INNER], 1.0)):
        cv2.fillConvexPoly(weight, cv2.convexHull(np.round(points).astype(np.int32)), value)
    return np.where(mask, weight, 0.0)


def fit_warnings(fit: ScaleAndShift) -> list[str]:
    """A sentence where a fit is poor; none where it is good or where nothing was fitted."""
    if fit.residual_mm is None or fit.inlier_share is None:
        return []
    if fit.residual_mm <= POOR_RESIDUAL_MM and fit.inlier_share >= POOR_INLIER_SHARE:
        return []
    return [
        f"The network's depth fits a face poorly: it is off by {fit.residual_mm:.1f} mm in the median, and "
        f"{100 * fit.inlier_share:.0f} % of the face is within {INLIER_MM:g} mm. Take its millimetres with care, or "
        "use another network."
    ]


def soft_mask(head: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """(S, S) uint8 coverage by the head: the probability `head` along the rim of `mask`, on whose sides it agrees."""
    side = mask.shape[0]
    level = np.round(255 * np.clip(cv2.GaussianBlur(head, (0, 0), side / 256), 0, 1)).astype(np.uint8)
    rim = disc(side // 128)
    near = cv2.dilate(mask.astype(np.uint8), rim) > 0
    deep = cv2.erode(mask.astype(np.uint8), rim) > 0
    soft = np.where(mask, np.maximum(level, HEAD), np.where(near, np.minimum(level, HEAD - 1), 0))
    return np.where(deep, 255, soft).astype(np.uint8)
