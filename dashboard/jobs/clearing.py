"""Deletes for good what was deleted and can no longer be undone, as soon as that is so; and what is past its time."""

import logging
import math
import threading
import time

from dashboard.library import room
from dashboard.library.deletion import carry_out_due
from dashboard.library.library import Library
from dashboard.library.retention import sweep

log = logging.getLogger("lifemask.clearing")

LOOK_S = 0.5
SWEEP_S = 60.0


class Clearing:
    """A thread that looks after the deletions of a library, from `start` until `stop`.

    Whatever serves or works has one, together or alone: of two that clear the same, one finds it.
    """

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
        swept = -math.inf
        while not self._stop.is_set():
            try:
                carry_out_due(self.library)
                if time.monotonic() - swept > SWEEP_S:
                    swept = time.monotonic()
                    sweep(self.library)
                    room.keep(self.library.folders.root, self.library.folders.database)
            except Exception:  # the database may be locked for a while
                log.exception("What was deleted cannot be cleared away now")
            self._stop.wait(LOOK_S)
