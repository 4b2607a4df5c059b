"""Compare: two to eight faces beside each other, on the same scales, and laid onto each other."""

from collections.abc import Sequence
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import ALL, ClientsideFunction, Input, Output, State, callback, clientside_callback, ctx, dcc, html

from core.errors import LifemaskError
from dashboard.components import beside, comparison, heads, page, picker, uploads
from dashboard.components.missing import no_faces, none_of_these
from dashboard.library.library import MOST_COMPARED
from dashboard.library.records import FaceRecord, RunRecord
from dashboard.readings import comparison_folder, heads_folder, results
from dashboard.readings.comparison_facts import ComparedFace
from dashboard.web.context import current_library, current_workspace
from dashboard.words import say, titled, word

dash.register_page(__name__, path="/compare", title=titled("Compare"), name="Compare")

POLL_MS = 400
SIZES = (("rigid", word("True size")), ("scaled", word("Scaled to fit")))
VIEWS = (("map", word("Map")), ("slide", word("Slide")), ("blink", word("Blink")))
CANCEL, AGAIN = ({"kind": "compare-action", "action": action} for action in ("cancel", "again"))
HEADS_CANCEL, HEADS_AGAIN = ({"kind": "heads-action", "action": action} for action in ("cancel", "again"))


def layout(
    faces: str = "", reference: str = "", scale: str = "", range: str = "",  # noqa: A002 - names of its keys
    heads: str = "", **_: Any,
) -> html.Div:  # fmt: skip
    """Return the page for the faces of the address."""
    return _page(faces.split(","), reference, with_scale=scale == "1", own_range=range == "own", point_by_point=heads)


def _page(
    wanted: Sequence[str], reference: str, *, with_scale: bool, own_range: bool = False, point_by_point: str = ""
) -> html.Div:
    library, workspace = current_library(), current_workspace()
    chosen = library.faces(workspace, list(dict.fromkeys(wanted)))[:MOST_COMPARED]
    ids = [face.id for face in chosen]
    if not chosen and any(wanted):
        return none_of_these(say("Compare"))
    lead = say("Same scale, same light, same view. Choose two to eight faces.")
    of_photos = library.faces(workspace, photos=[face.photo_id for face in chosen])
    head = page.head(say("Compare"), lead, _networks(of_photos, ids))
    if not chosen and not library.count_faces(workspace):
        none = no_faces(say("Nothing to compare yet"), say("Two photos make the first comparison."))
        return html.Div([head, none])
    strip = picker.picker(ids, "/compare")
    if len(chosen) < 2:
        wanting = say("Choose one more face" if chosen else "Choose two faces")
        how = say("Click the pictures above. The address keeps them.")
        return html.Div([head, strip, page.empty(wanting, how)])
    found = [results.load(face) for face in comparison_folder.told_apart(chosen)]
    return html.Div(
        [
            head,
            strip,
            dcc.Store(id="compare-faces", data=ids),
            dcc.Store(id="compare-run"),
            dcc.Store(id="compare-address"),
            dcc.Location(id="compare-goto", refresh="callback-nav"),
            dcc.Interval(id="compare-poll", interval=POLL_MS, disabled=True),
            beside.pictures(found, own_range=own_range),
            beside.curves(found),
            page.section(say("Laid onto each other"), _settings(found, reference, with_scale)),
            html.Div(id="compare-found"),
            _heads(point_by_point),
        ]
    )


def _networks(of_photos: Sequence[FaceRecord], chosen: Sequence[str]) -> list[Any]:
    """Links to the results of several networks on the photo of a chosen face; of_photos : all faces of these photos."""
    links = []
    of_one_face: dict[tuple[str, int], dict[str, str]] = {}
    for face in of_photos:
        of_one_face.setdefault((face.photo_id, face.index), {}).setdefault(face.network, face.id)
    for networks in of_one_face.values():
        ids = list(networks.values())[:MOST_COMPARED]
        if len(ids) > 1 and set(ids) & set(chosen) and set(ids) != set(chosen):
            name = next(face.name for face in of_photos if face.id == ids[0])
            links.append(page.link_button(say(f"{len(ids)} networks on {name}"), f"/compare?faces={','.join(ids)}"))
    return links


