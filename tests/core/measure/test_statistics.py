from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats

from core.geometry.reconstruction import Reconstruction
from core.measure.face import face_measures
from core.measure.statistics import depth_statistics, histogram, relative_depth, shared_edges


def test_statistics_agree_with_scipy() -> None:
    values = np.random.default_rng(0).gamma(2, 30, (50, 60))
    values[::7] = np.nan
    known = values[np.isfinite(values)]
    found = depth_statistics(values)
    assert found.count == len(known)
    assert found.mean == pytest.approx(known.mean())
    assert found.std == pytest.approx(known.std())
    assert found.skewness == pytest.approx(scipy.stats.skew(known))
    assert found.iqr == pytest.approx(scipy.stats.iqr(known))
    assert (found.p1, found.median, found.p99) == pytest.approx(np.percentile(known, [1, 50, 99]).tolist())
    assert found.range == found.max - found.min


def test_flat_depth_has_no_skewness() -> None:
    assert depth_statistics(np.full((4, 4), 600.0)).skewness == 0


def test_histograms_on_shared_edges_count_everything() -> None:
    a, b = np.array([[1.0, 2.0, np.nan]]), np.array([[5.0, 9.0, 9.0]])
    edges = shared_edges([a, b], bins=4)
    assert edges.tolist() == [1, 3, 5, 7, 9]
    assert histogram(a, edges).tolist() == [2, 0, 0, 0]
    assert histogram(b, edges).tolist() == [0, 0, 1, 2]
    assert len(shared_edges([np.ones((2, 2))])) == 65


def test_relative_depth_starts_at_the_nose(head: Callable[..., Reconstruction]) -> None:
    face = head()
    depth = relative_depth(face)
    assert np.nanpercentile(depth, 1) == pytest.approx(0, abs=1e-4)
    assert np.array_equal(np.isnan(depth), ~face.mask)
    assert face_measures(face) is None
