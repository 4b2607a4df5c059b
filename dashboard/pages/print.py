"""Print: a solid of a face, its size, its checks, its files."""

from typing import TYPE_CHECKING, Any

import dash
from dash import ALL, Input, Output, State, callback, ctx, dcc, html

import core
from core.errors import OptionError
from core.files import catalog
from core.files.catalog import FILES
from core.options import Printer, SolidOptions
from core.options.presets import preset
from core.options.table import rows
from dashboard.components import doubt, page, printing, uploads, views
from dashboard.components.missing import no_face
from dashboard.components.names import cut_name
from dashboard.components.options import filled_in
from dashboard.library.records import FaceRecord, RunRecord
from dashboard.web.context import current_library, current_workspace
from dashboard.web.prefix import at
from dashboard.words import say, say_with, titled, word

if TYPE_CHECKING:
    from core.files.facts import SolidFacts

dash.register_page(__name__, path_template="/print/<face_id>", title=titled("Print"), name="Print")

SOLID, SURFACE = (
    tuple(file.name for file in FILES.values() if file.subject == subject) for subject in ("solid", "surface")
)
SOLID_GLB = "solid.glb"
POLL_MS = 400
FIELDS = {
    name: (f"print-{name}", "value")
    for name in (
        "kind",
        "size",
        "outline",
        "text",
        "loop",
        "fastening",
        "back",
        "hollow",
        "bed",
        "filament",
        *printing.NUMBERS,
    )
}
OF_SOLID = tuple(name for name in FIELDS if name == "size" or name in rows(SolidOptions))
STALE, RIGHT = "stale", ""


def layout(face_id: str | None = None, **_: Any) -> html.Div:
    """Return the page of a face's solid."""
    face = current_library().face(current_workspace(), face_id or "")
    if face is None:
        return no_face()
    solid = _solid(face)
    made = solid.options if solid else SolidOptions()
    printer = solid.preflight.printer if solid and solid.preflight else Printer(nozzle_mm=made.nozzle_mm)
    link = dcc.Link(cut_name(face.name), href=at(f"/face/{face.id}"))
    lead = say_with("A solid of {face}, ready to slice.", face=link)
    look = printing.looks(made.kind)[0][0]
    coming = _coming(face)
    return html.Div(
        [
            dcc.Store(id="print-face", data=face.id),
            dcc.Store(id="print-run", data=coming.id if coming else None),
            dcc.Store(id="print-made", data=_made(solid)),
            dcc.Interval(id="print-poll", interval=POLL_MS, disabled=coming is None),
            page.head(say("Print"), lead),
            doubt.reasons(face),
            html.Div(
                [
                    html.Div(
                        [
                            html.Div(
                                page.switch_pair("print-look", printing.looks(made.kind), look, look="views"),
                                id="print-looks", hidden=solid is None, role="group",
                                **page.marks(aria_label=say("Look")),
                            ),
                            html.Div(_stage(face, solid, look), id="print-stage"),
                            printing.making(),
                        ],
                        className="sticky-stage",
                    ),
                    printing.form(made, printer),
                ],
                className="split print-split",
            ),
            html.Div(_below(face, solid), id="print-below"),
        ]
    )  # fmt: skip


def _solid(face: FaceRecord) -> "SolidFacts | None":
    """Return what was written of the solid, None where there is none."""
    return core.files.read_facts(face.folder).solid


def _made(solid: "SolidFacts | None") -> dict[str, Any] | None:
    """Return what the solid was made with and checked for, as far as it has an effect."""
    if solid is None:
        return None
    printer = solid.preflight.printer if solid.preflight else Printer(nozzle_mm=solid.options.nozzle_mm)
    return printing.effective(solid.options, printer)


def _coming(face: FaceRecord) -> "RunRecord | None":
    """Return the run that makes the solid which the photo was to have, at once now; None where it is there."""
    is_coming = SOLID_GLB in catalog.coming(face.folder)
    return current_library().hasten(current_workspace(), face.id, "solid") if is_coming else None