@callback(
    Output("compare-profile", "figure"),
    Input("compare-line", "value"),
    State("compare-faces", "data"),
    prevent_initial_call=True,
)
def draw_line(name: str, face_ids: list[str]) -> Any:
    """Draw the profiles along another line."""
    return beside.profiles([results.load(face) for face in _there(face_ids)], name)


def _there(face_ids: Sequence[str]) -> list[FaceRecord]:
    return comparison_folder.told_apart(current_library().faces(current_workspace(), face_ids))


def _settings(found: Sequence[results.Result], reference: str, with_scale: bool) -> html.Div:
    names = [{"label": result.face.name, "value": result.face.id} for result in found]
    ids = [result.face.id for result in found]
    return html.Div(
        [
            html.Div(
                [
                    html.Label(say("Reference"), htmlFor="compare-reference", className="soft"),
                    dbc.Select(
                        id="compare-reference", options=names, value=reference if reference in ids else ids[0],
                        className="reference",
                    ),
                ],
                className="with-unit",
            ),
            page.switch_pair("compare-scale", page.said(SIZES), "scaled" if with_scale else "rigid"),
            page.button(say("Cancel"), CANCEL, "plain", disabled=True),
        ],
        className="row-of",
    )  # fmt: skip


@callback(
    Output("compare-run", "data"),
    Input("compare-reference", "value"),
    Input("compare-scale", "value"),
    State("compare-faces", "data"),
)
def start(reference: str, scale: str, face_ids: list[str]) -> dict[str, str]:
    """Start the comparison, or find the equal one; what speaks against it is said where its result would be."""
    try:
        run = current_library().start_comparison(current_workspace(), face_ids, reference, with_scale=scale == "scaled")
    except LifemaskError as error:
        return {"error": str(error)}
    return {"id": run.id}


@callback(
    Output("compare-found", "children"),
    Output("compare-poll", "disabled"),
    Output(CANCEL, "disabled"),
    Input("compare-poll", "n_intervals"),
    Input("compare-run", "data"),
    State("compare-faces", "data"),
    prevent_initial_call=True,
)
def follow(_beat: int | None, started: dict[str, str] | None, face_ids: list[str]) -> Any:
    """Show how far the comparison is; when it is done, what it found."""
    if not started:
        return dash.no_update, True, True
    library, workspace = current_library(), current_workspace()
    runs = library.runs(workspace, [started["id"]]) if "id" in started else []
    if runs and not runs[0].is_over:
        return _waiting(runs[0]), False, False
    folder = library.comparison(workspace, started.get("id", ""))
    if folder is not None:
        return _found(comparison_folder.read(folder), face_ids), True, True
    return [_ended(started, runs, AGAIN), _numbers(face_ids)], True, True


@callback(
    Output("compare-poll", "disabled", allow_duplicate=True),
    Input({"kind": "compare-action", "action": ALL}, "n_clicks"),
    State("compare-run", "data"),
    prevent_initial_call=True,
)
def act(_clicks: list[int | None], started: dict[str, str] | None) -> Any:
    """Cancel the comparison, or do it once more."""
    return _cancelled_or_retried(started, CANCEL)


def _cancelled_or_retried(started: dict[str, str] | None, cancel: dict[str, str]) -> Any:
    """Do what the button says that was clicked; return whether to stop looking how far the run is."""
    if not ctx.triggered[0]["value"] or not started:  # the button has just come
        return dash.no_update
    library = current_library()
    (library.cancel if ctx.triggered_id == cancel else library.retry)(current_workspace(), started["id"])
    return False


