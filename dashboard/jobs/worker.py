"""The worker process: holds the networks, takes runs from the queue, and ends with the server that started it."""

import contextlib
import logging
import math
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.exc import InterfaceError, OperationalError

from core.errors import Cancelled, LifemaskError
from core.progress import Progress
from dashboard import logs
from dashboard.jobs import alive, stages
from dashboard.jobs.blame import Blame
from dashboard.jobs.clearing import Clearing
from dashboard.jobs.lanes import PHOTOS, Lane, chosen
from dashboard.jobs.queue import HELPED_PIXELS, Queue
from dashboard.library import tallies
from dashboard.library.library import Library
from dashboard.library.memory import give_back
from dashboard.library.records import Kind, NewFace, RunRecord
from dashboard.library.sentences import sentence
from dashboard.settings import Settings

log = logging.getLogger("lifemask.worker")

IDLE_S = 0.1  # how long a run waits at most before an idle worker sees it
REPORT_S = 0.15  # progress is written, and a cancelled run noticed, at most this often
PULSE_S = 0.5
_ending, _closing = threading.Event(), threading.Event()  # it was told to end; it gives its runs back
PATIENCE_S = 60.0  # for another process that writes to the library: work that is done is not thrown away for it
AGAIN_S = 0.5
TOO_LONG = "This took longer than a run may take here, and was ended. Try a smaller photo or a smaller network."
HELPING_S = 15.0  # a helper that finds no work for so long ends, and gives its memory back


Work = Callable[[RunRecord, Progress], Sequence[NewFace]]
MakeWorks = Callable[[Library], Mapping[Kind, Work]]


class TooLongError(LifemaskError):
    """A run took longer than the setting `run_minutes`."""


def main(settings: Settings, owner: str, make_works: MakeWorks, *, helps: bool = False) -> None:
    """Work until the parent process ends, or until SIGTERM: the run that it has then goes back to the queue at once.

    helps : it takes photos and what follows from them alone, and ends when there are none.
    What this process is given must be picklable: it is spawned.
    """
    signal.signal(signal.SIGTERM, _end)
    if multiprocessing.parent_process() is not None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the server ends this one
    logs.begin(settings.log, verbose=settings.verbose)
    taken = [PHOTOS] if helps else list(chosen(settings.lanes).values())
    library = Library(settings, patience_s=PATIENCE_S)
    queue = Queue(library, owner, HELPED_PIXELS if helps else None, taken)
    try:
        threading.Thread(target=pulse, args=(queue,), kwargs={"helps": helps}, daemon=True).start()
        if multiprocessing.parent_process() is None and not helps:
            Clearing(library).start()  # beside a server that does it, too, or alone
        works = make_works(library)
        for lane in taken[1:]:
            threading.Thread(target=_lane, args=(queue, works, lane), daemon=True).start()
        _lane(queue, works, taken[0], HELPING_S if helps else math.inf)
    finally:
        _closing.set()
        queue.close()
        alive.end(library, owner)


def _end(*_: Any) -> None:
    _ending.set()
    if not _closing.is_set():
        raise SystemExit


def _lane(queue: Queue, works: Mapping[Kind, Work], lane: Lane, patience_s: float = math.inf) -> None:
    """Work until there has been nothing to do for so long."""
    worked = time.monotonic()
    while time.monotonic() < worked + patience_s:
        try:
            busy = step(queue, works, lane.kinds, lane.follow_ups)
        except Exception:  # the database may be locked or its disk full for a while: the worker outlives that
            log.exception("The queue cannot be read")
            busy = False
            time.sleep(1.0)
        if busy:
            worked = time.monotonic()
        else:
            time.sleep(IDLE_S)


