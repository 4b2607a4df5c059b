"""Where the app stands below its host: the one way from a path of ours to its address, also behind a proxy."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, current_app, has_app_context
from werkzeug.utils import redirect

from core.errors import OptionError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "PREFIX"  # where the app's config holds it
SHAPE = re.compile(r"(/[A-Za-z0-9._~-]+)+")


def at(path: str) -> str:
    """Return the address of a path of the app, which begins with '/'. Scripts have `lifemask.at` of assets/boot.js."""
    return f"{current_app.config.get(PREFIX, '') if has_app_context() else ''}{path}"


def checked(prefix: str) -> str:
    """Return a prefix as it stands before each path: '' or '/mask', without a slash at its end.

    Raises
    ------
    OptionError
        It is no path.
    """
    shortened = prefix.strip().rstrip("/")
    if shortened and (not SHAPE.fullmatch(shortened) or any(part in (".", "..") for part in shortened.split("/"))):
        raise OptionError(f"LIFEMASK_PREFIX is '{prefix}'; it must be a path such as /mask.")
    return shortened


def stand_below(server: Flask, prefix: str) -> None:
    """Have the app answer below the prefix, whether the proxy before it leaves the prefix in paths or takes it away."""
    server.config |= {PREFIX: prefix, "APPLICATION_ROOT": prefix or "/"}
    if prefix:
        server.wsgi_app = _Below(server.wsgi_app, prefix)  # type: ignore[method-assign]  # Flask's own way


class _Below:
    """Moves the prefix from the path to SCRIPT_NAME, where WSGI has it."""

    def __init__(self, app: "WSGIApplication", prefix: str) -> None:
        self.app, self.prefix = app, prefix

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == self.prefix:
            query = environ.get("QUERY_STRING", "")
            return redirect(f"{self.prefix}/{'?' if query else ''}{query}", 308)(environ, start_response)
        if path.startswith(f"{self.prefix}/"):
            path = path[len(self.prefix) :]
        return self.app({**environ, "SCRIPT_NAME": self.prefix, "PATH_INFO": path}, start_response)
