"""Depth statistics: the distribution of a face's depth behind the tip of its nose, whole and by region."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import OptionError
from core.geometry.reconstruction import Reconstruction
from core.measure.context import Depths
from core.measure.regions import regions
from core.measure.table import DEPTHS, Place, chosen, numbers

BINS = 64
UNITS = ("mm", "ipd")


@dataclass(frozen=True)
class DepthStatistics:
    """Of depths in mm (or IPD, where asked); what each is says `core.measure.table.DEPTHS`."""

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


def relative_depth(reconstruction: Reconstruction) -> NDArray[np.float32]:
    """(S, S) float32: mm behind the tip of the nose, NaN outside the head. Comparable from photo to photo."""
    return (reconstruction.head_depth_mm - reconstruction.reference_mm).astype(np.float32)


def depth_statistics(depth: NDArray[np.floating]) -> DepthStatistics:
    """Statistics of the finite values of a depth map of any shape. At least one value must be finite."""
    return DepthStatistics(**numbers(chosen(DEPTHS, Place.FILES), Depths.of(depth)))


def shared_edges(maps: Sequence[NDArray[np.floating]], bins: int = BINS) -> NDArray[np.float64]:
    """(bins + 1,) edges that cover all maps, so that their histograms compare."""
    finite = [values[np.isfinite(values)] for values in maps]
    low, high = min(v.min() for v in finite), max(v.max() for v in finite)
    return np.linspace(low, high if high > low else low + 1, bins + 1)


def histogram(depth_mm: NDArray[np.floating], edges: NDArray[np.floating]) -> NDArray[np.int64]:
    """(bins,) numbers of finite values between the edges."""
    return np.histogram(depth_mm[np.isfinite(depth_mm)], edges)[0]


def density(depth_mm: NDArray[np.floating], edges: NDArray[np.floating]) -> NDArray[np.float64]:
    """(bins,) share of the finite values per unit of the edges; over all bins it adds up to what lies within them."""
    counts = histogram(depth_mm, edges)
    return np.asarray(counts / np.diff(edges) / max(int(np.isfinite(depth_mm).sum()), 1))


def unit_mm(reconstruction: Reconstruction, unit: str) -> float:
    """How many mm one 'mm' or one 'ipd' (the interpupillary distance, measured or assumed) is.

    Raises
    ------
    OptionError
        There is no such unit, or the photo has no face and so no interpupillary distance.
    """
    if unit not in UNITS:
        raise OptionError(f"There is no unit called {unit!r}. Choose one of: {', '.join(UNITS)}.")
    if unit == "mm":
        return 1.0
    ipd = reconstruction.facts.scale_ipd_mm
    if ipd is None:
        raise OptionError("A whole photo has no interpupillary distance. Choose mm.")
    return float(ipd)


def relative_depth_in(reconstruction: Reconstruction, unit: str) -> NDArray[np.float32]:
    """(S, S) float32: `relative_depth` in 'mm' or 'ipd'. In IPD it does not depend on the assumed IPD."""
    return (relative_depth(reconstruction) / unit_mm(reconstruction, unit)).astype(np.float32)


def statistics_by_region(reconstruction: Reconstruction, unit: str = "mm") -> dict[str, DepthStatistics]:
    """Statistics of the depth behind the nose tip: 'head', 'face' (all regions), and each region.

    A region in which no depth is seen is left out; a whole photo has 'head' alone.

    Examples
    --------
    >>> import core
    >>> found = core.measure.statistics_by_region(core.load_face("results/ada"))
    >>> found["nose"].median < found["chin"].median < found["head"].p99  # mm behind the tip of the nose
    True
    """
    values = relative_depth_in(reconstruction, unit)
    found = {"head": depth_statistics(values)}
    parts = regions(reconstruction)
    if parts:
        parts = {"face": np.logical_or.reduce(list(parts.values())), **parts}
    found.update({name: depth_statistics(values[part]) for name, part in parts.items() if part.any()})
    return found
