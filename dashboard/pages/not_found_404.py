"""What an address says that leads nowhere; Dash takes the module's name for it."""

from typing import Any

import dash
from dash import html

from dashboard.components import page
from dashboard.words import say, titled

dash.register_page(__name__, title=titled("Not found"))


def layout(**_: Any) -> html.Div:
    """Return the page."""
    return html.Div(
        [
            page.head(say("There is no such page"), say("The address may be old or mistyped.")),
            html.Div(
                [
                    page.link_button(say("To the Studio"), "/", primary=True),
                    page.link_button(say("To the Library"), "/library"),
                ],
                className="row-of",
            ),
        ]
    )
