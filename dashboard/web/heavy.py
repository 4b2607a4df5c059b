"""How many heavy requests are answered at a time: pages have threads of their own, whatever else is asked for."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import flask
from flask import Response, g, request

from dashboard.library.records import BusyError
from dashboard.web.connections import THREADS, client_of, is_this_machine
from dashboard.web.rates import PACKS
from dashboard.web.security import TAKE_PHOTOS

UPLOADS, UPLOADS_OF_ONE = THREADS // 2, THREADS // 4
PACKED, PACKED_OF_ONE = THREADS // 6, THREADS // 12
BUSY = "So much is being made and sent already that this must wait. Ask for it again in a moment."
LEAVE = "leave_heavy"


class Places:
    """So many at a time, and of one client fewer."""

    def __init__(self, most: int, most_of_one: int) -> None:
        self._most, self._most_of_one = most, most_of_one
        self._lock = threading.Lock()
        self._of: Counter[str] = Counter()

    def enter(self, client: str, *, alone: bool = True) -> Callable[[], None]:
        """Take a place; return what gives it back, once, however often it is called.

        alone : whether the client is one, and not all that come from this machine.

        Raises
        ------
        BusyError
            There is none.
        """
        with self._lock:
            if self._of.total() >= self._most or (alone and self._of[client] >= self._most_of_one):
                raise BusyError(BUSY)
            self._of[client] += 1
        held = threading.Semaphore(1)

        def leave() -> None:
            if held.acquire(blocking=False):
                with self._lock:
                    self._of[client] -= 1
                    self._of += Counter()  # forgets who has none

        return leave


def guard(server: flask.Flask) -> None:
    """Have uploads, zips and turned photos wait for their turn outside, with 503 and a sentence."""
    uploads, packed = Places(UPLOADS, UPLOADS_OF_ONE), Places(PACKED, PACKED_OF_ONE)

    @server.before_request
    def _enter() -> None:
        places = _places(uploads, packed)
        if places is None:
            return
        client = client_of(request.remote_addr or "")
        setattr(g, LEAVE, places.enter(client, alone=not is_this_machine(client)))

    @server.after_request
    def _leave(response: Response) -> Response:
        leave = g.pop(LEAVE, None)
        if leave is None:
            return response
        if response.is_streamed:
            response.response = _until_over(response.iter_encoded(), leave)
            response.call_on_close(leave)  # who goes away before it begins
        else:
            leave()
        return response


def _places(uploads: Places, packed: Places) -> Places | None:
    if request.method == "POST" and request.path in TAKE_PHOTOS:
        return uploads
    return packed if request.path == PACKS or "turn_deg" in request.args else None


def _until_over(pieces: Iterable[bytes], leave: Callable[[], None]) -> Iterator[Any]:
    try:
        yield from pieces
    finally:
        leave()
