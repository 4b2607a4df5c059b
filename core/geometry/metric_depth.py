"""What networks say of a crop, and a camera -> depth in millimetres: the one way, at first and when computed anew."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import scipy
from numpy.typing import NDArray

from core.depth.blend import prior_weight, with_rim_of, with_shape_of
from core.depth.denoise import smooth, smooth_walls
from core.depth.fusion import Fused, fuse, trusted
from core.errors import GeometryError
from core.face.landmarks import INNER, LEFT_EYE, NOSE, PER_LIDS, RIGHT_EYE, fit_pose
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
from core.geometry.sensor_map import SensorMap
from core.options.run import DEFAULT_IPD_MM, DEFAULT_SMOOTH, DepthSource, Projection

BUILTIN = "builtin"
DEFAULT_DISTANCE_MM = 700.0  # of a whole photo, where no face says it
DEFAULT_RANGE_MM = 300.0  # from the nearest to the farthest hundredth of a whole photo
BEHIND_FACE_MM = 400.0  # nothing of a head lies farther behind its eyes
NEAREST = 1.7  # times nearer than the eyes: nothing is; a wrong place of a map must not come out behind the camera
POOR_RESIDUAL_MM = 4.0  # the built-in network's face is itself off by 2 to 3 mm in the median
POOR_INLIER_SHARE = 0.6
LEAST_IPD_MM, MOST_IPD_MM = 30.0, 90.0  # of newborns and of sculptures; depth by which it is another is of no unit
NO_FACE = "The depth that came with the photo does not look like a face, and is not used."
NOTHING_THERE = "The depth that came with the photo is empty where the photo is looked at, and is not used."
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
    sensor : the depth that came with the photo; None where none did.
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
    sensor: SensorMap | None = None

    def mask(self, background: bool) -> NDArray[np.bool_]:
        """(S, S) bool: the head, or all that the photo shows; of an exact sensor no place where it has nothing."""
        if background or self.landmarks_px is None:
            mask = inside_photo(self.crop, self.photo_shape)
        else:
            mask = self.coverage >= HEAD
        return mask & self.sensor.there if self.sensor is not None and self.sensor.is_exact else mask


@dataclass(frozen=True)
class Solution:
    """What was solved.

    depth_mm : (S, S) float32, z of the camera frame, along the line of sight; NaN outside the mask.
    plain_mm : the same as the network alone would have it, before the prior's shape and the smoothing.
    intrinsics : of the crop.
    distance_mm : of the eyes, along the line of sight.
    prior_weight : the prior's share of the broad shape; None where there is no prior beside the network.
    measured : what the camera's own depth gave; None where there was none, or it was not used.
    """

    depth_mm: NDArray[np.float32]
    plain_mm: NDArray[np.float32]
    intrinsics: Intrinsics
    distance_mm: float
    fit: ScaleAndShift
    prior_weight: float | None
    warnings: tuple[str, ...]
    measured: "Measured | None" = None


@dataclass(frozen=True)
class Measured:
    """What the camera's own depth gave.

    depth_mm : (S, S) float32, its depth alone along the line of sight, NaN beyond the mask and where it has none.
    is_absolute : whether distance and size are its. ipd_mm : interpupillary distance by it, from the landmarks; None
    where it gives none. fused : with the network's relief.
    """

    depth_mm: NDArray[np.float32]
    is_absolute: bool
    ipd_mm: float | None
    fused: Fused


def solve(
    seen: Observation, camera: Intrinsics, *, ipd_mm: float, projection: Projection, strength: float, background: bool,
    depth: DepthSource = "auto",
) -> Solution:  # fmt: skip
    """Depth of a crop in millimetres.

    Networks see the crop and not where in the photo it was: they count depth along the line of sight to the face. So
    that line, and not the camera's axis, is the z of the solution's frame; else a face 10 degrees off the axis would
    be sheared by as much. An orthographic camera has but one direction, and that is the line of sight.

    camera : of the photo, perspective. strength : of the smoothing, 0 to 1, see `smoothing_of`.
    background : keep what is round the head.
    depth : whether the camera's own depth takes part, where there is one. If it is absolute, distance and size are its,
    and `ipd_mm` is not used; if it is relative, it has scale and shift from the prior, as a network's map has.

    Raises
    ------
    GeometryError
        The network's map is flat or inverted over the face.
    """
    mask = seen.mask(background)
    warnings: list[str] = []
    place, sensor = _placed(seen, camera, mask, ipd_mm, projection), None
    if seen.sensor is not None and depth != "network":
        place, sensor, warnings = _measured(seen, place, seen.sensor, mask)
    distance, farthest, prior = place.distance_mm, place.farthest_mm, place.prior
    weight = None
    fit, nearness = place.assumed, None
    if sensor is not None:
        fit, nearness = _laid_on(sensor, seen, place)
    elif prior is not None and seen.network != BUILTIN:
        fit = _fitted(seen.inverse_depth, prior.depth_mm, place.counts, prior.fit.fitted_to)
        warnings += fit_warnings(fit)
    relief_mm = plain = _bounded(fit.nearness(seen.inverse_depth) if nearness is None else nearness, distance, farthest)
    if prior is not None and seen.network != BUILTIN:
        of_prior = _bounded(1 / prior.depth_mm, distance, farthest)
        if sensor is None:
            weight = prior_weight(plain, of_prior, place.counts == 1)
            relief_mm = with_shape_of(plain, of_prior, mask, weight)
        if not background:
            relief_mm = with_rim_of(relief_mm, of_prior, mask)
    fused = None
    if sensor is not None and sensor.is_exact:
        sensor_mm = _bounded(sensor.nearness, distance, farthest)
        relief_mm = np.where(np.isfinite(sensor_mm), sensor_mm, relief_mm)
        fused = Fused(relief_mm, mask, (), (), ())
        strength = smoothing_of(strength, is_exact=True)
    elif sensor is not None:
        sensor_mm = _bounded(sensor.nearness, distance, farthest)
        there = trusted(sensor_mm, relief_mm, mask, seen.mask(background=False), sensor.pitch_px)
        fused = fuse(sensor_mm, relief_mm, there, sensor.pitch_px, sensor.step * distance**2)
        relief_mm = np.where(there, sensor_mm, fused.relief_mm) if depth == "sensor" else fused.relief_mm
    relief_mm = smooth(relief_mm, mask, strength)
    if strength > 0:
        relief_mm = smooth_walls(relief_mm, mask, float(place.intrinsics.pixel_mm(distance)))

    def in_mm(relief: NDArray[np.float64]) -> NDArray[np.float32]:
        whole = depth_of(_nearness(relief, distance), farthest, projection, distance)
        return np.where(mask, whole, np.nan).astype(np.float32)

    measured = None
    if fused is not None and sensor is not None:
        measured = Measured(in_mm(sensor_mm), sensor.is_absolute, place.ipd_mm, fused)
    return Solution(
        in_mm(relief_mm),
        in_mm(plain),
        place.intrinsics.orthographic(distance) if projection == "orthographic" else place.intrinsics,
        distance,
        fit,
        weight,
        tuple(warnings),
        measured,
    )


def smoothing_of(strength: float, *, is_exact: bool) -> float:
    """How strong the smoothing is, 0 to 1: of exact depth the default does nothing, and what is above it all."""
    return max(0.0, (strength - DEFAULT_SMOOTH) / (1 - DEFAULT_SMOOTH)) if is_exact else strength


@dataclass(frozen=True)
class _Prior:
    """The built-in network's face: its fit, and its (S, S) depth in mm."""

    fit: ScaleAndShift
    depth_mm: NDArray[np.floating]


