"""Models: which depth networks there are, which are on this machine, which one is used."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dash
from dash import ALL, Input, Output, State, callback, ctx, dcc, html

from core.depth import weights
from core.depth.catalog import BUILTIN, MODELS, Model
from dashboard.components import page, uploads, views
from dashboard.library.records import RunRecord
from dashboard.web.access import NOT_THE_OPERATOR, check_operator, is_operator
from dashboard.web.context import current_library, current_workspace
from dashboard.words import say, titled, word

dash.register_page(__name__, path="/models", title=titled("Models"), name="Models")

WHAT = word(
    "A depth network sees the face and says how near each pixel is, up to an unknown scale. The built-in one comes "
    "with Lifemask; the MiDaS networks are larger and fetched once."
)


def layout(**_: Any) -> html.Div:
    """Return the page; the rows come by `refresh`, at once."""
    return html.Div(
        [
            dcc.Store(id="models-nudge"),
            dcc.Store(id="models-asked"),
            page.head(say("Models"), say(WHAT)),
            html.Div(id="models-rows"),
            page.ask("models-delete", say("Delete these weights?"), say("They can be fetched again."), say("Delete")),
        ]
    )


@callback(
    Output("models-rows", "children"),
    Input("workspace-version", "data"),
    Input("models-nudge", "data"),
)
def refresh(_version: str | None, _nudge: Any) -> list[page.Child]:
    """Show the catalogue with what is on disk and what is being fetched.

    Not for progress alone, which assets/follow.js writes into the row: a button that is drawn anew loses its focus.
    """
    folder = _folder()
    here, default = weights.installed(folder), weights.default_model(folder)
    latest = _latest_downloads()
    rows = [_row(model, here.get(model.name), default, latest.get(model.name)) for model in _ordered(here)]
    table = page.table(
        [
            *(say("Network"), say("Good for"), say("Parameters"), say("Input"), say("Against DPT-Large")),
            *(say("Speed"), say("Size"), *([say("Action")] if is_operator() else [])),
        ],
        rows,
        numeric=(2, 3, 4, 5, 6),
        stacked=True,
    )
    used = sum(one.size_bytes for one in here.values())
    size, free = views.size(used), views.size(weights.free_bytes(folder))
    disk = say(f"{size} of weights in {folder}; {free} free on that disk.")
    note = say(
        "Against DPT-Large: published mean improvement of the errors on six data sets. Speed: pictures per second on "
        "an RTX 3090, as published."
    )
    readers = None if is_operator() else html.P(say(NOT_THE_OPERATOR), className="warning")
    return [readers, table, html.P(disk, className="note"), html.P(note, className="note")]


def _ordered(here: Mapping[str, weights.Installed]) -> list[Model]:
    """Return the catalogue: what is on this machine first, the best of it on top."""
    return sorted(MODELS.values(), key=lambda model: model.name != BUILTIN and model.name not in here)


def _folder() -> Path:
    return current_library().settings.weights_folder


def _latest_downloads() -> dict[str, RunRecord]:
    latest: dict[str, RunRecord] = {}
    for run in current_library().runs(current_workspace(), kind="download"):  # newest first
        latest.setdefault(run.options["name"], run)
    return latest


def _row(model: Model, installed: weights.Installed | None, default: str, run: RunRecord | None) -> list[Any]:
    is_here = installed is not None or model.name == BUILTIN
    state = None
    if model.name == default:
        state = html.Span(say("in use"), className="badge-quiet badge-accent")
    elif is_here:
        state = html.Span(say("on disk"), className="badge-quiet")
    about = html.Div([f"{say(model.family)}, {model.licence}", state], className="soft small")
    size = installed.size_bytes if installed else model.download_bytes
    return [
        html.Div([html.Strong(say(model.title)), about]),
        html.Span(say(model.good_for), className="soft"),
        page.number(
            model.parameters / 1e6 if model.parameters else None, "M", 0 if (model.parameters or 0) > 1e7 else 1
        ),
        page.number(model.side_px, "px", 0),
        _signed(model.improvement_percent),
        page.number(model.fps_rtx3090, "/s", 0),
        views.size(size) if size else "\u2013",
        *([html.Div(_actions(model, is_here, default, run), className="model-actions")] if is_operator() else []),
    ]


def _signed(percent: int | None) -> html.Span:
    return html.Span([html.Span("+" if (percent or 0) > 0 else ""), page.number(percent, "%", 0)])


def _actions(model: Model, is_here: bool, default: str, run: RunRecord | None) -> list[Any]:
    def key(action: str) -> dict[str, str]:
        return {"kind": "model-action", "action": action, "model": model.name}

    if run and run.state in ("queued", "running"):
        return [
            html.Div(
                [html.Div(say(run.stage), className="run-stage"), uploads.bar(run)], **page.marks(data_run=run.id)
            ),
            page.button(say("Cancel"), key("cancel")),
        ]
    actions: list[Any] = []
    if is_here and model.name != default:
        name = say(model.title)
        actions.append(page.button(say("Use"), key("use"), title=say(f"Use {name} for the next photos")))
    if not is_here:
        actions.append(page.button(say("Download"), key("download"), sign="download"))
    elif model.name != BUILTIN:
        actions.append(page.button(say("Delete"), key("delete"), "danger-quiet"))
    if run and run.state == "failed" and not is_here:
        actions.append(html.P(run.error and say(run.error), className="run-error small"))
    return actions


@callback(
    Output("models-nudge", "data"),
    Output("models-asked", "data"),
    Output("models-delete", "is_open"),
    Input({"kind": "model-action", "action": ALL, "model": ALL}, "n_clicks"),
    Input("models-delete-yes", "n_clicks"),
    Input("models-delete-no", "n_clicks"),
    State("models-asked", "data"),
    prevent_initial_call=True,
)
def act(_clicks: list[int | None], _yes: int | None, _no: int | None, asked: str | None) -> Any:
    """Fetch, cancel, use, or delete after asking."""
    check_operator()
    clicked, cause = ctx.triggered[0]["value"], ctx.triggered_id
    if not clicked:
        return dash.no_update, dash.no_update, dash.no_update
    if cause == "models-delete-no":
        return dash.no_update, None, False
    if cause == "models-delete-yes":
        weights.delete(asked or "", _folder())
        return f"deleted {asked}", None, False
    if cause["action"] == "delete":
        return dash.no_update, cause["model"], True
    return _do(cause["action"], cause["model"]), None, False


def _do(action: str, name: str) -> str:
    library, workspace = current_library(), current_workspace()
    if action == "download":
        return library.start_download(workspace, name).id
    if action == "cancel":
        return f"cancelled {library.cancel(workspace, _latest_downloads()[name].id).id}"
    weights.set_default(name, _folder())
    return f"use {name}"
