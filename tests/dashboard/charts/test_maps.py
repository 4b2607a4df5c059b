from typing import Any

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from core.files.colours import signed_limit
from core.measure.profiles import contours
from dashboard.charts import figures, maps
from dashboard.readings.measured import Measured
from tests.dashboard.charts.test_figures import decoded, sent
from tests.dashboard.faces import face


def colour(words: str) -> np.ndarray:
    return np.array([int(part) for part in words.removeprefix("rgb(").removesuffix(")").split(",")])


def test_the_map_that_is_worked_on_has_its_traces_by_name_and_is_small() -> None:
    found = Measured(face())
    figure = sent(maps.reading_map(found.behind_mm, found.numbered))
    assert [trace["name"] for trace in figure["data"]] == ["depth", "veil", "mark", "levels", "scale"]
    small = sent(maps.reading_map(found.behind_mm, found.numbered, step=3, colour_bar=False))
    assert [trace["name"] for trace in small["data"]] == ["depth", "veil", "mark", "levels"]
    for step, one in ((maps.STEP, figure), (3, small)):
        depth, veil, mark = one["data"][:3]
        x0, y0 = depth["x0"], depth["y0"]
        shown = decoded(depth["z"])
        rows, columns = (slice(at, at + step * n, step) for at, n in zip((y0, x0), shown.shape, strict=True))
        np.testing.assert_allclose(shown, found.behind_mm[rows, columns], atol=figures.FINEST_MM / 2, equal_nan=True)
        np.testing.assert_array_equal(decoded(veil["customdata"]), found.numbered[rows, columns])
        assert all((trace["x0"], trace["y0"], trace["dx"]) == (x0, y0, step) for trace in (depth, veil, mark))
        # what is left out holds no face
        outside = found.behind_mm[::step, ::step].copy()
        outside[y0 // step :, x0 // step :][: shown.shape[0], : shown.shape[1]] = np.nan
        assert not np.isfinite(outside).any()
    assert len(str(figure)) < 200_000
    assert len(str(small)) < 100_000


def test_level_lines_lie_at_their_depth() -> None:
    found = Measured(face())
    x, y = (np.array(line, float) for line in maps.level_lines(contours(found.reconstruction)))
    known = np.isfinite(x)
    depth = found.behind_mm[np.round(y[known]).astype(int), np.round(x[known]).astype(int)]
    off = np.abs(depth / 5 - np.round(depth / 5)) * 5
    assert np.nanmedian(off) < 0.5  # a pixel is up to half a pixel beside the line


def test_signed_maps_have_nothing_in_the_middle_and_ends_as_dark_as_each_other() -> None:
    difference = np.linspace(-4, 3, 64 * 64).reshape(64, 64)
    difference[:8] = np.nan
    limit = signed_limit([difference])
    trace = maps.signed_map(difference, limit, ("less", "more")).data[0]
    assert (limit, trace.zmin, trace.zmax) == (4.0, -4.0, 4.0)
    stops = dict(trace.colorscale)
    assert colour(stops[0.5]).min() > 220
    light = [np.dot(colour(stops[end]), [0.299, 0.587, 0.114]) for end in (0.0, 1.0)]
    assert abs(light[0] - light[1]) < 20
    assert trace.colorbar.ticktext == ("\u22124", "\u22122", "0", "+2", "+4")
    assert signed_limit([np.full((4, 4), np.nan)]) == 1.0


def test_the_page_shows_what_there_is_and_not_the_empty_rim() -> None:
    values = np.full((100, 100), np.nan)
    values[20:60, 40:70] = 1.0
    layout = maps.signed_map(values, 1.0, ("", "")).layout
    for shown, (low, high) in ((layout.xaxis.range, (40, 69)), (layout.yaxis.range[::-1], (20, 59))):
        assert low - 4 < shown[0] < low
        assert high < shown[1] < high + 4


@pytest.fixture
def rms() -> np.ndarray:
    """Faces 0 and 2 are alike, 1 is not."""
    return np.array([[0, 5, 1], [5, 0, 4], [1, 4, 0]], float)


def test_pairs_that_are_alike_stand_beside_each_other_under_their_tree(rms: np.ndarray) -> None:
    tree = linkage(squareform(rms), "average")
    figure: Any = maps.pairs(["ann", "bob", "eve"], rms, tree)
    shown = list(figure.layout.xaxis.ticktext)
    assert abs(shown.index("ann") - shown.index("eve")) == 1
    for i, first in enumerate(shown):
        for j, second in enumerate(shown):
            names = ["ann", "bob", "eve"]
            assert figure.data[0].z[i, j] == rms[names.index(first), names.index(second)]
    joins = sorted(float(np.max(trace.y)) for trace in figure.data[1:])
    assert joins == pytest.approx([1.0, 4.5])


def test_two_faces_have_a_matrix_without_a_tree(rms: np.ndarray) -> None:
    figure: Any = maps.pairs(["ann", "bob"], rms[:2, :2], None)
    assert len(figure.data) == 1
    assert list(figure.layout.xaxis.ticktext) == ["ann", "bob"]


def test_a_spread_starts_at_nothing() -> None:
    trace = maps.plain_map(np.linspace(0, 2, 400).reshape(20, 20), "mm").data[0]
    assert trace.zmin == 0
    assert trace.zmax == pytest.approx(1.96, abs=0.01)
