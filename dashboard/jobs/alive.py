"""Which processes serve and work, wherever they run: each says again and again in the database that it lives."""

import contextlib
import logging
import secrets
from dataclasses import dataclass
from typing import Literal, cast

import psutil
from sqlalchemy import delete, select

from dashboard.jobs.repeating import Repeating
from dashboard.library.library import Library
from dashboard.library.schema import Process

log = logging.getLogger("lifemask.alive")

Role = Literal["web", "worker", "helper"]
TELL_S = 5.0
ALIVE_S = 20.0
FORGOTTEN_S = 3600.0  # one that was killed


@dataclass(frozen=True)
class Living:
    """A process that has said lately that it lives, and how much memory it held then (resident)."""

    id: str
    role: Role
    memory_bytes: int


def tell(library: Library, process: str, role: Role) -> None:
    """Say that a process lives now: this one, which goes by the name `process`."""
    now, memory = library.clock(), psutil.Process().memory_info().rss
    with library.session.begin() as session:
        session.execute(delete(Process).where(Process.seen < now - FORGOTTEN_S))
        row = session.get(Process, process)
        if row is None:
            session.add(Process(id=process, role=role, began=now, seen=now, memory_bytes=memory))
        else:
            row.seen, row.memory_bytes = now, memory


def end(library: Library, process: str) -> None:
    """Say that a process has ended; where that cannot be written it is not heard of any more, which says the same."""
    with contextlib.suppress(Exception), library.session.begin() as session:
        session.execute(delete(Process).where(Process.id == process))


def living(library: Library) -> list[Living]:
    """Return the processes that have said so lately; one before a clock that was set back counts as none."""
    now = library.clock()
    lately = Process.seen.between(now - ALIVE_S, now + ALIVE_S)
    with library.session() as session:
        rows = session.scalars(select(Process).where(lately).order_by(Process.role, Process.began, Process.id))
        return [Living(row.id, cast(Role, row.role), row.memory_bytes) for row in rows]


def is_any(library: Library) -> bool:
    """Whether a worker lives."""
    return any(process.role == "worker" for process in living(library))


class Pulse(Repeating):
    """A thread that says that this process lives."""

    def __init__(self, library: Library, role: Role) -> None:
        super().__init__("pulse", TELL_S)
        self._library, self._role = library, role
        self._process = secrets.token_hex(8)

    def once(self) -> None:
        """Say it."""
        try:
            tell(self._library, self._process, self._role)
        except Exception:  # the database may be locked or away for a while
            log.debug("It cannot be told that this process lives", exc_info=True)

    def stop(self) -> None:
        """Say that it has ended."""
        super().stop()
        end(self._library, self._process)
