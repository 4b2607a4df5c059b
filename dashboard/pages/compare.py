"""Compare: two to eight faces beside each other, on the same scales."""

from collections.abc import Sequence
from typing import Any

import dash
import dash_ag_grid as dag
from dash import Input, Output, callback, html

from dashboard import figures, results
from dashboard.components import faces, page, views
from dashboard.components.missing import no_faces
from dashboard.context import current_library, current_workspace

dash.register_page(__name__, path="/compare", title="Compare – Lifemask", name="Compare")  # noqa: RUF001

MOST = 8
BINS = 96
COLUMNS = (
    ("median", "median"), ("mean", "mean"), ("std", "standard deviation"), ("p5", "5th percentile"),
    ("p95", "95th percentile"), ("iqr", "interquartile range"), ("range", "range"),
)  # fmt: skip
MEASURES = (("nose_protrusion_mm", "nose before the eyes"), ("width_mm", "face width"), ("height_mm", "face height"))


def layout(faces: str = "", **_: Any) -> html.Div:  # the name of the query's key
    """Return the page for the faces of the address."""
    return _page(faces.split(","))


def _page(wanted: Sequence[str]) -> html.Div:
    all_faces = current_library().faces(current_workspace())
    by_id = {face.id: face for face in all_faces}
    chosen = [face_id for face_id in dict.fromkeys(wanted) if face_id in by_id][:MOST]
    head = page.head("Compare", "Same scale, same light, same view. Choose two to eight faces.", _actions(chosen))
    if not all_faces:
        return html.Div([head, no_faces("Nothing to compare yet", "Two photos make the first comparison.")])
    strip = faces.picker(all_faces, chosen, "/compare", most=MOST)
    if len(chosen) < 2:
        count = "one more face" if chosen else "two faces"
        return html.Div(
            [head, strip, page.empty(f"Choose {count}", "Click the pictures above. The address keeps them.")]
        )
    found = [results.load(by_id[face_id]) for face_id in chosen]
    return html.Div([head, strip, _pictures(found), _curves(found), _table(found)])


def _actions(chosen: Sequence[str]) -> list[Any]:
    return [page.link_button("Statistics of these", f"/statistics?faces={','.join(chosen)}")] if chosen else []


def _pictures(found: Sequence[results.Result]) -> html.Section:
    low, high = figures.depth_range([result.behind_mm for result in found])
    step = 2 if len(found) <= 4 else 3
    sides = [
        html.Div(
            [
                faces.named(result.face, order),
                html.Img(
                    src=views.address(result.face.id, "crop.png", result.face.folder),
                    alt=f"Photo of {result.face.name}",
                ),
                html.Div(
                    views.graph(
                        figures.depth_map(result.behind_mm, range_mm=(low, high), colour_bar=False, step=step),
                        {"kind": "compare-depth", "order": order},
                        height="100%",
                        still=True,
                    ),
                    className="map",
                ),
                views.viewer(
                    views.address(result.face.id, "mesh.glb", result.face.folder),
                    f"{result.face.name} in 3D; drag to turn all",
                    poster=views.address(result.face.id, "relief_preview.png", result.face.folder),
                    group="compare",
                ),
            ],
            className="side",
        )
        for order, result in enumerate(found)
    ]
    scale = html.Div(
        [html.Span(f"{low:.0f} mm"), html.I(), html.Span(f"{high:.0f} mm behind the nose tip")], className="scale"
    )
    return page.section("Side by side", html.Div(sides, className="side-by-side", tabIndex=0), aside=scale)


def _curves(found: Sequence[results.Result]) -> html.Section:
    edges = results.shared_edges(found, BINS)
    lines = [result.profile("midline") for result in found]
    histogram = figures.histograms([result.histogram_over(edges) for result in found])
    charts = [
        html.Div(
            [html.H3("How much of the head lies how deep"), views.graph(histogram, "compare-histogram", height=480)]
        ),
        html.Div(
            [html.H3("Profile along the midline"), views.graph(figures.profiles(lines), "compare-profile", height=480)]
        ),
    ]
    key = html.Div([faces.named(result.face, order) for order, result in enumerate(found)], className="row-of")
    return page.section("Over each other", html.Div(charts, className="charts"), aside=key)


def _table(found: Sequence[results.Result]) -> html.Section:
    names = [*COLUMNS, *MEASURES, ("ipd_mm", "assumed IPD"), ("distance_mm", "distance, from it")]
    rows = []
    for result in found:
        numbers = {**result.statistics, **(result.statistics.get("face") or {}), **_camera(result)}
        rows.append({"face": result.face.name, **{key: _rounded(numbers.get(key)) for key, _ in names}})
    grid = dag.AgGrid(
        id="compare-table",
        rowData=rows,
        columnDefs=[
            {"field": "face", "pinned": "left", "width": 200},
            *[{"field": key, "headerName": f"{name}, mm", "type": "rightAligned", "width": 132} for key, name in names],
        ],
        defaultColDef={"sortable": True, "wrapHeaderText": True, "autoHeaderHeight": True, "resizable": True},
        dashGridOptions={"domLayout": "autoHeight", "suppressDragLeaveHidesColumns": True},
        csvExportParams={"fileName": "lifemask-compare.csv"},
        className="numbers-grid",
        style={"height": None},
    )
    note = html.P("All millimetres are scaled to the assumed interpupillary distance of each face.", className="note")
    csv = page.button("CSV", "compare-csv", sign="download")
    return page.section("Numbers", grid, note, aside=csv)


def _camera(result: results.Result) -> dict[str, Any]:
    return {key: result.about[key] for key in ("ipd_mm", "distance_mm")}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 2)


@callback(Output("compare-table", "exportDataAsCsv"), Input("compare-csv", "n_clicks"), prevent_initial_call=True)
def export(clicks: int | None) -> bool:
    """Save the table as CSV, in the browser."""
    return bool(clicks)