def _stage(face: FaceRecord, solid: "SolidFacts | None", look: str) -> Any:
    if SOLID_GLB in catalog.coming(face.folder):
        return page.empty(say("The solid is being made"), say("It is shown here as soon as it is there."))
    if SOLID_GLB not in catalog.present(face.folder):
        return page.empty(say("No solid yet"), say("Choose its kind and size, then make it."))
    address = views.address(face.id, SOLID_GLB, face.folder)
    if solid is not None and look != "plaster":
        address += f"{'&' if '?' in address else '?'}look={look}"
    words = say(f"The solid of {face.name} in 3D")
    shown = views.viewer(address, words, group="print", scaled=say("on the print"), name=face.name)
    size = printing.dimensions(solid) if solid else None
    about = core.files.read_facts(face.folder)
    drawn = None if solid is None or solid.options.kind in printing.LIT else views.drawn_note(about)
    told = printing.legend(look, solid) if solid else None
    guessed = printing.guessed_note(solid) if solid else None
    stage = views.viewing("print", [shown], label=say("The solid in 3D"))
    return [
        html.Div([stage, size, _stale_label()], className="measured"),
        html.P(told, className="note") if told else drawn,
        guessed,
    ]


def _stale_label() -> html.Div:
    """Return what says so, over what is no longer what the form says; the style sheet shows it only then."""
    return html.Div(say("Of the previous settings"), className="stale-label")


def _below(face: FaceRecord, solid: "SolidFacts | None") -> list[Any]:
    files = page.section(
        say("Files"),
        html.Div(
            [
                html.Div(
                    [
                        html.H3(say("The solid, to print")),
                        html.Div(views.downloads(face.id, face.folder, SOLID), className="if-right"),
                        html.P(
                            say("These are of the previous settings. Make the solid first."), className="note if-stale"
                        ),
                    ]
                ),
                html.Div(
                    [
                        html.H3(say("The surface, to look at and to work on")),
                        views.downloads(face.id, face.folder, SURFACE),
                    ]
                ),
            ],
            className="columns",
        ),
    )
    if solid is None or solid.preflight is None:
        return [files]
    found = html.Div(
        [_stale_label(), html.Div([printing.checks(solid.preflight), printing.takes(solid.preflight)])],
        className="findings",
    )
    return [found, files]


@callback(
    Output({"kind": "print-field", "name": ALL}, "hidden"),
    Output("print-about", "children"),
    Input("print-kind", "value"),
    Input("print-size", "value"),
    Input("print-fastening", "value"),
    Input("print-outline", "value"),
    Input("print-back", "value"),
    Input("print-hollow", "value"),
    Input("print-text", "value"),
    State({"kind": "print-field", "name": ALL}, "id"),
    prevent_initial_call=True,
)
def show(
    kind: str, size: str, fastening: str, outline: str, back: str, hollow: bool, text: str | None,
    ids: list[dict[str, str]],
) -> Any:  # fmt: skip
    """Show the fields that have an effect."""
    names = printing.applying(kind, size, fastening, outline, back, hollow=hollow, text=text or "")
    return [key["name"] not in names for key in ids], say(printing.ABOUT[kind])


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
    if problems(values):
        return dash.no_update, dash.no_update, None  # it is said at the field
    solid, printer = asked(values)
    options, checked_for = SolidOptions.from_dict(solid), Printer.from_dict(printer)
    run = current_library().start_solid(current_workspace(), face_id, options, checked_for)
    return run.id, False, dash.no_update


@callback(
    output=[Output(*FIELDS[name]) for name in OF_SOLID if name not in ("nozzle_mm", "max_triangles")],
    inputs=[Input({"kind": "print-preset", "name": ALL}, "n_clicks")],
    prevent_initial_call=True,
)
def fill_in(_clicks: list[int | None]) -> Any:
    """Fill the form in with the choices of a purpose."""
    if not ctx.triggered_id or not ctx.triggered[0]["value"]:
        return [dash.no_update] * len(ctx.outputs_list)
    values = printing.fields_of(preset(ctx.triggered_id["name"]).options)
    return [values[name] for name in OF_SOLID if name not in ("nozzle_mm", "max_triangles")]


