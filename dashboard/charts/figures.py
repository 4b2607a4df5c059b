"""Pure functions from arrays to Plotly figures.

Colours of text and grids are left to the style sheet, so that one figure serves the light and the dark page. Arrays go
in as float32, int32 or uint8: Plotly sends those as base64, and only those stay small on the way to the page.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.files.colours import DEPTH_MAPS, Stops
from core.geometry.facts import BEHIND_NOSE
from core.measure.table import PERCENTILE
from dashboard.charts.names import cut
from dashboard.words import say, word

# 'Share chart' would upload the figure, which is a face, to somebody else's machine.
GRAPH_CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "responsive": True,
    "modeBarButtonsToRemove": [
        "sendChartToCloud",
        "select2d",
        "lasso2d",
        "autoScale2d",
        "tableRotation",
        "resetCameraLastSave3d",
    ],
}
STILL_CONFIG: dict[str, Any] = {**GRAPH_CONFIG, "displayModeBar": False, "scrollZoom": False}

FINEST_MM = 1 / 16  # of depths in a map: finer than what is shown, and a number of few digits packs well
INK = "rgb(120, 112, 102)"  # what the style sheet does not reach (saved pictures) reads on light and on dark
BAR = "rgba(150, 138, 122, 0.55)"
ACCENT = "rgb(190, 88, 52)"
# Eight hues that stay apart for colour-blind eyes (after Okabe and Ito), toned to read on paper and on graphite.
SERIES = (
    "rgb(190, 88, 52)",
    "rgb(58, 124, 165)",
    "rgb(122, 139, 60)",
    "rgb(202, 148, 40)",
    "rgb(136, 96, 150)",
    "rgb(38, 140, 128)",
    "rgb(196, 110, 140)",
    "rgb(125, 118, 110)",
)
# Labels over a histogram, by percent: their row in px and the side of the line that they hang at. Those of a row hang
# away from each other, or are far enough apart to hang inwards on a phone.
LABELS: dict[int, tuple[int, str]] = {
    50: (4, "center"), 25: (18, "right"), 75: (18, "left"), 5: (32, "left"), 95: (32, "right"),
    1: (46, "left"), 99: (46, "right"),
}  # fmt: skip
LABELS_PX = 64  # that the rows take
STRIP = 0.035  # of a histogram's height, for the colours of the map under the depths


@dataclass(frozen=True)
class Histogram:
    """Counts of depth values of one face.

    edges : (n + 1,) mm behind the nose tip; counts : (n,) pixels.
    """

    name: str
    edges: NDArray[np.float32]
    counts: NDArray[np.int32]

    def heights(self, density: bool) -> NDArray[np.float32]:
        """(n,) pixels, or the share of pixels per millimetre."""
        counts = self.counts.astype(np.float64)
        if density:
            counts = counts / max(counts.sum(), 1.0) / np.diff(self.edges.astype(np.float64))
        return counts.astype(np.float32)


@dataclass(frozen=True)
class Profile:
    """Depth along a line of one face.

    along_mm : (n,) place on the line, upwards on the midline and to the picture's right on others; behind_mm : (n,)
    depth behind the nose tip. NaN where there is none.
    """

    name: str
    along_mm: NDArray[np.floating]
    behind_mm: NDArray[np.floating]


def bare_figure(*traces: Any, **layout: Any) -> go.Figure:
    """Return a figure on the page's own ground, without margins, legend or template."""
    base = {
        "template": "none",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": INK},
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "hoverlabel": {"font": {"family": "system-ui, sans-serif", "size": 13}},
        "showlegend": False,
        "uirevision": "kept",  # a person's zoom or turn outlives an update
    }
    return go.Figure(data=list(traces), layout={**base, **layout})


def axis(title: str, **more: Any) -> dict[str, Any]:
    """Return an axis of hairlines without a line of its own."""
    return {
        "title": {"text": title, "standoff": 12},
        "showline": False,
        "zeroline": False,
        "gridcolor": "rgba(128, 120, 110, 0.22)",
        "ticks": "",
        "automargin": True,
        **more,
    }


