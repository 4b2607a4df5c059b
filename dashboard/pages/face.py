"""Face: everything about one."""

from typing import Any

import dash
from dash import Input, Output, State, callback, dcc, html

from core.errors import LifemaskError, OptionError
from core.measure.table import COUNT, DEPTHS, LENGTHS, Place, chosen
from core.options import Options
from core.options.run import CHANGEABLE, DRAWN
from core.options.table import rows
from dashboard.charts import figures
from dashboard.components import assumptions, doubt, head, labels, measured_depth, page, undo, uploads, views
from dashboard.components.missing import no_face
from dashboard.components.options import filled_in
from dashboard.library import deletion
from dashboard.library.records import FaceRecord
from dashboard.readings import results
from dashboard.web.context import current_library, current_workspace
from dashboard.web.prefix import at
from dashboard.words import say, titled, word

dash.register_page(__name__, path_template="/face/<face_id>", title=titled("Face"), name="Face")

POLL_MS = 500
BINS = 64
LENSES = ("fov_deg", "focal_mm")  # one of them, or none, says how wide the lens is


def layout(face_id: str | None = None, **_: Any) -> html.Div:
    """Return the page of a face of this workspace."""
    face = current_library().face(current_workspace(), face_id or "")
    if face is None:
        return no_face()
    return html.Div(
        [
            dcc.Store(id="face-id", data=face.id),
            dcc.Store(id="recompute-run"),
            dcc.Interval(id="recompute-poll", interval=POLL_MS, disabled=True),
            *head.stores(),
            html.Div(_body(face), id="face-body"),
            dcc.Location(id="face-goto", refresh="callback-nav"),
        ]
    )


def _body(face: FaceRecord, said: Any = None) -> list[Any]:
    """All that changes when the face is computed anew; then `said` of it."""
    result = results.load(face)
    return [
        page.head(html.Span(face.name, id="face-title"), [_lead(result), " ", doubt.badges(face)], _actions(face)),
        doubt.question(face),
        html.Div(_labels(face), id="face-labels"),
        _glance(result),
        views.drawn_note(result.facts),
        html.Div(head.section(face, result), id="head-section"),
        _about(result, said),
        measured_depth.section(result),
        _detail(result),
        page.section(say("All files"), views.downloads(face.id, face.folder)),
    ]


def _lead(result: results.Result) -> str:
    if result.facts.is_scan and result.facts.is_measured:
        return assumptions.in_words(result.facts)
    return f"{assumptions.in_words(result.facts)} {uploads.title(result.facts.network.name)}."


def _actions(face: FaceRecord) -> list[Any]:
    return [
        views.offer(face),
        page.link_button(say("Print"), f"/print/{face.id}"),
        page.link_button(say("Compare"), f"/compare?faces={face.id}"),
        page.link_button(say("Statistics"), f"/statistics?faces={face.id}"),
        page.link_button(say("Mark"), f"/mark/{face.photo_id}?face={face.id}"),
        page.button(say("Delete"), "face-delete", "danger-quiet", sign="trash", small=False),
    ]


def _labels(face: FaceRecord) -> list[Any]:
    library, workspace = current_library(), current_workspace()
    same = library.faces(workspace, person=face.person) if face.person else []
    return [labels.shown(face, same), labels.form(face, library.persons(workspace))]


def _glance(result: results.Result) -> html.Div:
    """What one came for, together: photo, depth and histogram over surface, points and numbers."""
    name = result.face.name
    pair = [
        views.face_viewer(result, say(f"Surface of {name} in 3D"), group="face"),
        views.face_viewer(result, say(f"Points of {name} in 3D"), group="face", look="cloud", always=True),
    ]
    stage = views.viewing("face", pair, views.LOOKS, label=say("The face in 3D"), id="face-stage")
    return html.Div([*_depth(result), stage, _numbers(result)], className="glance")


def _about(result: results.Result, said: Any) -> html.Div:
    """The assumptions, behind one line; a warning stands before them."""
    facts = result.facts
    return html.Div(
        [
            doubt.reasons(result.face),
            *assumptions.warnings(facts),
            assumptions.panel(facts, is_open=said is not None),
            assumptions.form(facts, is_open=said is not None) if facts.prior else None,
            html.Div(said, id="recompute-progress", role="status"),
        ],
        className="rests-on",
    )


