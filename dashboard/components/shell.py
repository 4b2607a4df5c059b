"""What every page stands in: the document, the header with its links, the theme switch, the place for toasts."""

import re
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Input, Output, dcc, html

from dashboard.components import picker, undo
from dashboard.components.page import marks
from dashboard.library.sentences import known
from dashboard.web.access import current_access
from dashboard.web.bundle import Bundle, boot, scripts, styles
from dashboard.web.context import current_library, current_workspace
from dashboard.web.prefix import at
from dashboard.words import say, word
from dashboard.words.language import LANGUAGES, current_language

NOT_INJECTED = r"."  # nothing: our scripts and styles are linked below, each as one file
LINKS = (
    (word("Studio"), "/"),
    (word("Library"), "/library"),
    (word("Compare"), "/compare"),
    (word("Statistics"), "/statistics"),
    (word("Models"), "/models"),
)
SHORTCUTS = (
    ("g s", "Studio"),
    ("g l", "Library"),
    ("g c", "Compare"),
    ("g t", "Statistics"),
    ("g m", "Models"),
    ("u", word("Choose files")),
    ("/", word("Find in the Library")),
    ("Ctrl Z", word("Undo a delete, for ten seconds")),
    ("?", word("This sheet")),
    ("Esc", word("Close what lies over the page")),
)

# The theme before the first paint. What stands in the page until the scripts have drawn it looks like what they draw.
_DOCUMENT = """<!DOCTYPE html>
<html lang="LANGUAGE" data-prefix="PREFIX">
  <head>
    {%metas%}
    <title>{%title%}</title>
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="theme-color" content="#f5f1ea" media="(prefers-color-scheme: light)">
    <meta name="theme-color" content="#1b1c1e" media="(prefers-color-scheme: dark)">
    <script>BOOT</script>
    <link rel="icon" href="PREFIX/assets/icon.svg" type="image/svg+xml">
    <link rel="apple-touch-icon" href="PREFIX/assets/icon-192.png">
    <link rel="manifest" href="PREFIX/assets/manifest.webmanifest">
    <link rel="stylesheet" href="PREFIX/bundle/STYLES">
    {%css%}
  </head>
  <body>
    {%app_entry%}
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>
"""
_ENTRY = """
<div id="react-entry-point">
  <header class="header"><div class="header-inner">
    <a href="HOME" class="brand">Lifemask</a>
    <nav aria-label="PAGES" style="display: contents"><ul class="nav-links">LINKS</ul></nav>
  </div></header>
  <main class="page" aria-busy="true"><h1 class="visually-hidden">LOADING</h1>
    <div class="skeleton skeleton-title"></div><div class="skeleton skeleton-block"></div>
    <noscript><p>NO_SCRIPT</p></noscript>
  </main>
</div>
"""
_OF_DASH = re.compile(r'<script src="([^"]*/_dash-component-suites/[^"]*)"></script>\n?')
# Dash sends with every page its own table, which no page has, and what old browsers lack, which cannot show our pages.
_UNUSED = ("/dash_table/", "/deps/polyfill@")


def document(prefix: str) -> str:
    """Return the document that all pages are drawn into, with places for what Dash puts there."""
    return _DOCUMENT.replace("PREFIX", prefix).replace("STYLES", styles().name).replace("BOOT", boot())


def in_language(page: str) -> str:
    """Return the document of a page with the code of its language."""
    return page.replace('lang="LANGUAGE"', f'lang="{current_language()}"', 1)


def entry() -> str:
    """Return what stands in the document until Dash has drawn the page."""
    links = "".join(f'<li><a href="{at(href)}" class="nav-link">{say(name)}</a></li>' for name, href in LINKS)
    text = (
        _ENTRY.replace("LINKS", links)
        .replace("HOME", at("/"))
        .replace("PAGES", say("Pages"))
        .replace("LOADING", say("Lifemask is loading"))
    )
    return text.replace("NO_SCRIPT", say("Lifemask needs JavaScript, which this browser does not run."))


def scripts_of_dash(tags: str) -> list[str]:
    """Return the addresses of Dash's scripts, but for what no page needs."""
    return [address for address in _OF_DASH.findall(tags) if not any(part in address for part in _UNUSED)]