@callback(
    output=[
        Output("print-stage", "className"),
        Output("print-below", "className"),
        Output("print-actions", "children"),
        Output("print-make", "hidden"),
        Output({"kind": "print-error", "name": ALL}, "children"),
    ],
    inputs=[Input("print-made", "data"), {name: Input(*place) for name, place in FIELDS.items()}],
    state=[State({"kind": "print-error", "name": ALL}, "id"), State("print-face", "data")],
)
def judge(made: dict[str, Any] | None, values: dict[str, Any], ids: list[dict[str, str]], face_id: str) -> Any:
    """Say at each field what is wrong; offer the solid's files where it is what the form says, else its making."""
    wrong = problems(values)
    said = [say(wrong[key["name"]]) if key["name"] in wrong else None for key in ids]
    face = current_library().face(current_workspace(), face_id)
    solid = _solid(face) if face else None
    if face is None or solid is None:
        return RIGHT, RIGHT, None, False, said
    right = not wrong and _meant(values) == made == _made(solid)
    look = RIGHT if right else STALE
    offered = printing.actions(face.id, solid, catalog.present(face.folder)) if right else None
    return look, look, offered, right, said


def _meant(values: dict[str, Any]) -> dict[str, Any]:
    """Return what of a form without a problem has an effect, as `_made` has it."""
    solid, printer = asked(values)
    return printing.effective(SolidOptions.from_dict(solid), Printer.from_dict(printer))


def problems(values: dict[str, Any]) -> dict[str, str]:
    """Return what is wrong with a filled-in form: the sentence for each option, by name."""
    found = {}
    for name in printing.NUMBERS:
        if name in _applying(values):
            try:
                filled_in(printing.OPTIONS[name], values[name])
            except OptionError as error:
                found[name] = str(error)
    if not found:
        solid, printer = asked(values)
        for table, chosen in ((SolidOptions, solid), (Printer, printer)):
            try:
                table.from_dict(chosen)
            except OptionError as error:
                found[error.option or "width_mm"] = str(error)
    return found


def _applying(values: dict[str, Any]) -> set[str]:
    return printing.applying(
        values["kind"], values["size"], values["fastening"], values["outline"], values["back"],
        hollow=bool(values["hollow"]), text=(values["text"] or "").strip(),
    )  # fmt: skip


def asked(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options of the solid and those of the printer that a filled-in form means.

    Raises
    ------
    OptionError
        A field that has an effect is empty, which is what a browser makes of a number out of its range.
    """
    names = _applying(values)
    found: dict[str, Any] = {
        "kind": values["kind"], "life_size": values["size"] == "life", "outline": values["outline"],
        "text": (values["text"] or "").strip(), "loop": bool(values["loop"]), "fastening": values["fastening"],
        "back": values["back"], "hollow": bool(values["hollow"]),
        "bed_mm": [float(side) for side in values["bed"].split("x")], "filament": values["filament"],
    }  # fmt: skip
    for name in printing.NUMBERS:
        if name in names:
            found[name] = filled_in(printing.OPTIONS[name], values[name])
    known = {name: value for name, value in found.items() if name in names}
    solid = {name: value for name, value in known.items() if name in rows(SolidOptions)}
    return solid, {name: value for name, value in known.items() if name in rows(Printer)}


@callback(
    Output("print-stage", "children"),
    Output("print-look", "options"),
    Output("print-look", "value"),
    Output("print-looks", "hidden"),
    Input("print-look", "value"),
    Input("print-made", "data"),
    State("print-face", "data"),
    prevent_initial_call=True,
)
def draw(look: str, _made: dict[str, Any] | None, face_id: str) -> Any:
    """Show the solid in the look that was chosen; a new lithophane lit, whatever is none never so."""
    face = current_library().face(current_workspace(), face_id)
    solid = _solid(face) if face else None
    if face is None or solid is None:
        return dash.no_update, dash.no_update, dash.no_update, True
    choices = printing.looks(solid.options.kind)
    if ctx.triggered_id == "print-made" and look in ("plaster", "lit"):
        look = choices[0][0]
    options = [{"label": words, "value": name} for name, words in choices]
    return _stage(face, solid, look), options, look, False


@callback(
    Output("print-progress", "children", allow_duplicate=True),
    Output("print-made", "data"),
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
        work = html.Div([html.Div(say(run.stage), className="run-stage"), uploads.bar(run)])
        return work, dash.no_update, dash.no_update, False, False
    if run.state == "done":
        took = say(f"Made in {run.seconds:.1f} s." if run.seconds else "Made.")
        solid = _solid(face)
        return html.P(took, className="soft"), _made(solid), _below(face, solid), True, True
    why = say(run.error or word("Cancelled. The solid is as it was."))
    said = html.P(why, className="run-error" if run.error else "soft")
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
