"""Several processes that serve the same pages on one socket, each started again when it dies."""

import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from typing import Any

from dashboard.settings import Settings

log = logging.getLogger("lifemask.serve")

LEAST_S = 2.0  # from one start to the next: what fails at once must not take all of a core
PATIENCE_S = 10.0  # for a process to end when asked to

Serve = Callable[[Settings, socket.socket, str | None], None]


class Processes:
    """`settings.processes` processes that call `serve` until `stop`.

    Parameters
    ----------
    serve : serves pages on the socket until Ctrl-C or SIGTERM; an importable function.
    phone : the address for phones, if there is one.
    """

    def __init__(self, settings: Settings, listener: socket.socket, serve: Serve, phone: str | None = None) -> None:
        self._arguments = (serve, settings, listener, phone)
        self._wanted = settings.processes
        self._running: dict[SpawnProcess, float] = {}

    def run(self) -> None:
        """Start them, and again whenever one dies; Ctrl-C ends it."""
        try:
            while True:
                while len(self._running) < self._wanted:
                    self._start()
                wait([process.sentinel for process in self._running])
                self._bury()
        finally:
            self._stop()

    def _start(self) -> None:
        # spawned, not forked: a fork of a process with threads may hang
        process = multiprocessing.get_context("spawn").Process(
            target=_serve, args=self._arguments, name="lifemask-pages"
        )  # no daemon, as it has a process of its own that decodes photos
        process.start()
        self._running[process] = time.monotonic()

    def _bury(self) -> None:
        for process in [one for one in self._running if not one.is_alive()]:
            began = self._running.pop(process)
            log.warning("A process that serves pages ended with code %s; another one starts.", process.exitcode)
            time.sleep(max(0.0, began + LEAST_S - time.monotonic()))

    def _stop(self) -> None:
        for process in self._running:
            process.terminate()
        for process in self._running:
            process.join(PATIENCE_S)
            process.kill()


def _serve(serve: Serve, settings: Settings, listener: socket.socket, phone: str | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the first process ends this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    serve(settings, listener, phone)


def _end_with_parent() -> None:
    parent: Any = multiprocessing.parent_process()
    parent.join()
    os._exit(0)