@dataclass(frozen=True)
class _Sensor:
    """A camera's own depth in mm: (S, S) nearness in 1/mm along the line of sight; its step and its pixels' pitch.

    is_absolute : whether distance and size are its, too. is_exact : as in `SensorMap`.
    """

    nearness: NDArray[np.float64]
    step: float
    pitch_px: float
    is_absolute: bool
    is_exact: bool


@dataclass(frozen=True)
class _Place:
    """How far away a face is, or a photo taken whole.

    assumed : what makes the network's map millimetres where nothing else does. counts : (S, S) weight of pixels in a
    fit. prior : None for a whole photo. ipd_mm : as in `Measured`.
    """

    intrinsics: Intrinsics
    distance_mm: float
    farthest_mm: float
    assumed: ScaleAndShift
    counts: NDArray[np.float64]
    prior: _Prior | None
    ipd_mm: float | None = None


def _placed(
    seen: Observation, camera: Intrinsics, mask: NDArray[np.bool_], ipd_mm: float, projection: Projection
) -> _Place:
    """By what is assumed."""
    intrinsics = camera.cropped(seen.crop.crop_to_photo)
    if seen.landmarks_px is None or seen.confidence is None:
        assumed = _assumed_range(seen.inverse_depth, mask)
        counts = mask.astype(np.float64)
        return _Place(intrinsics, DEFAULT_DISTANCE_MM, 2 * DEFAULT_DISTANCE_MM, assumed, counts, None)
    ahead_px = seen.landmarks_px
    if projection == "perspective":
        intrinsics = intrinsics.facing(seen.landmarks_px[NOSE].mean(0))
        points = intrinsics.unproject(seen.landmarks_px, np.ones(len(seen.landmarks_px)))
        ahead_px = intrinsics.focal_px * points[:, :2]
    distance = eye_distance_mm(ahead_px, fit_pose(ahead_px, seen.confidence), intrinsics.focal_px, ipd_mm)
    return _at(seen, intrinsics, mask, distance, ipd_mm)


def _at(
    seen: Observation, intrinsics: Intrinsics, mask: NDArray[np.bool_], distance_mm: float, ipd_mm: float
) -> _Place:
    """Place a face by the distance of its eyes and between its pupils."""
    assert seen.relief is not None
    assert seen.landmarks_px is not None
    farthest = distance_mm + BEHIND_FACE_MM
    fit = _prior(seen.relief, seen.landmarks_px, distance_mm, seen.mm_per_unit * ipd_mm / DEFAULT_IPD_MM)
    prior = _Prior(fit, fit.depth_mm(seen.relief, farthest))
    return _Place(intrinsics, distance_mm, farthest, fit, face_weight(seen.landmarks_px, mask), prior)


