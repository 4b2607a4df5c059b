"""Face: everything about one."""

from typing import Any

import dash
from dash import Input, Output, State, callback, dcc, html

from dashboard import figures, results, scenes
from dashboard.components import assumptions, page, uploads, views
from dashboard.components.missing import no_face
from dashboard.context import current_library, current_workspace
from dashboard.records import FaceRecord

dash.register_page(__name__, path_template="/face/<face_id>", title="Face – Lifemask", name="Face")  # noqa: RUF001

VIEWS = (
    ("model", "Textured model"),
    ("mesh", "Plaster mesh"),
    ("photo-mesh", "Coloured mesh"),
    ("cloud", "Point cloud"),
)


def layout(face_id: str | None = None, **_: Any) -> html.Div:
    """Return the page of a face of this workspace."""
    face = current_library().face(current_workspace(), face_id or "")
    if face is None:
        return no_face()
    result = results.load(face)
    return html.Div(
        [
            dcc.Store(id="face-id", data=face.id),
            page.head(face.name, _lead(result), _actions(face)),
            html.Div([_space(face), _about(result)], className="split"),
            _depth(result),
            _numbers(result),
            page.section("Files", views.downloads(face.id, face.folder)),
            page.ask(
                "face-delete",
                "Delete this face?",
                "Its depth, meshes and numbers go, and the photo with its last face. This cannot be undone.",
                "Delete",
            ),
            dcc.Location(id="face-goto", refresh="callback-nav"),
        ]
    )


def _lead(result: results.Result) -> str:
    network, ipd = uploads.title(result.about["network"]["name"]), result.about["ipd_mm"]
    scale = f"the assumed interpupillary distance of {ipd:g} mm" if ipd else "an assumed range of distances"
    return f"{network}, scaled to {scale}."


def _actions(face: FaceRecord) -> list[Any]:
    return [
        page.link_button("Print", f"/print/{face.id}", primary=True),
        page.link_button("Compare", f"/compare?faces={face.id}"),
        page.link_button("Statistics", f"/statistics?faces={face.id}"),
        page.button("Delete", "face-delete-open", "danger-quiet", sign="trash", small=False),
    ]


def _space(face: FaceRecord) -> html.Div:
    switch = page.switch_pair("face-view", VIEWS, "model", look="views")
    return html.Div([switch, html.Div(_model(face), id="face-stage", className="stage")])


def _model(face: FaceRecord) -> html.Div:
    return views.viewer(
        views.address(face.id, "mesh.glb", face.folder),
        f"{face.name} in 3D; drag to turn",
        poster=views.address(face.id, "relief_preview.png", face.folder),
    )


@callback(
    Output("face-stage", "children"),
    Input("face-view", "value"),
    State("face-id", "data"),
    prevent_initial_call=True,
)
def show(view: str, face_id: str) -> Any:
    """Fill the stage; the heavy figures are made when they are asked for."""
    face = current_library().face(current_workspace(), face_id)
    if face is None:
        return dash.no_update
    if view == "model":
        return _model(face)
    changed = (face.folder / "reconstruction.json").stat().st_mtime_ns
    if view == "cloud":
        return views.graph(scenes.cloud(*results.points(face.folder, changed)), "face-scene", height="100%")
    vertices, triangles, colours = results.surface(face.folder, changed)
    if len(triangles) > scenes.MAX_TRIANGLES:
        return html.P(
            f"This surface has {len(triangles):,} triangles, too many to turn here. The textured model shows it whole.",
            className="note p-3",
        )
    figure = scenes.mesh(vertices, triangles, colours if view == "photo-mesh" else None)
    return views.graph(figure, "face-scene", height="100%")


def _about(result: results.Result) -> html.Div:
    return html.Div(
        [
            html.H2("What this rests on"),
            html.P(
                "A photo has no scale. These are the assumptions behind every millimetre here.", className="note mb-2"
            ),
            assumptions.panel(result.about),
        ]
    )


def _depth(result: results.Result) -> html.Section:
    face = result.face
    height, width = result.behind_mm.shape
    return page.section(
        "Depth",
        html.Div(
            [
                views.picture(
                    views.address(face.id, "crop.png", face.folder),
                    f"Photo of {face.name}, cropped and levelled",
                    f"The photo, levelled by the eyes and cropped: {width} x {height} pixels.",
                ),
                html.Figure(
                    [
                        html.Div(
                            views.graph(figures.depth_map(result.behind_mm), "face-depth", height="100%", still=True),
                            className="depth-map",
                        ),
                        html.Figcaption("Depth on the same grid. Point at it for the value; near is bright."),
                    ]
                ),
            ],
            className="pair",
        ),
    )


def _numbers(result: results.Result) -> html.Section:
    stats = result.statistics
    figure = figures.histogram(result.histogram(), percentiles=result.percentiles)
    measures = stats.get("face") or {}
    numbers = [
        ("median", stats["median"]),
        ("mean", stats["mean"]),
        ("standard deviation", stats["std"]),
        ("5 to 95 percent", stats["p95"] - stats["p5"]),
        ("nose before the eyes", measures.get("nose_protrusion_mm")),
        ("face width", measures.get("width_mm")),
        ("face height", measures.get("height_mm")),
    ]
    return page.section(
        "How deep it is",
        html.Div(
            [page.big_number(label, value, "mm") for label, value in numbers if value is not None],
            className="numbers mb-4",
        ),
        views.graph(figure, "face-histogram", height=320, still=True),
        html.P(
            f"{result.values.size:,} pixels of the head, in millimetres behind the nose tip.",
            className="note",
        ),
        aside=dcc.Link("All numbers", href=f"/statistics?faces={result.face.id}"),
    )


@callback(
    Output("face-delete", "is_open"),
    Input("face-delete-open", "n_clicks"),
    Input("face-delete-no", "n_clicks"),
    prevent_initial_call=True,
)
def ask(_open: int | None, _no: int | None) -> bool:
    """Ask before deleting."""
    return dash.ctx.triggered_id == "face-delete-open" and bool(_open)


@callback(
    Output("face-goto", "href"),
    Input("face-delete-yes", "n_clicks"),
    State("face-id", "data"),
    prevent_initial_call=True,
)
def delete(clicks: int | None, face_id: str) -> Any:
    """Delete the face and go to the Library."""
    if not clicks:
        return dash.no_update
    current_library().delete_face(current_workspace(), face_id)
    return "/library"
