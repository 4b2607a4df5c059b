"""Opening a library on another device by its code. A link alone opens nothing: previews of messages follow links."""

from flask import Blueprint, Response, redirect, request
from werkzeug.exceptions import NotFound

from dashboard.components import plain
from dashboard.library import codes
from dashboard.library.guesses import TooManyGuessesError
from dashboard.library.records import NotInLibraryError
from dashboard.web.access import client, current_access
from dashboard.web.context import current_library, current_workspace
from dashboard.web.cookies import current_cookies
from dashboard.web.prefix import at
from dashboard.words import say

blueprint = Blueprint("device", __name__)
LONGEST = 32


@blueprint.before_request
def _is_offered() -> None:
    if current_access().settings.user_header:
        raise NotFound


@blueprint.get("/device")
def typed() -> Response:
    """Send the page on which a code is typed."""
    return _page("")


@blueprint.get("/device/<code>")
def scanned(code: str) -> Response:
    """Send the page that asks before a code is used."""
    return _page(code[:LONGEST])


@blueprint.post("/device")
def open_here() -> Response:
    """Give this browser the workspace of the code; its own, where something is in it, stays within reach."""
    code = request.form.get("code", "")[:LONGEST]
    try:
        workspace = codes.spend(current_library(), code, client(current_access().key))
    except NotInLibraryError as error:
        return _page("", say(str(error)), 404)
    except TooManyGuessesError as error:
        return _page("", say(str(error)), 429)
    cookies, response, had = current_cookies(), _to_library(), current_workspace()
    own = cookies.former.read(request)
    if workspace == own:
        cookies.former.delete(response)
    elif own is None and workspace != had and not codes.is_empty(current_library(), had):
        cookies.former.write(response, had)
    cookies.workspace.write(response, workspace)
    return response


@blueprint.post("/device/back")
def back() -> Response:
    """Give this browser its own workspace again."""
    cookies, response = current_cookies(), _to_library()
    own = cookies.former.read(request)
    if own is not None:
        cookies.workspace.write(response, own)
        cookies.former.delete(response)
    return response


def _to_library() -> Response:
    return redirect(at("/library"), 303)  # type: ignore[return-value]  # of werkzeug


def _page(code: str, wrong: str = "", status: int = 200) -> Response:
    text = say("This browser then shows that library. Both devices see all of it; what one deletes is gone on both.")
    if not codes.is_empty(current_library(), current_workspace()):
        kept = say("What this browser has now is kept: the way back to it is in the Library.")
        text = f"{text} {kept}"
    field = {"label": say("Code"), "name": "code", "type": "text", "complete": "one-time-code"}
    document = plain.page(
        say("Open a library of another device"), text=text, wrong=wrong, action="/device", button=say("Open it here"),
        other=say("Not now"), field=None if code else field, hidden={"code": code} if code else None,
    )  # fmt: skip
    return Response(document, status, {"Cache-Control": "no-store"}, mimetype="text/html")