def _heads(asked: str) -> html.Section:
    """Heads point by point, which are made when they are asked for; asked : '1', 'neutral', or nothing."""
    text = say(
        "A head model is fitted to each face, so that the same places are compared: the tip of one nose with the tip "
        "of the other, and not with what lies nearest to it. The mean face and one face turning into another come with "
        "it. It takes some seconds for each face."
    )
    button = page.button(
        say("Compare point by point"), "compare-heads", "primary", n_clicks=1 if asked else 0, hidden=bool(asked)
    )
    neutral = dbc.Checkbox(
        id="compare-neutral", label=say("Expression taken out"), value=asked == "neutral", className="mb-0"
    )
    cancel = page.button(say("Cancel"), HEADS_CANCEL, "plain", hidden=True)
    return page.section(
        say("Point by point"),
        html.P(text, className="soft mb-3"),
        html.Div([button, neutral, cancel], className="row-of"),
        dcc.Store(id="compare-heads-run"),
        dcc.Interval(id="compare-heads-poll", interval=POLL_MS, disabled=True),
        html.Div(id="compare-heads-found", className="mt-4"),
    )


@callback(
    Output("compare-heads-run", "data"),
    Output("compare-heads", "hidden"),
    Input("compare-heads", "n_clicks"),
    Input("compare-neutral", "value"),
    Input("compare-reference", "value"),
    Input("compare-scale", "value"),
    State("compare-faces", "data"),
)
def start_heads(clicks: int | None, neutral: bool, reference: str, scale: str, face_ids: list[str]) -> Any:
    """Compare the heads once that was asked for, and anew whenever something else is chosen."""
    if not clicks:
        return dash.no_update, False
    try:
        run = current_library().start_comparison(
            current_workspace(), face_ids, reference, with_scale=scale == "scaled", heads=True, neutral=bool(neutral)
        )
    except LifemaskError as error:
        return {"error": str(error)}, True
    return {"id": run.id}, True


@callback(
    Output("compare-heads-found", "children"),
    Output("compare-heads-poll", "disabled"),
    Output(HEADS_CANCEL, "hidden"),
    Input("compare-heads-poll", "n_intervals"),
    Input("compare-heads-run", "data"),
    State("compare-run", "data"),
    State("compare-faces", "data"),
    prevent_initial_call=True,
)
def follow_heads(
    _beat: int | None, started: dict[str, str] | None, beside: dict[str, str] | None, face_ids: list[str]
) -> Any:
    """Show how far the heads are; when they are done, what was found, beside the comparison by nearest points."""
    if not started:
        return dash.no_update, True, True
    library, workspace = current_library(), current_workspace()
    runs = library.runs(workspace, [started["id"]]) if "id" in started else []
    if runs and not runs[0].is_over:
        return _waiting(runs[0]), False, False
    folder = library.comparison(workspace, started.get("id", ""))
    if folder is not None:
        others = library.runs(workspace, [beside["id"]]) if beside and "id" in beside else []
        if beside is None or (others and not others[0].is_over):  # both are shown beside each other
            return dash.no_update, False, True
        nearest = library.comparison(workspace, beside.get("id", ""))
        facts = comparison_folder.read(nearest).facts if nearest else None
        return heads.shown(heads_folder.read(folder), facts, face_ids), True, True
    return _ended(started, runs, HEADS_AGAIN), True, True


@callback(
    Output("compare-heads-poll", "disabled", allow_duplicate=True),
    Input({"kind": "heads-action", "action": ALL}, "n_clicks"),
    State("compare-heads-run", "data"),
    prevent_initial_call=True,
)
def act_on_heads(_clicks: list[int | None], started: dict[str, str] | None) -> Any:
    """Cancel the comparison of heads, or do it once more."""
    return _cancelled_or_retried(started, HEADS_CANCEL)


