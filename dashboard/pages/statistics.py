"""Statistics: the numbers of one face, or of several."""

from collections.abc import Sequence
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import Input, Output, State, callback, dcc, html

from dashboard import figures, results
from dashboard.components import faces, page, views
from dashboard.components.missing import no_faces
from dashboard.context import current_library, current_workspace

dash.register_page(__name__, path="/statistics", title="Statistics – Lifemask", name="Statistics")  # noqa: RUF001

MOST = 8
ROWS = (
    ("mean", "Mean"), ("median", "Median"), ("std", "Standard deviation"), ("min", "Least"), ("p1", "1st percentile"),
    ("p5", "5th percentile"), ("p25", "25th percentile"), ("p75", "75th percentile"), ("p95", "95th percentile"),
    ("p99", "99th percentile"), ("max", "Greatest"), ("range", "Range"), ("iqr", "Interquartile range"),
)  # fmt: skip
FACE_ROWS = (
    ("nose_protrusion_mm", "Nose tip before the eyes"),
    ("width_mm", "Face width"),
    ("height_mm", "Face height"),
    ("ipd_mm", "Interpupillary distance, assumed"),
)


def layout(faces: str = "", **_: Any) -> html.Div:  # the name of the query's key
    """Return the page for the faces of the address; the newest when it names none."""
    return _page(faces.split(","))


def _page(wanted: Sequence[str]) -> html.Div:
    all_faces = current_library().faces(current_workspace())
    head = page.head("Statistics", "Depth relative to the nose tip, so that photos from different distances compare.")
    if not all_faces:
        return html.Div([head, no_faces("No numbers yet", "They come with the first face.")])
    by_id = {face.id: face for face in all_faces}
    chosen = [face_id for face_id in dict.fromkeys(wanted) if face_id in by_id][:MOST] or [all_faces[0].id]
    found = [results.load(by_id[face_id]) for face_id in chosen]
    return html.Div(
        [
            head,
            dcc.Store(id="statistics-faces", data=chosen),
            faces.picker(all_faces, chosen, "/statistics", most=MOST),
            page.section("Histogram", _controls(), html.Div(_graph(found, 64, "count"), id="statistics-chart")),
            page.section("Table", _table(found), _note()),
            page.section("Files", html.Div([_files(result) for result in found], className="columns")),
        ]
    )


def _controls() -> html.Div:
    return html.Div(
        [
            html.Div(
                [
                    html.Label("Bins", htmlFor="statistics-bins", className="soft"),
                    dbc.Input(
                        id="statistics-bins", type="number", value=64, min=8, max=256, step=8, debounce=0.4,
                        style={"width": "96px"},
                    ),
                ],
                className="with-unit",
            ),
            page.switch_pair("statistics-height", [("count", "Pixels"), ("density", "Density")], "count"),
        ],
        className="row-of mb-3",
    )  # fmt: skip


def _graph(found: Sequence[results.Result], bins: int, height: str) -> dcc.Graph:
    edges = results.shared_edges(found, bins)
    data = [result.histogram_over(edges) for result in found]
    if len(data) == 1:
        figure = figures.histogram(data[0], percentiles=found[0].percentiles, density=height == "density")
    else:
        figure = figures.histograms(data, density=height == "density")
    return views.graph(figure, "statistics-histogram", height=420)


@callback(
    Output("statistics-chart", "children"),
    Input("statistics-bins", "value"),
    Input("statistics-height", "value"),
    State("statistics-faces", "data"),
    prevent_initial_call=True,
)
def draw(bins: int | None, height: str, face_ids: list[str]) -> Any:
    """Draw the histogram anew; a number of bins out of range leaves it as it is."""
    library, workspace = current_library(), current_workspace()
    there = [face for face_id in face_ids if (face := library.face(workspace, face_id))]
    if not bins or not there:
        return dash.no_update
    return _graph([results.load(face) for face in there], int(bins), height)


def _table(found: Sequence[results.Result]) -> html.Div:
    columns = ["Measure", *[result.face.name for result in found]]
    rows: list[list[Any]] = [
        [name, *[page.number(result.statistics[key], "mm", 2) for result in found]] for key, name in ROWS
    ]
    rows.append(["Skewness", *[page.number(result.statistics["skewness"], digits=2) for result in found]])
    rows.append(["Pixels of the head", *[page.number(result.statistics["count"], "px", 0) for result in found]])
    for key, name in FACE_ROWS:
        rows.append([name, *[page.number((result.statistics.get("face") or {}).get(key), "mm") for result in found]])
    return page.table(columns, rows, numeric=range(1, len(columns)))


def _note() -> html.P:
    return html.P(
        "Millimetres behind the nose tip, scaled to the assumed interpupillary distance: they compare shapes, they do "
        "not measure the person.",
        className="note",
    )


def _files(result: results.Result) -> html.Div:
    names = ("statistics.csv", "statistics.json", "depth.npy")
    return html.Div([html.H3(result.face.name), views.downloads(result.face.id, result.face.folder, names)])
