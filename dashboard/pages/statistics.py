"""Statistics: the numbers of one face, by part, with the pixels they are of."""

import math
from collections.abc import Sequence
from typing import Any

import dash
import dash_bootstrap_components as dbc
import numpy as np
from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, dcc, html

from core.errors import LifemaskError
from core.measure.profiles import contours, distance, line_profile
from core.measure.regions import REGIONS
from core.measure.statistics import histogram
from core.measure.table import COUNT, DEPTHS, SYMMETRY_RMS, Place, chosen, part_name
from dashboard.charts import figures, maps
from dashboard.components import faces, page, readings, views
from dashboard.components.missing import no_faces, none_of_these
from dashboard.library.records import FaceRecord
from dashboard.readings.measured import PARTS, Measured, bin_edges, measured
from dashboard.web.context import current_library, current_workspace

dash.register_page(__name__, path="/statistics", title="Statistics – Lifemask", name="Statistics")  # noqa: RUF001

BINS = 64
DRAWN = "mm along the line"
PLACES = {
    "Tip of the nose": 30, "Bridge of the nose": 27, "Chin": 8, "Right eye, outer corner": 36,
    "Right eye, inner corner": 39, "Left eye, inner corner": 42, "Left eye, outer corner": 45,
    "Mouth, right corner": 48, "Mouth, left corner": 54, "Right end of the jaw": 0, "Left end of the jaw": 16,
}  # fmt: skip


def layout(faces: str = "", **_: Any) -> html.Div:  # the name of the query's key
    """Return the page for the first face of the address that is here; the newest when it names none."""
    return _page([face_id for face_id in faces.split(",") if face_id])


def _page(wanted: Sequence[str]) -> html.Div:
    all_faces = current_library().faces(current_workspace())
    here = [face for face_id in wanted for face in all_faces if face.id == face_id]
    if wanted and not here:
        return none_of_these("Statistics")
    lead = (
        "Depth relative to the nose tip (of a photo without a face: to its nearest hundredth), so that photos from "
        "different distances compare."
    )
    head = page.head("Statistics", lead)
    if not all_faces:
        return html.Div([head, no_faces("No numbers yet", "They come with the first face.")])
    face = (here or all_faces)[0]
    found = measured(face.folder)
    return html.Div(
        [
            head,
            faces.picker(all_faces, [face.id], "/statistics", most=1),
            dcc.Store(id="statistics-face", data=face.id),
            dcc.Store(id="statistics-about", data=_about(found)),
            dcc.Store(id="statistics-line"),
            *[dcc.Store(id=f"statistics-done-{name}") for name in ("paint", "mode", "levels", "point", "between")],
            page.section("Depth", _controls(found), _reading(found, face)),
            page.section("Numbers", html.Div(id="statistics-numbers"), aside=_downloads(face)),
            html.Div(id="statistics-smoothing") if found.reconstruction.facts.smooth else None,
            *readings.of_the_face(found),
        ]
    )


def _about(found: Measured) -> dict[str, Any]:
    """What the page's script needs: which numbers of the map are which part, and the length of an IPD."""
    numbers = {part: [REGIONS.index(name) + 1 for name in names] for part, names in PARTS.items()}
    marks = found.reconstruction.landmarks_px
    places = {} if marks is None else {name: marks[number].round(1).tolist() for name, number in PLACES.items()}
    return {"parts": {**numbers, "head": None}, "ipd_mm": found.reconstruction.facts.ipd_mm, "places": places}


def _controls(found: Measured) -> html.Div:
    parts = [(part, part_name(part)) for part in found.parts]
    return html.Div(
        [
            page.switch_pair("statistics-part", parts, "head", look="views"),
            html.Div(
                [
                    page.switch_pair(
                        "statistics-unit", [("mm", "mm"), ("ipd", "IPD")][: 2 if found.regions else 1], "mm"
                    ),
                    page.switch_pair("statistics-height", [("count", "Pixels"), ("density", "Density")], "count"),
                    html.Div(
                        [
                            html.Label("Bins", htmlFor="statistics-bins", className="soft"),
                            _number("bins", 8, 256, BINS),
                        ],
                        className="with-unit",
                    ),
                ],
                className="row-of",
            ),
        ],
        className="controls",
    )


def _number(name: str, low: float | None = None, high: float | None = None, value: float | None = None) -> dbc.Input:
    limits = {"min": low, "max": high, "step": 1} if high else {"step": "any"}
    return dbc.Input(
        id=f"statistics-{name}", type="number", value=value, debounce=0.4, style={"width": "88px"}, **limits
    )


