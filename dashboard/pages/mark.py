"""Mark: where the face of a photo is, for a photo in which it was not found or was found in the wrong place."""

from dataclasses import replace
from typing import Any

import dash
from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, dcc, html

import core
from core.errors import LifemaskError
from core.options import Options
from core.options.run import LEAST_BOX_PX
from dashboard.charts.marking import first_box, marked_photo
from dashboard.components import page, views
from dashboard.components.missing import no_photo
from dashboard.web.context import current_library, current_workspace

dash.register_page(__name__, path_template="/mark/<photo_id>", title="Mark – Lifemask", name="Mark")  # noqa: RUF001

LEAD = "Drag the box, or draw another, so that it holds the face from brows to chin and from ear to ear."


def layout(photo_id: str | None = None, face: str | None = None, **_: Any) -> html.Div:
    """Return the page of a photo; `face`: one of its faces, round which the box stands at first."""
    library, workspace = current_library(), current_workspace()
    photo = library.photo(workspace, photo_id or "")
    if photo is None:
        return no_photo()
    found = library.face(workspace, face or "")
    facts = core.files.read_facts(found.folder) if found and found.photo_id == photo.id else None
    x, y, side = box = first_box(photo.width, photo.height, facts)
    figure = marked_photo(f"/photos/{photo.id}/photo.png", photo.width, photo.height, box)
    height = f"min(72vh, 720px, {100 * photo.height / photo.width:.0f}vw)"
    fields = [
        page.number_field(f"mark-{name}", label, value, unit="px", low=low, high=high)
        for name, label, value, low, high in (
            ("x", "From the left", x, 0, photo.width - 1),
            ("y", "From the top", y, 0, photo.height - 1),
            ("side", "Side of the box", side, LEAST_BOX_PX, 2 * max(photo.width, photo.height)),
        )
    ]
    return html.Div(
        [
            dcc.Store(id="mark-photo", data=photo.id),
            dcc.Location(id="mark-go", refresh="callback-nav"),
            page.head("Where is the face?", LEAD, [page.button("Read this face", "mark-read", "primary", small=False)]),
            html.Div(
                [
                    views.graph(figure, "mark-figure", height=height, still=True),
                    html.Div(
                        [*fields, html.P(id="mark-error", className="warning", role="status")], className="fold-body"
                    ),
                ]
            ),
        ]
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
    State("mark-x", "value"),
    State("mark-y", "value"),
    State("mark-side", "value"),
    State("mark-photo", "data"),
    prevent_initial_call=True,
)
def read(_clicks: int | None, x: float | None, y: float | None, side: float | None, photo_id: str) -> Any:
    """Queue the photo with this box, and go where its progress is seen."""
    if x is None or y is None or side is None:
        return dash.no_update, "Draw a box round the face, or give its three numbers."
    library, workspace = current_library(), current_workspace()
    before = next((run.options for run in library.runs(workspace, photo_id=photo_id, most=1)), {})
    try:
        options = replace(Options.from_stored(before), whole_photo=False, box=(x, y, side))
        library.start_run(workspace, photo_id, options)
    except LifemaskError as error:
        return dash.no_update, str(error)
    return "/", None
