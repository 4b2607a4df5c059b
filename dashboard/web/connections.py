"""The connections of the server, bounded: nobody who is slow, silent or greedy keeps the pages from others.

waitress takes connections and bodies in one thread, and answers in several. What it leaves open is closed here: who
sends a request forever, sends more than its address takes, holds many connections or reads an answer slowly.
"""

import copy
import json
import logging
import time
from collections import Counter
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask
from waitress.utilities import Error, RequestEntityTooLarge

from dashboard.settings import MB
from dashboard.web.descriptors import allow_many_files
from dashboard.web.proxies import Network, is_among

log = logging.getLogger("lifemask.serve")

THREADS = 24  # that answer; photos take half of them at most
MOST_CONNECTIONS = 4000
MOST_OF_ONE_CLIENT = 100  # a browser has 6
IDLE_S = 20  # a connection on which nothing happens
LOOK_S = 2  # how often it is looked
HEAD_S = 20.0  # for the head of a request
LEAST_BYTES_S = 20_000  # that a body must come with: half of what a phone has on a bad line
BODIES = 3  # bodies of the largest size that may come in at a time
HEARD_BYTES = 32 * MB  # beyond a limit
MEMORY_BYTES = 1 << 19  # of a body or an answer; what is more waits in a file
UNBOUNDED = 1 << 40


class BusyError(Error):
    """So much comes in already that no more is taken."""

    code, reason = 503, "Service Unavailable"


class Server(TcpWSGIServer):
    """The server of an app on a socket that listens: `run()` serves until `close()`, or Ctrl-C.

    Parameters
    ----------
    application : WSGI
    listener : socket that listens
    largest_bytes : the most that a request may send whose path is in `takes_much`
    small_bytes : the same of all other requests
    takes_much : paths
    proxies : trusted ones, which hold connections for many clients
    """

    def __init__(
        self,
        application: Any,
        listener: Any,
        largest_bytes: int,
        small_bytes: int,
        takes_much: frozenset[str],
        proxies: Sequence[Network] = (),
    ) -> None:
        adjustments = Adjustments(
            sockets=[listener],
            threads=THREADS,
            ident="lifemask",
            # `proxies` knows whom to believe; waitress knows one address at most
            clear_untrusted_proxy_headers=False,
            connection_limit=allow_many_files(MOST_CONNECTIONS),
            asyncore_use_poll=True,  # select(2) takes no file beyond the 1024th
            channel_timeout=IDLE_S,
            cleanup_interval=LOOK_S,
            inbuf_overflow=MEMORY_BYTES,
            outbuf_overflow=MEMORY_BYTES,
            outbuf_high_watermark=UNBOUNDED,  # who reads slowly keeps a file open, and no thread
        )
        self.small = copy.copy(adjustments)
        _limit(adjustments, largest_bytes)
        _limit(self.small, small_bytes)
        self.takes_much, self.proxies = takes_much, proxies
        self.most_coming_bytes = BODIES * adjustments.max_request_body_size
        self.coming_bytes = 0
        self.clients: Counter[str] = Counter()
        super().__init__(
            application, _sock=listener, adj=adjustments, bind_socket=False,
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
        )  # fmt: skip
        self.channel_class = _Channel

    def maintenance(self, now: float) -> None:
        """Close the connections that are idle, and those whose request takes too long to come."""
        super().maintenance(now)
        for channel in self.active_channels.values():
            if channel.request is not None and channel.request.is_late(now):
                channel.will_close = True


def _limit(adjustments: Adjustments, limit_bytes: int) -> None:
    """Have bodies that are somewhat too large come in all the same: who still sends hears no answer."""
    adjustments.limit_bytes = limit_bytes
    adjustments.max_request_body_size = limit_bytes + min(limit_bytes, HEARD_BYTES)


class _Request(HTTPRequestParser):
    """A request as it comes in, which has a time to come, and a size that its path takes."""

    def __init__(self, adjustments: Adjustments, server: Server) -> None:
        super().__init__(adjustments)
        self._server = server
        self._begun = time.time()
        self._counted = 0

    def is_late(self, now: float) -> bool:
        """Whether it should have come by now."""
        return now - self._begun > HEAD_S + self.body_bytes_received / LEAST_BYTES_S + (
            0.0 if self.body_rcv is None else HEAD_S
        )

    def parse_header(self, header_plus: bytes) -> None:
        """Read the head, and with it how much may follow."""
        super().parse_header(header_plus)
        if self.path not in self._server.takes_much:
            self.adj = self._server.small
        announced = self.adj.max_request_body_size if self.chunked else self.content_length
        if announced <= MEMORY_BYTES or announced > self.adj.max_request_body_size:
            return
        if self._server.coming_bytes + announced > self._server.most_coming_bytes:
            self.error = BusyError(
                "So many photos are being sent already that no more are taken now. Try again in a moment."
            )
            self.completed = True
            return
        self._counted = announced
        self._server.coming_bytes += announced

    def uncount(self) -> None:
        """Note that it is no longer coming in."""
        self._server.coming_bytes -= self._counted
        self._counted = 0


class _ErrorTask(ErrorTask):
    """What is refused before the app is asked (too large, not HTTP), in the form of all our errors."""

    def execute(self) -> None:
        error = self.request.error
        text = f"{error.reason}: {error.body}."
        if isinstance(error, RequestEntityTooLarge):
            limit = self.request.adj.limit_bytes / MB
            text = f"More than {limit:.0f} MB cannot be sent at a time. Send fewer or smaller photos."
        elif isinstance(error, BusyError):
            text = error.body
            self.response_headers.append(("Retry-After", "5"))
        body = json.dumps({"error": text}).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.append(("Content-Type", "application/json"))
        self.content_length = len(body)
        self.set_close_on_finish()
        self.write(body)


class _Channel(HTTPChannel):
    """A connection. Of one client there are so many at most, of this machine and of trusted proxies any number."""

    error_task_class = _ErrorTask

    def __init__(self, server: Server, sock: Any, address: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(server, sock, address, *args, **kwargs)
        self._client = client_of(address[0])
        server.clients[self._client] += 1
        is_one = not is_this_machine(self._client) and not is_among(address[0], server.proxies)
        if is_one and server.clients[self._client] > MOST_OF_ONE_CLIENT:
            self.will_close = True

    def parser_class(self, adjustments: Adjustments) -> _Request:
        """Return what takes the next request."""
        return _Request(adjustments, self.server)

    def received(self, data: bytes) -> bool:
        """Take what came in."""
        request = self.request
        taken = bool(super().received(data))
        if request is not None and request is not self.request:
            request.uncount()
        for done in self.requests:
            done.uncount()
        return taken

    def del_channel(self, map: Any = None) -> None:  # noqa: A002 - as waitress calls it
        """Note that the connection is gone."""
        if self._fileno in self.server.active_channels:
            self.server.clients[self._client] -= 1
            if not self.server.clients[self._client]:
                del self.server.clients[self._client]
            if self.request is not None:
                self.request.uncount()
        super().del_channel(map)


def client_of(address: str) -> str:
    """Return who an address belongs to: itself of IPv4; of IPv6 its first 64 bits, as one house has so many."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 6:
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        if not found.is_loopback:
            return ":".join(found.exploded.split(":")[:4])
    return str(found)


def is_this_machine(client: str) -> bool:
    """Whether a client, as `client_of` has it, is on the machine of the server."""
    try:
        return ip_address(client).is_loopback
    except ValueError:  # a socket of the file system
        return ":" not in client
