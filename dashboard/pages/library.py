"""Library: what was made, to find, open, name, choose, compare, export and delete."""

from typing import Any
from urllib.parse import parse_qsl

import dash
from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, ctx, dcc, html

from core.errors import LifemaskError
from dashboard.components import device, labels, library, page, undo, views
from dashboard.components.wanted import Wanted
from dashboard.library import deletion
from dashboard.library.library import MOST_COMPARED
from dashboard.web.context import current_library, current_workspace
from dashboard.web.prefix import at
from dashboard.words import say, titled

dash.register_page(__name__, path="/library", title=titled("Library"), name="Library")

CHOICES = ("person", "tag", "network")


def layout(**query: Any) -> html.Div:
    """Return the faces of this workspace that the address asks for."""
    wanted, all_faces = Wanted.of(query), current_library().faces(current_workspace())
    parts = library.parts(wanted, all_faces)
    return html.Div(
        [
            dcc.Store(id="library-nudge"),
            dcc.Store(id="library-chosen", data=[]),
            dcc.Store(id="library-wanted", data=parts["wanted"]),
            dcc.Store(id="library-shown", data=parts["shown"]),
            dcc.Store(id="library-page"),  # set by assets/library.js
            dcc.Location(id="library-goto", refresh="callback-nav"),
            page.head(say("Library"), html.Span(parts["count"], id="library-count"), [library.search(wanted)]),
            html.Div(
                [
                    html.Div(library.filters(wanted, parts), className="filters"),
                    html.Div(library.bar(parts), className="row-of library-bar"),
                ],
                id="library-tools",
                style=parts["tools"],
            ),
            html.Div(parts["list"], id="library-list"),
            device.section(),
            html.Div(_everything(), id="library-everything", style=parts["tools"]),
            library.label_dialog(),
            page.ask(
                "library-delete-all",
                say("Delete everything?"),
                html.Div(id="library-all-says"),
                say("Delete everything"),
                look="danger",
            ),
        ]
    )


def _everything() -> html.Section:
    return page.section(
        say("Delete everything"),
        html.Div(
            [
                html.P(say("All photos, faces and their files in this browser's library."), className="soft"),
                page.button(say("Delete everything …"), "library-delete-all-open", "danger", small=False),
            ],
            className="row-of",
        ),
    )


@callback(
    output={
        "list": Output("library-list", "children"),
        "count": Output("library-count", "children"),
        "wanted": Output("library-wanted", "data"),
        "tools": Output("library-tools", "style"),
        "everything": Output("library-everything", "style"),
        "shown": Output("library-shown", "data"),
        "page": Output("library-page-all", "style"),
        "options": {name: Output(f"library-{name}", "options") for name in CHOICES},
        "fields": {name: Output(f"library-{name}-field", "style") for name in CHOICES},
    },
    inputs={
        "asked": {name: Input(f"library-{name}", "value") for name in ("find", "sort", *CHOICES)},
        "turned": Input("library-page", "data"),
        "nudge": Input("library-nudge", "data"),
        "version": Input("workspace-version", "data"),
    },
    state={"query": State("library-wanted", "data")},
    prevent_initial_call=True,
)
def show(asked: dict[str, str | None], turned: dict[str, Any] | None, query: str | None, **_: Any) -> Any:
    """Show what is asked for, and what is there now; another search or order begins at its first page."""
    number: Any = 1
    if ctx.triggered_id == "library-page":
        number = (turned or {}).get("page")
    elif ctx.triggered_id in ("library-nudge", "workspace-version"):
        number = Wanted.of(dict(parse_qsl(query or ""))).page
    wanted = Wanted.of({**asked, "page": number})
    parts = library.parts(wanted, current_library().faces(current_workspace()))
    return {
        **{name: parts[name] for name in ("list", "count", "wanted", "tools", "shown", "page")},
        "everything": parts["tools"],
        "options": {name: parts[name] for name in CHOICES},
        "fields": {name: library.if_a_choice(name, parts[name], getattr(wanted, name)) for name in CHOICES},
    }


@callback(
    Output("device", "is_open"),
    Output("device-shown", "children"),
    Input("device-open", "n_clicks"),
    Input("device-close", "n_clicks"),
    prevent_initial_call=True,
)
def open_elsewhere(_open: int | None, _close: int | None) -> Any:
    """Make a code that opens this library on another device, and show it until the dialog is closed."""
    is_wanted = ctx.triggered_id == "device-open" and bool(ctx.triggered[0]["value"])
    return is_wanted, device.shown() if is_wanted else None


clientside_callback(
    ClientsideFunction("library", "address"),
    Input("library-wanted", "data"),
    prevent_initial_call=True,
)