def scale(stops: Stops) -> list[list[float | str]]:
    """Return the stops as Plotly takes them."""
    return [[place, "rgb({}, {}, {})".format(*colour)] for place, colour in stops]


def quantised(behind_mm: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return depths of any shape to a sixteenth of a millimetre."""
    return (np.round(behind_mm / FINEST_MM) * FINEST_MM).astype(np.float32)


def depth_map(
    behind_mm: NDArray[np.float32],
    *,
    range_mm: tuple[float, float] | None = None,
    colours: str = "cividis",
    colour_bar: bool = True,
    step: int = 2,
    behind: str = BEHIND_NOSE,
) -> go.Figure:
    """Heat map of depth, near bright, and at the top of its colour bar.

    behind_mm : (H, W) float32, mm behind the nose tip, NaN outside the head. behind : that in words, for another zero.
    range_mm : the colour scale's ends; the 1st and 99th percentile of this face when None.
    colours : one of `core.files.colours.DEPTH_MAPS`.
    step : every how many pixels; the page shows half of a 512-pixel map at most. Axes are in pixels of the whole map.
    """
    small = quantised(behind_mm[::step, ::step])
    low, high = range_mm or depth_range([behind_mm])
    trace = go.Heatmap(
        z=small,
        x0=0,
        y0=0,
        dx=step,
        dy=step,
        zmin=low,
        zmax=high,
        colorscale=scale(DEPTH_MAPS[colours]),
        hoverongaps=False,
        hovertemplate=f"%{{z:.1f}} mm {say(behind)}<extra></extra>",
        showscale=False,
    )
    height, width = behind_mm.shape
    hidden = {"visible": False, "constrain": "domain"}
    return bare_figure(
        *([trace, _colour_bar(low, high, colours, behind)] if colour_bar else [trace]),
        xaxis={**hidden, "range": [-0.5, width - 0.5]},
        yaxis={**hidden, "range": [height - 0.5, -0.5], "scaleanchor": "x"},
        dragmode=False,
    )


def _colour_bar(low_mm: float, high_mm: float, colours: str, behind: str) -> go.Scatter:
    """Return the colour bar of a depth map with near at its top, which the map's own, rising upwards, cannot have."""
    ticks = round_numbers(low_mm, high_mm)
    return go.Scatter(
        x=[None], y=[None], mode="markers", name="scale", hoverinfo="skip",
        marker={
            "color": [-low_mm], "cmin": -high_mm, "cmax": -low_mm,
            "colorscale": scale([(1 - place, colour) for place, colour in reversed(DEPTH_MAPS[colours])]),
            "showscale": True,
            "colorbar": {
                "title": {"text": f"mm {say(behind)}", "side": "right"},
                "tickvals": [-value for value in ticks], "ticktext": [f"{value:g} mm" for value in ticks],
                "thickness": 10, "outlinewidth": 0, "len": 0.92, "x": 1.01, "xpad": 4,
            },
        },
    )  # fmt: skip


def round_numbers(low: float, high: float, most: int = 7) -> list[float]:
    """Return the multiples of 1, 2 or 5 times a power of ten between two numbers, as many as are at most `most`."""
    for power in range(-3, 7):
        for step in (1, 2, 5):
            size = step * 10.0**power
            first, last = math.ceil(low / size), math.floor(high / size)
            if last - first < most:
                return [float(f"{number * size:.6g}") for number in range(first, last + 1)]
    return []


def depth_range(maps: Sequence[NDArray[np.float32]]) -> tuple[float, float]:
    """Return one colour scale for several maps: least 1st to greatest 99th percentile, whole mm.

    (0, 1) if all are empty.
    """
    finite = [values for values in (m[np.isfinite(m)] for m in maps) if values.size]
    if not finite:
        return 0.0, 1.0
    low = min(float(np.percentile(values, 1)) for values in finite)
    high = max(float(np.percentile(values, 99)) for values in finite)
    return float(np.floor(low)), float(max(np.ceil(high), np.floor(low) + 1))


def histogram(
    data: Histogram, *, percentiles: Mapping[int, float] | None = None, density: bool = False, unit: str = "mm",
    brush: bool = False, colours: str | None = None, range_: tuple[float, float] = (0.0, 1.0),
    behind: str = BEHIND_NOSE,
) -> go.Figure:  # fmt: skip
    """Histogram of one face's depth with lines at percentiles.

    percentiles : percent -> depth, each with its label.
    unit : of all depths. brush : dragging chooses a range of depths. colours : of the bars, those of the depth map with
    this name, whose scale ends at `range_`; None: one colour. behind : what depths are counted from, in words.
    """
    edges = data.edges.astype(np.float32)
    digits = 1 if unit == "mm" else 3
    height = say(f"share of pixels per {unit}" if density else "pixels")
    middles = (edges[:-1] + edges[1:]) / 2
    marker: dict[str, Any] = {"color": BAR}
    if colours:
        ends = {"cmin": range_[0], "cmax": range_[1]}
        marker = {"color": middles, "colorscale": scale(DEPTH_MAPS[colours]), "showscale": False, **ends}
    heights = data.heights(density)
    traces: list[Any] = [
        go.Bar(
            x=middles,
            y=heights,
            width=np.diff(edges).astype(np.float32),
            customdata=np.stack([edges[:-1], edges[1:]], axis=1).astype(np.float32),
            name="bars",
            marker={**marker, "line": {"width": 0}},
            selected={"marker": {"opacity": 1} if colours else {"color": ACCENT}},
            unselected={"marker": {"opacity": 0.3}},
            hovertemplate=f"%{{customdata[0]:.{digits}f}} {say('to')} %{{customdata[1]:.{digits}f}} {unit}<br>%{{y"
            + (":.4f" if density else "")
            + f"}} {height}<extra></extra>",
        )
    ]
    if colours:  # the brightest bars would be lost on paper, the darkest on graphite
        traces.append(
            go.Scatter(
                x=edges.repeat(2),
                y=np.concatenate([[0], heights.repeat(2), [0]]).astype(np.float32),
                name="outline", mode="lines", line={"color": INK, "width": 1}, hoverinfo="skip",
            )
        )  # fmt: skip
    figure = bare_figure(
        *traces,
        margin={"l": 8, "r": 8, "t": LABELS_PX, "b": 8},
        bargap=0,
        xaxis=axis(f"{unit} {say(behind)}", showgrid=False, fixedrange=brush),
        yaxis=axis(height, rangemode="tozero", nticks=5, fixedrange=brush),
        **(_brushed(unit) if brush else {}),
    )
    _mark_percentiles(figure, percentiles or {}, unit, ACCENT)
    return figure


def _brushed(unit: str) -> dict[str, Any]:
    """Return what makes dragging choose depths; another unit forgets the choice."""
    return {
        "dragmode": "select", "selectdirection": "h", "selectionrevision": unit,
        "newselection": {"line": {"color": ACCENT, "width": 1, "dash": "solid"}},
        "activeselection": {"fillcolor": ACCENT, "opacity": 0.12},
    }  # fmt: skip


def _mark_percentiles(figure: go.Figure, percentiles: Mapping[int, float], unit: str, colour: str) -> None:
    """Draw a line at each percentile, from the horizontal axis up to its label."""
    for percent, value in percentiles.items():
        one = PERCENTILE[percent].in_unit(unit.lower())
        name = say("Median") if percent == 50 else say(one.name).removesuffix(f" {say('percentile')}")
        row, side = LABELS[percent]
        figure.add_shape(
            type="line", x0=value, x1=value, y0=0, y1=1, yref="y domain", layer="above",
            line={"color": colour, "width": 1.5 if percent == 50 else 1, "dash": "solid" if percent == 50 else "dot"},
        )  # fmt: skip
        figure.add_annotation(
            x=value, y=1, yref="y domain", yanchor="bottom", yshift=row, xanchor=side,
            text=f"{name} {one.with_unit(value)}",
            showarrow=False, font={"size": 12},
        )  # fmt: skip


def histograms(
    data: Sequence[Histogram], *, percentiles: Mapping[int, float] | None = None, of: int = 0, density: bool = True,
    unit: str = "mm", brush: bool = False, colours: str | None = None, range_: tuple[float, float] = (0.0, 1.0),
    behind: str = BEHIND_NOSE,
) -> go.Figure:  # fmt: skip
    """Histograms of several faces over the same edges, as outlines in the order's colours.

    percentiles : of the face `of`, percent -> depth. unit, brush, behind : as of `histogram`. colours : of the depth
    map with this name, drawn as a strip under the depths, with its scale's ends at `range_`; None: no strip.
    """
    height = say(f"share of pixels per {unit}" if density else "pixels")
    digits = 1 if unit == "mm" else 3
    traces: list[Any] = [
        go.Scatter(
            x=((item.edges[:-1] + item.edges[1:]) / 2).astype(np.float32),
            y=item.heights(density),
            name=cut(item.name),
            mode="lines",
            line={"color": SERIES[i % len(SERIES)], "width": 1.75, "shape": "hvh"},
            fill="tozeroy",
            fillcolor=SERIES[i % len(SERIES)].replace("rgb", "rgba").replace(")", ", 0.10)"),
            hovertemplate=f"%{{x:.{digits}f}} {unit}: %{{y" + (":.4f" if density else "") + "}",
        )
        for i, item in enumerate(data)
    ]
    figure = bare_figure(
        *traces,
        margin={"l": 8, "r": 8, "t": LABELS_PX if percentiles else 8, "b": 8},
        hovermode="x unified",
        xaxis=axis(f"{unit} {say(behind)}", showgrid=False, fixedrange=brush),
        yaxis=axis(height, rangemode="tozero", nticks=5, fixedrange=brush),
        **(_brushed(unit) if brush else {}),
    )
    if colours:
        edges = data[0].edges.astype(np.float32)
        figure.add_trace(
            go.Heatmap(
                x=(edges[:-1] + edges[1:]) / 2, y=[0], z=((edges[:-1] + edges[1:]) / 2)[None], yaxis="y2", name="strip",
                zmin=range_[0], zmax=range_[1], colorscale=scale(DEPTH_MAPS[colours]), showscale=False,
                hoverinfo="skip",
            )
        )  # fmt: skip
        figure.update_layout(
            yaxis={"domain": [2 * STRIP, 1]},
            yaxis2={"domain": [0, STRIP], "visible": False, "fixedrange": True, "anchor": "x"},
            xaxis={"anchor": "y2"},
        )
    _mark_percentiles(figure, percentiles or {}, unit, SERIES[of % len(SERIES)])
    return figure


def profiles(
    data: Sequence[Profile | None], *, upright: bool = True, along: str = word("mm above the nose tip")
) -> go.Figure:
    """Profiles of several faces over each other; None keeps its colour for a photo without a face.

    upright : seen from the side, looking left, as the midline is; otherwise seen from above, the nose up. along : what
    the place on the line means, in English.
    """
    along, behind_nose = say(along), f"mm {say(BEHIND_NOSE)}"
    traces = []
    for i, item in enumerate(data):
        if item is None:
            continue
        place, behind = item.along_mm.astype(np.float32), item.behind_mm.astype(np.float32)
        hover = ("%{x:.1f} ", "%{y:.1f} ") if upright else ("%{y:.1f} ", "%{x:.1f} ")
        traces.append(
            go.Scatter(
                x=behind if upright else place,
                y=place if upright else behind,
                name=cut(item.name),
                mode="lines",
                line={"color": SERIES[i % len(SERIES)], "width": 2},
                hovertemplate=f"{hover[0]}{behind_nose}, {say('at')} {hover[1]}{along}",
            )
        )
    deep, across = axis(behind_nose, constrain="domain"), axis(along, scaleanchor="x", scaleratio=1)
    if not upright:
        deep = axis(say("mm behind the tip"), scaleanchor="x", scaleratio=1, autorange="reversed", nticks=5)
        across = axis(along)
        across["constrain"] = "domain"
    return bare_figure(
        *traces,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis=deep if upright else across,
        yaxis=across if upright else deep,
    )
