"""Studio: photos in, results out."""

from dataclasses import replace
from typing import Any

import dash
from dash import ALL, ClientsideFunction, Input, Output, State, callback, clientside_callback, ctx, dcc, html

from core.depth import weights
from core.options import Options
from dashboard.components import faces, page, uploads
from dashboard.library.records import NOT_DONE
from dashboard.web.context import current_library, current_workspace

dash.register_page(__name__, path="/", title="Lifemask", name="Studio")

POLL_MS = 600
SHOWN = 24  # cards; the Library has all


def layout(**_: Any) -> html.Div:
    """Return the page; what runs and what is there come by `refresh`, at once."""
    library, workspace = current_library(), current_workspace()
    folder = library.settings.weights_folder
    is_new = not library.runs(workspace, most=1)
    drop = uploads.drop_zone(small=not is_new)
    return html.Div(
        [
            dcc.Interval(id="studio-poll", interval=POLL_MS, disabled=True),
            dcc.Store(id="studio-nudge"),
            dcc.Store(id="studio-options"),
            dcc.Store(id="studio-shown"),
            dcc.Store(id="studio-dismissed", storage_type="local", data=[]),
            _hero(drop) if is_new else html.Div([page.head("Studio"), drop]),
            uploads.options(list(weights.installed(folder)), weights.default_model(folder)),
            html.Div([html.Div(id="studio-runs"), html.Div(id="uploads")], className="runs", role="status"),
            html.Div(id="studio-results"),
        ]
    )


def _hero(drop: html.Div) -> html.Div:
    words = html.Div(
        [
            html.H1("A life mask from a photo."),
            html.P(
                "Depth in millimetres, a point cloud, a mesh to turn and a file that prints, with the numbers to "
                "compare one face with another. All of it is worked out on this machine.",
                className="lead",
            ),
        ]
    )
    return html.Div([words, drop], className="hero")


clientside_callback(
    ClientsideFunction("lifemask", "options"),
    Output("studio-options", "data"),
    *(Input(f"option-{name}", "value") for name in uploads.OPTIONS),
)


@callback(
    Output("studio-runs", "children"),
    Output("studio-results", "children"),
    Output("studio-shown", "data"),
    Output("studio-poll", "disabled"),
    Input("studio-poll", "n_intervals"),
    Input("studio-nudge", "data"),
    Input("studio-dismissed", "data"),
    State("studio-shown", "data"),
)
def refresh(_beat: int | None, _nudge: float | None, dismissed: list[str] | None, shown: list[str] | None) -> Any:
    """Show what the library says; the cards are left alone while they stay the same."""
    library, workspace = current_library(), current_workspace()
    runs = library.runs(workspace, kind="reconstruct", states=NOT_DONE)
    rows = [
        uploads.run_row(run, library.photo(workspace, run.photo_id or ""))
        for run in reversed(runs)
        if run.id not in (dismissed or [])
    ]
    found = library.faces(workspace)
    ids = [face.id for face in found]
    idle = not any(run.state in ("queued", "running") for run in runs)
    if ids == shown:
        return rows, dash.no_update, dash.no_update, idle
    more = page.link_button(f"All {len(found)} in the Library", "/library") if len(found) > SHOWN else None
    cards = html.Div([faces.card(face) for face in found[:SHOWN]], className="cards")
    results = page.section("Results", cards, aside=more) if found else uploads.shown()
    return rows, results, ids, idle


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
        gone.append(run_id)
    else:
        gone.append(run_id)
    return (ctx.triggered[0]["value"], run_id, asked["action"]), gone


def _whole(run_id: str) -> None:
    library, workspace = current_library(), current_workspace()
    for run in library.runs(workspace, [run_id]):
        if run.photo_id:
            library.start_run(workspace, run.photo_id, replace(Options.from_stored(run.options), whole_photo=True))