@callback(
    Output("library-compare", "disabled"),
    Output("library-statistics", "disabled"),
    Output("library-label-open", "disabled"),
    Output("library-delete", "disabled"),
    Output("library-export", "disabled"),
    Output("library-export", "children"),
    Output("library-said", "children"),
    Input("library-chosen", "data"),
    Input("library-shown", "data"),
    prevent_initial_call=True,
)
def choose(chosen: list[str], shown: list[str]) -> Any:
    """Offer what can be done with so many."""
    count = len(chosen)
    none, many = count == 0, count > MOST_COMPARED
    said = library.said(count, len(set(chosen).difference(shown)))
    exports = library.exports(chosen) if ctx.triggered_id == "library-chosen" else dash.no_update
    return count < 2 or many, none or many, none, none, none, exports, said


@callback(
    Output("library-goto", "href"),
    Input("library-compare", "n_clicks"),
    Input("library-statistics", "n_clicks"),
    State("library-chosen", "data"),
    prevent_initial_call=True,
)
def go_on(_compare: int | None, _statistics: int | None, chosen: list[str]) -> Any:
    """Go on with the chosen faces."""
    if not ctx.triggered[0]["value"]:
        return dash.no_update
    page = "/compare" if ctx.triggered_id == "library-compare" else "/statistics"
    return at(f"{page}?faces={','.join(chosen)}")


@callback(
    Output("library-nudge", "data"),
    Input("library-delete", "n_clicks"),
    State("library-chosen", "data"),
    prevent_initial_call=True,
)
def delete(clicks: int | None, chosen: list[str]) -> Any:
    """Delete the chosen faces; it can be undone."""
    if not clicks or not chosen:
        return dash.no_update
    undo.offer(deletion.delete_faces(current_library(), current_workspace(), chosen))
    return f"deleted {clicks}"


@callback(
    Output("library-delete-all", "is_open"),
    Output("library-all-says", "children"),
    Output("library-nudge", "data", allow_duplicate=True),
    Input("library-delete-all-open", "n_clicks"),
    Input("library-delete-all-no", "n_clicks"),
    Input("library-delete-all-yes", "n_clicks"),
    prevent_initial_call=True,
)
def delete_all(opened: int | None, _no: int | None, clicks: int | None) -> Any:
    """Ask before everything goes, and say how much that is."""
    kept, workspace = current_library(), current_workspace()
    if ctx.triggered_id == "library-delete-all-yes" and clicks:
        undo.offer(deletion.delete_all(kept, workspace))
        return False, dash.no_update, f"all {clicks}"
    if ctx.triggered_id != "library-delete-all-open" or not opened:
        return False, dash.no_update, dash.no_update
    count, photos, size = kept.count_faces(workspace), kept.photos(workspace), kept.size_bytes(workspace)
    undone = say(f"For {kept.undo_s:g} seconds this can be undone; then all of it is gone for good.")
    says = [html.P(html.Strong(_amount(count, len(photos), views.size(size)))), html.P(undone)]
    if kept.settings.quota_mb:
        says.insert(1, html.P(say(f"All your files together may take {kept.settings.quota_mb} MB.")))
    return True, says, dash.no_update


def _amount(faces: int, photos: int, size: str) -> str:
    if photos == 1:
        return say(f"1 face of 1 photo, {size}." if faces == 1 else f"{faces} faces of 1 photo, {size}.")
    return say(f"1 face of {photos} photos, {size}." if faces == 1 else f"{faces} faces of {photos} photos, {size}.")


@callback(
    Output("library-label", "is_open"),
    Output("library-label-person", "value"),
    Output("library-label-tags", "value"),
    Output("library-words", "children"),
    Output("library-label-said", "children"),
    Output("library-nudge", "data", allow_duplicate=True),
    Input("library-label-open", "n_clicks"),
    Input("library-label-no", "n_clicks"),
    Input("library-label-yes", "n_clicks"),
    State("library-chosen", "data"),
    State("library-label-person", "value"),
    State("library-label-tags", "value"),
    prevent_initial_call=True,
)
def label(
    opened: int | None, _no: int | None, clicks: int | None, chosen: list[str], person: str | None, tags: str | None
) -> Any:
    """Put a person and tags on the chosen faces."""
    kept, workspace = current_library(), current_workspace()
    same = dash.no_update
    if ctx.triggered_id == "library-label-yes" and clicks:
        try:
            kept.label_all(workspace, chosen, person=person or None, more_tags=labels.split(tags))
        except LifemaskError as error:
            return True, same, same, same, html.P(say(str(error)), className="run-error"), same
        return False, same, same, same, None, f"labelled {clicks}"
    if ctx.triggered_id == "library-label-open" and opened:
        words = [
            labels.datalist("library-persons", kept.persons(workspace)),
            labels.datalist("library-tags", kept.tags(workspace)),
        ]
        return True, "", "", words, None, same
    return False, same, same, same, None, same
