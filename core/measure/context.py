"""What the statistics of `core.measure.table` are computed of: a region's depth data, and what belongs to it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.face.landmarks import JAW

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
JAW_ENDS = [JAW.start, JAW.stop - 1]  # just before the ears
TURNED_DEG = 10.0


@dataclass(frozen=True, eq=False)
class Depths:
    """The depths of a region.

    values : (n,) float64, finite, n at least 1; behind the tip of the nose, in mm or in IPD.
    """

    values: NDArray[np.float64]

    @classmethod
    def of(cls, depth: NDArray[np.floating]) -> "Depths":
        """The finite values of a depth map of any shape; at least one must be finite."""
        values = depth[np.isfinite(depth)].astype(np.float64)
        if len(values) == 0:
            raise ValueError("statistics of depth need at least one finite value")
        return cls(values)

    @cached_property
    def percentiles(self) -> dict[int, float]:
        """Percent -> depth, for each of `PERCENTILES`."""
        return dict(zip(PERCENTILES, np.percentile(self.values, PERCENTILES).tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class Differences:
    """How far one surface stands out from another, at each pixel of a region.

    signed_mm : (n,) float, NaN where the other surface is not seen.
    """

    signed_mm: NDArray[np.floating]

    @cached_property
    def size_mm(self) -> NDArray[np.float64]:
        """(m,) without its sign, where both are seen."""
        return np.abs(self.signed_mm[np.isfinite(self.signed_mm)].astype(np.float64))


@dataclass(frozen=True, eq=False)
class LaidOn(Differences):
    """The differences of a face that was laid onto the reference, over the reference's inner face.

    back : the other way round, of the reference from samples of the other's inner face.
    depths_mm : (2, k), both faces' depth at the pixels where both are seen, in the reference's camera frame.
    scale : the change of size with which it was laid on. landmarks_mm : median distance of the landmarks when laid
    onto each other by them alone.
    """

    back: Differences
    depths_mm: NDArray[np.floating]
    scale: float
    landmarks_mm: float


@dataclass(frozen=True, eq=False)
class PointsApart(Differences):
    """How far the same places of two heads are apart, over the inner face: distances in `signed_mm`, none below 0.

    scale : as of `LaidOn`. shape_mm : median distance of the two fitted shapes, without expression and size,
    over the whole face.
    """

    scale: float
    shape_mm: float


@dataclass(frozen=True, eq=False)
class FacePoints:
    """A face's landmarks in space.

    points_mm : (68, 3), camera frame, NaN where there is no depth. axes : (3, 3), camera frame, unit vectors to the
    face's left, down it, and where it looks. flat_width_mm : between the jaw's upper ends if both lay at the
    landmarks' median depth. both_sides : whether the far side is seen well enough to be measured.
    """

    points_mm: NDArray[np.float64]
    axes: NDArray[np.float64]
    flat_width_mm: float
    both_sides: bool = True

    @property
    def jaw_ends(self) -> list[int]:
        """The landmarks at the jaw's upper ends; of a turned head the near one alone.

        The far one then lies on the silhouette, before its true place.
        """
        turned_deg = float(np.degrees(np.arctan2(self.axes[2, 0], -self.axes[2, 2])))
        if abs(turned_deg) <= TURNED_DEG:
            return JAW_ENDS
        return JAW_ENDS[:1] if turned_deg > 0 else JAW_ENDS[1:]

    @property
    def forward_mm(self) -> NDArray[np.float64]:
        """(68,) how far forward each landmark lies along the axis that the face looks along."""
        return np.asarray(self.points_mm @ self.axes[2])


@dataclass(frozen=True)
class Assumed:
    """What the millimetres of a face go with: interpupillary distance and distance, measured or assumed."""

    ipd_mm: float | None
    distance_mm: float | None