def step(queue: Queue, works: Mapping[Kind, Work], kinds: Sequence[Kind], follow_ups: Sequence[Kind] = ()) -> bool:
    """Take one run and do it; False where none waits. See `Queue.claim`."""
    run = queue.claim(kinds, follow_ups)
    if run is None:
        return False
    limit_s = queue.library.settings.run_minutes * 60.0
    progress = Throttle(queue, run.id, limit_s or math.inf)
    about: dict[str, Any] = {"run": run.id, "kind": run.kind}
    waited_s = max(0.0, (run.started - run.created).total_seconds()) if run.started else None
    log.info("A run begins", extra={**about, "waited_s": waited_s})
    outcome, error_kind = "done", None
    try:
        with queue.library.journal.of_run(run.id):
            faces = works[run.kind](run, progress)
        try:
            _written(lambda: queue.finish(run.id, faces))
        except BaseException:
            made = queue.library.folders.made_by(run.id, [face.id for face in faces])
            queue.library.journal.remove(made)
            raise
    except Cancelled:
        outcome = "cancelled"
    except Exception as error:
        kind = type(error).__name__ if isinstance(error, LifemaskError) else None
        outcome, error_kind = "failed", kind or tallies.UNFORESEEN
        if kind is None:
            log.exception("A run failed for an unforeseen reason", extra=about)
        said = sentence(error, queue.library.folders.root)
        with contextlib.suppress(Cancelled):
            _written(lambda: queue.fail(run.id, said, kind))
    finally:
        queue.leave(run.id)
    last, took = progress.clock.stage, progress.clock.end(time.monotonic())
    about |= {"outcome": outcome, "seconds": sum(took.values())}
    log.info("A run has ended", extra={**about, "stage": last, "stages": _rounded(took), "error": error_kind})
    _tally(queue.library, run.kind, took)
    give_back()  # a large photo leaves a GB behind
    return True


def _written(write: Callable[[], None]) -> None:
    """Write what came of a run; again and again for `PATIENCE_S` where the database is away for a while."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError):
            if time.monotonic() >= until:
                raise
        time.sleep(AGAIN_S)


def _tally(library: Library, kind: Kind, took: Mapping[str, float]) -> None:
    try:
        with library.session.begin() as session:
            for stage, seconds in sorted(took.items()):
                tallies.add(session, "stage", kind, stage, seconds)
    except Exception:  # the database may be away for a while: the run itself is written
        log.exception("The seconds of a run's stages could not be counted")


def _rounded(took: Mapping[str, float]) -> dict[str, float]:
    return {stage: round(seconds, 3) for stage, seconds in took.items()}


class Throttle:
    """Progress of one run, written at a bearable rate; a new stage at once. limit_s : how long it may take.

    Raises
    ------
    Cancelled
        When called after the run was cancelled.
    TooLongError
        When called after its time was up.
    """

    def __init__(self, queue: Queue, run_id: str, limit_s: float = math.inf) -> None:
        self._queue = queue
        self._run_id = run_id
        self._until = time.monotonic() + limit_s
        self._written = (0.0, "")
        self.clock = stages.Clock(time.monotonic())

    def __call__(self, stage: str, share: float) -> None:
        """Take note of the stage and the share (0 .. 1) of the run that is done."""
        now, name = time.monotonic(), stage.partition(":")[0]  # 'Fetching: 10 of 80 MB' is one stage all along
        if now > self._until:
            raise TooLongError(TOO_LONG)
        ended = self.clock.enter(name, now)
        if ended is not None:
            log.debug("A stage has ended", extra={"run": self._run_id, "stage": ended[0], "seconds": ended[1]})
        if name != self._written[1] or now - self._written[0] >= REPORT_S:
            with contextlib.suppress(OperationalError, InterfaceError):  # the database is away: the work goes on
                self._queue.report(self._run_id, stage, share)
            self._written = (now, name)


def pulse(queue: Queue, *, helps: bool = False) -> None:
    """Say again and again that this worker lives, until its parent process ends, and it with that."""
    parent, told = multiprocessing.parent_process(), -math.inf
    while parent is None or parent.is_alive():
        if _ending.is_set() and not _closing.is_set():  # it was raised in a finaliser, where Python drops it
            os.kill(os.getpid(), signal.SIGTERM)
        with contextlib.suppress(Exception):  # a locked database: the lease is much longer than a pulse
            queue.renew()
            if time.monotonic() - told > alive.TELL_S and not _closing.is_set():
                alive.tell(queue.library, queue.owner, "helper" if helps else "worker")
                told = time.monotonic()
        time.sleep(PULSE_S)
    # daemons outlive a parent that was killed; the runs go back to the queue for the next start
    with contextlib.suppress(Exception):
        queue.release(Blame.NONE)
    os._exit(0)
