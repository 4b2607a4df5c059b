"""Pure functions from arrays to Plotly figures.

Colours of text and grids are left to the style sheet, so that one figure serves the light and the dark page. Arrays go
in as float32, int32 or uint8: Plotly sends those as base64, and only those stay small on the way to the page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.geometry.facts import BEHIND_NOSE
from core.measure.table import MEDIAN, PERCENTILE
from dashboard.charts.names import cut

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

COLOUR_MAPS = {"cividis": "Cividis_r", "gray": "Greys_r"}  # near is bright in both
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
LABEL_ROWS_PX = {50: 4, 5: 18, 95: 32}  # over a histogram, by percent: on a phone two in a row would overlap


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


def depth_map(
    behind_mm: NDArray[np.float32],
    *,
    range_mm: tuple[float, float] | None = None,
    colour_map: str = "cividis",
    colour_bar: bool = True,
    step: int = 2,
    behind: str = BEHIND_NOSE,
) -> go.Figure:
    """Heat map of depth, near bright.

    behind_mm : (H, W) float32, mm behind the nose tip, NaN outside the head. behind : that in words, for another zero.
    range_mm : the colour scale's ends; the 1st and 99th percentile of this face when None.
    step : every how many pixels; the page shows half of a 512-pixel map at most. Axes are in pixels of the whole map.
    """
    small = np.round(behind_mm[::step, ::step].astype(np.float32), 1)
    low, high = range_mm or depth_range([behind_mm])
    trace = go.Heatmap(
        z=small,
        x0=0,
        y0=0,
        dx=step,
        dy=step,
        zmin=low,
        zmax=high,
        colorscale=COLOUR_MAPS[colour_map],
        hoverongaps=False,
        hovertemplate=f"%{{z:.1f}} mm {behind}<extra></extra>",
        showscale=colour_bar,
        colorbar={
            "title": {"text": f"mm {behind}", "side": "right"},
            "thickness": 10,
            "outlinewidth": 0,
            "ticksuffix": " mm",
            "len": 0.92,
            "x": 1.01,
            "xpad": 4,
        },
    )
    height, width = behind_mm.shape
    hidden = {"visible": False, "constrain": "domain"}
    return bare_figure(
        trace,
        xaxis={**hidden, "range": [-0.5, width - 0.5]},
        yaxis={**hidden, "range": [height - 0.5, -0.5], "scaleanchor": "x"},
        dragmode=False,
    )


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
    brush: bool = False, behind: str = BEHIND_NOSE,
) -> go.Figure:  # fmt: skip
    """Histogram of one face's depth with lines at percentiles.

    percentiles : percent -> depth behind the nose tip; 5, 50 and 95 carry labels, the others a thin line.
    unit : of all depths. brush : dragging chooses a range of depths. behind : what they are counted from, in words.
    """
    edges = data.edges.astype(np.float32)
    digits = 1 if unit == "mm" else 3
    height = f"share of pixels per {unit}" if density else "pixels"
    trace = go.Bar(
        x=(edges[:-1] + edges[1:]) / 2,
        y=data.heights(density),
        width=np.diff(edges).astype(np.float32),
        customdata=np.stack([edges[:-1], edges[1:]], axis=1).astype(np.float32),
        marker={"color": BAR, "line": {"width": 0}},
        selected={"marker": {"color": ACCENT}},
        hovertemplate=f"%{{customdata[0]:.{digits}f}} to %{{customdata[1]:.{digits}f}} {unit}<br>%{{y"
        + (":.4f" if density else "")
        + f"}} {height}<extra></extra>",
    )
    figure = bare_figure(
        trace,
        margin={"l": 8, "r": 8, "t": 48, "b": 8},
        bargap=0,
        xaxis=axis(f"{unit} {behind}", showgrid=False, fixedrange=brush),
        yaxis=axis(height, rangemode="tozero", nticks=5, fixedrange=brush),
        **({"dragmode": "select", "selectdirection": "h", "selectionrevision": unit} if brush else {}),
    )
    for percent, value in (percentiles or {}).items():
        labelled = percent in LABEL_ROWS_PX
        figure.add_shape(
            type="line", x0=value, x1=value, y0=0, y1=1, yref="paper",
            line={"color": ACCENT, "width": 1.5 if percent == 50 else 1, "dash": "solid" if percent == 50 else "dot"},
            opacity=1.0 if labelled else 0.45,
        )  # fmt: skip
        if labelled:
            one = (MEDIAN if percent == 50 else PERCENTILE[percent]).in_unit(unit.lower())
            figure.add_annotation(
                x=value, y=1, yref="paper", yanchor="bottom", yshift=LABEL_ROWS_PX[percent],
                xanchor={5: "left", 50: "center", 95: "right"}[percent],
                text=f"{one.name} {one.with_unit(value)}", showarrow=False, font={"size": 12},
            )  # fmt: skip
    return figure


def histograms(data: Sequence[Histogram], *, density: bool = True, behind: str = BEHIND_NOSE) -> go.Figure:
    """Histograms of several faces over the same edges, as outlines in the order's colours.

    behind : what the depths are counted from, in words.
    """
    unit = "share of pixels per mm" if density else "pixels"
    traces = [
        go.Scatter(
            x=((item.edges[:-1] + item.edges[1:]) / 2).astype(np.float32),
            y=item.heights(density),
            name=cut(item.name),
            mode="lines",
            line={"color": SERIES[i % len(SERIES)], "width": 1.75, "shape": "hvh"},
            fill="tozeroy",
            fillcolor=SERIES[i % len(SERIES)].replace("rgb", "rgba").replace(")", ", 0.10)"),
            hovertemplate="%{x:.1f} mm: %{y" + (":.4f" if density else "") + "}",
        )
        for i, item in enumerate(data)
    ]
    return bare_figure(
        *traces,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        hovermode="x unified",
        xaxis=axis(f"mm {behind}", showgrid=False),
        yaxis=axis(unit, rangemode="tozero", nticks=5),
    )


def profiles(
    data: Sequence[Profile | None], *, upright: bool = True, along: str = "mm above the nose tip"
) -> go.Figure:
    """Profiles of several faces over each other; None keeps its colour for a photo without a face.

    upright : seen from the side, looking left, as the midline is; otherwise seen from above, the nose up. along : what
    the place on the line means.
    """
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
                hovertemplate=f"{hover[0]}{BEHIND_NOSE}, at {hover[1]}{along}",
            )
        )
    deep, across = axis(BEHIND_NOSE, constrain="domain"), axis(along, scaleanchor="x", scaleratio=1)
    if not upright:
        deep = axis("mm behind the tip", scaleanchor="x", scaleratio=1, autorange="reversed", nticks=5)
        across = axis(along)
        across["constrain"] = "domain"
    return bare_figure(
        *traces,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis=deep if upright else across,
        yaxis=across if upright else deep,
    )
