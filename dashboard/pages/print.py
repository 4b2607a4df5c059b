"""Print: a solid of a face, its size, its checks, its files."""

from typing import TYPE_CHECKING, Any

import dash
from dash import ALL, Input, Output, State, callback, ctx, dcc, html

import core
from core.errors import OptionError
from core.files.catalog import FILES
from core.options import Printer, SolidOptions
from core.options.table import rows
from dashboard.components import page, printing, uploads, views
from dashboard.components.missing import no_face
from dashboard.components.options import filled_in
from dashboard.library.records import FaceRecord
from dashboard.web.context import current_library, current_workspace

if TYPE_CHECKING:
    from core.files.facts import SolidFacts

dash.register_page(__name__, path_template="/print/<face_id>", title="Print – Lifemask", name="Print")  # noqa: RUF001

SOLID, SURFACE = (
    tuple(file.name for file in FILES.values() if file.subject == subject) for subject in ("solid", "surface")
)
POLL_MS = 400
FIELDS = {
    "kind": ("print-kind", "value"),
    "size": ("print-size", "value"),
    "fastening": ("print-fastening", "value"),
    "hollow": ("print-hollow", "value"),
    "bed": ("print-bed", "value"),
    "filament": ("print-filament", "value"),
    **{name: (f"print-{name}", "value") for name in printing.NUMBERS},
}


def layout(face_id: str | None = None, **_: Any) -> html.Div:
    """Return the page of a face's solid."""
    face = current_library().face(current_workspace(), face_id or "")
    if face is None:
        return no_face()
    solid = _solid(face)
    made = solid.options if solid else SolidOptions()
    printer = solid.preflight.printer if solid and solid.preflight else Printer(nozzle_mm=made.nozzle_mm)
    lead = ["A solid of ", dcc.Link(face.name, href=f"/face/{face.id}"), ", ready to slice."]
    return html.Div(
        [
            dcc.Store(id="print-face", data=face.id),
            dcc.Store(id="print-run"),
            dcc.Interval(id="print-poll", interval=POLL_MS, disabled=True),
            page.head("Print", lead),
            html.Div(
                [
                    html.Div(_stage(face, solid), id="print-stage", className="sticky-stage"),
                    printing.form(made, printer),
                ],
                className="split print-split",
            ),
            html.Div(_below(face, solid), id="print-below"),
        ]
    )


def _solid(face: FaceRecord) -> "SolidFacts | None":
    """Return what was written of the solid, None where there is none."""
    return core.files.read_facts(face.folder).solid


def _stage(face: FaceRecord, solid: "SolidFacts | None") -> Any:
    if not (face.folder / "solid.glb").is_file():
        return page.empty("No solid yet", "Choose its kind and size, then make it.")
    shown = views.viewer(
        views.address(face.id, "solid.glb", face.folder),
        f"The solid of {face.name} in 3D",
        group="print",
        scaled="on the print",
        name=face.name,
    )
    size = printing.dimensions(solid) if solid else None
    about = core.files.read_facts(face.folder)
    drawn = None if solid is None or solid.options.kind == "lithophane" else views.drawn_note(about)
    stage = views.viewing("print", [shown], label="The solid in 3D")
    return [html.Div([stage, size], className="measured"), drawn]


def _below(face: FaceRecord, solid: "SolidFacts | None") -> list[Any]:
    files = page.section(
        "Files",
        html.Div(
            [
                html.Div([html.H3("The solid, to print"), views.downloads(face.id, face.folder, SOLID)]),
                html.Div(
                    [html.H3("The surface, to look at and to work on"), views.downloads(face.id, face.folder, SURFACE)]
                ),
            ],
            className="columns",
        ),
    )
    if solid is None or solid.preflight is None:
        return [files]
    return [printing.checks(solid.preflight), printing.takes(solid.preflight), files]


@callback(
    Output({"kind": "print-field", "name": ALL}, "hidden"),
    Output("print-about", "children"),
    Input("print-kind", "value"),
    Input("print-size", "value"),
    Input("print-fastening", "value"),
    Input("print-hollow", "value"),
    State({"kind": "print-field", "name": ALL}, "id"),
    prevent_initial_call=True,
)
def show(kind: str, size: str, fastening: str, hollow: bool, ids: list[dict[str, str]]) -> Any:
    """Show the fields that have an effect."""
    names = printing.applying(kind, size, fastening, hollow=hollow)
    return [key["name"] not in names for key in ids], printing.ABOUT[kind]


@callback(
    output=[
        Output("print-run", "data"),
        Output("print-poll", "disabled"),
        Output("print-progress", "children"),
    ],
    inputs=[
        Input("print-make", "n_clicks"),
        {name: Input(*place) for name, place in FIELDS.items()},
    ],
    state=[State("print-live", "value"), State("print-face", "data")],
    prevent_initial_call=True,
)
def make(_clicks: int | None, values: dict[str, Any], live: bool, face_id: str) -> Any:
    """Start the making, by the button or by a change; the one that still runs is stopped."""
    if not ctx.triggered or (ctx.triggered_id != "print-make" and not live):
        return dash.no_update, dash.no_update, dash.no_update
    try:
        solid, printer = asked(values)
        options, checked_for = SolidOptions.from_dict(solid), Printer.from_dict(printer)
    except OptionError as error:
        return dash.no_update, dash.no_update, html.P(str(error), className="run-error")
    run = current_library().start_solid(current_workspace(), face_id, options, checked_for)
    return run.id, False, dash.no_update


def asked(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options of the solid and those of the printer that a filled-in form means.

    Raises
    ------
    OptionError
        A field that has an effect is empty, which is what a browser makes of a number out of its range.
    """
    kind, size, fastening = values["kind"], values["size"], values["fastening"]
    names = printing.applying(kind, size, fastening, hollow=bool(values["hollow"]))
    found: dict[str, Any] = {
        "kind": kind, "life_size": size == "life", "fastening": fastening, "hollow": bool(values["hollow"]),
        "bed_mm": [float(side) for side in values["bed"].split("x")], "filament": values["filament"],
    }  # fmt: skip
    for name in printing.NUMBERS:
        if name in names:
            found[name] = filled_in(printing.OPTIONS[name], values[name])
    effective = {name: value for name, value in found.items() if name in names}
    solid = {name: value for name, value in effective.items() if name in rows(SolidOptions)}
    return solid, {name: value for name, value in effective.items() if name in rows(Printer)}


@callback(
    Output("print-progress", "children", allow_duplicate=True),
    Output("print-stage", "children"),
    Output("print-below", "children"),
    Output("print-poll", "disabled", allow_duplicate=True),
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
        return None, dash.no_update, dash.no_update, True, True
    run = runs[0]
    if not run.is_over:
        work = html.Div([html.Div(run.stage, className="run-stage"), uploads.bar(run)])
        return work, dash.no_update, dash.no_update, False, False
    if run.state == "done":
        took = f"Made in {run.seconds:.1f} s." if run.seconds else "Made."
        solid = _solid(face)
        return html.P(took, className="soft"), _stage(face, solid), _below(face, solid), True, True
    said = html.P(run.error or "Cancelled. The solid is as it was.", className="run-error" if run.error else "soft")
    return said, dash.no_update, dash.no_update, True, True


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
