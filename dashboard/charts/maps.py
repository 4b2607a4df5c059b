"""Pure functions from maps on the crop to Plotly figures: depth to read and mark, signed differences, pairs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import scipy
from numpy.typing import NDArray

from core.files.colours import DIVERGING, SEQUENTIAL
from core.geometry.facts import BEHIND_NOSE
from core.measure.table import RMS
from dashboard.charts.figures import ACCENT, INK, axis, bare_figure, depth_map, scale
from dashboard.charts.names import cut
from dashboard.words import say

STEP = 2  # every how many pixels of the crop the page shows
FAINT, FULL = "rgba(206, 142, 78, 0.06)", "rgba(206, 142, 78, 0.62)"  # ink reads on both, on paper and on graphite
CLEAR, VEIL, MARK = "rgba(0, 0, 0, 0)", "rgba(128, 122, 114, 0.72)", "rgba(214, 64, 32, 0.92)"


def reading_map(
    behind_mm: NDArray[np.float32],
    parts: NDArray[np.uint8],
    *,
    range_mm: tuple[float, float] | None = None,
    colours: str = "cividis",
    colour_bar: bool = True,
    step: int = STEP,
    behind: str = BEHIND_NOSE,
) -> go.Figure:
    """Depth map whose traces the page's script works on, by name: depth, veil, mark, levels.

    behind_mm : (S, S) float32, mm behind the nose tip, NaN outside the head. parts : (S, S) uint8, number of the region
    at each pixel, 0 for none. range_mm, colours, step, behind : as of `depth_map`. Axes are in crop pixels. The
    levels are empty until they are asked for.
    """
    figure = depth_map(behind_mm, step=step, range_mm=range_mm, colours=colours, colour_bar=colour_bar, behind=behind)
    rows, columns = _filled(behind_mm, step)
    grid = {"dx": step, "dy": step, "x0": step * columns.start, "y0": step * rows.start}
    figure.data[0].update(name="depth", z=figure.data[0].z[rows, columns], **grid)
    small = parts[::step, ::step][rows, columns]
    nothing = np.zeros_like(small)
    worked_on = [
        go.Heatmap(
            z=nothing, **grid, zmin=0, zmax=1, name=name, hoverinfo="skip", colorscale=[[0, CLEAR], [1, colour]],
            showscale=False, zsmooth=False, customdata=small if name == "veil" else None,
        )
        for name, colour in (("veil", VEIL), ("mark", MARK))
    ]  # fmt: skip
    levels = go.Scatter(
        x=[], y=[], name="levels", mode="lines", hoverinfo="skip", visible=False,
        line={"color": "rgba(20, 18, 16, 0.62)", "width": 0.8},
    )  # fmt: skip
    depth, *bar = figure.data
    return bare_figure(
        depth, *worked_on, levels, *bar,
        **_framed(behind_mm),
        newshape={"line": {"color": ACCENT, "width": 2.5}},
        hovermode="closest",
        dragmode=False,
    )  # fmt: skip


def _filled(values: NDArray[np.floating], step: int) -> tuple[slice, slice]:
    """Return rows and columns of every `step`-th pixel outside of which nothing is known."""
    known = np.isfinite(values[::step, ::step])
    if not known.any():
        return slice(0, known.shape[0]), slice(0, known.shape[1])
    rows, columns = (np.flatnonzero(known.any(axis=along)) for along in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def level_lines(levels: Mapping[float, Sequence[NDArray[np.float64]]]) -> list[list[float | None]]:
    """Return x and y of one path for all lines, in tenths of a crop pixel, thinned, with a gap (None) after each.

    levels : mm -> lines (n, 2) in crop pixels.
    """
    x: list[float | None] = []
    y: list[float | None] = []
    for line in (line for lines in levels.values() for line in lines if len(line) > 12):
        thinned = np.round(np.concatenate([line[::4], line[-1:]]), 1)
        x += [*thinned[:, 0].tolist(), None]
        y += [*thinned[:, 1].tolist(), None]
    return [x, y]


def signed_map(
    difference_mm: NDArray[np.floating], limit_mm: float, words: tuple[str, str], *, digits: int = 1,
    colour_bar: bool = True, step: int = STEP,
) -> go.Figure:  # fmt: skip
    """Map of signed differences, white where there is none.

    difference_mm : (S, S), NaN where there is nothing to compare. limit_mm : the scale's ends are its negative and it.
    words : what less and what more than zero mean, in English. digits : of the values that hovering shows.
    step : every how many pixels.
    """
    rows, columns = _filled(difference_mm, step)
    small = np.round(difference_mm[::step, ::step][rows, columns].astype(np.float32), digits)
    ticks = [-limit_mm, -limit_mm / 2, 0, limit_mm / 2, limit_mm]
    trace = go.Heatmap(
        z=small, dx=step, dy=step, x0=step * columns.start, y0=step * rows.start, zmin=-limit_mm, zmax=limit_mm,
        colorscale=scale(DIVERGING), hoverongaps=False, hovertemplate=f"%{{z:+.{digits}f}} mm<extra></extra>",
        showscale=colour_bar,
        colorbar={
            "title": {"text": f"mm: + {say(words[1])}, \u2212 {say(words[0])}", "side": "right"},
            "tickvals": ticks, "ticktext": [signed(value, digits) for value in ticks],
            "thickness": 10, "outlinewidth": 0, "len": 0.92, "x": 1.01, "xpad": 4,
        },
    )  # fmt: skip
    return bare_figure(trace, **_framed(difference_mm), dragmode=False)


def _framed(values: NDArray[np.floating]) -> dict[str, Any]:
    """Axes that show what there is, with a rim of a thirtieth, in equal proportions."""
    finite = np.isfinite(values)
    spans = []
    for along in (0, 1):
        at = np.flatnonzero(finite.any(axis=along))
        low, high = (int(at[0]), int(at[-1])) if at.size else (0, finite.shape[1 - along] - 1)
        rim = (high - low) / 30 + 1
        spans.append([low - rim, high + rim])
    hidden = {"visible": False, "constrain": "domain"}
    return {"xaxis": {**hidden, "range": spans[0]}, "yaxis": {**hidden, "range": spans[1][::-1], "scaleanchor": "x"}}


def signed(value: float, digits: int = 1) -> str:
    """Return a number with its sign: 1.5 -> '+1.5', -2 -> minus 2, 0 -> '0'."""
    text = f"{abs(value):.{digits}f}".rstrip("0").rstrip(".")
    return text if float(text) == 0 else f"{'+' if value > 0 else chr(0x2212)}{text}"


def pairs(names: Sequence[str], rms_mm: NDArray[np.floating], linkage: NDArray[np.floating] | None) -> go.Figure:
    """Matrix of the differences of all pairs, with the tree that groups the nearest above it.

    names : n names, in the order of the matrix. rms_mm : (n, n) mm. linkage : (n - 1, 4) as scipy makes it; None: no
    tree, and the order stays.
    """
    tree = scipy.cluster.hierarchy.dendrogram(linkage, no_plot=True) if linkage is not None else None
    order = list(map(int, tree["leaves"])) if tree else list(range(len(names)))
    places = np.arange(len(order))
    short, both = [cut(names[i], 22) for i in order], say("and")
    values = np.round(np.asarray(rms_mm, np.float32)[np.ix_(order, order)], 2)
    apart = values[~np.eye(len(order), dtype=bool)]
    trace = go.Heatmap(
        z=values, x=places, y=places, zmin=0, zmax=float(np.nanmax(apart, initial=1e-3)), xgap=2, ygap=2,
        colorscale=[[0, FAINT], [1, FULL]], showscale=False, hoverongaps=False,
        texttemplate=f"%{{z:.{RMS.digits}f}}", textfont={"size": 12},
        customdata=[[f"{a} {both} {b}" for b in short] for a in short],
        hovertemplate=f"%{{customdata}}<br>%{{z:.{RMS.digits}f}} mm RMS<extra></extra>",
    )  # fmt: skip
    ticks = {"tickvals": places, "ticktext": short, "showgrid": False}
    figure = bare_figure(
        trace,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis=axis("", **ticks, tickangle=-35, range=[-0.5, len(order) - 0.5], constrain="domain"),
        yaxis=axis("", **ticks, range=[len(order) - 0.5, -0.5], domain=[0, 0.78 if tree else 1]),
        dragmode=False,
    )
    if tree:
        height = f"%{{y:.{RMS.digits}f}} mm"
        joined = say(f"joined at {height} RMS")
        for across, up in zip(tree["icoord"], tree["dcoord"], strict=True):
            figure.add_trace(
                go.Scatter(
                    x=(np.array(across, np.float32) - 5) / 10, y=np.array(up, np.float32), yaxis="y2", mode="lines",
                    line={"color": INK, "width": 1.4},
                    hovertemplate=f"{joined}<extra></extra>",
                )
            )  # fmt: skip
        figure.update_layout(yaxis2={"domain": [0.8, 1], "visible": False, "anchor": "x", "rangemode": "tozero"})
    return figure


def plain_map(values: NDArray[np.floating], unit: str, *, high: float | None = None) -> go.Figure:
    """Map of what is never negative, such as a spread; pale is little. values : (S, S), NaN where there is none."""
    finite = values[np.isfinite(values)]
    top = high or (float(np.percentile(finite, 98)) if finite.size else 1.0)
    figure = signed_map(values, 1.0, ("", ""), digits=2)
    bar: dict[str, Any] = {"title": {"text": unit, "side": "right"}, "tickvals": None, "ticktext": None}
    figure.update_traces(
        zmin=0, zmax=top, colorscale=scale(SEQUENTIAL),
        hovertemplate="%{z:.2f} " + unit + "<extra></extra>",
    )  # fmt: skip
    figure.update_traces(colorbar=bar)
    return figure
