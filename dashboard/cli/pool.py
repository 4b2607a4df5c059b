"""Several photos at once, a process for each core: results come in the order of the photos, as from one process."""

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

from core import environment

T = TypeVar("T")
R = TypeVar("R")
A = TypeVar("A")

MEMORY_MB = 2500  # that a process takes with a large network, at most
MEMINFO = Path("/proc/meminfo")  # of Linux; elsewhere memory is not known so cheaply
PATIENCE_S = 10.0  # for a process to clear up when it is told to end
LOST = "The process that worked on it ended without a word. It may have run out of memory: try a smaller network."

Ask = Callable[[A], Any]
Tell = Callable[[str, float], None]
Work = Callable[[T, Tell, Ask[A]], R]
"""Work on one thing: tells how far it is, may ask once, and is answered in the order of the things."""


def processes_for(count: int) -> int:
    """Return how many processes are worth starting for so many photos: one per core, as far as memory goes."""
    return max(1, min(count, environment.cores(), _available_mb() // MEMORY_MB))


def _available_mb() -> int:
    with suppress(OSError, StopIteration, ValueError, IndexError):
        line = next(line for line in MEMINFO.read_text().splitlines() if line.startswith("MemAvailable"))
        return int(line.split()[1]) // 1000
    return MEMORY_MB * environment.cores()


@dataclass(frozen=True)
class Lost:
    """What becomes of a thing whose process ended."""

    seconds: float


@dataclass
class _Place(Generic[T]):
    """A process and what it has."""

    process: SpawnProcess
    connection: "Connection[Any, Any]"
    index: int | None = None
    began: float = 0.0


class Pool(Generic[T, A, R]):
    """Processes that work on a list of things.

    Parameters
    ----------
    count : of processes. make_work : makes, in each process, what does the work; importable, with its `arguments`.
    """

    def __init__(self, count: int, make_work: Callable[..., Work[T, A, R]], arguments: tuple[Any, ...]) -> None:
        self._context = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
        self._make_work, self._arguments = make_work, arguments
        self._places = [self._started() for _ in range(count)]

    def results(
        self, things: Sequence[T], tell: Callable[[int, str, float], None], answer: Callable[[int, A], Any]
    ) -> Iterator[R | Lost]:
        """Give what became of each thing, in their order.

        tell : called with the number of a thing and how far it is. answer : to what is asked of a thing; called in the
        order of the things, once for each that asks.
        """
        waiting, over, asking = list(enumerate(things))[::-1], dict[int, "R | Lost"](), dict[int, tuple[Any, A]]()
        answered, given = set[int](), 0
        while given < len(things):
            for place in self._places:
                if place.index is None and waiting:
                    place.index, thing = waiting.pop()
                    place.began = time.monotonic()
                    place.connection.send(thing)
            for place in list(self._places):
                if place.index is None or not place.connection.poll():
                    continue
                index = place.index
                try:
                    kind, said = place.connection.recv()
                except (EOFError, ConnectionError):
                    kind, said = "over", Lost(time.monotonic() - place.began)
                    self._places[self._places.index(place)] = self._started()
                if kind == "tell":
                    tell(index, *said)
                elif kind == "ask":
                    asking[index] = place.connection, said
                else:
                    over[index] = said
                    answered.add(index)
                    place.index = None
            while (first := next(n for n in range(len(things) + 1) if n not in answered)) in asking:
                connection, said = asking.pop(first)
                connection.send(answer(first, said))
                answered.add(first)
            while given in over:
                yield over.pop(given)
                given += 1
            busy = [place.connection for place in self._places if place.index is not None]
            if busy and given < len(things):
                wait(busy)

    def _started(self) -> _Place[T]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_serve, args=(theirs, self._make_work, self._arguments), name="lifemask-run", daemon=True
        )
        process.start()
        theirs.close()
        return _Place(process, ours)

    def close(self) -> None:
        """End the processes; one at work clears up what it has begun."""
        for place in self._places:
            place.process.terminate()
        for place in self._places:
            place.process.join(PATIENCE_S)
            place.process.kill()  # one that hangs; does nothing to one that has ended
            place.process.join()


def _serve(connection: "Connection[Any, Any]", make_work: Callable[..., Work[Any, Any, Any]], arguments: Any) -> None:
    """Work on what comes, in a process, until its parent has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends this one
    signal.signal(signal.SIGTERM, _end)
    work = make_work(*arguments)

    def tell(stage: str, share: float) -> None:
        connection.send(("tell", (stage, share)))

    def ask(what: Any) -> Any:
        connection.send(("ask", what))
        return connection.recv()

    with suppress(EOFError, ConnectionError):
        while True:
            connection.send(("over", work(connection.recv(), tell, ask)))


def _end(*_: Any) -> NoReturn:
    raise SystemExit
