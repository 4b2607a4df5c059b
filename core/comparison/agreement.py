"""How far several networks agree about one photo; none of them is the truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import GeometryError
from core.geometry.reconstruction import Reconstruction
from core.measure.context import Differences
from core.measure.regions import face_area, regions
from core.measure.table import RMS, SPREAD_MEDIAN, SPREAD_P95, by_region

SAME_CROP_PX = 1.0


@dataclass(frozen=True)
class Agreement:
    """Several depth maps of one face.

    names : the networks. spread_mm : (S, S) float32, standard deviation of their depths behind the nose tip at each
    pixel, NaN where fewer than two have depth. mean_mm : (S, S) float32, their mean, mm behind the nose tip.
    median_mm, p95_mm : of the spread over the face. by_region : its RMS in mm by region. rms_mm : (n, n), RMS
    difference of each two over the face. correlation : (n, n), of their depths there.
    """

    names: tuple[str, ...]
    spread_mm: NDArray[np.float32]
    mean_mm: NDArray[np.float32]
    median_mm: float
    p95_mm: float
    by_region: dict[str, float]
    rms_mm: NDArray[np.float64]
    correlation: NDArray[np.float64]


def agreement(faces: Sequence[Reconstruction]) -> Agreement:
    """Set the depth maps that several networks made of one face beside each other, pixel by pixel.

    Each is shifted along the camera's axis so that all agree in their median over the face: a network does not say how
    far away a face is.

    Raises
    ------
    GeometryError
        Fewer than two, or not of the same face of the same photo.
    """
    if len(faces) < 2:
        raise GeometryError(f"Agreement needs at least two networks' results of one face, not {len(faces)}.")
    first = faces[0]
    for face in faces[1:]:
        if not _same_crop(first, face):
            raise GeometryError(
                "Agreement compares several networks on one face of one photo; these are of different photos or faces."
            )
    area = np.logical_and.reduce([face_area(first), *(face.head for face in faces)])
    if not area.any():
        raise GeometryError("The networks' depth maps of this face share no pixel. Run them again on the same photo.")
    depths = np.stack([face.head_depth_mm - np.median(face.depth_mm[area]) for face in faces]).astype(np.float64)
    depths += np.median(first.depth_mm[area]) - first.reference_mm
    several = np.isfinite(depths).sum(0) >= 2
    spread, mean = np.full(area.shape, np.nan, np.float32), np.full(area.shape, np.nan, np.float32)
    spread[several] = np.nanstd(depths[:, several], axis=0)
    mean[several] = np.nanmean(depths[:, several], axis=0)
    inside = depths[:, area]
    apart = np.array([[RMS.of(Differences(one - other)) for other in inside] for one in inside])
    over_face = Differences(spread[area])
    return Agreement(
        names=tuple(face.facts.network.name for face in faces),
        spread_mm=spread,
        mean_mm=mean,
        median_mm=SPREAD_MEDIAN.of(over_face),
        p95_mm=SPREAD_P95.of(over_face),
        by_region=by_region(RMS, spread, regions(first)),
        rms_mm=apart,
        correlation=np.asarray(np.corrcoef(inside)),
    )


def _same_crop(a: Reconstruction, b: Reconstruction) -> bool:
    if a.depth_mm.shape != b.depth_mm.shape or a.facts.photo.sha256 != b.facts.photo.sha256:
        return False
    return bool(np.abs(a.facts.crop.to_photo - b.facts.crop.to_photo).max() < SAME_CROP_PX)
