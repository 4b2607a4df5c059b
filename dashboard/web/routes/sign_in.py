"""Signing in with the server's password, and out."""

import re
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request
from werkzeug.exceptions import NotFound

from dashboard.components import plain
from dashboard.library.guesses import TooManyGuessesError
from dashboard.web.access import current_access
from dashboard.web.prefix import at
from dashboard.words import say

blueprint = Blueprint("sign_in", __name__)
WITHIN = re.compile(r"/(?![/\\])[^\\\x00-\x1f\x7f]*")  # a path of ours: not '//host', which leads elsewhere
WRONG = "This is not the password."


@blueprint.get("/sign-in")
def show() -> Response:
    """Send the page; who has signed in goes on."""
    if not current_access().settings.password:
        raise NotFound
    wanted = _within(request.args.get("next", ""))
    return redirect(at(wanted), 303) if current_access().has_session(request) else _page(wanted)  # type: ignore[return-value]  # of werkzeug


@blueprint.post("/sign-in")
def sign_in() -> Response:
    """Begin a session and go where the person wanted to, or say that the password was wrong."""
    access, wanted = current_access(), _within(request.form.get("next", ""))
    if not access.settings.password:
        raise NotFound
    try:
        if not access.check(request.form.get("password", "")):
            return _page(wanted, say(WRONG), 401)
    except TooManyGuessesError as error:
        return _page(wanted, say(str(error)), 429)
    response: Response = redirect(at(wanted), 303)  # type: ignore[assignment]  # of werkzeug
    access.begin(response)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End the session."""
    response: Response = redirect(at("/sign-in"), 303)  # type: ignore[assignment]  # of werkzeug
    current_access().end(response)
    return response


def refused(why: str) -> tuple[Response, int]:
    """Lead to the page on which one signs in; where the proxy does that, say why this one is not shown."""
    if current_access().settings.password:
        query = f"?{request.query_string.decode(errors='replace')}" if request.query_string else ""
        wanted = f"{request.path}{query}" if request.method == "GET" else "/"  # what was sent is lost
        response: Response = redirect(_asking(wanted), 303)  # type: ignore[assignment]  # of werkzeug
        response.headers["Cache-Control"] = "no-store"
        return response, 303
    return Response(plain.page(say("Not signed in"), text=why), mimetype="text/html"), 401


def _asking(wanted: str) -> str:
    return at("/sign-in") if wanted == "/" else f"{at('/sign-in')}?{urlencode({'next': wanted})}"


def _within(wanted: str) -> str:
    return wanted if WITHIN.fullmatch(wanted) else "/"


def _page(wanted: str, wrong: str = "", status: int = 200) -> Response:
    text = plain.page(
        say("Sign in"), wrong=wrong, action="/sign-in", button=say("Sign in"), hidden={"next": wanted},
        field={"label": say("Password"), "name": "password", "type": "password", "complete": "current-password"},
    )  # fmt: skip
    return Response(text, status, {"Cache-Control": "no-store"}, mimetype="text/html")
