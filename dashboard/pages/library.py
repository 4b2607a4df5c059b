"""Library: what was made, to open, choose, compare and delete."""

from collections.abc import Sequence
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import ALL, Input, Output, State, callback, ctx, dcc, html

from dashboard.components import faces, page
from dashboard.components.missing import no_faces
from dashboard.library import deletion
from dashboard.library.records import FaceRecord
from dashboard.web.context import current_library, current_workspace

dash.register_page(__name__, path="/library", title="Library – Lifemask", name="Library")  # noqa: RUF001

MOST = 8
EXPORTS = (
    ("To print: STL and 3MF", ("solid.stl", "solid.3mf")),
    ("Meshes and clouds", ("mesh.glb", "mesh.zip", "mesh.ply", "mesh.stl", "cloud.ply")),
    ("Depth maps", ("depth.png", "depth.npy", "inverse_depth.npy", "crop.png", "reconstruction.json")),
    ("Numbers: CSV and JSON", ("statistics.csv", "statistics.json", "reconstruction.json", "solid.json")),
    ("All files", ()),
)


def layout(**_: Any) -> html.Div:
    """Return all faces of this workspace."""
    found = current_library().faces(current_workspace())
    if not found:
        return html.Div(
            [
                *_following(found),
                page.head("Library"),
                no_faces("Nothing here yet", "Every face that you make is kept here until you delete it."),
            ]
        )
    return html.Div(
        [
            *_following(found),
            page.head("Library", _count(found), [_search()]),
            html.Div(_bar(), className="row-of mb-4"),
            html.Div([faces.thumb(face, False) for face in found], id="library-faces", className="thumbs"),
            page.ask("library-delete", "Delete the chosen faces?", "This cannot be undone.", "Delete"),
            page.ask(
                "library-delete-all",
                "Delete everything?",
                "All photos, faces and their files in this browser's library go. This cannot be undone.",
                "Delete everything",
            ),
        ]
    )


def _following(found: Sequence[FaceRecord]) -> list[Any]:
    """What `follow` compares with, and where it goes."""
    return [
        dcc.Store(id="library-shown", data=[face.id for face in found]),
        dcc.Location(id="library-goto", refresh="callback-nav"),
    ]


def _count(found: Sequence[FaceRecord]) -> str:
    photos = len({face.photo_id for face in found})
    return f"{len(found)} face{'s' * (len(found) != 1)} from {photos} photo{'s' * (photos != 1)}, newest first."


def _search() -> html.Div:
    return html.Div(
        [
            html.Label("Find by name", htmlFor="library-search", className="visually-hidden"),
            dbc.Input(id="library-search", type="search", placeholder="Find by name", debounce=0.2),
        ],
        className="grows",
    )


def _bar() -> list[Any]:
    return [
        page.button("Compare", "library-compare", disabled=True),
        page.button("Statistics", "library-statistics", disabled=True),
        dbc.DropdownMenu(
            id="library-export",
            label=[page.icon("download"), "Export"],
            disabled=True,
            toggleClassName="btn-quiet btn-sm",
        ),
        page.button("Delete", "library-delete-open", "danger-quiet", sign="trash", disabled=True),
        html.Span("Choose faces to compare, export or delete them.", id="library-chosen", className="soft small"),
        page.button("Delete everything", "library-delete-all-open", "danger-quiet ms-auto"),
    ]


@callback(
    Output("library-faces", "children"),
    Input("library-search", "value"),
    State({"kind": "library-choose", "face": ALL}, "value"),
    State({"kind": "library-choose", "face": ALL}, "id"),
    prevent_initial_call=True,
)
def search(text: str | None, values: list[bool], ids: list[dict[str, str]]) -> Any:
    """Show the faces whose name holds the text."""
    chosen = _chosen(values, ids)
    found = current_library().faces(current_workspace())
    kept = [face for face in found if (text or "").lower() in face.name.lower()]
    if not kept:
        return html.P(f"No face is called '{text}'.", className="soft")
    return [faces.thumb(face, face.id in chosen) for face in kept]


