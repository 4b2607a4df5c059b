"""Connections of the real server: who is slow, silent or greedy keeps the pages from nobody."""

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import flask
import pytest

from dashboard.settings import MB
from dashboard.web import connections
from dashboard.web.connections import client_of
from tests.waiting import until

# what waitress has spooled of an answer whose reader is gone is closed by the garbage collector
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture
def open_sockets(app: Any) -> Iterator[Callable[..., list[socket.socket]]]:
    """Open connections to the server, and send something on each."""
    with ExitStack() as stack:

        def make(count: int, sent: bytes = b"") -> list[socket.socket]:
            made = []
            for _ in range(count):
                one = stack.enter_context(socket.socket())
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)  # else the kernel takes up to 32 MB
                one.connect(("127.0.0.1", app.server.config["PORT"]))
                if sent:
                    one.sendall(sent)
                made.append(one)
            return made

        yield make


@pytest.fixture
def count_channels(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many connections the server holds. It stands before the app in a test's arguments."""
    servers: set[connections.Server] = set()
    maintain = connections.Server.maintenance

    def maintenance(server: connections.Server, now: float) -> None:
        servers.add(server)
        maintain(server, now)

    monkeypatch.setattr(connections.Server, "maintenance", maintenance)
    return lambda: sum(len(server.active_channels) for server in servers)


def is_closed(one: socket.socket) -> bool:
    one.settimeout(0.05)
    try:
        return one.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def until_closed(sockets: list[socket.socket], limit_s: float, drip: bytes = b"") -> float:
    begun = time.monotonic()
    while not all(is_closed(one) for one in sockets):
        assert time.monotonic() < begun + limit_s
        for one in sockets if drip else []:
            with contextlib.suppress(OSError):
                one.send(drip)
    return time.monotonic() - begun


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less patience than people need. It stands before the app in a test's arguments."""
    monkeypatch.setattr(connections, "IDLE_S", 1)
    monkeypatch.setattr(connections, "HEAD_S", 0.5)
    monkeypatch.setattr(connections, "LOOK_S", 0.2)


def test_the_page_answers_beside_300_connections_that_are_idle_or_never_end_their_request(
    client: Any, open_sockets: Callable[..., list[socket.socket]]
) -> None:
    open_sockets(250)
    open_sockets(50, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
    began = time.monotonic()
    assert client.get("/library").status_code == 200
    assert time.monotonic() - began < 5.0


@pytest.mark.usefixtures("hasty")
def test_idle_and_endless_connections_are_closed(open_sockets: Callable[..., list[socket.socket]]) -> None:
    until_closed(open_sockets(3), 10.0)
    endless = open_sockets(3, b"GET / HTTP/1.1\r\nX-Slow: ")
    until_closed(endless, 10.0, drip=b"a")
    head = b"POST /api/photos HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n"
    until_closed(open_sockets(3, head), 10.0, drip=b"a")


def test_who_reads_slowly_holds_no_thread(app: Any, open_sockets: Callable[..., list[socket.socket]]) -> None:
    size = 40 * MB
    app.server._got_first_request = False
    app.server.add_url_rule("/large", "large", lambda: flask.Response(bytes(1 << 20) for _ in range(size >> 20)))
    readers = open_sockets(2 * connections.THREADS, b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    began = time.monotonic()
    for _ in range(3):
        connection = http.client.HTTPConnection("127.0.0.1", app.server.config["PORT"], timeout=60)
        connection.request("GET", "/health")
        assert connection.getresponse().status == 200
        connection.close()
    assert time.monotonic() - began < 30.0
    for reader in readers:
        reader.close()


def answer_to(one: socket.socket) -> tuple[int, dict[str, str]]:
    response = http.client.HTTPResponse(one)
    one.settimeout(10.0)
    response.begin()
    return response.status, json.loads(response.read())


@pytest.mark.parametrize(
    ("path", "size", "said"), [("/api/runs", 17 * MB, "More than 8 MB"), ("/api/photos", 500 * MB, "More than 40")]
)
def test_a_body_that_is_too_large_is_refused_before_it_comes(
    open_sockets: Callable[..., list[socket.socket]], path: str, size: int, said: str
) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {size}\r\n\r\n".encode()
    (one,) = open_sockets(1, head)
    status, answer = answer_to(one)
    assert status == 413
    assert answer["error"].startswith(said)


HEAD = b"POST /api/photos HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n"


def test_so_much_of_bodies_is_kept_and_no_more(
    client: Any, open_sockets: Callable[..., list[socket.socket]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "BODIES", 1)
    head = HEAD % (400 * MB)
    coming = open_sockets(2, head)
    time.sleep(0.3)
    assert not any(map(is_closed, coming))  # what is announced alone takes nothing from others
    for one in coming:
        one.settimeout(10.0)
        one.sendall(bytes(40 * MB))
    time.sleep(0.5)
    (more,) = open_sockets(1, head)
    status, answer = answer_to(more)
    assert status == 503
    assert answer["error"].startswith("So many photos are being sent already")
    assert client.get("/library").status_code == 200
    for one in coming:
        one.close()
    time.sleep(0.5)  # until the server has seen that they are gone
    (again,) = open_sockets(1, head)
    time.sleep(0.3)
    assert not is_closed(again)  # nothing is answered before its body is there


def test_where_more_of_bodies_is_kept_than_may_be_who_sent_most_is_cut_off(
    open_sockets: Callable[..., list[socket.socket]], monkeypatch: pytest.MonkeyPatch
) -> None:
    little, much = open_sockets(2, HEAD % (400 * MB))
    little.sendall(bytes(5 * MB))
    much.sendall(bytes(30 * MB))
    monkeypatch.setattr(connections, "BODIES", 0.05)
    until_closed([much], 10.0)
    time.sleep(connections.LOOK_S + 0.5)
    assert not is_closed(little)


def test_one_client_elsewhere_sends_one_largest_body_at_a_time(
    open_sockets: Callable[..., list[socket.socket]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "is_this_machine", lambda _: False)
    first, second = open_sockets(2, HEAD % (400 * MB))
    status, answer = answer_to(second)
    assert (status, is_closed(first)) == (503, False)
    assert answer["error"].startswith("So much is being sent from your address already.")
    (small,) = open_sockets(1, HEAD % (5 * MB))
    time.sleep(0.3)
    assert not is_closed(small)


@pytest.fixture
def large_answer(app: Any) -> list[bool]:
    """`/large` answers with so many bytes; one entry for each answer that was made, or given up."""
    over: list[bool] = []

    def answer() -> Iterator[bytes]:
        try:
            for _ in range(LARGE_BYTES >> 20):
                yield bytes(1 << 20)
        finally:
            over.append(True)

    app.server._got_first_request = False
    app.server.add_url_rule("/large", "large", lambda: flask.Response(answer()))
    return over


LARGE_BYTES = 40 << 20
LARGE = b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def test_who_does_not_read_an_answer_is_cut_off(
    count_channels: Callable[[], int], large_answer: list[bool], monkeypatch: pytest.MonkeyPatch,
    open_sockets: Callable[..., list[socket.socket]],
) -> None:  # fmt: skip
    monkeypatch.setattr(connections, "STALL_S", 1.0)
    (reader,) = open_sockets(1, LARGE)
    until(lambda: len(large_answer) == 1)
    until(lambda: count_channels() == 0)  # though nothing was read
    with pytest.raises((AssertionError, OSError)):
        read(reader, LARGE_BYTES)


@pytest.mark.usefixtures("large_answer")
def test_who_reads_an_answer_drop_by_drop_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, open_sockets: Callable[..., list[socket.socket]]
) -> None:
    monkeypatch.setattr(connections, "STALL_S", 1.0)
    monkeypatch.setattr(connections, "LEAST_BYTES_S", 20 * MB)
    (reader,) = open_sockets(1, LARGE)

    def drip() -> None:
        for _ in range(40):
            read(reader, 1 << 18)
            time.sleep(0.2)
        read(reader, 30 << 20)

    with pytest.raises((AssertionError, OSError)):
        drip()


@pytest.mark.usefixtures("large_answer")
def test_who_reads_steadily_has_all_of_an_answer(
    monkeypatch: pytest.MonkeyPatch, open_sockets: Callable[..., list[socket.socket]]
) -> None:
    monkeypatch.setattr(connections, "STALL_S", 2.0)
    (reader,) = open_sockets(1, LARGE)
    for _ in range(10):
        read(reader, LARGE_BYTES // 10)
        time.sleep(0.5)


def test_where_more_waits_to_be_read_than_may_who_has_most_is_cut_off(
    count_channels: Callable[[], int], client: Any, large_answer: list[bool], monkeypatch: pytest.MonkeyPatch,
    open_sockets: Callable[..., list[socket.socket]],
) -> None:  # fmt: skip
    monkeypatch.setattr(connections, "ANSWERS_BYTES", 45 * MB)
    readers = open_sockets(3, LARGE)
    until(lambda: len(large_answer) == 3)
    until(lambda: count_channels() == 1)  # though nothing was read
    whole = 0
    for reader in readers:
        with contextlib.suppress(AssertionError, OSError):
            read(reader, LARGE_BYTES)
            whole += 1
    assert whole == 1
    assert client.get("/health").status_code == 200


def read(one: socket.socket, size: int) -> None:
    one.settimeout(20.0)
    while size > 0:
        got = len(one.recv(min(size, 1 << 16)))
        assert got, "closed"
        size -= got


def test_of_one_client_elsewhere_come_so_many_connections(
    client: Any, open_sockets: Callable[..., list[socket.socket]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "is_this_machine", lambda _: False)
    monkeypatch.setattr(connections, "MOST_OF_ONE_CLIENT", 10)
    many = open_sockets(20)
    time.sleep(0.5)
    assert sum(is_closed(one) for one in many) == 10
    for one in many:
        one.close()
    end = time.monotonic() + 10.0
    while time.monotonic() < end:  # once they are gone, others can come
        with contextlib.suppress(OSError, http.client.HTTPException):
            if client.get("/health").status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError("nobody can come any more")


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.168.0.7", "192.168.0.7"),
        ("::ffff:192.168.0.7", "192.168.0.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("2001:db8:1:2::1", "2001:0db8:0001:0002"),
        ("fe80::1%eth0", "fe80:0000:0000:0000"),
        ("::1", "::1"),
        ("localhost", "localhost"),
    ],
)
def test_who_an_address_belongs_to(address: str, client: str) -> None:
    assert client_of(address) == client
