import base64
import json
from typing import Any

import numpy as np
import pytest

from core.files.colours import DEPTH_MAPS
from core.measure.context import PERCENTILES
from dashboard.charts import figures


@pytest.fixture
def behind_mm() -> np.ndarray:
    """A bowl 100 mm deep on a 64-pixel square, nothing outside its circle."""
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    r = np.hypot(x, y)
    return np.where(r < 0.9, 100 * r**2, np.nan).astype(np.float32)


def sent(figure: Any) -> dict[str, Any]:
    """What the page receives."""
    return json.loads(figure.to_json())


def decoded(array: dict[str, Any]) -> np.ndarray:
    values = np.frombuffer(base64.b64decode(array["bdata"]), array["dtype"])
    return values.reshape([int(n) for n in array["shape"].split(",")]) if "shape" in array else values


def test_no_graph_offers_to_upload_itself_or_shows_a_logo() -> None:
    for config in (figures.GRAPH_CONFIG, figures.STILL_CONFIG):
        assert "sendChartToCloud" in config["modeBarButtonsToRemove"]
        assert config["displaylogo"] is False


def test_depth_map_keeps_values_to_a_tenth_of_a_millimetre_and_leaves_holes(behind_mm: np.ndarray) -> None:
    trace = sent(figures.depth_map(behind_mm, step=1))["data"][0]
    shown = decoded(trace["z"])
    assert shown.dtype == np.float32
    np.testing.assert_allclose(shown, behind_mm, atol=0.051, equal_nan=True)
    assert trace["showscale"] is False
    assert "mm behind the nose tip" in trace["hovertemplate"]


def test_depth_map_has_the_near_end_bright(behind_mm: np.ndarray) -> None:
    def brightness(colour: str) -> int:
        return sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))

    for colours in DEPTH_MAPS:
        figure = figures.depth_map(behind_mm, colours=colours)
        scale = figure.data[0].colorscale
        steps = [brightness(colour) for _, colour in scale]  # little depth behind the nose is near
        assert steps == sorted(steps, reverse=True)
        bar = figure.data[1].marker  # rises upwards: what is at its top is the least depth
        assert (bar.cmin, bar.cmax) == (-figure.data[0].zmax, -figure.data[0].zmin)
        assert [colour for _, colour in bar.colorscale] == [colour for _, colour in reversed(scale)]
        assert [f"{-value:g} mm" for value in bar.colorbar.tickvals] == list(bar.colorbar.ticktext)


