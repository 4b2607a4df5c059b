"""What an address says that leads nowhere; Dash takes the module's name for it."""

from typing import Any

import dash
from dash import html

from dashboard.components import page

dash.register_page(__name__, title="Not found – Lifemask")  # noqa: RUF001


def layout(**_: Any) -> html.Div:
    """Return the page."""
    return html.Div(
        [
            page.head("There is no such page", "The address may be old or mistyped."),
            html.Div(
                [page.link_button("To the Studio", "/", primary=True), page.link_button("To the Library", "/library")],
                className="row-of",
            ),
        ]
    )
