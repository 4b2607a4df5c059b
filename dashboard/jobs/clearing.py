"""Deletes for good what was deleted and can no longer be undone, as soon as that is so."""

import logging
import threading

from dashboard.library.deletion import carry_out_due
from dashboard.library.library import Library

log = logging.getLogger("lifemask.clearing")

LOOK_S = 0.5


class Clearing:
    """A thread that looks after the deletions of a library, from `start` until `stop`."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._clear, name="clearing", daemon=True)

    def start(self) -> None:
        """Start looking: at once, at what an earlier server left."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what is due later is deleted at the next start."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _clear(self) -> None:
        while not self._stop.is_set():
            try:
                carry_out_due(self.library)
            except Exception:  # the database may be locked for a while
                log.exception("What was deleted cannot be cleared away now")
            self._stop.wait(LOOK_S)
