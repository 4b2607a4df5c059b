"""The connections of the server, bounded: nobody who is slow, silent or greedy keeps the pages from others.

waitress takes connections and bodies in one thread, and answers in several. What it leaves open is closed here: who
sends a request forever, sends more than its address takes, holds many connections or reads an answer slowly.
"""

import copy
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
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
LEAST_BYTES_S = 5_000  # that a body must come with, and an answer be read with: a phone on a bad line has more
STALL_S = 60.0  # an answer that is not read, as by a phone in a lift
BODIES = 3  # so many bodies of the largest size are kept at a time; of one client elsewhere one
ANSWERS_BYTES = 4000 * MB  # of answers that wait for their readers
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
        self.largest_bytes = adjustments.max_request_body_size
        self.clients: Counter[str] = Counter()
        super().__init__(
            application, _sock=listener, adj=adjustments, bind_socket=False,
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
        )  # fmt: skip
        self.channel_class = _Channel

    def maintenance(self, now: float) -> None:
        """Close who is idle or late, and, where too much waits, who has the most of it."""
        channels = list(self.active_channels.values())
        for channel in channels:
            if channel.is_late(now):
                channel.handle_close()  # `will_close` waits until something is read
        self._cut(channels, BODIES * self.largest_bytes, lambda channel: channel.coming_bytes())
        self._cut(channels, ANSWERS_BYTES, lambda channel: channel.total_outbufs_len)

    def coming_bytes(self) -> int:
        """How much of bodies is here, of requests that still come and of those that wait for their turn."""
        return sum(channel.coming_bytes() for channel in self.active_channels.values())

    @staticmethod
    def _cut(channels: Sequence["_Channel"], most: int, held: "Callable[[_Channel], int]") -> None:
        holding = {channel: held(channel) for channel in channels if channel.connected}
        total = sum(holding.values())
        while total > most:
            of: Counter[str] = Counter()
            for channel, size in holding.items():
                of[channel.client] += size
            worst = max(holding, key=lambda channel: (of[channel.client], holding[channel]))
            worst.handle_close()
            total -= holding.pop(worst)


def _limit(adjustments: Adjustments, limit_bytes: int) -> None:
    """Have bodies that are somewhat too large come in all the same: who still sends hears no answer."""
    adjustments.limit_bytes = limit_bytes
    adjustments.max_request_body_size = limit_bytes + min(limit_bytes, HEARD_BYTES)


class _Request(HTTPRequestParser):
    """A request as it comes in, which has a time to come, and a size that its path takes."""

    def __init__(self, adjustments: Adjustments, channel: "_Channel") -> None:
        super().__init__(adjustments)
        self._channel = channel
        self._begun = time.time()
        self.announced = 0  # bytes of its body; of a small one 0

    def is_late(self, now: float) -> bool:
        """Whether it should have come by now."""
        return now - self._begun > HEAD_S + self.body_bytes_received / LEAST_BYTES_S + (
            0.0 if self.body_rcv is None else HEAD_S
        )

    def parse_header(self, header_plus: bytes) -> None:
        """Read the head, and with it how much may follow."""
        super().parse_header(header_plus)
        server = self._channel.server
        if self.path not in server.takes_much:
            self.adj = server.small
        announced = self.adj.max_request_body_size if self.chunked else self.content_length
        if announced <= MEMORY_BYTES or announced > self.adj.max_request_body_size:
            return
        if server.coming_bytes() + announced > BODIES * server.largest_bytes:
            self.error = BusyError(
                "So many photos are being sent already that no more are taken now. Try again in a moment."
            )
        elif self._channel.is_one and self._channel.announced_by_client() + announced > server.largest_bytes:
            self.error = BusyError("So much is being sent from your address already. Send fewer photos at a time.")
        else:
            self.announced = announced
            return
        self.completed = True


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
        self.client = client_of(address[0])
        self.is_one = not is_this_machine(self.client) and not is_among(address[0], server.proxies)
        self._sent, self._reading_since = 0, 0.0
        server.clients[self.client] += 1
        if self.is_one and server.clients[self.client] > MOST_OF_ONE_CLIENT:
            self.will_close = True

    def parser_class(self, _: Adjustments) -> _Request:
        """Return what takes the next request."""
        return _Request(self.adj, self)

    def is_late(self, now: float) -> bool:
        """Whether nothing happens here, or too slowly."""
        if self.total_outbufs_len:
            self._reading_since = self._reading_since or now
            too_slow = now - self._reading_since > STALL_S + self._sent / LEAST_BYTES_S
            return too_slow or now - self.last_activity > STALL_S
        self._sent, self._reading_since = 0, 0.0
        if self.request is not None:
            return bool(self.request.is_late(now))
        return not self.requests and now - self.last_activity > IDLE_S

    def coming_bytes(self) -> int:
        """How much of bodies is here."""
        return sum(request.body_bytes_received for request in self._coming())

    def announced_by_client(self) -> int:
        """How much this client sends now, on all its connections."""
        of_client = (one for one in self.server.active_channels.values() if one.client == self.client)
        return sum(request.announced for channel in of_client for request in channel._coming())

    def _coming(self) -> list[_Request]:
        return [*self.requests, *([] if self.request is None else [self.request])]

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send some of an answer; return how much went."""
        sent = int(super().send(data, do_close=do_close))
        self._sent += sent
        return sent

    def del_channel(self, map: Any = None) -> None:  # noqa: A002 - as waitress calls it
        """Note that the connection is gone."""
        if self._fileno in self.server.active_channels:
            self.server.clients[self.client] -= 1
            if not self.server.clients[self.client]:
                del self.server.clients[self.client]
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