def with_bundles(tags: str, of_dash: Bundle) -> str:
    """Return Dash's script tags with its files as one, and with our script before them."""
    places = (at(f"/bundle/{one.name}") for one in (scripts(current_language()), of_dash))
    ours = "".join(f'<script src="{place}"></script>' for place in places)
    return ours + _OF_DASH.sub("", tags)


def shell() -> html.Div:
    """Return the frame of all pages."""
    return html.Div(
        [
            html.A(say("Skip to the content"), href="#content", className="skip"),
            _header(),
            html.Main(dash.page_container, id="content", className="page", tabIndex=-1),
            # assets/follow.js says there that something has changed since
            dcc.Store(id="workspace-version"),
            html.Div(id="workspace", hidden=True, **marks(data_version=_version())),
            _shortcuts(),
            undo.place(),
            html.Div(id="toasts", className="toasts", role="status", **marks(aria_live="polite")),
        ]
    )


def _version() -> str:
    return current_library().version(current_workspace())


def _header() -> html.Header:
    links = [
        dbc.NavLink(say(name), href=at(href), active="exact" if href == "/" else "partial") for name, href in LINKS
    ]
    return html.Header(
        html.Div(
            [
                dcc.Link("Lifemask", href=at("/"), className="brand"),
                html.Nav(
                    html.Ul([html.Li(link) for link in links], className="nav-links"),
                    **marks(aria_label=say("Pages")),
                    style={"display": "contents"},
                ),
                html.Div(
                    [
                        *_languages(),
                        _sign_out(),
                        html.Button(
                            "?",
                            type="button",
                            title=say("Keyboard"),
                            className="btn btn-plain only-keys",
                            **marks(aria_label=say("Keyboard shortcuts"), data_shortcuts="open"),
                        ),
                        html.Button(
                            html.Span(id="theme-icon", className="sign sign-auto"),
                            id="theme",
                            className="btn btn-plain",
                            type="button",
                        ),
                    ],
                    className="header-buttons",
                ),
            ],
            className="header-inner",
        ),
        className="header",
    )


def _languages() -> list[html.Button]:
    """Return a button for each language but that of the page; assets/language.js has what it does."""
    return [
        html.Button(
            code.upper(),
            type="button",
            title=name,
            className="btn btn-plain language",
            lang=code,
            **marks(aria_label=f"{code.upper()}: {name}", data_language=code),
        )
        for code, name in LANGUAGES.items()
        if code != current_language()
    ]


def _sign_out() -> html.Form | None:
    if not current_access().settings.password:
        return None
    button = html.Button(say("Sign out"), type="submit", className="btn btn-plain")
    return html.Form(button, action=at("/sign-out"), method="POST")


def _shortcuts() -> html.Dialog:
    """Return the sheet that `?` shows; assets/keyboard.js has the keys."""
    rows = [
        html.Div([html.Dt([html.Kbd(key) for key in keys.split()]), html.Dd(say(meaning))])
        for keys, meaning in SHORTCUTS
    ]
    return html.Dialog(
        [
            html.Div(
                [
                    html.H2(say("Keyboard"), id="shortcuts-title"),
                    html.Button(
                        say("Close"), type="button", className="btn btn-quiet btn-sm", **marks(data_shortcuts="close")
                    ),
                ],
                className="section-head",
            ),
            html.Dl(rows, className="keys"),
        ],
        id="shortcuts",
        className="sheet",
        **marks(aria_labelledby="shortcuts-title"),
    )


def toast(text: str, title: str = "Lifemask", icon: str | None = None) -> dbc.Toast:
    """Return a note at the corner of the page; it goes by itself after eight seconds."""
    return dbc.Toast(text, header=title, icon=icon, is_open=True, dismissable=True, duration=8000)


def show_error(error: Exception) -> Any:
    """Show an error of a callback as a toast; what a person can mend in its own words."""
    said = known(error, current_library().folders.root)
    text = str(said or word("Something went wrong in the app; its log says more. Reload the page and try again."))
    dash.set_props("toasts", {"children": [toast(say(text), say("That did not work"))]})
    if said is None:
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
    picker.connect(app)