@callback(
    Output("library-compare", "disabled"),
    Output("library-statistics", "disabled"),
    Output("library-delete-open", "disabled"),
    Output("library-chosen", "children"),
    Output("library-export", "disabled"),
    Output("library-export", "children"),
    Input({"kind": "library-choose", "face": ALL}, "value"),
    State({"kind": "library-choose", "face": ALL}, "id"),
    prevent_initial_call=True,
)
def choose(values: list[bool], ids: list[dict[str, str]]) -> Any:
    """Offer what can be done with so many."""
    chosen = _chosen(values, ids)
    count = len(chosen)
    text = f"{count} chosen" if count else "Choose faces to compare, export or delete them."
    if count > MOST:
        text += f"; at most {MOST} compare at a time"
    return not 2 <= count <= MOST, not 1 <= count <= MOST, count == 0, text, count == 0, _exports(chosen)


def _exports(chosen: Sequence[str]) -> list[Any]:
    """Return links to a zip of the chosen faces, one for each choice of files."""
    address = f"/api/faces.zip?ids={','.join(chosen)}"
    return [
        dbc.DropdownMenuItem(title, href=address + (f"&files={','.join(names)}" if names else ""), external_link=True)
        for title, names in EXPORTS
    ]


@callback(
    Output("library-goto", "href"),
    Input("library-compare", "n_clicks"),
    Input("library-statistics", "n_clicks"),
    Input("library-delete-yes", "n_clicks"),
    Input("library-delete-all-yes", "n_clicks"),
    State({"kind": "library-choose", "face": ALL}, "value"),
    State({"kind": "library-choose", "face": ALL}, "id"),
    prevent_initial_call=True,
)
def act(*arguments: Any) -> Any:
    """Go on with the chosen faces, or delete."""
    *_, values, ids = arguments
    if not ctx.triggered[0]["value"]:
        return dash.no_update
    library, workspace, chosen = current_library(), current_workspace(), _chosen(values, ids)
    if ctx.triggered_id == "library-delete-all-yes":
        deletion.delete_all(library, workspace)
    elif ctx.triggered_id == "library-delete-yes":
        for face_id in chosen:
            deletion.delete_face(library, workspace, face_id)
    else:
        name = "compare" if ctx.triggered_id == "library-compare" else "statistics"
        return f"/{name}?faces={','.join(chosen)}"
    return f"/library?{ctx.triggered[0]['value']}"  # a new address renders the page anew


def _chosen(values: Sequence[bool], ids: Sequence[dict[str, str]]) -> list[str]:
    return [key["face"] for value, key in zip(values, ids, strict=True) if value]


@callback(
    Output("library-delete", "is_open"),
    Input("library-delete-open", "n_clicks"),
    Input("library-delete-no", "n_clicks"),
    Input("library-delete-yes", "n_clicks"),
    prevent_initial_call=True,
)
def ask(*_: Any) -> bool:
    """Ask before the chosen faces go."""
    return bool(ctx.triggered_id == "library-delete-open")


@callback(
    Output("library-delete-all", "is_open"),
    Input("library-delete-all-open", "n_clicks"),
    Input("library-delete-all-no", "n_clicks"),
    Input("library-delete-all-yes", "n_clicks"),
    prevent_initial_call=True,
)
def ask_all(*_: Any) -> bool:
    """Ask before everything goes."""
    return bool(ctx.triggered_id == "library-delete-all-open")


@callback(
    Output("library-goto", "href", allow_duplicate=True),
    Input("workspace-version", "data"),
    State("library-shown", "data"),
    State({"kind": "library-choose", "face": ALL}, "value"),
    prevent_initial_call=True,
)
def follow(version: str | None, shown: list[str], chosen: list[bool]) -> Any:
    """Show what came or went in another tab; not while somebody has chosen faces here."""
    here = [face.id for face in current_library().faces(current_workspace())]
    return dash.no_update if here == shown or any(chosen) else f"/library?{version}"