def _detail(result: results.Result) -> html.Section | None:
    """The relief as the network gave it beside what became of it.

    None for a face of an earlier version, and where depth came with the photo, which stands beside the network's.
    """
    face, facts = result.face, result.facts
    if not (face.folder / "plain_preview.png").is_file() or (facts.sensor and facts.sensor.used != "no"):
        return None
    strength, weight = facts.smooth, facts.prior.weight if facts.prior else None
    became = [say(f"Smoothed with strength {strength:g} of 1: edges stay." if strength else "Not smoothed.")]
    if weight is not None:
        percent = f"{100 * weight:.0f}"
        became.append(say(f"Its broad shape is drawn to the face network's by {percent} %."))
    if facts.fine_relief:
        drawn = say(DRAWN)
        became.append(say(f"Fine relief is added with strength {facts.fine_relief:g} of 1: {drawn}."))
    pictures = (
        (
            "plain_preview.png",
            say(f"Relief of {face.name}, before"),
            say("Before."),
            say("As the network gave it, with scale and shift alone."),
        ),
        ("relief_preview.png", say(f"Relief of {face.name}, after"), say("After."), " ".join(became)),
    )
    return page.section(
        say("Detail"),
        html.Div(
            [
                html.Figure(
                    [
                        html.Div(
                            page.lazily(
                                html.Img(
                                    src=views.address(face.id, name, face.folder, width=800),
                                    alt=alt,
                                )
                            ),
                            className="closer",
                        ),
                        html.Figcaption([html.Strong(f"{when} "), text]),
                    ]
                )
                for name, alt, when, text in pictures
            ],
            className="pair even",
        ),
    )


def _depth(result: results.Result) -> list[Any]:
    """Photo, depth map and histogram, beside each other."""
    face, depths = result.face, result.measured.depths("head", "mm")
    height, width = result.behind_mm.shape
    scale, behind = figures.depth_range([result.behind_mm]), result.facts.behind
    count, counted_from = COUNT.text(COUNT.of(depths)), say(behind)
    if result.facts.is_scan:
        picture_of = say(f"Picture of the scan {face.name}")
        taken = say(f"The scan's picture from the front, levelled by the eyes: {width} x {height} pixels.")
    else:
        picture_of = say(f"Photo of {face.name}")
        taken = say(
            f"The photo, levelled by the eyes: {width} x {height} pixels."
            if result.facts.face
            else f"The whole photo, on {width} x {height} pixels."
        )
    # a background that was kept is shown, too, on the head's scale
    depth = figures.depth_map(result.measured.with_background_mm, range_mm=scale, behind=behind)
    histogram = figures.histogram(
        result.histogram(BINS), percentiles=depths.percentiles, colours="cividis", range_=scale, behind=behind
    )
    return [
        views.picture(
            views.address(face.id, "crop.png", face.folder, width=800),
            picture_of,
            taken,
        ),
        html.Figure(
            [
                html.Div(views.graph(depth, "face-depth", height="100%", still=True), className="depth-map"),
                html.Figcaption(say("Depth: near is bright. Point at it for the value.")),
            ]
        ),
        html.Figure(
            [
                html.Div(views.graph(histogram, "face-histogram", height="100%", still=True), className="depth-map"),
                html.Figcaption(
                    say(
                        f"{count} pixels of the head, in millimetres {counted_from}."
                        if result.facts.face
                        else f"{count} pixels of the picture, in millimetres {counted_from}."
                    )
                ),
            ]
        ),
    ]


def _numbers(result: results.Result) -> html.Div:
    depths, measures = result.measured.depths("head", "mm"), result.measured.measures
    numbers = [page.big_number(one, one.measure(depths)) for one in chosen(DEPTHS, Place.FACE)]
    if measures is not None:
        known = [(one, getattr(measures, one.key)) for one in chosen(LENGTHS, Place.FACE)]
        numbers += [page.big_number(one, value) for one, value in known if value is not None]
    withheld = result.measured.withheld if measures is not None else None
    return html.Div(
        [
            html.Div(numbers, className="numbers"),
            html.P(say(withheld), className="note") if withheld else None,
            dcc.Link(say("All numbers"), href=at(f"/statistics?faces={result.face.id}")),
        ],
        className="glance-numbers",
    )


@callback(
    Output("recompute-fov_deg-row", "style"),
    Output("recompute-focal_mm-row", "style"),
    Input("recompute-lens", "value"),
)
def lens(value: str) -> Any:
    """Show the field that the choice is about."""
    hidden = {"display": "none"}
    return (None if value == "fov_deg" else hidden), (None if value == "focal_mm" else hidden)


@callback(
    output=[
        Output("recompute-run", "data"),
        Output("recompute-poll", "disabled"),
        Output("recompute-progress", "children", allow_duplicate=True),
    ],
    inputs=[Input("recompute-start", "n_clicks")],
    state=[
        State("face-id", "data"),
        State("recompute-lens", "value"),
        {name: State(f"recompute-{name}", "value") for name in CHANGEABLE},
    ],
    prevent_initial_call=True,
)
def start(clicks: int | None, face_id: str, of_lens: str, fields: dict[str, Any]) -> Any:
    """Start the computing, or say which field is empty."""
    if not clicks:
        return dash.no_update, dash.no_update, dash.no_update
    try:
        changes = {
            name: None if name in LENSES and name != of_lens else filled_in(rows(Options)[name], value)
            for name, value in fields.items()
        }
        return current_library().start_recompute(current_workspace(), face_id, changes).id, False, dash.no_update
    except OptionError as error:
        return dash.no_update, dash.no_update, html.P(say(str(error)), className="run-error")


