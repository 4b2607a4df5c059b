"""The table of statistics: its numbers against others', what holds them, and how they are shown."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
import scipy.stats

from core.comparison import Agreement, Comparison
from core.measure import table
from core.measure.context import Depths, Differences, LaidOn
from core.measure.face import FaceMeasures
from core.measure.statistics import DepthStatistics
from core.measure.table import Place, Statistic, chosen, numbers

ALL = [one for group in table.GROUPS.values() for one in group]


def names(kind: Any) -> list[str]:
    return [field.name for field in fields(kind)]


def test_what_is_computed_holds_what_the_table_names() -> None:
    assert names(DepthStatistics) == [one.key for one in chosen(table.DEPTHS, Place.FILES)]
    assert names(FaceMeasures) == [one.key for one in table.MEASURES]
    assert {one.key for one in table.DIFFERENCES} < set(names(Comparison))
    assert {one.key for one in table.AGREEMENT} < set(names(Agreement))


@pytest.mark.parametrize("group", table.GROUPS)
def test_a_group_says_each_thing_once_and_where_it_appears(group: str) -> None:
    found = table.GROUPS[group]
    for part in ("key", "name"):
        assert len({getattr(one, part) for one in found}) == len(found)
    for one in found:
        assert one.places
        assert one.help
        assert not one.help.endswith(".")


def test_every_place_shows_something_and_a_table_names_nothing_twice() -> None:
    for place in Place:
        assert chosen(ALL, place)
    for place in (Place.FACE, Place.TABLE):  # where several groups stand in one list
        shown = [one.name for one in chosen(ALL, place)]
        assert len(set(shown)) == len(shown)


def test_depths_agree_with_scipy() -> None:
    values = np.random.default_rng(0).gamma(2, 30, 3000)
    found = numbers(table.DEPTHS, Depths.of(np.r_[values, np.nan]))
    known = scipy.stats.describe(values, ddof=0)
    assert (found["count"], found["mean"], found["skewness"]) == pytest.approx((3000, known.mean, known.skewness))
    assert (found["min"], found["max"], found["std"]) == pytest.approx((*known.minmax, known.variance**0.5))
    assert (found["iqr"], found["range"]) == pytest.approx((scipy.stats.iqr(values), np.ptp(values)))
    for percent in (1, 5, 25, 50, 75, 95, 99):
        assert found[f"p{percent}"] == pytest.approx(scipy.stats.scoreatpercentile(values, percent))
    assert found["median"] == found["p50"]
    assert found["p5_to_p95"] == found["p95"] - found["p5"]
    with pytest.raises(ValueError, match="at least one finite"):
        Depths.of(np.array([np.nan]))


def test_differences_of_known_numbers() -> None:
    signed = np.array([3.0, -4.0, np.nan, 0.0, 0.0])
    laid = LaidOn(signed, Differences(np.array([-9.0])), np.array([[1.0, 2, 3], [2, 4, 6]]), 1.02, 0.7)
    found = numbers(table.DIFFERENCES, laid)
    assert found["rms_mm"] == pytest.approx(2.5)
    assert (found["median_mm"], found["p95_mm"]) == pytest.approx((1.5, np.percentile([0, 0, 3, 4], 95)))
    assert (found["hausdorff95_mm"], found["coverage"], found["correlation"]) == pytest.approx((9, 0.8, 1))
    assert (found["scale"], found["landmarks_mm"]) == (1.02, 0.7)
    unseen = Differences(np.array([np.nan, np.nan]))
    assert numbers((table.RMS, table.MEDIAN_DIFFERENCE, table.COVERAGE), unseen) == {
        "rms_mm": None, "median_mm": None, "coverage": 0.0,
    }  # fmt: skip
    one_way = LaidOn(signed, unseen, laid.depths_mm, 1.0, 0.0)
    assert table.HAUSDORFF.of(one_way) == table.P95_DIFFERENCE.of(one_way)
    parts = {"nose": np.array([True, True, False, False, False]), "chin": ~np.isfinite(signed)}
    assert table.by_region(table.RMS, signed, parts) == pytest.approx({"nose": 12.5**0.5})


def test_a_number_is_shown_in_its_unit_and_digits() -> None:
    assert table.COVERAGE.with_unit(0.8764) == "87.6 %"
    assert table.COVERAGE.rounded(0.8764) == 87.6
    assert table.DISTANCE.with_unit(1215.3) == "1,215 mm"
    assert table.LEAST.text(-1.005) == "\u22121.00"
    assert table.SKEWNESS.with_unit(0.5) == "0.50"
    assert table.RMS.with_unit(None) == "\u2013"
    assert (table.RMS.heading, table.CORRELATION.heading) == ("RMS from reference, mm", "Correlation")


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.key)
def test_lengths_alone_are_shown_in_ipd(one: Statistic[Any]) -> None:
    assert one.in_unit("mm") is one
    in_ipd = one.in_unit("ipd")
    assert (in_ipd.unit, in_ipd.digits) == (("IPD", 3) if one.unit == "mm" else (one.unit, one.digits))
    assert (in_ipd.key, in_ipd.name, in_ipd.of) == (one.key, one.name, one.of)
