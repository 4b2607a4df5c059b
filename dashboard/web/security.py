"""Guards of every request: host name, origin of writes, workspace cookie, and the headers of every answer."""

import base64
import hashlib
import socket
from urllib.parse import urlsplit

import dash
import flask
from flask import Request, Response, g, request

from core.errors import LifemaskError
from dashboard.settings import MB, Settings
from dashboard.web.bundle import boot
from dashboard.web.context import current_library, current_workspace
from dashboard.web.cookies import COOKIES, Cookies
from dashboard.web.lan import is_address, is_open_to_others

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
MAX_CALLBACK_BYTES = 8 * MB  # callbacks carry ids, never pictures
PHOTOS_PER_REQUEST = 8
TAKE_PHOTOS = {"/api/photos", "/share"}

NOT_STORED = ("/api", "/_dash", "/health", "/ready", "/metrics")  # what changes, unless its answer says how it is kept
FILES_OF_DASH = "/_dash-component-suites/"
ERRORS_FROM = 400
HTTPS_S = 365 * 86400  # so long a browser that came by HTTPS comes by nothing else
PORTS = {"http": 80, "https": 443}

# Dash sets style attributes; Plotly hands pictures and workers to itself as blob: and data:.
POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "connect-src": "'self' data: blob:",
    "worker-src": "'self' blob:",
    "font-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}


class ForbiddenError(LifemaskError):
    """A request that is refused for where it comes from."""


def guard(app: dash.Dash, settings: Settings) -> None:
    """Put the guards on the app."""
    server: flask.Flask = app.server
    secret = current_secret(server)
    cookies = server.config[COOKIES] = Cookies(secret)
    allowed, is_open = own_names(settings), is_open_to_others(settings)
    server.config["MAX_CONTENT_LENGTH"] = MAX_CALLBACK_BYTES

    def _is_known(name: str) -> bool:
        return name in allowed or (is_open and is_address(name))

    @server.before_request
    def _check() -> None:
        if not _is_known(host_name(request.host)):  # a foreign name that points here: DNS rebinding
            raise ForbiddenError(
                f"This server does not answer to the name '{host_name(request.host)}'. Add it to LIFEMASK_HOSTS."
            )
        if request.method not in SAFE_METHODS and not is_same_origin(request):
            raise ForbiddenError("This request comes from another site and is refused.")
        if request.path in TAKE_PHOTOS:
            request.max_content_length = largest_request_bytes(settings)
        _recognise(request, cookies)

    @server.after_request
    def _finish(response: Response) -> Response:
        if g.get("workspace_is_new") and (is_page(request) or request.method not in SAFE_METHODS):
            cookies.workspace.write(response, g.workspace)
        if request.path.startswith(NOT_STORED) and not request.path.startswith(FILES_OF_DASH):
            response.headers.setdefault("Cache-Control", "no-store")
        elif response.status_code >= ERRORS_FROM:
            response.headers["Cache-Control"] = "no-store"
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = f"max-age={HTTPS_S}"
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers["Content-Security-Policy"] = content_security_policy(app)
        return response


def largest_request_bytes(settings: Settings) -> int:
    """Return the most that one upload may send."""
    return max(settings.max_upload_mb * PHOTOS_PER_REQUEST, settings.max_scan_mb) * MB + MB


def current_secret(server: flask.Flask) -> str:
    """Return the key that signs cookies."""
    with server.app_context():
        return current_library().folders.secret()


def content_security_policy(app: dash.Dash) -> str:
    """Return the policy; inline scripts, ours and those of Dash's clientside callbacks, by their hashes alone."""
    ours = base64.b64encode(hashlib.sha256(boot().encode()).digest()).decode()
    hashes = " ".join([*app.csp_hashes(), f"'sha256-{ours}'"])
    return "; ".join(f"{name} {value}{' ' + hashes if name == 'script-src' else ''}" for name, value in POLICY.items())


def own_names(settings: Settings) -> set[str]:
    """Return the names that the server answers to, in small letters."""
    names = LOOPBACK | {host_name(name.strip()) for name in settings.hosts.split(",") if name.strip()}
    if is_open_to_others(settings):
        machine = socket.gethostname().lower()
        names |= {settings.host.lower(), machine, f"{machine}.local"}
    return names


def host_name(host: str) -> str:
    """Return the name or address of a Host header, without the port: '[::1]:8050' -> '::1'."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def is_same_origin(request: Request) -> bool:
    """Whether a write comes from this server's own pages, or from no browser at all (which has no one's cookie)."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or _is_origin(origin, request)


def _is_origin(origin: str, request: Request) -> bool:
    """Whether an Origin is that of the request: by name, and by port where we know ours.

    A proxy that hands on the name alone (nginx's `Host $host`) leaves a Host without the port of the address.
    """
    try:
        asked, host = urlsplit(origin), urlsplit(f"//{request.host}")
        names, ports = (asked.hostname, host.hostname), (asked.port or PORTS.get(asked.scheme), host.port)
    except ValueError:
        return False
    usual = PORTS.get(request.scheme)
    if ports[1] is None and request.environ.get("SERVER_PORT") != str(usual):
        return names[0] == names[1]
    return names[0] == names[1] and ports[0] == (ports[1] or usual)


def _recognise(request: Request, cookies: Cookies) -> None:
    workspace = cookies.workspace.read(request)
    if workspace is not None:  # only ours are signed; it may be one that nothing was put into yet
        g.workspace = workspace
    elif is_page(request):
        current_workspace()  # its cookie goes with the page itself: the many requests that follow then share it


def is_page(request: Request) -> bool:
    """Whether a browser asks for a page, and not a page or a program for a part of one."""
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "")