@callback(
    Output("recompute-progress", "children"),
    Output("face-body", "children"),
    Output("recompute-poll", "disabled", allow_duplicate=True),
    Output("recompute-start", "disabled"),
    Output("recompute-cancel", "disabled"),
    Input("recompute-poll", "n_intervals"),
    Input("recompute-run", "data"),
    State("face-id", "data"),
    prevent_initial_call=True,
)
def follow(_beat: int | None, run_id: str | None, face_id: str) -> Any:
    """Show how far it is; when it is done, the face anew."""
    library, workspace = current_library(), current_workspace()
    runs = library.runs(workspace, [run_id]) if run_id else []
    face = library.face(workspace, face_id)
    if not runs or face is None:
        return None, dash.no_update, True, False, True
    run = runs[0]
    if not run.is_over:
        work = html.Div([html.Div(say(run.stage), className="run-stage"), uploads.bar(run)])
        return work, dash.no_update, False, True, False
    if run.state == "done":
        took = say(f"Computed anew in {run.seconds:.1f} s." if run.seconds else "Computed anew.")
        return dash.no_update, _body(face, html.P(took, className="soft")), True, False, True
    why = say(run.error or word("Cancelled. The face is as it was."))
    said = html.P(why, className="run-error" if run.error else "soft")
    return said, dash.no_update, True, False, True


@callback(
    Output("recompute-progress", "children", allow_duplicate=True),
    Input("recompute-cancel", "n_clicks"),
    State("recompute-run", "data"),
    prevent_initial_call=True,
)
def cancel(clicks: int | None, run_id: str | None) -> Any:
    """Stop the computing."""
    if clicks and run_id:
        current_library().cancel(current_workspace(), run_id)
    return dash.no_update


@callback(
    Output("head-run", "data"),
    Output("head-poll", "disabled"),
    Input("head-make", "n_clicks"),
    State("face-id", "data"),
    prevent_initial_call=True,
)
def make_head(clicks: int | None, face_id: str) -> Any:
    """Have the head made."""
    if not clicks:
        return dash.no_update, dash.no_update
    return current_library().start_head(current_workspace(), face_id).id, False


@callback(
    Output("head-progress", "children"),
    Output("head-section", "children"),
    Output("head-poll", "disabled", allow_duplicate=True),
    Output("head-make", "disabled"),
    Input("head-poll", "n_intervals"),
    Input("head-run", "data"),
    State("face-id", "data"),
    prevent_initial_call=True,
)
def follow_head(_beat: int | None, run_id: str | None, face_id: str) -> Any:
    """Show how far the head is; when it is done, the head."""
    library, workspace = current_library(), current_workspace()
    runs = library.runs(workspace, [run_id]) if run_id else []
    face = library.face(workspace, face_id)
    if not runs or face is None:
        return None, dash.no_update, True, False
    run = runs[0]
    if not run.is_over:
        return head.working(run), dash.no_update, False, True
    if run.state == "done":
        return dash.no_update, head.section(face, results.load(face)), True, dash.no_update
    why = say(run.error or word("Cancelled. There is no head."))
    return html.P(why, className="run-error" if run.error else "soft"), dash.no_update, True, False


@callback(
    Output("face-title", "children"),
    Output("face-labels", "children"),
    Output("face-label-said", "children"),
    Input("face-label", "n_clicks"),
    State("face-id", "data"),
    State("face-name", "value"),
    State("face-person", "value"),
    State("face-tags", "value"),
    prevent_initial_call=True,
)
def label(clicks: int | None, face_id: str, name: str | None, person: str | None, tags: str | None) -> Any:
    """Name the face, or say why it cannot be called so."""
    if not clicks:
        return dash.no_update, dash.no_update, dash.no_update
    try:
        face = current_library().label(
            current_workspace(), face_id, name=name or "", person=person or "", tags=labels.split(tags)
        )
    except LifemaskError as error:
        return dash.no_update, dash.no_update, html.P(say(str(error)), className="run-error")
    return face.name, _labels(face), dash.no_update


@callback(
    Output("face-goto", "href"),
    Input("face-delete", "n_clicks"),
    State("face-id", "data"),
    prevent_initial_call=True,
)
def delete(clicks: int | None, face_id: str) -> Any:
    """Delete the face, which can be undone, and go to the Library."""
    if not clicks:
        return dash.no_update
    undo.offer(deletion.delete_faces(current_library(), current_workspace(), [face_id]))
    return at("/library")
