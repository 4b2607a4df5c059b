"""A library on another device: the code that opens it there, and the way back to this browser's own."""

from typing import Any
from urllib.parse import urlsplit

import dash_bootstrap_components as dbc
from dash import html
from flask import has_request_context, request

from dashboard.components import page
from dashboard.library import codes
from dashboard.web import access, lan
from dashboard.web.context import current_library, current_workspace, phone_address
from dashboard.web.cookies import current_cookies
from dashboard.web.prefix import at
from dashboard.words import say


def section() -> html.Section | None:
    """Return what the Library offers; nothing where the proxy's user has the same library everywhere."""
    if access.current_access().settings.user_header:
        return None
    has_own = has_request_context() and current_cookies().former.read(request) is not None
    about = say("This browser shows the library of another device.") if has_own else say(
        "Whoever has the code or its picture opens this library on another device; both then see all of it."
    )  # fmt: skip
    parts: list[page.Child] = [
        page.button(say("Open on another device …"), "device-open", small=False),
        html.A(say("Type a code"), href=at("/device"), className="btn btn-quiet"),
    ]
    if has_own:
        back = html.Button(say("Back to this browser's own library"), type="submit", className="btn btn-quiet")
        parts.append(html.Form(back, action=at("/device/back"), method="POST"))
    return page.section(
        say("Another device"),
        html.Div([html.P(about, className="soft"), html.Div(parts, className="row-of mt-3"), _dialog()]),
    )


def _dialog() -> dbc.Modal:
    return dbc.Modal(
        [
            dbc.ModalHeader(dbc.ModalTitle(say("Open on another device"), id="device-title"), close_button=False),
            dbc.ModalBody(html.Div(id="device-shown")),
            dbc.ModalFooter(page.button(say("Close"), "device-close", small=False)),
        ],
        id="device",
        labelledby="device-title",
        is_open=False,
        centered=True,
    )


def shown() -> html.Div:
    """Make a code and return it as words and as a picture.

    Raises
    ------
    TooManyGuessesError
    """
    library = current_library()
    code = codes.make(library, current_workspace(), access.client(access.current_access().key))
    base = _base()
    address = f"{base}{code}"
    picture = html.Img(src=lan.drawn_for_page(address), alt=say("QR code of the address"), className="qr", width=176)
    minutes = round(codes.VALID_S / 60)
    words: list[Any] = [
        html.P(code, className="code"),
        html.P(html.A(base.rstrip("/"), href=address)),
        html.P(
            say(f"Scan the picture there, or open this address and type the code. It works once, for {minutes} min."),
            className="soft",
        ),
    ]
    host = urlsplit(base).hostname or ""
    if lan.is_loopback(host) and not access.current_access().settings.trusted_proxies:
        words.append(
            html.P(
                say("This server answers to this machine alone. For a phone, start it by 'lifemask serve --lan'."),
                className="warning",
            )
        )
    return html.Div([picture, html.Div(words)], className="phone")


def _base() -> str:
    """Return the address before a code, as another device reaches it: in a home's network not by 'localhost'."""
    phone = phone_address()
    if phone and lan.is_loopback(urlsplit(request.host_url).hostname or ""):
        return f"{phone.rstrip('/')}/device/"
    return f"{request.host_url.rstrip('/')}{at('/device/')}"
