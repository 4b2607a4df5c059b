"""A face's main lengths, from its landmarks in space."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.face.doubt import hidden_side
from core.face.landmarks import INNER, JAW, MEAN_MM
from core.geometry.alignment import procrustes
from core.geometry.reconstruction import Reconstruction
from core.measure.context import JAW_ENDS, Assumed, FacePoints
from core.measure.table import IPD, LENGTHS, NOSE_PROTRUSION, NOSE_TO_EARS, WIDTH, numbers


@dataclass(frozen=True)
class FaceMeasures:
    """Distances between landmarks in mm, as they were measured or scaled to the assumed interpupillary distance.

    What each is says `core.measure.table.LENGTHS`. nose_to_ears_mm : None where the jaw's upper ends are not seen.
    nose_protrusion_mm, width_mm : None of a head turned so far that they mean nothing, see `withheld`.
    """

    ipd_mm: float
    nose_protrusion_mm: float | None
    width_mm: float | None
    height_mm: float
    nose_to_ears_mm: float | None = None


def landmarks_mm(reconstruction: Reconstruction) -> NDArray[np.float64]:
    """(68, 3) landmarks on the surface, camera frame, mm; NaN where there is no depth. Not for a whole photo."""
    landmarks = reconstruction.landmarks_px
    assert landmarks is not None
    return reconstruction.intrinsics.unproject(landmarks, reconstruction.depth_at(landmarks))


def face_axes(points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 3), camera frame: unit vectors to the face's left, down it, and where it looks.

    By laying the mean head onto its landmarks (68, 3).
    """
    known = np.asarray(np.isfinite(points_mm).all(1))
    known[JAW] = False  # at the silhouette, where depth is least sure
    motion = procrustes(MEAN_MM[known], points_mm[known], with_scale=True)[:3, :3]
    return np.asarray((motion / np.linalg.norm(motion, axis=0)).T * [[1.0], [1.0], [-1.0]])


def face_points(reconstruction: Reconstruction) -> FacePoints | None:
    """The landmarks in space and the face's axes; None for a whole photo or where too few landmarks have depth."""
    landmarks = reconstruction.landmarks_px
    if landmarks is None:
        return None
    points = landmarks_mm(reconstruction)
    if np.isfinite(points[INNER]).all(1).sum() < 12:
        return None
    across = float(np.linalg.norm(landmarks[JAW_ENDS[0]] - landmarks[JAW_ENDS[1]]))
    pixel_mm = float(reconstruction.intrinsics.pixel_mm(float(np.nanmedian(points[:, 2]))))
    return FacePoints(points, face_axes(points), across * pixel_mm, withheld(reconstruction) is None)


def withheld(reconstruction: Reconstruction) -> str | None:
    """Why lengths that need both sides of the face are not measured, as a sentence; None where they are."""
    face = reconstruction.facts.face
    return None if face is None else hidden_side(face.yaw_deg)


def face_measures(reconstruction: Reconstruction) -> FaceMeasures | None:
    """Distances between landmarks; None for a whole photo or where the depth at a landmark is missing."""
    points = face_points(reconstruction)
    if points is None:
        return None
    assumed = Assumed(reconstruction.facts.scale_ipd_mm, reconstruction.facts.distance_mm)
    found = {IPD.key: IPD.measure(assumed), **numbers(LENGTHS, points)}
    may_lack = {NOSE_TO_EARS.key} if points.both_sides else {NOSE_TO_EARS.key, NOSE_PROTRUSION.key, WIDTH.key}
    if any(value is None for key, value in found.items() if key not in may_lack):
        return None
    return FaceMeasures(**found)
