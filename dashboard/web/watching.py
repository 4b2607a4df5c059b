"""What each request took, for metrics and logs: by its route, never by its address, which may name somebody."""

import logging
import time
from typing import Any

import dash
import flask
from flask import Response, g, request

from dashboard.web import metrics

log = logging.getLogger("lifemask.requests")

PAGES = "/<path:path>"  # Dash's, which takes the addresses of all pages
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
NONE = "none"


class Server(flask.Flask):
    """Flask, whose log names the route of a request that failed in the place of its address."""

    def log_exception(self, exc_info: Any) -> None:
        """Write where it was raised."""
        log.error("A request failed", exc_info=exc_info, extra={"method": method(), "route": route()})


def guard(server: flask.Flask) -> None:
    """Measure every request, from before the first of the guards to the beginning of its answer."""

    @server.before_request
    def _begin() -> None:
        g.began = time.monotonic()

    @server.after_request
    def _end(response: Response) -> Response:
        seconds, status = time.monotonic() - g.get("began", time.monotonic()), str(response.status_code)
        metrics.REQUESTS.labels(method(), route(), status).observe(seconds)
        if log.isEnabledFor(logging.DEBUG):
            about = {"method": method(), "route": route(), "status": response.status_code, "seconds": seconds}
            log.debug("Answered", extra=about)
        return response


def method() -> str:
    """Return the method of the request; `none` for one that there is not."""
    return request.method if request.method in METHODS else NONE


def route() -> str:
    """Return what the request asks for, without ids and names; `none` where it leads nowhere."""
    rule = request.url_rule.rule if request.url_rule is not None else NONE
    if rule != PAGES:
        return rule
    templates = [page["path_template"] or page["path"] for page in dash.page_registry.values()]
    found = [template for template in templates if "<" in template and request.path.startswith(template.split("<")[0])]
    return next((template for template in templates if template == request.path), found[0] if found else NONE)
