"""What every page stands in: the document, the header with its links, the theme switch, the place for toasts."""

from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Input, Output, dcc, html

from core.errors import LifemaskError
from dashboard.components import undo
from dashboard.components.page import marks
from dashboard.library.sentences import of_storage
from dashboard.web.context import current_library

NOT_INJECTED = r"vendor|samples|icons|boot\.js|service-worker"  # linked below, or fetched when needed
LINKS = (
    ("Studio", "/"),
    ("Library", "/library"),
    ("Compare", "/compare"),
    ("Statistics", "/statistics"),
    ("Models", "/models"),
)

# Bootstrap before our own sheet; the theme before the first paint.
INDEX = """<!DOCTYPE html>
<html lang="en">
  <head>
    {%metas%}
    <title>{%title%}</title>
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="theme-color" content="#f5f1ea" media="(prefers-color-scheme: light)">
    <meta name="theme-color" content="#1b1c1e" media="(prefers-color-scheme: dark)">
    <script src="/assets/boot.js"></script>
    <link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
    <link rel="apple-touch-icon" href="/assets/icon-192.png">
    <link rel="manifest" href="/assets/manifest.webmanifest">
    <link rel="stylesheet" href="/assets/vendor/bootstrap/bootstrap.min.css">
    {%css%}
  </head>
  <body>
    {%app_entry%}
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>
"""


def shell() -> html.Div:
    """Return the frame of all pages."""
    return html.Div(
        [
            html.A("Skip to the content", href="#content", className="skip"),
            _header(),
            html.Main(dash.page_container, id="content", className="page", tabIndex=-1),
            undo.place(),
            html.Div(id="toasts", className="toasts", role="status", **marks(aria_live="polite")),
        ]
    )


def _header() -> html.Header:
    links = [dbc.NavLink(name, href=href, active="exact" if href == "/" else "partial") for name, href in LINKS]
    return html.Header(
        html.Div(
            [
                dcc.Link(
                    [html.Img(src="/assets/icon.svg", alt="", width=28, height=28), "Lifemask"],
                    href="/",
                    className="brand",
                ),
                html.Nav(
                    html.Ul([html.Li(link) for link in links], className="nav-links"),
                    **marks(aria_label="Pages"),
                    style={"display": "contents"},
                ),
                html.Button(
                    html.Span(id="theme-icon", className="sign sign-auto"),
                    id="theme",
                    className="btn btn-plain",
                    type="button",
                ),
            ],
            className="header-inner",
        ),
        className="header",
    )


def toast(text: str, title: str = "Lifemask", icon: str | None = None) -> dbc.Toast:
    """Return a note at the corner of the page; it goes by itself after eight seconds."""
    return dbc.Toast(text, header=title, icon=icon, is_open=True, dismissable=True, duration=8000)


def show_error(error: Exception) -> Any:
    """Show an error of a callback as a toast; what a person can mend in its own words."""
    known = error if isinstance(error, LifemaskError) else of_storage(error, current_library().folders.root)
    text = str(known or "Something went wrong in the app; its log says more. Reload the page and try again.")
    dash.set_props("toasts", {"children": [toast(text, "That did not work")]})
    if known is None:
        raise error


def connect(app: dash.Dash) -> None:
    """Give the frame its callbacks; of the app, because a module's own would reach the first app of a process alone."""
    app.clientside_callback(
        ClientsideFunction("lifemask", "theme"),
        Output("theme-icon", "className"),
        Output("theme", "aria-label"),
        Output("theme", "title"),
        Input("theme", "n_clicks"),
    )
    undo.connect(app)