def _reading(found: Measured, face: FaceRecord) -> html.Div:
    figure = maps.reading_map(
        found.behind_mm, found.numbered, contours(found.reconstruction), behind=found.reconstruction.facts.behind
    )
    modes = [("read", "Read"), ("line", "Draw a line"), ("points", "Two points")]
    choose = html.Div(
        [
            page.switch_pair("statistics-mode", modes, "read"),
            dbc.Checkbox(id="statistics-levels", label="Level lines, 5 mm", value=False),
        ],
        className="row-of mb-3",
    )
    between = html.Div(
        [
            html.Span("Highlight", className="soft"),
            html.Label("from", htmlFor="statistics-low", className="soft"),
            _number("low"),
            html.Label("to", htmlFor="statistics-high", className="soft"),
            _number("high"),
            html.Span("mm", id="statistics-unit-word", className="soft"),
        ],
        className="with-unit wraps",
    )
    return html.Div(
        [
            html.Div(
                [
                    choose,
                    html.Div(views.graph(figure, "statistics-map", height="100%", still=True), className="depth-map"),
                    _between(found),
                    html.Div(id="statistics-line-said", className="note", role="status"),
                ]
            ),
            html.Div(
                [
                    views.graph(_histogram(found, "head", "mm", BINS, "count"), "statistics-histogram", height=380),
                    between,
                    html.P(
                        "Drag over the histogram, or give two depths: those pixels light up in the map.",
                        id="statistics-said", className="note", role="status",
                    ),
                ]
            ),
        ],
        className="reading",
        key=face.id,
    )  # fmt: skip


def _between(found: Measured) -> html.Div | None:
    """Two places of the face to measure between, for those who hold no mouse."""
    if not found.regions:
        return None
    places = [
        html.Div(
            [
                html.Label(word, htmlFor=f"statistics-{name}", className="soft"),
                dbc.Select(id=f"statistics-{name}", options=list(PLACES), placeholder="a place of the face"),
            ],
            className="with-unit",
        )
        for name, word in (("here", "Measure between"), ("there", "and"))
    ]
    return html.Div(places, className="between row-of")


def _histogram(found: Measured, part: str, unit: str, bins: int, height: str) -> Any:
    depths = found.depths(part, unit)
    edges = bin_edges(depths.values, bins)
    counts = histogram(depths.values, edges).astype(np.int32)
    data = figures.Histogram(part_name(part), edges.astype(np.float32), counts)
    word = "IPD" if unit == "ipd" else unit
    return figures.histogram(
        data, percentiles=depths.percentiles, density=height == "density", unit=word, brush=True,
        behind=found.reconstruction.facts.behind,
    )  # fmt: skip


@callback(
    Output("statistics-histogram", "figure"),
    Output("statistics-numbers", "children"),
    Output("statistics-unit-word", "children"),
    Output("statistics-csv", "href"),
    Output("statistics-json", "href"),
    Input("statistics-part", "value"),
    Input("statistics-unit", "value"),
    Input("statistics-bins", "value"),
    Input("statistics-height", "value"),
    State("statistics-face", "data"),
)
def draw(part: str, unit: str, bins: int | None, height: str, face_id: str) -> Any:
    """Draw the histogram and the table anew; a number of bins out of range leaves the histogram as it is."""
    face = current_library().face(current_workspace(), face_id)
    if face is None:
        return (dash.no_update,) * 5
    found = measured(face.folder)
    figure = _histogram(found, part, unit, int(bins), height) if bins else dash.no_update
    query = f"/api/faces/{face_id}/statistics?part={part}&unit={unit}&bins={bins or BINS}&download=1"
    word = "IPD" if unit == "ipd" else unit
    return figure, _numbers(found, part, unit), word, f"{query}&format=csv", query


def _numbers(found: Measured, part: str, unit: str) -> html.Div:
    depths = found.depths(part, unit)
    shown = [one.in_unit(unit) for one in chosen(DEPTHS, Place.PART)]
    rows = [(page.named(one), page.statistic(one, one.measure(depths))) for one in shown]
    return html.Div(
        [
            html.Div([html.H3(part_name(part)), page.facts(rows)]),
            html.Div([html.H3("Part by part"), _by_part(found, unit)]),
        ],
        className="numbers-of",
    )


