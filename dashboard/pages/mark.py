"""Mark: where the face of a photo is, for a photo in which it was not found or was found in the wrong place."""

from dataclasses import replace
from typing import Any

import dash
from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, ctx, dcc, html

import core
from core.errors import LifemaskError
from core.options import Options
from core.options.run import LEAST_BOX_PX
from dashboard.charts.marking import first_box, first_turn, marked_photo, turned_box
from dashboard.components import page, views
from dashboard.components.missing import no_photo
from dashboard.library.records import PhotoRecord
from dashboard.web.context import current_library, current_workspace
from dashboard.web.prefix import at
from dashboard.words import say, titled, word

dash.register_page(__name__, path_template="/mark/<photo_id>", title=titled("Mark"), name="Mark")

LEAD = word("Drag the box, or draw another, so that it holds the face from brows to chin and from ear to ear.")
TURNS = {"0": 0, "90": 90, "180": 180, "270": 270}


def layout(photo_id: str | None = None, face: str | None = None, turn_deg: str | None = None, **_: Any) -> html.Div:
    """Return the page of a photo.

    face : one of its faces, round which the box stands at first. turn_deg : how far the photo is shown turned.
    """
    library, workspace = current_library(), current_workspace()
    photo = library.photo(workspace, photo_id or "")
    if photo is None:
        return no_photo()
    if photo.is_scan and library.folders.reading(photo.id).unit is None:
        return _not_drawn(photo)
    found = library.face(workspace, face or "")
    facts = core.files.read_facts(found.folder) if found and found.photo_id == photo.id else None
    turn = TURNS.get(turn_deg or "", first_turn(facts))
    wide, high = (photo.height, photo.width) if turn % 180 else (photo.width, photo.height)
    x, y, side = box = turned_box(first_box(photo.width, photo.height, facts), photo.width, photo.height, turn)
    figure = marked_photo(at(f"/photos/{photo.id}/photo.png?turn_deg={turn}"), wide, high, box)
    height = f"min(72vh, 720px, {100 * high / wide:.0f}vw)"
    fields = [
        page.number_field(f"mark-{name}", label, value, unit="px", low=low, high=most)
        for name, label, value, low, most in (
            ("x", say("From the left"), x, 0, wide - 1),
            ("y", say("From the top"), y, 0, high - 1),
            ("side", say("Side of the box"), side, LEAST_BOX_PX, 2 * max(wide, high)),
        )
    ]
    of_face = f"&face={face}" if found else ""
    actions: list[page.Child] = [
        *(
            page.link_button(text, f"/mark/{photo.id}?turn_deg={(turn + by) % 360}{of_face}")
            for text, by in ((say("Turn left"), 270), (say("Turn right"), 90))
        ),
        page.button(say("Find faces again"), "mark-find", small=False),
        page.button(say("Read this face"), "mark-read", "primary", small=False),
    ]
    return html.Div(
        [
            dcc.Store(id="mark-photo", data=photo.id),
            dcc.Store(id="mark-turn", data=turn),
            dcc.Store(id="mark-given", data=turn_deg in TURNS),
            dcc.Location(id="mark-go", refresh="callback-nav"),
            page.head(say("Where is the face?"), say(LEAD), actions),
            html.Div(
                [
                    # the place is kept while Plotly comes
                    html.Div(
                        views.graph(figure, "mark-figure", height=height, still=True), style={"minHeight": height}
                    ),
                    html.Div(
                        [
                            *fields,
                            html.P(id="mark-error", className="warning", role="status"),
                        ],
                        className="fold-body",
                    ),
                ]
            ),
        ]
    )


def _not_drawn(photo: PhotoRecord) -> html.Div:
    """Return the page of a scan that has no picture: none of its sides shows a face, or nothing has looked yet."""
    return page.empty(
        photo.name,
        say("This scan has no picture yet on which a face could be shown: it is drawn once the front is found."),
        page.link_button(say("Open the Studio"), "/", primary=True),
    )


clientside_callback(
    ClientsideFunction("marking", "move"),
    Output("mark-x", "value"),
    Output("mark-y", "value"),
    Output("mark-side", "value"),
    Input("mark-figure", "relayoutData"),
    Input("mark-x", "value"),
    Input("mark-y", "value"),
    Input("mark-side", "value"),
    prevent_initial_call=True,
)


@callback(
    Output("mark-go", "href"),
    Output("mark-error", "children"),
    Input("mark-read", "n_clicks"),
    Input("mark-find", "n_clicks"),
    State("mark-x", "value"),
    State("mark-y", "value"),
    State("mark-side", "value"),
    State("mark-photo", "data"),
    State("mark-turn", "data"),
    State("mark-given", "data"),
    prevent_initial_call=True,
)
def read(
    _read: int | None, _find: int | None, x: float | None, y: float | None, side: float | None, photo_id: str,
    turn: int, given: bool,
) -> Any:  # fmt: skip
    """Queue the photo as it is turned, with this box or without one, and go where its progress is seen."""
    library, workspace = current_library(), current_workspace()
    photo = library.photo(workspace, photo_id)
    if photo is None:
        return dash.no_update, say("This photo is not in your library; it may have been deleted.")
    before = Options.from_stored(next((run.options for run in library.runs(workspace, photo_id=photo_id, most=1)), {}))
    turned = replace(before, box=None, turn_deg=turn if given else None)
    try:
        if ctx.triggered_id == "mark-read":
            if x is None or y is None or side is None:
                return dash.no_update, say("Draw a box round the face, or give its three numbers.")
            wide, high = (photo.height, photo.width) if turn % 180 else (photo.width, photo.height)
            box = turned_box((x, y, side), wide, high, -turn % 360)
            turned = replace(turned, whole_photo=False, box=box)
        library.start_run(workspace, photo_id, turned)
    except LifemaskError as error:
        return dash.no_update, say(str(error))
    return at("/"), None
