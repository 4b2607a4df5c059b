"""The depth of one or several faces to read: maps on one scale, the histogram to brush, tools to measure with."""

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
import numpy as np
from dash import html

from core.files.colours import DEPTH_MAPS
from core.geometry.facts import all_behind
from core.measure.regions import REGIONS
from core.measure.statistics import histogram, unit_mm
from core.measure.table import part_name
from dashboard.charts import figures, maps
from dashboard.components import doubt, faces, page, views
from dashboard.components.names import cut_name
from dashboard.components.statistics_view import BINS, View, default_height
from dashboard.readings import results
from dashboard.readings.measured import MAX_BINS, MIN_BINS, PARTS, bin_edges
from dashboard.readings.results import Result
from dashboard.words import say, word

FEW = 2  # faces whose maps are shown with every second pixel; of more with every third
PLACES = {
    word("Tip of the nose"): 30, word("Bridge of the nose"): 27, word("Chin"): 8, word("Right eye, outer corner"): 36,
    word("Right eye, inner corner"): 39, word("Left eye, inner corner"): 42, word("Left eye, outer corner"): 45,
    word("Mouth, right corner"): 48, word("Mouth, left corner"): 54, word("Right end of the jaw"): 0,
    word("Left end of the jaw"): 16,
}  # fmt: skip
TO_BRUSH = word("Drag over the histogram, or give two depths: those pixels light up in {where}.")


def unit_word(unit: str) -> str:
    """Return a unit as it is shown."""
    return "IPD" if unit == "ipd" else unit


def parts_of(found: Sequence[Result]) -> list[str]:
    """Return the parts that all faces show."""
    return [part for part in found[0].measured.parts if all(part in one.measured.parts for one in found)]


def step(count: int) -> int:
    """Return every how many pixels the maps of so many faces show."""
    return maps.STEP if count <= FEW else maps.STEP + 1


def about(found: Sequence[Result]) -> dict[str, Any]:
    """Return what the page's script needs: which numbers of a map are which part, each face's IPD and places."""
    numbers = {part: [REGIONS.index(name) + 1 for name in names] for part, names in PARTS.items()}
    ids = [result.face.id for result in found]
    return {
        "parts": {**numbers, "head": None},
        "faces": ids,
        "ipd_mm": {result.face.id: result.facts.scale_ipd_mm for result in found},
        "places": {result.face.id: _places(result) for result in found},
        "colours": {name: figures.scale(stops) for name, stops in DEPTH_MAPS.items()},
        "defaults": {
            "active": ids[0], "part": "head", "unit": "mm", "height": default_height(ids), "bins": BINS,
            "colours": "cividis",
        },
    }  # fmt: skip


def _places(result: Result) -> dict[str, list[float]]:
    marks = result.measured.reconstruction.landmarks_px
    return {} if marks is None else {name: marks[number].round(1).tolist() for name, number in PLACES.items()}


def controls(found: Sequence[Result], view: View) -> html.Div:
    """Return the choice of part, unit, histogram and colours."""
    parts = [(part, say(part_name(part))) for part in parts_of(found)]
    units = [("mm", "mm"), ("ipd", "IPD")][: 2 if all(one.measured.regions for one in found) else 1]
    colours = [("cividis", "Cividis"), ("gray", say("Gray")), ("viridis", "Viridis")]
    heights = [("count", say("Pixels")), ("density", say("Density"))]
    return html.Div(
        [
            page.switch_pair("statistics-part", parts, view.part, look="views"),
            html.Div(
                [
                    page.switch_pair("statistics-unit", units, view.unit),
                    page.switch_pair("statistics-height", heights, view.height),
                    html.Div(
                        [
                            html.Label(say("Bins"), htmlFor="statistics-bins", className="soft"),
                            _number("bins", view.bins, low=MIN_BINS, high=MAX_BINS),
                        ],
                        className="with-unit",
                    ),
                    page.switch_pair("statistics-colours", colours, view.colours),
                ],
                className="row-of",
            ),
        ],
        className="controls",
    )


def _number(name: str, value: float | None, *, low: float | None = None, high: float | None = None) -> dbc.Input:
    limits = {"min": low, "max": high, "step": 1} if high else {"step": "any"}
    return dbc.Input(
        id=f"statistics-{name}", type="number", value=value, debounce=0.4, style={"width": "88px"}, **limits
    )