def _by_part(found: Measured, unit: str) -> html.Div:
    shown = [one.in_unit(unit) for one in chosen(DEPTHS, Place.PARTS)]
    rows: list[list[Any]] = []
    for part in found.parts:
        depths = found.depths(part, unit)
        rows.append(
            [
                part_name(part),
                *[page.statistic(one, one.measure(depths)) for one in shown],
                page.statistic(SYMMETRY_RMS, found.symmetry_mm(part)),
            ]
        )
    columns = ["Part", *[one.name for one in shown], SYMMETRY_RMS.name]
    return page.table(columns, rows, numeric=range(1, len(columns)))


def _downloads(face: FaceRecord) -> html.Div:
    links = [
        html.A([page.icon("download"), name], id=f"statistics-{name.lower()}", className="btn btn-quiet btn-sm",
               href=f"/api/faces/{face.id}/statistics?download=1", download="")
        for name in ("CSV", "JSON")
    ]  # fmt: skip
    return html.Div(links, className="row-of")


@callback(Output("statistics-smoothing", "children"), Input("statistics-face", "data"))
def compare_smoothing(face_id: str) -> Any:
    """Set the depth beside what it was before it was smoothed, once the rest of the page is there."""
    face = current_library().face(current_workspace(), face_id)
    found = measured(face.folder) if face else None
    if found is None or found.unsmoothed_mm is None:
        return None
    return readings.smoothing(found)


@callback(
    Output("statistics-said", "children"),
    Input("statistics-low", "value"),
    Input("statistics-high", "value"),
    Input("statistics-part", "value"),
    State("statistics-unit", "value"),
    State("statistics-face", "data"),
    prevent_initial_call=True,
)
def say(low: float | None, high: float | None, part: str, unit: str, face_id: str) -> Any:
    """Say how many pixels are between the two depths."""
    face = current_library().face(current_workspace(), face_id)
    if face is None or low is None or high is None:
        return "Drag over the histogram, or give two depths: those pixels light up in the map."
    values = measured(face.folder).values(part, unit)
    count = int(((values >= low) & (values <= high)).sum())
    word = "IPD" if unit == "ipd" else unit
    of = f"{COUNT.text(count)} of {COUNT.with_unit(values.size)}"
    return f"{of} ({count / values.size:.1%}) lie there: {low:g} to {high:g} {word}."


@callback(
    Output("statistics-line-said", "children"),
    Output("statistics-line-profile", "children"),
    Input("statistics-line", "data"),
    State("statistics-face", "data"),
    prevent_initial_call=True,
)
def measure(line: dict[str, list[float]] | None, face_id: str) -> Any:
    """Measure along the line that was drawn, and between its ends."""
    face = current_library().face(current_workspace(), face_id)
    if face is None or not line or not all(math.isfinite(value) for end in line.values() for value in end):
        return dash.no_update, dash.no_update
    shape = measured(face.folder).reconstruction
    ends = np.array(line["start"], float), np.array(line["end"], float)
    profile = line_profile(shape, *ends)
    figure = figures.profiles([figures.Profile("line", profile.along_mm, profile.depth_mm)], upright=False, along=DRAWN)
    chart = html.Div(
        [html.H3("The line you drew"), views.graph(figure, "statistics-line-figure", height=240, still=True)]
    )
    try:
        found = distance(shape, *ends)
    except LifemaskError as error:
        return str(error), chart
    said = [
        page.number(found.straight_mm, "mm"), " straight, ", page.number(found.surface_mm, "mm"), " over the surface, ",
        page.number(abs(found.depth_mm), "mm"), " in depth.",
    ]  # fmt: skip
    return said, chart


for function, output, inputs in (
    ("mode", "done-mode", [Input("statistics-mode", "value")]),
    ("levels", "done-levels", [Input("statistics-levels", "value")]),
    ("line", "line", [Input("statistics-map", "relayoutData")]),
    (
        "between",
        "done-between",
        [Input("statistics-here", "value"), Input("statistics-there", "value"), State("statistics-about", "data")],
    ),
    ("point", "done-point", [Input("statistics-map", "clickData"), State("statistics-mode", "value")]),
    (
        "highlight",
        "done-paint",
        [
            Input("statistics-part", "value"), Input("statistics-low", "value"), Input("statistics-high", "value"),
            State("statistics-unit", "value"), State("statistics-about", "data"),
        ],
    ),
):  # fmt: skip
    clientside_callback(
        ClientsideFunction("depthmap", function), Output(f"statistics-{output}", "data"), *inputs,
        prevent_initial_call=True,
    )  # fmt: skip
clientside_callback(
    ClientsideFunction("depthmap", "brush"),
    Output("statistics-low", "value"),
    Output("statistics-high", "value"),
    Input("statistics-histogram", "selectedData"),
    Input("statistics-unit", "value"),
    prevent_initial_call=True,
)
