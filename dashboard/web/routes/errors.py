"""Errors of requests as {"error": sentence}, whatever goes wrong under the paths that programs read."""

from contextlib import suppress

from flask import Blueprint, Response, current_app, jsonify, make_response, request
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed, NotFound, RequestEntityTooLarge

from core.errors import LifemaskError, PhotoError, StorageError
from dashboard.library.guesses import TooManyGuessesError
from dashboard.library.records import RETRY_S, BusyError, NotInLibraryError, NotYetError, QueueFullError, QuotaError
from dashboard.library.sentences import known, sentence
from dashboard.settings import MB
from dashboard.web.access import NotOperatorError, UnauthorisedError
from dashboard.web.context import current_library
from dashboard.web.rates import TooOftenError
from dashboard.web.routes import sign_in
from dashboard.web.security import ForbiddenError
from dashboard.words import say

STATUS = {
    NotInLibraryError: 404,
    NotYetError: 503,
    BusyError: 503,
    ForbiddenError: 403,
    PhotoError: 422,
    QueueFullError: 429,
    QuotaError: 507,
    TooOftenError: 429,
    StorageError: 507,
    UnauthorisedError: 401,
    NotOperatorError: 403,
    TooManyGuessesError: 429,
}
OURS = ("/api/", "/files/", "/open/", "/photos/", "/comparisons/")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def connect(blueprint: Blueprint) -> None:
    """Answer errors in sentences: ours in the whole app, all others under the paths that programs read."""

    @blueprint.before_app_request
    def _check_path() -> None:
        """Refuse what no path of the blueprint takes: Dash would answer it with a page."""
        if _is_ours() and not (request.endpoint or "").startswith(f"{blueprint.name}."):
            allowed = [method for method in METHODS if _takes(method)]
            if not allowed:
                raise NotFound(f"There is no path {request.path}.")
            raise MethodNotAllowed(allowed, f"{request.path} takes {' or '.join(allowed)}, not {request.method}.")

    def _takes(method: str) -> bool:
        with suppress(HTTPException):
            endpoint, _ = current_app.url_map.bind("").match(request.path, method)
            return bool(endpoint.startswith(f"{blueprint.name}."))
        return False

    blueprint.app_errorhandler(LifemaskError)(_ours)
    blueprint.app_errorhandler(RequestEntityTooLarge)(_too_large)
    blueprint.app_errorhandler(HTTPException)(_http)


def status_of(error: Exception) -> int:
    """Return the status of an answer that says the error."""
    said = known(error, current_library().folders.root)
    return 500 if said is None else STATUS.get(type(said), 400)


def _is_ours() -> bool:
    return f"{request.path}/".startswith(OURS)


def _ours(error: LifemaskError) -> tuple[Response, int]:
    if isinstance(error, UnauthorisedError) and "text/html" in request.headers.get("Accept", "") and not _is_ours():
        return sign_in.refused(say(str(error)))
    answer = jsonify(error=say(sentence(error, current_library().folders.root)))
    if isinstance(error, NotYetError):
        answer.headers["Retry-After"] = str(RETRY_S)
    if isinstance(error, TooOftenError):
        answer.headers["Retry-After"] = str(error.retry_s)
    if isinstance(error, UnauthorisedError):
        answer.headers["WWW-Authenticate"] = 'Bearer realm="Lifemask"'
    return answer, status_of(error)


def _too_large(_: RequestEntityTooLarge) -> tuple[Response, int]:
    limit, sent = (request.max_content_length or 0) / MB, (request.content_length or 0) / MB
    text = f"The upload has {sent:.0f} MB; at most {limit:.0f} MB can be sent at a time. Send fewer or smaller photos."
    return jsonify(error=say(text)), 413


def _http(error: HTTPException) -> Response | HTTPException:
    if not _is_ours():
        return error
    text = error.description or error.name
    if isinstance(error, InternalServerError) and error.original_exception is not None:
        root = current_library().folders.root
        said = known(error.original_exception, root)
        if said is not None:
            return make_response(_ours(said))
        text = sentence(error.original_exception, root)
    response = jsonify(error=say(text))
    response.status_code = error.code or 500
    response.headers.extend((name, value) for name, value in error.get_headers() if name != "Content-Type")  # Allow …
    return response
