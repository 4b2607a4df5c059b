"""Print: a solid of a face, its size, its checks, its files."""

import json
from typing import TYPE_CHECKING, Any

import dash
from dash import Input, Output, State, callback, dcc, html

from dashboard.components import page, uploads, views
from dashboard.components.missing import no_face
from dashboard.context import current_library, current_workspace
from dashboard.records import FaceRecord

if TYPE_CHECKING:
    from core.solid import SolidOptions

# ruff: noqa: PLC0415 - core.solid brings scipy, which need not delay the first page

dash.register_page(__name__, path_template="/print/<face_id>", title="Print – Lifemask", name="Print")  # noqa: RUF001

FILES = ("mesh.stl", "solid.glb", "mesh.zip", "mesh.ply", "mesh.glb")
POLL_MS = 500


def layout(face_id: str | None = None, **_: Any) -> html.Div:
    """Return the page of a face's solid."""
    from core.solid import SolidOptions

    face = current_library().face(current_workspace(), face_id or "")
    if face is None:
        return no_face()
    solid = _solid(face)
    made = SolidOptions.from_dict((solid or {}).get("options") or {})
    return html.Div(
        [
            dcc.Store(id="print-face", data=face.id),
            dcc.Store(id="print-run"),
            dcc.Interval(id="print-poll", interval=POLL_MS, disabled=True),
            page.head(
                "Print",
                [
                    "A relief plaque of ",
                    dcc.Link(face.name, href=f"/face/{face.id}"),
                    ", flat at the back, ready to slice.",
                ],
            ),
            html.Div([html.Div(_stage(face), id="print-stage"), _form(made)], className="split"),
            html.Div(_below(face, solid), id="print-below"),
        ]
    )


def _solid(face: FaceRecord) -> dict[str, Any] | None:
    own = face.folder / "solid.json"
    if own.is_file():
        return dict(json.loads(own.read_text()))
    about = json.loads((face.folder / "reconstruction.json").read_text())
    return about.get("solid") or None


def _stage(face: FaceRecord) -> html.Div:
    if not (face.folder / "solid.glb").is_file():
        return page.empty("No solid yet", "Choose its size beside, then make it.")
    return html.Div(
        views.viewer(
            views.address(face.id, "solid.glb", face.folder), f"The solid of {face.name}; drag to turn", plaster=True
        ),
        className="stage",
    )


def _form(made: "SolidOptions") -> html.Form:
    fields = [
        page.number_field("print-width", "Width", made.width_mm, unit="mm", low=20, high=400, step=1),
        page.number_field(
            "print-relief", "Relief", round(100 * made.relief_share), unit="% of true depth", low=5, high=150, step=5,
            hint="100 % is the depth as reconstructed; plaques and coins take less.",
        ),
        page.number_field("print-base", "Base", made.base_mm, unit="mm", low=0.4, high=50, step=0.2),
        page.number_field("print-border", "Border", made.border_mm, unit="mm", low=0, high=50, step=0.5),
        page.number_field(
            "print-triangles", "Most triangles", made.max_triangles, unit="triangles", low=1_000, high=500_000,
            step=1_000,
        ),
    ]  # fmt: skip
    return html.Form(
        [
            html.H2("The solid"),
            *fields,
            html.Div(
                [
                    page.button("Make the solid", "print-make", "primary", sign="cube", small=False),
                    page.button("Cancel", "print-cancel", "plain", small=False, disabled=True),
                ],
                className="row-of",
            ),
            html.Div(id="print-progress", role="status"),
        ],
        className="d-grid gap-3",
        id="print-form",
    )