def reading(found: Sequence[Result], view: View) -> html.Div:
    """Return maps and histogram, each with its tools."""
    modes = [("read", say("Read")), ("line", say("Draw a line")), ("points", say("Two points"))]
    tools = html.Div(
        [
            page.switch_pair("statistics-mode", modes, "read"),
            dbc.Checkbox(id="statistics-levels", label=say("Level lines, 5 mm"), value=False),
        ],
        className="row-of mb-3",
    )
    brush = html.Div(
        [
            html.Span(say("Highlight"), className="soft"),
            html.Label(say("from"), htmlFor="statistics-low", className="soft"),
            _number("low", view.low),
            html.Label(say("to"), htmlFor="statistics-high", className="soft"),
            _number("high", view.high),
            html.Span(unit_word(view.unit), id="statistics-unit-word", className="soft"),
        ],
        className="with-unit wraps",
    )
    several = len(found) > 1
    return html.Div(
        [
            html.Div(
                [
                    tools,
                    html.Div(
                        [_map(found, order, view) for order in range(len(found))],
                        className="maps",
                        style={"--columns": str(columns(len(found)))},
                    ),
                    _between(found),
                    html.Div(id="statistics-line-said", className="note", role="status"),
                ]
            ),
            html.Div(
                [
                    views.graph(drawn_histogram(found, view), "statistics-histogram", height=420),
                    brush,
                    html.Div(id="statistics-said", className="note", role="status"),
                    html.P(
                        say(
                            "A line at a percentile says that so many percent of the pixels are nearer (of the face "
                            "that is chosen above)."
                            if several
                            else "A line at a percentile says that so many percent of the pixels are nearer."
                        ),
                        className="note",
                    ),
                ]
            ),
        ],
        className="reading several" if several else "reading",
    )


def columns(count: int) -> int:
    """Return how many maps stand beside each other where there is room."""
    return count if count <= 4 else (count + 1) // 2


def _map(found: Sequence[Result], order: int, view: View) -> html.Div:
    result = found[order]
    several, is_active = len(found) > 1, result.face.id == view.active
    figure = maps.reading_map(
        result.behind_mm,
        result.measured.numbered,
        range_mm=results.shared_range(found),
        colours=view.colours,
        colour_bar=not several,
        step=step(len(found)),
        behind=result.facts.behind,
    )
    if is_active and view.line:
        x0, y0, x1, y1 = view.line
        figure.add_shape(
            type="line", x0=x0, y0=y0, x1=x1, y1=y1, editable=True, line={"color": figures.ACCENT, "width": 2.5}
        )
    data: dict[str, Any] = {"data-face": result.face.id}
    key = {"kind": "statistics-map", "face": result.face.id}
    above = [heading(result, order, is_active=is_active), doubt.badges(result.face)] if several else []
    return html.Div(
        [*above, html.Div(views.graph(figure, key, height="100%", still=True), className="depth-map")],
        className="reading-map active" if is_active else "reading-map",
        **data,
    )


def heading(result: Result, order: int, *, is_active: bool) -> html.Button:
    """Return a face's name as a button that makes it the one that is measured."""
    data: dict[str, Any] = {"data-activate": result.face.id}
    return html.Button(
        [
            html.Span(className="dot", style={"--mark": faces.colour(order)}),
            cut_name(result.face.name),
        ],
        type="button",
        className="side-name activates",
        title=say(f"Measure {result.face.name}"),
        **data,
        **page.marks(aria_pressed=str(is_active).lower()),
    )


def _between(found: Sequence[Result]) -> html.Div | None:
    """Return two places of the face to measure between, for those who hold no mouse."""
    if not any(result.measured.regions for result in found):
        return None
    options: Any = [{"label": say(name), "value": name} for name in PLACES]
    places = [
        html.Div(
            [
                html.Label(label, htmlFor=f"statistics-{name}", className="soft"),
                dbc.Select(id=f"statistics-{name}", options=options, placeholder=say("a place of the face")),
            ],
            className="with-unit",
        )
        for name, label in (("here", say("Measure between")), ("there", say("and")))
    ]
    return html.Div(places, className="between row-of")


def drawn_histogram(found: Sequence[Result], view: View) -> Any:
    """Return the histogram of a part of one face, or of several over each other.

    Raises
    ------
    OptionError
        Nothing of the part is seen, or the number of bins is out of range.
    """
    depths = [result.measured.depths(view.part, view.unit) for result in found]
    edges = bin_edges(np.concatenate([one.values for one in depths]), view.bins)
    data = [
        figures.Histogram(
            result.face.name, edges.astype(np.float32), histogram(one.values, edges).astype(np.int32)
        )
        for result, one in zip(found, depths, strict=True)
    ]  # fmt: skip
    of = view.faces.index(view.active)
    factor = unit_mm(found[of].measured.reconstruction, view.unit)
    low, high = results.shared_range(found)
    settings: dict[str, Any] = {
        "percentiles": depths[of].percentiles, "density": view.height == "density", "unit": unit_word(view.unit),
        "brush": True, "colours": view.colours, "range_": (low / factor, high / factor),
        "behind": all_behind(result.facts for result in found),
    }  # fmt: skip
    if len(data) == 1:
        return figures.histogram(data[0], **settings)
    return figures.histograms(data, of=of, **settings)
