"""The template fitted to a face: pose, size, identity and expression, by the landmarks and the depth of its photo.

Gauss and Newton's method, all unknowns at once: landmarks lie on theirs, vertices of the face on the tangent plane of
the depth below them (Chen and Medioni, 'Object Modeling by Registration of Multiple Range Images', 1991), identity and
expression near the mean by their spread.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import GeometryError
from core.face.landmarks import LEFT_EYE, PER_LIDS, RIGHT_EYE
from core.geometry.alignment import apply, moved_about, procrustes, scale_of
from core.geometry.depth_surface import DepthSurface
from core.geometry.reconstruction import Reconstruction
from core.head.template import HeadTemplate, Region, template

ROUNDS = 12
BY_LANDMARKS = 2  # the first rounds, until the depth is near
POINTS = 2500  # of the face, whose depth is looked at: more change nothing
JAW = 17  # the first landmarks: they lie on the outline, which is another line on a turned head
INNER_WEIGHT, JAW_WEIGHT = 0.6, 0.15
ALONG_SIGHT, GUESSED_ALONG_SIGHT = 0.5, 0.05  # how much less is known of a landmark's depth than of its place
TURNED_DEG = 40.0  # from there on the far side is not seen, and what lies at its landmarks is the near side's outline
LEFT_SIDE = (*range(22, 27), 34, 35, *range(42, 48), 52, 53, 54, 55, 63, 64, 65)  # inner landmarks of the person
RIGHT_SIDE = (*range(17, 22), 31, 32, *range(36, 42), 48, 49, 50, 59, 60, 61, 67)
LANDMARK_MM, DEPTH_MM = 8.0, 3.0  # residuals beyond count less and less
DEPTH_WEIGHT = 300.0  # all depth counts as so many points known to a mm, since its errors go together over cm
REACH_MM = 25.0, 15.0  # to the depth, in the first rounds and later
LEAST_FACING, LEAST_ALIKE = 0.3, 0.5  # cosines: of a vertex to the line of sight, and of its normal to the depth's
NETWORK_MM = 2.0  # spread of the errors of a network's depth, for which the ridge of identity is chosen
MEASURED_MM = 0.25  # of depth that a camera measured: on known heads the model's eyes are then as far apart as theirs
IDENTITY_RIDGE, EXPRESSION_RIDGE = 8.0, 12.0
SIZE_SPREAD = 0.05  # of heads beside that of the distance between the pupils, which the photo is scaled by
POSE = 7  # unknowns: turn, shift, size
POOR_MM, POOR_LANDMARKS_MM = 1.6, 6.0  # residuals beyond are said; of 24 photos from the front all are below
FLIP = np.array([1.0, -1.0, -1.0])  # camera frame <-> mesh frame


@dataclass(frozen=True)
class HeadFit:
    """How the template lies on a face.

    coefficients : (i + e,) of identity, then of expression. pose : (4, 4) similarity, template -> mesh frame, mm.
    residual_mm : median distance of the face's vertices from the depth, where it is seen; NaN where it is not.
    landmarks_mm : RMS distance of the 51 inner landmarks.
    """

    coefficients: NDArray[np.float64]
    pose: NDArray[np.float64]
    residual_mm: float
    landmarks_mm: float

    @property
    def points(self) -> NDArray[np.float64]:
        """(n, 3) vertices of the fitted head, mesh frame of the face, mm."""
        return apply(self.pose, template().shape(self.coefficients))

    @property
    def is_poor(self) -> bool:
        """Whether the head does not lie on what the photo shows: a profile, a child, a mask."""
        return not (self.residual_mm <= POOR_MM and self.landmarks_mm <= POOR_LANDMARKS_MM)


def upright(fit: HeadFit, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (n, 3) of the mesh frame, turned and shifted as the template lies: a head looks straight ahead; mm."""
    turn = fit.pose[:3, :3] / scale_of(fit.pose)
    return np.asarray((points - fit.pose[:3, 3]) @ turn)


def ipd_of(fit: HeadFit) -> float:
    """Interpupillary distance of a fitted head in mm, by the middles of its lids."""
    right, left = (fit.points[template().landmarks[eye]].mean(0) for eye in (RIGHT_EYE, LEFT_EYE))
    return PER_LIDS * float(np.linalg.norm(right - left))


def landmarks_of(fit: HeadFit, reconstruction: Reconstruction) -> NDArray[np.float64]:
    """(68, 2) crop pixels where the landmarks of a head that was fitted to the reconstruction are seen."""
    camera_mm = fit.points[template().landmarks] * [1, -1, -1] + reconstruction.origin_mm
    return reconstruction.intrinsics.project(camera_mm)


