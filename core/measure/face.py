"""A face's main lengths, from its landmarks in space."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from core.face.landmarks import INNER, JAW, MEAN_MM, NOSE_TIP
from core.geometry.alignment import procrustes
from core.geometry.reconstruction import Reconstruction

SELLION, MENTON = 27, 8  # nose bridge between the eyes; lowest point of the chin
OUTER_CORNERS = [36, 45]
TURNED_DEG = 10.0
JAW_ENDS = [JAW.start, JAW.stop - 1]  # just before the ears


@dataclass(frozen=True)
class FaceMeasures:
    """Distances between landmarks in mm, scaled to the assumed interpupillary distance.

    ipd_mm : the assumed one.
    nose_protrusion_mm : tip of the nose before the outer corners of the eyes, along the face's own axis.
    width_mm : between the jaw's upper ends, about bizygomatic breadth; of a turned head twice the half that is seen.
    height_mm : chin to bridge of the nose (menton to sellion).
    nose_to_ears_mm : tip of the nose before the jaw's upper ends, which lie just before the ears, along the face's own
        axis; None where they are not seen.
    """

    ipd_mm: float
    nose_protrusion_mm: float
    width_mm: float
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


def face_measures(reconstruction: Reconstruction) -> FaceMeasures | None:
    """Distances between landmarks; None for a whole photo or where the depth at a landmark is missing."""
    landmarks, ipd_mm = reconstruction.landmarks_px, reconstruction.facts.ipd_mm
    if landmarks is None or ipd_mm is None:
        return None
    points = landmarks_mm(reconstruction)
    if np.isfinite(points[INNER]).all(1).sum() < 12:
        return None
    axes = face_axes(points)
    before = points @ axes[2]
    jaw = points[JAW_ENDS]
    turned_deg = float(np.degrees(np.arctan2(axes[2, 0], -axes[2, 2])))
    if abs(turned_deg) > TURNED_DEG:  # the far end lies on the silhouette, before its true place: double the near half
        jaw = jaw[[0]] if turned_deg > 0 else jaw[[1]]
        width = float(2 * np.abs((jaw[0] - points[SELLION]) @ axes[0]))
    elif np.isfinite(jaw).all():
        width = float(np.linalg.norm(jaw[0] - jaw[1]))
    else:  # jaw ends lie at the silhouette, where depth may be cut: take them at equal depth
        across = landmarks[JAW_ENDS[0]] - landmarks[JAW_ENDS[1]]
        width = float(np.linalg.norm(across) * reconstruction.intrinsics.pixel_mm(float(np.nanmedian(points[:, 2]))))
    to_ears = float(before[NOSE_TIP] - (jaw @ axes[2]).mean())
    values = FaceMeasures(
        ipd_mm=float(ipd_mm),
        nose_protrusion_mm=float(before[NOSE_TIP] - before[OUTER_CORNERS].mean()),
        width_mm=float(width),
        height_mm=float(np.linalg.norm(points[SELLION] - points[MENTON])),
        nose_to_ears_mm=to_ears if np.isfinite(to_ears) else None,
    )
    always = [value for name, value in asdict(values).items() if name != "nose_to_ears_mm"]
    return values if np.isfinite(always).all() else None
