"""Deletes for good what was deleted and can no longer be undone, as soon as that is so; and what is past its time."""

import logging
import math
import time

from dashboard.jobs.repeating import Repeating
from dashboard.library import room
from dashboard.library.deletion import carry_out_due
from dashboard.library.library import Library
from dashboard.library.retention import sweep

log = logging.getLogger("lifemask.clearing")

LOOK_S = 0.5
SWEEP_S = 60.0


class Clearing(Repeating):
    """A thread that looks after the deletions of a library: at first after what an earlier server left.

    Whatever serves or works has one, together or alone: of two that clear the same, one finds it.
    """

    def __init__(self, library: Library) -> None:
        super().__init__("clearing", LOOK_S)
        self.library = library
        self._swept = -math.inf

    def once(self) -> None:
        """Delete what is due; each minute sweep, too."""
        try:
            carry_out_due(self.library)
            if time.monotonic() - self._swept > SWEEP_S:
                self._swept = time.monotonic()
                sweep(self.library)
                room.keep(self.library.folders.root, self.library.folders.database)
        except Exception:  # the database may be locked for a while
            log.exception("What was deleted cannot be cleared away now")