@callback(
    Output("compare-head-pair", "children"),
    Input("compare-head", "value"),
    State("compare-heads-folder", "data"),
    prevent_initial_call=True,
)
def show_head(number: int, run_id: str) -> Any:
    """Show another head against the reference."""
    folder = current_library().comparison(current_workspace(), run_id)
    return dash.no_update if folder is None else heads.pair(heads_folder.read(folder), number)


def _ended(started: dict[str, str], runs: Sequence[RunRecord], key: dict[str, str]) -> html.Div:
    """Why there is nothing to show, and a button to try once more."""
    why = started.get("error") or (runs and runs[0].error) or word("This comparison was cancelled.")
    again = page.button(say("Compare again"), key) if runs else None
    return html.Div([html.P(say(why), className="run-error", role="alert"), again], className="waiting row-of")


def _waiting(run: RunRecord) -> html.Div:
    return html.Div(
        [html.Div(say(run.stage), className="run-stage"), uploads.bar(run)], className="waiting", role="status"
    )


def _numbers(face_ids: Sequence[str]) -> html.Section:
    found = [results.load(face) for face in _there(face_ids)]
    faces = [
        comparison_folder.about(result.face.id, result.face.name, result.measured.reconstruction) for result in found
    ]
    return page.section(say("Numbers"), comparison.table(faces, {}, [face.id for face in faces]), _note(faces))


def _found(found: comparison_folder.ComparisonFolder, face_ids: Sequence[str]) -> list[Any]:
    others, facts = comparison.others(found, face_ids), found.facts
    table = comparison.table(facts.faces, facts.differences, face_ids, with_scale=facts.with_scale)
    choices = [{"label": comparison.choice(found, number, face_ids), "value": number} for number in others]
    return [
        dcc.Store(id="compare-folder", data=found.folder.name),
        dbc.RadioItems(
            id="compare-other", options=choices, value=others[0], className="differences", inline=True,
        ),
        page.switch_pair("compare-view", page.said(VIEWS), "map", look="views"),
        html.Div(comparison.pair(found, others[0], "map"), id="compare-pair"),
        comparison.pairs(found) if len(others) > 1 else None,
        comparison.agreement(found),
        page.section(say("Numbers"), table, _note(facts.faces), aside=comparison.downloads(found)),
    ]  # fmt: skip


def _note(of: Sequence[ComparedFace]) -> html.Div:
    text = say(
        "Millimetres are scaled to the assumed interpupillary distance of each face, unless they were measured. Click "
        "a heading to sort."
    )
    sentences = [text, *[f"{face.name}: {say(face.withheld)}" for face in of if face.withheld]]
    return html.Div([html.P(sentence, className="note") for sentence in sentences])


@callback(
    Output("compare-pair", "children"),
    Input("compare-other", "value"),
    Input("compare-view", "value"),
    State("compare-folder", "data"),
    prevent_initial_call=True,
)
def show(number: int, view: str, run_id: str) -> Any:
    """Show another face against the reference, or the same in another way."""
    folder = current_library().comparison(current_workspace(), run_id)
    return dash.no_update if folder is None else comparison.pair(comparison_folder.read(folder), number, view)


clientside_callback(
    ClientsideFunction("compare", "address"),
    Output("compare-address", "data"),
    Input("compare-reference", "value"),
    Input("compare-scale", "value"),
    Input("compare-range", "value"),
    Input("compare-heads", "n_clicks"),
    Input("compare-neutral", "value"),
    State("compare-faces", "data"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("compare", "range"),
    Output("compare-range-shared", "hidden"),
    Output("compare-range-own", "hidden"),
    Input("compare-range", "value"),
    State("compare-ranges", "data"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("tables", "sort"),
    Output("compare-rows", "children"),
    Output({"kind": "compare-heading", "column": ALL}, "aria-sort"),
    Input({"kind": "compare-sort", "column": ALL}, "n_clicks"),
    State("compare-rows", "children"),
    State({"kind": "compare-heading", "column": ALL}, "aria-sort"),
    prevent_initial_call=True,
)
