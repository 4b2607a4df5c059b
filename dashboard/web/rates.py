"""How much one client may ask for: a stranger without a cookie has no workspace whose limits would hold."""

import time

import flask
from flask import request
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute, storage, strategies
from limits.errors import StorageError

from core.errors import LifemaskError
from dashboard.settings import Settings
from dashboard.web.connections import client_of, is_this_machine

STARTS_WORK = ("/api/runs", "/api/comparisons", "/share")
OF_A_FACE = ("/recompute", "/solid", "/head")  # the same of /api/faces/<id>
PACKS = "/api/faces.zip"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
PATIENCE_S = 1.0  # for the Redis that counts
CALLBACKS = "/_dash"  # pages ask them again and again; what they change has limits of its own


class TooOftenError(LifemaskError):
    """A client asked for more than it may. retry_s : when it may ask again."""

    def __init__(self, text: str, retry_s: int) -> None:
        super().__init__(text)
        self.retry_s = retry_s


def guard(server: flask.Flask, settings: Settings) -> None:
    """Count what each client asks for, and refuse what is too much. Those of this machine itself are not counted."""
    # several processes that serve pages count together where there is a Redis; else each counts for itself
    kept = storage.storage_from_string(
        settings.broker_url or "memory://",
        wrap_exceptions=True,
        **({"socket_connect_timeout": PATIENCE_S, "socket_timeout": PATIENCE_S} if settings.broker_url else {}),
    )
    window = strategies.MovingWindowRateLimiter(kept)
    changes, runs = RateLimitItemPerMinute(settings.changes_per_minute), RateLimitItemPerHour(settings.runs_per_hour)

    def _wait_s(item: RateLimitItem, client: str) -> int:
        """Return 0 where the client may ask once more, else in how many seconds it may."""
        try:
            if not item.amount or window.hit(item, client):
                return 0
            return max(1, round(window.get_window_stats(item, client).reset_time - time.time()))
        except StorageError:  # Redis is away for a while: pages go on, and nobody is counted
            return 0

    @server.before_request
    def _count() -> None:
        client = client_of(request.remote_addr or "")
        if is_this_machine(client):
            return
        wait_s = _wait_s(changes, client) if _costs() else 0
        if wait_s:
            raise TooOftenError(f"That was too much for one minute from one address. Try again in {wait_s} s.", wait_s)
        wait_s = _wait_s(runs, client) if _starts_work() else 0
        if wait_s:
            raise TooOftenError(f"That was too much work for one hour from one address. Go on in {wait_s} s.", wait_s)


def _costs() -> bool:
    changes = request.method not in SAFE_METHODS and not request.path.startswith(CALLBACKS)
    return changes or request.path == PACKS


def _starts_work() -> bool:
    path = request.path
    return request.method == "POST" and (
        path in STARTS_WORK or (path.startswith("/api/faces/") and path.endswith(OF_A_FACE))
    )
