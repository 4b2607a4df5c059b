"""A face's main lengths, from its landmarks in space."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from core.alignment import procrustes
from core.face.landmarks import INNER, JAW, MEAN_MM, NOSE_TIP
from core.reconstruction import Reconstruction

SELLION, MENTON = 27, 8  # nose bridge between the eyes; lowest point of the chin
OUTER_CORNERS = [36, 45]
JAW_ENDS = [JAW.start, JAW.stop - 1]  # just before the ears


@dataclass(frozen=True)
class FaceMeasures:
    """Distances between landmarks in mm, scaled to the assumed interpupillary distance.

    ipd_mm : the assumed one.
    nose_protrusion_mm : tip of the nose before the outer corners of the eyes, along the face's own axis.
    width_mm : between the jaw's upper ends, about bizygomatic breadth.
    height_mm : chin to bridge of the nose (menton to sellion).
    nose_to_ears_mm : tip of the nose before the jaw's upper ends, which lie just before the ears, along the face's own
        axis; None where one of them is not seen (a turned head, hair).
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


def forward_axis(points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3,) unit vector, camera frame: where the face looks, by laying the mean head onto its landmarks (68, 3)."""
    known = np.asarray(np.isfinite(points_mm).all(1))
    known[JAW] = False  # at the silhouette, where depth is least sure
    motion = procrustes(MEAN_MM[known], points_mm[known], with_scale=True)[:3, :3]
    forward = motion @ [0.0, 0.0, -1.0]
    return np.asarray(forward / np.linalg.norm(forward))


def face_measures(reconstruction: Reconstruction) -> FaceMeasures | None:
    """Distances between landmarks; None for a whole photo or where the depth at a landmark is missing."""
    landmarks = reconstruction.landmarks_px
    if landmarks is None:
        return None
    points = landmarks_mm(reconstruction)
    if np.isfinite(points[INNER]).all(1).sum() < 12:
        return None
    depth = points[:, 2]
    width = np.linalg.norm(points[JAW_ENDS[0]] - points[JAW_ENDS[1]])
    if not np.isfinite(width):  # jaw ends lie at the silhouette, where depth may be cut: take them at equal depth
        across = (landmarks[JAW_ENDS[0]] - landmarks[JAW_ENDS[1]]) * np.nanmedian(depth)
        width = np.linalg.norm(across) / reconstruction.intrinsics.focal_px
    forward = forward_axis(points)
    before = points @ forward
    to_ears = float(before[NOSE_TIP] - before[JAW_ENDS].mean())
    values = FaceMeasures(
        ipd_mm=float(reconstruction.facts["ipd_mm"]),
        nose_protrusion_mm=float(before[NOSE_TIP] - before[OUTER_CORNERS].mean()),
        width_mm=float(width),
        height_mm=float(np.linalg.norm(points[SELLION] - points[MENTON])),
        nose_to_ears_mm=to_ears if np.isfinite(to_ears) else None,
    )
    always = [value for name, value in asdict(values).items() if name != "nose_to_ears_mm"]
    return values if np.isfinite(always).all() else None