def _below(face: FaceRecord, solid: dict[str, Any] | None) -> list[Any]:
    files = page.section("Files", views.downloads(face.id, face.folder, FILES))
    if solid is None:
        return [files]
    x, y, z = solid["size_mm"]
    asked = solid["options"]
    size = html.Span([page.number(x, "x "), page.number(y, "x "), page.number(z, "mm")])
    checks = [
        _check(solid["watertight"], "Watertight: no hole and no open edge", None),
        _check(solid["volume"], "Encloses a volume, its outside outwards", page.number(solid["volume_cm3"], "cm³")),
        _check(abs(x - asked["width_mm"]) < 0.1, "As wide as asked", size),
        _check(
            solid["triangles"] <= asked["max_triangles"],
            "No more triangles than asked",
            page.number(solid["triangles"], "", 0),
        ),
    ]
    return [
        page.section("Checks", html.Ul(checks, className="checks"), html.P(_about(solid), className="note")),
        files,
    ]


def _about(solid: dict[str, Any]) -> str:
    grams = solid["volume_cm3"] * 1.24
    return (
        f"Checked on the STL as read back. Solid through and through, it would weigh about {grams:.0f} g in PLA "
        "(1.24 g/cm³); with infill, less."
    )


def _check(is_met: bool, text: str, value: Any) -> html.Li:
    sign = html.Span(page.icon("check" if is_met else "cross"), className="ok" if is_met else "not-ok")
    return html.Li([sign, html.Span(text), html.Span(value)])


@callback(
    output=[Output("print-run", "data"), Output("print-poll", "disabled")],
    inputs=[Input("print-make", "n_clicks")],
    state=[
        State("print-face", "data"),
        {
            "width_mm": State("print-width", "value"),
            "relief_share": State("print-relief", "value"),
            "base_mm": State("print-base", "value"),
            "border_mm": State("print-border", "value"),
            "max_triangles": State("print-triangles", "value"),
        },
    ],
    prevent_initial_call=True,
)
def make(clicks: int | None, face_id: str, fields: dict[str, float | None]) -> Any:
    """Start the making; a field out of its range arrives empty and takes its default."""
    from core.solid import SolidOptions

    if not clicks:
        return dash.no_update, dash.no_update
    asked = {name: value for name, value in fields.items() if value is not None}
    if "relief_share" in asked:
        asked["relief_share"] /= 100
    options = SolidOptions.from_dict(asked)
    return current_library().start_solid(current_workspace(), face_id, options).id, False


@callback(
    Output("print-progress", "children"),
    Output("print-stage", "children"),
    Output("print-below", "children"),
    Output("print-poll", "disabled", allow_duplicate=True),
    Output("print-make", "disabled"),
    Output("print-cancel", "disabled"),
    Input("print-poll", "n_intervals"),
    Input("print-run", "data"),
    State("print-face", "data"),
    prevent_initial_call=True,
)
def follow(_beat: int | None, run_id: str | None, face_id: str) -> Any:
    """Show how far it is; when it is done, the new solid."""
    library, workspace = current_library(), current_workspace()
    runs = library.runs(workspace, [run_id]) if run_id else []
    face = library.face(workspace, face_id)
    if not runs or face is None:
        return None, dash.no_update, dash.no_update, True, False, True
    run = runs[0]
    if not run.is_over:
        work = html.Div([html.Div(run.stage, className="run-stage"), uploads.bar(run)])
        return work, dash.no_update, dash.no_update, False, True, False
    if run.state == "done":
        took = f"Made in {run.seconds:.1f} s." if run.seconds else "Made."
        return html.P(took, className="soft"), _stage(face), _below(face, _solid(face)), True, False, True
    said = html.P(run.error or "Cancelled. The solid is as it was.", className="run-error" if run.error else "soft")
    return said, dash.no_update, dash.no_update, True, False, True


@callback(
    Output("print-progress", "children", allow_duplicate=True),
    Input("print-cancel", "n_clicks"),
    State("print-run", "data"),
    prevent_initial_call=True,
)
def cancel(clicks: int | None, run_id: str | None) -> Any:
    """Stop the making."""
    if clicks and run_id:
        current_library().cancel(current_workspace(), run_id)
    return dash.no_update