def fit_head(reconstruction: Reconstruction, *, error_mm: float | None = None) -> HeadFit:
    """Fit the template to a face.

    error_mm : spread of the errors of its depth; the smaller, the less its shape is held near the mean, and the less
    the landmarks count. Not given: as of depth that a camera measured, or a network's, whichever it is.

    Raises
    ------
    GeometryError
        A photo without a face, or without depth at its landmarks.
    """
    error_mm = error_mm or (MEASURED_MM if reconstruction.facts.is_measured else NETWORK_MM)
    head, marks = template(), _landmarks(reconstruction, min(1.0, error_mm / NETWORK_MM))
    surface, origin = DepthSurface.of(reconstruction), reconstruction.origin_mm
    fitted = np.flatnonzero(head.within(Region.FITTED))
    looked_at = fitted[:: max(1, len(fitted) // POINTS)]
    normal = _Normal(head.modes.shape[2])
    coefficients = np.zeros(head.modes.shape[2])
    pose = procrustes(head.mean[head.landmarks[marks.sure]], marks.places[marks.sure], with_scale=True)
    for number in range(ROUNDS):
        points = apply(pose, head.shape(coefficients))
        normal.clear()
        _add_landmarks(normal, head, points, pose, marks)
        if number >= BY_LANDMARKS:
            reach = REACH_MM[number >= 2 * BY_LANDMARKS]
            _add_depth(normal, head, points, pose, looked_at, surface, origin, reach)
        step = normal.solve(coefficients, head.identities, scale_of(pose), error_mm)
        pose = moved_about(step[:POSE], pose[:3, 3]) @ pose
        coefficients = coefficients + step[POSE:]
        coefficients[head.identities :] = np.clip(coefficients[head.identities :], 0, 1)
    points = apply(pose, head.shape(coefficients))
    away, _ = surface.offsets(points[looked_at] * FLIP + origin)
    off = np.linalg.norm(points[head.landmarks] - marks.places, axis=1)[marks.sure]
    seen = np.isfinite(away)
    return HeadFit(
        coefficients=coefficients,
        pose=pose,
        residual_mm=float(np.median(np.abs(away[seen]))) if seen.any() else float("nan"),
        landmarks_mm=float(np.sqrt((off**2).mean())),
    )


class _Normal:
    """The normal equations of one round: gradient and Hessian of half the sum of squares."""

    def __init__(self, modes: int) -> None:
        self._size = POSE + modes
        self.clear()

    def clear(self) -> None:
        """Forget all rows."""
        self.hessian, self.gradient = np.zeros((self._size, self._size)), np.zeros(self._size)

    def add(self, rows: NDArray[np.floating], residuals: NDArray[np.floating]) -> None:
        """Add weighted rows (n, 7 + k) of the Jacobian, and what they are to reach (n,)."""
        rows = rows.astype(np.float32)
        self.hessian += rows.T @ rows
        self.gradient += rows.T @ residuals

    def solve(
        self, coefficients: NDArray[np.float64], identities: int, size: float, error_mm: float
    ) -> NDArray[np.float64]:
        """Return the step (7 + k,), with coefficients and size held near their means."""
        ridge = np.full(len(coefficients), EXPRESSION_RIDGE)
        ridge[:identities] = IDENTITY_RIDGE * (error_mm / NETWORK_MM) ** 2
        hessian, gradient = self.hessian.copy(), self.gradient.copy()
        hessian[np.diag_indices(self._size)] += np.r_[np.zeros(POSE - 1), SIZE_SPREAD**-2, ridge]
        gradient -= np.r_[np.zeros(POSE - 1), SIZE_SPREAD**-2 * np.log(size), ridge * coefficients]
        return np.asarray(np.linalg.solve(hessian, gradient))


@dataclass(frozen=True)
class _Landmarks:
    """places : (68, 3) in the mesh frame, mm. weights : (68,). ways : (68, 3, 3) what counts of how far each is off.

    sure : (68,) bool, inner ones that are seen, with depth.
    """

    places: NDArray[np.float64]
    weights: NDArray[np.float64]
    ways: NDArray[np.float64]
    sure: NDArray[np.bool_]


def _landmarks(reconstruction: Reconstruction, weight: float) -> _Landmarks:
    """Weight : of landmarks that are sure, beside those of a network's depth: depth that was measured knows better."""
    landmarks, face = reconstruction.landmarks_px, reconstruction.facts.face
    if landmarks is None:
        raise GeometryError("A head is fitted to a face, and none was found in this photo.")
    places = reconstruction.to_mesh_frame(
        reconstruction.intrinsics.unproject(landmarks, reconstruction.depth_at(landmarks))
    )
    weights, along_sight = np.full(68, INNER_WEIGHT * weight), np.full(68, ALONG_SIGHT)
    weights[:JAW] = JAW_WEIGHT * weight
    along_sight[:JAW] = GUESSED_ALONG_SIGHT
    if face is not None and abs(face.yaw_deg) > TURNED_DEG:
        along_sight[list(LEFT_SIDE if face.yaw_deg > 0 else RIGHT_SIDE)] = GUESSED_ALONG_SIGHT
    sure = reconstruction.facts.landmarks_confidence
    if sure is not None:
        weights *= np.clip(sure, 0.02, 1) ** 2
    known = np.asarray(np.isfinite(places).all(1))
    seen = known & (along_sight == ALONG_SIGHT)
    if seen.sum() < POSE:
        raise GeometryError("There is too little depth at the eyes, nose and mouth of this face to fit a head to it.")
    weights[~known] = 0
    places = np.where(known[:, None], places, 0.0)
    return _Landmarks(places, weights, _ways(places, along_sight), seen)


def _ways(places: NDArray[np.float64], along_sight: NDArray[np.float64]) -> NDArray[np.float64]:
    """(68, 3, 3): of the jaw's what is across the outline alone, as that may slide along it."""
    ways = np.tile(np.eye(3), (68, 1, 1))
    ways[:, 2, 2] = along_sight
    line = np.gradient(places[:JAW, :2], axis=0)
    across = np.stack([-line[:, 1], line[:, 0]], axis=1) / np.maximum(np.linalg.norm(line, axis=1, keepdims=True), 1e-9)
    ways[:JAW, :2, :2] = across[:, :, None] * across[:, None]
    return ways


def _add_landmarks(
    normal: _Normal, head: HeadTemplate, points: NDArray[np.float64], pose: NDArray[np.float64], marks: _Landmarks
) -> None:
    at = points[head.landmarks]
    off = np.einsum("nij,nj->ni", marks.ways, marks.places - at)
    robust = marks.weights / np.sqrt(1 + (off**2).sum(1) / LANDMARK_MM**2)
    rows = _moved(at - pose[:3, 3], np.einsum("ij,njk->nik", pose[:3, :3], head.modes[head.landmarks]))
    rows = robust[:, None, None] * (marks.ways @ rows)
    normal.add(rows.reshape(68 * 3, -1), (robust[:, None] * off).ravel())


def _moved(arms: NDArray[np.float64], modes: NDArray[np.floating]) -> NDArray[np.float64]:
    """How points (n, 3), from the middle of the turn, move with each unknown: (n, 3, 7 + k)."""
    x, y, z = arms.T
    nothing = np.zeros_like(x)
    turned = np.stack([nothing, z, -y, -z, nothing, x, y, -x, nothing], axis=-1).reshape(-1, 3, 3)
    shifted = np.broadcast_to(np.eye(3), turned.shape)
    return np.concatenate([turned, shifted, arms[:, :, None], modes], axis=2)


def _add_depth(
    normal: _Normal, head: HeadTemplate, points: NDArray[np.float64], pose: NDArray[np.float64],
    looked_at: NDArray[np.intp], surface: DepthSurface, origin: NDArray[np.float64], reach_mm: float,
) -> None:  # fmt: skip
    at, outward = points[looked_at], head.normals(points)[looked_at]
    in_camera = at * FLIP + origin
    outside, normals = surface.offsets(in_camera)
    normals = normals * FLIP
    sight = in_camera / np.linalg.norm(in_camera, axis=1, keepdims=True) * FLIP
    with np.errstate(invalid="ignore"):
        good = np.asarray((-(outward * sight).sum(1) > LEAST_FACING) & ((outward * normals).sum(1) > LEAST_ALIKE))
        good &= np.abs(outside) < reach_mm
    if not good.any():
        return
    way, arms, off = normals[good], at[good] - pose[:3, 3], -outside[good]
    each = np.sqrt(DEPTH_WEIGHT / good.sum()) / (1 + (off / DEPTH_MM) ** 2)
    modes = np.einsum("ni,nik->nk", (way @ pose[:3, :3]).astype(np.float32), head.modes[looked_at[good]])
    rows = np.concatenate([np.cross(arms, way), way, (arms * way).sum(1, keepdims=True), modes], axis=1)
    normal.add(rows * each[:, None], off * each)