def test_ticks_are_round_numbers() -> None:
    assert figures.round_numbers(-3, 107) == [0, 20, 40, 60, 80, 100]
    assert figures.round_numbers(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert figures.round_numbers(3.1, 3.9, most=3) == [3.5]


def test_depth_maps_share_one_colour_scale(behind_mm: np.ndarray) -> None:
    deeper = behind_mm * 2 + 10
    shared = figures.depth_range([behind_mm, deeper])
    low, high = np.nanpercentile(behind_mm, 1), np.nanpercentile(deeper, 99)
    assert shared[0] <= low < shared[0] + 1
    assert shared[1] - 1 < high <= shared[1]
    pair = [figures.depth_map(m, range_mm=shared, colour_bar=False).data[0] for m in (behind_mm, deeper)]
    assert [(t.zmin, t.zmax) for t in pair] == [shared, shared]


def test_depth_range_of_nothing_is_still_a_range() -> None:
    assert figures.depth_range([np.full((2, 2), np.nan, np.float32)]) == (0.0, 1.0)


def test_histogram_counts_every_pixel_once_and_density_integrates_to_one(behind_mm: np.ndarray) -> None:
    values = behind_mm[np.isfinite(behind_mm)]
    counts, edges = np.histogram(values, 20)
    data = figures.Histogram("bowl", edges.astype(np.float32), counts.astype(np.int32))
    bars = decoded(sent(figures.histogram(data))["data"][0]["y"])
    assert bars.sum() == values.size
    density = decoded(sent(figures.histogram(data, density=True))["data"][0]["y"])
    assert float((density * np.diff(edges)).sum()) == pytest.approx(1, abs=1e-5)


def test_histogram_marks_percentiles_where_they_are() -> None:
    data = figures.Histogram("x", np.arange(5, dtype=np.float32), np.ones(4, np.int32))
    drawn = {1: 0.1, 5: 0.2, 25: 1.0, 50: 2.0, 75: 3.0, 95: 3.8, 99: 3.9}
    assert tuple(drawn) == PERCENTILES
    layout = sent(figures.histogram(data, percentiles=drawn))["layout"]
    assert [shape["x0"] for shape in layout["shapes"]] == list(drawn.values())
    assert [a["x"] for a in layout["annotations"]] == list(drawn.values())
    assert [a["text"] for a in layout["annotations"]] == [
        "1st 0.10 mm", "5th 0.20 mm", "25th 1.00 mm", "Median 2.00 mm", "75th 3.00 mm", "95th 3.80 mm", "99th 3.90 mm",
    ]  # fmt: skip
    rows: dict[int, list[str]] = {}
    for label in layout["annotations"]:
        rows.setdefault(label["yshift"], []).append(label["xanchor"])
    assert all(len(sides) == len(set(sides)) for sides in rows.values())
    assert max(a["yshift"] for a in layout["annotations"]) + 12 < layout["margin"]["t"]
    assert layout["xaxis"]["title"]["text"] == "mm behind the nose tip"
    assert "dragmode" not in layout
    brushed = sent(figures.histogram(data, percentiles={50: 2.0}, unit="IPD", brush=True))["layout"]
    assert (brushed["dragmode"], brushed["selectdirection"]) == ("select", "h")
    assert brushed["xaxis"]["title"]["text"] == "IPD behind the nose tip"
    assert brushed["annotations"][0]["text"] == "Median 2.000 IPD"


def test_bars_wear_the_colours_of_the_map(behind_mm: np.ndarray) -> None:
    counts, edges = np.histogram(behind_mm[np.isfinite(behind_mm)], 20)
    data = figures.Histogram("bowl", edges.astype(np.float32), counts.astype(np.int32))
    range_mm = figures.depth_range([behind_mm])
    for colours in DEPTH_MAPS:
        trace = figures.depth_map(behind_mm, colours=colours).data[0]
        bars = figures.histogram(data, colours=colours, range_=range_mm).data[0].marker
        assert (bars.cmin, bars.cmax, bars.colorscale) == (trace.zmin, trace.zmax, trace.colorscale)
        np.testing.assert_allclose(bars.color, (edges[:-1] + edges[1:]) / 2, rtol=1e-5)
        strip = figures.histograms([data, data], colours=colours, range_=range_mm).data[-1]
        assert (strip.name, strip.zmin, strip.zmax, strip.colorscale) == ("strip", *range_mm, trace.colorscale)


def test_histograms_over_each_other_mark_one_face_in_its_colour() -> None:
    data = figures.Histogram("x", np.arange(5, dtype=np.float32), np.ones(4, np.int32))
    layout = figures.histograms([data] * 3, percentiles={50: 2.0}, of=2, brush=True).layout
    assert (layout.shapes[0].x0, layout.shapes[0].line.color) == (2.0, figures.SERIES[2])
    assert (layout.annotations[0].text, layout.dragmode) == ("Median 2.00 mm", "select")


def test_overlaid_histograms_and_profiles_keep_the_order_of_colours() -> None:
    edges = np.arange(5, dtype=np.float32)
    names = [f"face {i}" for i in range(8)]
    overlaid = figures.histograms([figures.Histogram(n, edges, np.ones(4, np.int32)) for n in names])
    line = np.arange(3, dtype=np.float32)
    midlines = figures.profiles([figures.Profile(n, line, line) for n in names])
    for figure in (overlaid, midlines):
        assert [trace.name for trace in figure.data] == names
        assert [trace.line.color for trace in figure.data] == list(figures.SERIES)
    assert len(set(figures.SERIES)) == 8
    one_missing = figures.profiles([None, figures.Profile("second", line, line)])
    assert one_missing.data[0].line.color == figures.SERIES[1]
    assert midlines.layout.xaxis.title.text == "mm behind the nose tip"
    across = figures.profiles([figures.Profile("first", line, 2 * line)], upright=False, along="mm from the middle")
    np.testing.assert_array_equal(across.data[0].x, line)
    assert across.layout.yaxis.autorange == "reversed"  # seen from above: the nose is up
    # a millimetre up or across is as long as a millimetre deep
    assert midlines.layout.yaxis.scaleanchor == across.layout.yaxis.scaleanchor == "x"
