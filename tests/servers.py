"""Real servers for tests, on free ports and in folders of their own: PostgreSQL and Redis, as Debian has them."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

PATIENCE_S = 60.0
TOOLS = sorted(Path("/usr/lib/postgresql").glob("*/bin")) if Path("/usr/lib/postgresql").is_dir() else []
IS_ROOT = os.name == "posix" and os.getuid() == 0


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Server:
    """A server that can be stopped and started again on the same port, with what it keeps."""

    def __init__(self, command: list[str], port: int, folder: Path, greet: Callable[[int], None]) -> None:
        self.port, self._greet = port, greet
        self._command, self._folder = command, folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        with (self._folder / "log").open("ab") as log:
            # PostgreSQL refuses to be run by root
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, user=owner(), cwd=self._folder)
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            assert self._process.poll() is None, (self._folder / "log").read_text()
            try:
                self._greet(self.port)
            except (OSError, psycopg.OperationalError):
                time.sleep(0.05)
            else:
                return
        raise TimeoutError(" ".join(self._command))

    def stop(self) -> None:
        """End it at once, with the connections that it has."""
        if self._process is not None:
            self._process.send_signal(2)  # PostgreSQL: fast shutdown
            self._process.wait(PATIENCE_S)
            self._process = None


def owner() -> str | None:
    """Who runs a server that root must not run."""
    return "postgres" if IS_ROOT else None


@contextmanager
def _folder() -> Iterator[Path]:
    # not in the folders of pytest, which root alone may enter
    with tempfile.TemporaryDirectory(prefix="lifemask-", ignore_cleanup_errors=True) as folder:
        if IS_ROOT:
            shutil.chown(folder, "postgres")
        yield Path(folder)


@contextmanager
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server that keeps its data in a new folder; skips where it is not installed."""
    if not TOOLS:
        pytest.skip("PostgreSQL is not installed")
    tools, port = TOOLS[-1], free_port()
    with _folder() as folder:
        data = folder / "data"
        made = subprocess.run(
            [str(tools / "initdb"), "-D", str(data), "-U", "lifemask", "--auth=trust", "-E", "UTF8", "--no-sync"],
            check=False, capture_output=True, user=owner(), cwd=folder, text=True,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        options = ["-c", "fsync=off", "-c", f"unix_socket_directories={folder}", "-c", "listen_addresses=127.0.0.1"]
        server = Server([str(tools / "postgres"), "-D", str(data), "-p", str(port), *options], port, folder, _connect)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _connect(port: int) -> None:
    psycopg.connect(f"postgresql://lifemask@127.0.0.1:{port}/postgres", connect_timeout=2).close()


def new_database(server: Server) -> str:
    """Make an empty database; return its address."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(f"postgresql://lifemask@127.0.0.1:{server.port}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"postgresql+psycopg://lifemask@127.0.0.1:{server.port}/{name}"


@contextmanager
def redis() -> Iterator[Server]:
    """A Redis server that keeps what it has when it is stopped; skips where it is not installed."""
    if shutil.which("redis-server") is None:
        pytest.skip("Redis is not installed")
    port = free_port()
    with _folder() as folder:
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
        server = Server(command, port, folder, lambda at: socket.create_connection(("127.0.0.1", at), 1.0).close())
        server.start()
        try:
            yield server
        finally:
            server.stop()