def _measured(
    seen: Observation, place: _Place, given: SensorMap, mask: NDArray[np.bool_]
) -> tuple[_Place, _Sensor | None, list[str]]:
    """By the camera's own depth: absolute as it is, else with scale and shift of the prior; or not, and why."""
    said = []
    to_sight = given.turned_to_sight(place.intrinsics)
    if given.is_absolute:
        nearness = given.nearness * to_sight
        sensor = _Sensor(nearness, given.step, given.pitch_px, is_absolute=True, is_exact=given.is_exact)
        if seen.landmarks_px is None:
            there = nearness[mask & np.isfinite(nearness)]
            if not there.size:
                return place, None, [NOTHING_THERE]
            distance, farthest = (float(1 / np.percentile(there, share)) for share in (50, 1))
            return replace(place, distance_mm=distance, farthest_mm=farthest), sensor, []
        found = _eyes(nearness, seen.landmarks_px, place.intrinsics)
        if found is not None and LEAST_IPD_MM <= found[1] <= MOST_IPD_MM:
            moved = replace(_at(seen, place.intrinsics, mask, *found), ipd_mm=found[1])
            assert moved.prior is not None
            is_face = _on_prior(nearness, moved.prior, moved.counts) is not None
            return (moved, sensor, []) if is_face else (place, None, [NO_FACE])
        said = [_no_eyes(found and found[1])]
    if place.prior is None:
        return place, None, []
    fit = _on_prior(given.nearness, replace(place.prior, depth_mm=place.prior.depth_mm * to_sight), place.counts)
    if fit is None:
        return place, None, [NO_FACE]
    nearness = fit.nearness(given.nearness) * to_sight
    sensor = _Sensor(nearness, fit.a * given.step, given.pitch_px, is_absolute=False, is_exact=given.is_exact)
    return place, sensor, said


def _on_prior(nearness: NDArray[np.floating], prior: _Prior, counts: NDArray[np.float64]) -> ScaleAndShift | None:
    """Scale and shift that lay a map on the prior's face; None for one that does not look like a face."""
    try:
        return _fitted(nearness, prior.depth_mm, counts, prior.fit.fitted_to)
    except GeometryError:
        return None


def _laid_on(sensor: _Sensor, seen: Observation, place: _Place) -> tuple[ScaleAndShift, NDArray[np.float64] | None]:
    """The network's map fitted to the camera's own depth.

    A network that knows nothing of a photo taken whole leaves it all to the camera, whose nearness then comes with it,
    holes filled with what is nearest.
    """
    try:
        return _fitted(seen.inverse_depth, 1 / sensor.nearness, place.counts, "the camera's depth"), None
    except GeometryError:
        if place.prior is not None:
            raise
    _, nearest = scipy.ndimage.distance_transform_edt(~np.isfinite(sensor.nearness), return_indices=True)
    return place.assumed, sensor.nearness[tuple(nearest)]


def _eyes(
    nearness: NDArray[np.float64], landmarks_px: NDArray[np.float64], intrinsics: Intrinsics
) -> tuple[float, float] | None:
    """Distance of the eyes, and between the pupils, by depth that was measured, in mm; None where none was."""
    middles, depths = [], []
    for eye in (landmarks_px[RIGHT_EYE], landmarks_px[LEFT_EYE]):
        (left, top), (right, bottom) = np.floor(eye.min(0)).astype(int), np.ceil(eye.max(0)).astype(int)
        window = nearness[max(top, 0) : bottom + 1, max(left, 0) : right + 1]
        if not np.isfinite(window).any():
            return None
        middles.append(eye.mean(0))
        depths.append(1 / float(np.nanmedian(window)))
    points = intrinsics.unproject(np.array(middles), np.array(depths))
    return float(np.mean(depths)), PER_LIDS * float(np.linalg.norm(points[1] - points[0]))


def _no_eyes(ipd_mm: float | None) -> str:
    if ipd_mm is None:
        return "The depth that came with the photo has a hole at the eyes: its shape is used, and not its millimetres."
    return (
        f"By the depth that came with the photo the eyes would be {ipd_mm:.0f} mm apart: its shape is used, and not "
        "its millimetres."
    )


def _fitted(
    inverse_depth: NDArray[np.float32], depth_mm: NDArray[np.floating], weight: NDArray[np.float64], what: str
) -> ScaleAndShift:
    there = np.isfinite(depth_mm) & np.isfinite(inverse_depth)
    return fit_scale_and_shift(inverse_depth, depth_mm, np.where(there, weight, 0.0), what)


def _bounded(nearness: NDArray[np.floating], distance_mm: float, farthest_mm: float) -> NDArray[np.float64]:
    """(S, S) nearness -> mm nearer than the eyes, linear in nearness, as far as anything is."""
    return (np.clip(nearness, 1 / farthest_mm, NEAREST / distance_mm) - 1 / distance_mm) * distance_mm**2


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
