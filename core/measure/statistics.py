"""Depth statistics: the distribution of a face's depth behind the tip of its nose, and its main distances."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from core.face.landmarks import JAW, NOSE_TIP
from core.reconstruction import Reconstruction

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
BINS = 64
SELLION, MENTON = 27, 8  # nose bridge between the eyes; lowest point of the chin


@dataclass(frozen=True)
class DepthStatistics:
    """Of depths in mm; `count` is the number of pixels, `skewness` Fisher's third standardised moment (no unit)."""

    count: int
    mean: float
    median: float
    std: float
    min: float
    max: float
    range: float
    iqr: float
    p1: float
    p5: float
    p25: float
    p50: float
    p75: float
    p95: float
    p99: float
    skewness: float

    def to_dict(self) -> dict[str, float]:
        """By name."""
        return asdict(self)


@dataclass(frozen=True)
class FaceMeasures:
    """Distances between landmarks in mm, scaled to the assumed interpupillary distance.

    ipd_mm : the assumed one.
    nose_protrusion_mm : tip of the nose before the outer corners of the eyes, along the camera's axis.
    width_mm : between the jaw's upper ends, about bizygomatic breadth.
    height_mm : chin to bridge of the nose (menton to sellion).
    """

    ipd_mm: float
    nose_protrusion_mm: float
    width_mm: float
    height_mm: float


def relative_depth(reconstruction: Reconstruction) -> NDArray[np.float32]:
    """(S, S) float32: mm behind the tip of the nose, NaN outside the head. Comparable from photo to photo."""
    return (reconstruction.depth_mm - reconstruction.reference_mm).astype(np.float32)


def depth_statistics(depth_mm: NDArray[np.floating]) -> DepthStatistics:
    """Statistics of the finite values of a depth map of any shape. At least one value must be finite."""
    values = depth_mm[np.isfinite(depth_mm)].astype(np.float64)
    if len(values) == 0:
        raise ValueError("depth_statistics needs at least one finite value")
    mean, std = values.mean(), values.std()
    p = dict(zip(PERCENTILES, np.percentile(values, PERCENTILES).tolist(), strict=True))
    skewness = float(((values - mean) ** 3).mean() / std**3) if std > 0 else 0.0
    low, high = float(values.min()), float(values.max())
    return DepthStatistics(
        count=len(values),
        mean=float(mean),
        median=p[50],
        std=float(std),
        min=low,
        max=high,
        range=high - low,
        iqr=p[75] - p[25],
        **{f"p{q}": value for q, value in p.items()},
        skewness=skewness,
    )


def shared_edges(maps: Sequence[NDArray[np.floating]], bins: int = BINS) -> NDArray[np.float64]:
    """(bins + 1,) edges that cover all maps, so that their histograms compare."""
    finite = [values[np.isfinite(values)] for values in maps]
    low, high = min(v.min() for v in finite), max(v.max() for v in finite)
    return np.linspace(low, high if high > low else low + 1, bins + 1)


def histogram(depth_mm: NDArray[np.floating], edges: NDArray[np.floating]) -> NDArray[np.int64]:
    """(bins,) numbers of finite values between the edges."""
    return np.histogram(depth_mm[np.isfinite(depth_mm)], edges)[0]


def face_measures(reconstruction: Reconstruction) -> FaceMeasures | None:
    """Distances between landmarks; None for a whole photo or where the depth at a landmark is missing."""
    landmarks = reconstruction.landmarks_px
    if landmarks is None:
        return None
    depth = reconstruction.depth_at(landmarks)
    points = reconstruction.intrinsics.unproject(landmarks, depth)
    eyes = np.array([depth[36], depth[45]])
    jaw_ends = [JAW.start, JAW.stop - 1]
    width = np.linalg.norm(points[jaw_ends[0]] - points[jaw_ends[1]])
    if not np.isfinite(width):  # jaw ends lie at the silhouette, where depth may be cut: take them at equal depth
        across = (landmarks[jaw_ends[0]] - landmarks[jaw_ends[1]]) * np.nanmedian(depth)
        width = np.linalg.norm(across) / reconstruction.intrinsics.focal_px
    values = FaceMeasures(
        ipd_mm=float(reconstruction.facts["ipd_mm"]),
        nose_protrusion_mm=float(np.mean(eyes) - depth[NOSE_TIP]),
        width_mm=float(width),
        height_mm=float(np.linalg.norm(points[SELLION] - points[MENTON])),
    )
    return values if np.isfinite(list(asdict(values).values())).all() else None
