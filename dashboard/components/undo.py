"""The note after a delete that takes it back; assets/undo.js shows it, on whatever page, for as long as it can."""

from typing import Any

import dash
from dash import ClientsideFunction, Input, dcc, html

from dashboard.components.page import marks
from dashboard.library.records import DeletionRecord
from dashboard.web.prefix import at
from dashboard.words import say


def place() -> html.Div:
    """Return where the notes are, on every page."""
    return html.Div(
        [dcc.Store(id="undo-offer"), html.Div(id="undo", className="undo", role="status", **marks(aria_live="polite"))]
    )


def offer(deletion: DeletionRecord | None) -> None:
    """Offer, in the answer to this callback, to undo a deletion; None: nothing was there to delete."""
    if deletion is None:
        return
    said = say(f"{deletion.faces} faces deleted." if deletion.faces > 1 else "Deleted.")
    data: dict[str, Any] = {
        "address": at(f"/api/deletions/{deletion.id}/undo"),
        "said": said,
        "seconds": deletion.undo_s,
    }
    dash.set_props("undo-offer", {"data": data})


def connect(app: dash.Dash) -> None:
    """Show what is offered."""
    app.clientside_callback(ClientsideFunction("undo", "offer"), Input("undo-offer", "data"), prevent_initial_call=True)
