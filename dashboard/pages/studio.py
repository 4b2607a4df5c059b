"""Studio: photos in, results out."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import dash
from dash import ALL, ClientsideFunction, Input, Output, State, callback, clientside_callback, ctx, dcc, html

from core.depth import weights
from core.options import Options
from core.photo.formats import NAMES
from dashboard.components import faces, page, uploads
from dashboard.library.records import NOT_DONE, FaceRecord, RunRecord
from dashboard.web import lan
from dashboard.web.context import current_library, current_workspace, phone_address
from dashboard.words import say

dash.register_page(__name__, path="/", title="Lifemask", name="Studio")

SHOWN = 24  # cards; the Library has all
MEASURED = 250  # runs of the past that are looked at for how long one takes


def layout(refused: str = "", **_: Any) -> html.Div:  # the name of the query's key
    """Return the page; `refused`: how many of the photos that a phone shared were none."""
    library, workspace = current_library(), current_workspace()
    folder = library.settings.weights_folder
    is_new = not library.runs(workspace, most=1)
    drop = uploads.drop_zone(small=not is_new)
    found, count = library.faces(workspace, most=SHOWN), library.count_faces(workspace)
    return html.Div(
        [
            dcc.Store(id="studio-nudge"),
            dcc.Store(id="studio-options"),
            dcc.Store(id="studio-shown", data=_states(found, count)),
            dcc.Store(id="studio-rows"),
            dcc.Store(id="studio-to-upload", data=0),
            dcc.Store(id="studio-dismissed", storage_type="local", data=[]),
            _hero(drop) if is_new else html.Div([page.head(say("Studio")), drop]),
            _refused(refused),
            _phone(),
            uploads.options(list(weights.installed(folder)), weights.default_model(folder)),
            html.Div(
                [uploads.fold(), html.Div(id="studio-runs"), html.Div(id="uploads", className="uploads")],
                className="runs",
                role="status",
            ),
            html.Div(_results(found, count), id="studio-results"),
        ]
    )


def _hero(drop: html.Div) -> html.Div:
    words = html.Div(
        [
            html.H1(say("A life mask from a photo.")),
            html.P(
                say(
                    "Depth in millimetres, a point cloud, a mesh to turn and a file that prints, with the numbers to "
                    "compare one face with another. All of it is worked out on this machine."
                ),
                className="lead",
            ),
        ]
    )
    return html.Div([words, drop], className="hero")


def _refused(count: str) -> html.P | None:
    if not count.isdecimal() or not int(count):
        return None
    refused, formats = int(count), say(NAMES)
    text = say(f"{refused} of the shared files could not be taken. Share {formats} photos.")
    return html.P(text, className="warning", role="status")


def _phone() -> html.Details | None:
    """How a phone in the same network comes here, where the app is served to it."""
    address = phone_address()
    if address is None:
        return None
    words = [
        html.P(html.A(address, href=address)),
        html.P(
            say(
                "In the same network, scan this or type the address. Photos can be sent from the phone; each browser "
                "has a library of its own. The camera inside the page and the home screen need HTTPS, which this "
                "address has not: there, choose a photo, and the phone offers its camera."
            ),
            className="soft small",
        ),
    ]
    code = html.Img(
        src=lan.drawn_for_page(address), alt=say(f"QR code of {address}"), className="qr", width=132, height=132
    )
    return html.Details(
        [html.Summary(say("Open on your phone")), html.Div([code, html.Div(words)], className="phone")],
        className="fold",
    )


def _states(found: Sequence[FaceRecord], count: int) -> dict[str, Any]:
    return {"cards": [faces.card_state(face) for face in found], "count": count}


def _has_same_cards(now: dict[str, Any], before: dict[str, Any]) -> bool:
    """Whether the cards are those that are there, in their order, so that what changed is drawn within them."""
    named = [[(card["face"], card["name"], card["asks"]) for card in state["cards"]] for state in (now, before)]
    return named[0] == named[1] and now["count"] == before["count"]


def _results(found: Sequence[FaceRecord], count: int) -> html.Div | html.Section:
    if not found:
        return uploads.shown()
    more = page.link_button(say(f"All {count} in the Library"), "/library") if count > SHOWN else None
    return page.section(say("Results"), html.Div([faces.card(face) for face in found], className="cards"), aside=more)


def _rows(runs: Sequence[RunRecord], to_upload: int, before: Any) -> dict[str, Any]:
    """Fill the places of what waits, works or failed, in the order in which it came; of many, the line and its fold.

    before : what the rows said of the runs; they are drawn again only where that changed, so that focus stays.
    """
    library, workspace = current_library(), current_workspace()
    waiting = [run for run in runs if not run.is_over]
    many = len(runs) + to_upload >= uploads.FOLDED_FROM
    progress = None
    if many and (waiting or to_upload):
        ended = library.runs(workspace, kind="reconstruct", states=("done", "failed"), most=MEASURED)
        progress = uploads.batch(waiting, ended, to_upload, datetime.now(UTC))
    rows = [many, [[run.id, run.state] for run in runs]]
    drawn: Any = dash.no_update
    if rows != before:
        found = [library.photo(workspace, run.photo_id or "") for run in runs[: uploads.MOST_ROWS]]
        drawn = uploads.run_rows(runs, {photo.id: photo for photo in found if photo is not None})
    nothing: list[page.Child] | Any = dash.no_update if rows == before else []
    return {
        "rows": rows,
        "few": nothing if many else drawn,
        "many": drawn if many else nothing,
        "hidden": not many,
        "words": uploads.words_of(progress, runs),
        "share": {"width": f"{100 * progress.over / progress.total if progress else 0:.0f}%"},
        "no_cancel": progress is None,
        "no_retry": not any(run.state == "failed" for run in runs),
        "no_dismiss": not any(run.is_over for run in runs),
    }


def _unfinished() -> list[RunRecord]:
    """What waits, works or failed, newest first, but for what failed and has its answer."""
    library, workspace = current_library(), current_workspace()
    runs = library.runs(workspace, kind="reconstruct", states=NOT_DONE)
    photos = {run.photo_id for run in runs if run.is_over and run.photo_id}
    return _unanswered(runs, library.faces(workspace, photos=sorted(photos)) if photos else [])


def _unanswered(newest_first: Sequence[RunRecord], found: Sequence[FaceRecord]) -> list[RunRecord]:
    """Leave out what failed and has its answer: a later run of the photo, or a face that came of it since."""
    made = {face.photo_id: face.created for face in reversed(found)}
    kept: list[RunRecord] = []
    later: set[str] = set()
    for run in newest_first:
        photo_id = run.photo_id or ""
        is_answered = photo_id in later or (photo_id in made and made[photo_id] > run.created)
        if not (run.is_over and is_answered):
            kept.append(run)
        later.add(photo_id)
    return kept


clientside_callback(
    ClientsideFunction("lifemask", "options"),
    Output("studio-options", "data"),
    *(Input(f"option-{name}", "value") for name in uploads.OPTIONS),
)


@callback(
    output={
        "results": Output("studio-results", "children"),
        "shown": Output("studio-shown", "data"),
        "rows": Output("studio-rows", "data"),
        "few": Output("studio-runs", "children"),
        "many": Output("batch-rows", "children"),
        "hidden": Output("batch", "hidden"),
        "words": Output("batch-words", "children"),
        "share": Output("batch-share", "style"),
        "no_cancel": Output("batch-cancel", "hidden"),
        "no_retry": Output("batch-retry", "hidden"),
        "no_dismiss": Output("batch-dismiss", "hidden"),
    },
    inputs=[
        Input("workspace-version", "data"),
        Input("studio-nudge", "data"),
        Input("studio-dismissed", "data"),
        Input("studio-to-upload", "data"),
        State("studio-shown", "data"),
        State("studio-rows", "data"),
    ],
)
def refresh(
    _version: str | None, _nudge: Any, dismissed: list[str] | None, to_upload: int | None, shown: dict[str, Any],
    before: Any,
) -> dict[str, Any]:  # fmt: skip
    """Show what the library says; cards and rows are left alone while they stay the same.

    A file that comes is shown in its card's part alone: what is drawn anew loses the focus, and a click on its way.
    """
    library, workspace = current_library(), current_workspace()
    found, count = library.faces(workspace, most=SHOWN), library.count_faces(workspace)
    kept = [run for run in reversed(_unfinished()) if run.id not in (dismissed or [])]
    states = _states(found, count)
    same = _has_same_cards(states, shown)
    if same:
        for face, card in zip(found, shown["cards"], strict=True):
            for part, children in faces.parts_anew(face, card):
                dash.set_props(part, {"children": children})
    return {
        **_rows(kept, to_upload or 0, before),
        "results": dash.no_update if same else _results(found, count),
        "shown": dash.no_update if states == shown else states,
    }


@callback(
    Output("studio-nudge", "data", allow_duplicate=True),
    Output("studio-dismissed", "data"),
    Input({"kind": "run-action", "action": ALL, "run": ALL}, "n_clicks"),
    State("studio-dismissed", "data"),
    prevent_initial_call=True,
)
def act(clicks: list[int | None], dismissed: list[str] | None) -> Any:
    """Cancel, try again, process whole, or dismiss."""
    if not any(clicks) or not ctx.triggered[0]["value"]:
        return dash.no_update, dash.no_update
    library, workspace = current_library(), current_workspace()
    asked: Any = ctx.triggered_id
    run_id, gone = asked["run"], list(dismissed or [])
    if asked["action"] == "cancel":
        library.cancel(workspace, run_id)
    elif asked["action"] == "retry":
        library.retry(workspace, run_id)
    elif asked["action"] == "whole":
        _whole(run_id)
    else:
        gone.append(run_id)
    return (ctx.triggered[0]["value"], run_id, asked["action"]), gone


@callback(
    Output("studio-nudge", "data", allow_duplicate=True),
    Output("studio-dismissed", "data", allow_duplicate=True),
    Input("batch-cancel", "n_clicks"),
    Input("batch-retry", "n_clicks"),
    Input("batch-dismiss", "n_clicks"),
    State("studio-dismissed", "data"),
    prevent_initial_call=True,
)
def act_on_all(
    cancel: int | None, retry: int | None, dismiss: int | None, dismissed: list[str] | None
) -> tuple[Any, list[str]]:
    """Cancel all that wait, try all again that failed, or dismiss those; what was cancelled with all is dismissed."""
    library, workspace = current_library(), current_workspace()
    gone = list(dismissed or [])
    for run in reversed(_unfinished()):  # in the order in which they came
        if ctx.triggered_id == "batch-cancel" and not run.is_over:
            library.cancel(workspace, run.id)
            gone.append(run.id)
        elif ctx.triggered_id == "batch-retry" and run.state == "failed" and run.id not in gone:
            library.retry(workspace, run.id)
        elif ctx.triggered_id == "batch-dismiss" and run.is_over:
            gone.append(run.id)
    return (ctx.triggered_id, cancel, retry, dismiss), list(dict.fromkeys(gone))


def _whole(run_id: str) -> None:
    library, workspace = current_library(), current_workspace()
    for run in library.runs(workspace, [run_id]):
        if run.photo_id:
            library.start_run(workspace, run.photo_id, replace(Options.from_stored(run.options), whole_photo=True))
