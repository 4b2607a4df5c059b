"""The strip of faces over Compare and Statistics: the chosen and the newest ones, and a search for all others."""

from collections.abc import Sequence
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import Input, Output, State, dcc, html

from dashboard.components.faces import colour
from dashboard.components.names import cut_name
from dashboard.components.page import lazily, marks
from dashboard.components.views import address
from dashboard.library.finding import find
from dashboard.library.library import MOST_COMPARED
from dashboard.library.records import FaceRecord
from dashboard.web.context import current_library, current_workspace
from dashboard.web.prefix import at
from dashboard.words import say

SHOWN = 24  # faces in the strip, beside the chosen ones


def picker(chosen: Sequence[str], page: str) -> html.Div:
    """Return links to the page, each with a face more in its address, or one less; a search where there are many."""
    library, workspace = current_library(), current_workspace()
    count = library.count_faces(workspace)
    return html.Div(
        [
            dcc.Store(id="picker-of", data={"chosen": list(chosen), "page": page}),
            _search(count) if count > SHOWN else None,
            html.Nav(_newest(chosen, page), id="picker", className="strip", **marks(aria_label=say("Choose faces"))),
        ]
    )


def _search(count: int) -> html.Div:
    words = say("Find by name, tag or person")
    return html.Div(
        [
            html.Label(words, htmlFor="picker-find", className="visually-hidden"),
            dbc.Input(id="picker-find", type="search", placeholder=words, debounce=0.2),
            html.Span(say(f"The newest {SHOWN} of {count}"), id="picker-said", className="soft small", role="status"),
        ],
        className="find row-of picker-search",
    )


def _newest(chosen: Sequence[str], page: str) -> list[dcc.Link]:
    """The newest faces, and before them those that are chosen and not among them."""
    library, workspace = current_library(), current_workspace()
    newest = library.faces(workspace, most=SHOWN)
    there = {face.id for face in newest}
    others = library.faces(workspace, [one for one in chosen if one not in there])
    return [_chip(face, chosen, page) for face in (*others, *newest)]


def _chip(face: FaceRecord, chosen: Sequence[str], page: str) -> dcc.Link:
    is_chosen = face.id in chosen
    rest = [one for one in chosen if one != face.id]
    after = rest if is_chosen else [*rest[-(MOST_COMPARED - 1) :], face.id]
    return dcc.Link(
        [
            lazily(html.Img(src=address(face.id, "thumbnail.jpg"), alt="", width=88, height=88)),
            cut_name(face.name),
            html.Span(f" ({say('chosen')})", className="visually-hidden") if is_chosen else None,
        ],
        href=at(f"{page}?faces={','.join(after)}" if after else page),
        id={"kind": "chip", "face": face.id},
        className=f"chip{' chosen' if is_chosen else ''}",
        style={"--mark": colour(chosen.index(face.id))} if is_chosen else {},
        title=face.name,
    )


def search(text: str | None, of: dict[str, Any]) -> tuple[list[dcc.Link], str]:
    """Return the faces that are found, as many as the strip shows, and how many there are."""
    library, workspace = current_library(), current_workspace()
    chosen, page = [str(one) for one in of["chosen"]], str(of["page"])
    if not (text or "").split():
        count = library.count_faces(workspace)
        return _newest(chosen, page), say(f"The newest {SHOWN} of {count}")
    found = find(library.faces(workspace), text or "")
    shown, count = found[:SHOWN], len(found)
    chips = [_chip(face, chosen, page) for face in shown]
    if not found:
        return chips, say("No face is like this.")
    if count > SHOWN:
        return chips, say(f"The newest {SHOWN} of {count} that are like this")
    return chips, say("1 face is like this." if count == 1 else f"{count} faces are like this.")


def connect(app: dash.Dash) -> None:
    """Let the strip follow the search, on whatever page it is."""
    app.callback(
        Output("picker", "children"),
        Output("picker-said", "children"),
        Input("picker-find", "value"),
        State("picker-of", "data"),
        prevent_initial_call=True,
    )(search)
