"""The worker process: holds the networks, takes runs from the queue, and ends with the server that started it."""

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from core.errors import Cancelled, LifemaskError
from core.progress import Progress
from dashboard.jobs.queue import Queue
from dashboard.library.library import Library
from dashboard.library.records import Kind, NewFace, RunRecord
from dashboard.library.sentences import sentence
from dashboard.settings import Settings

log = logging.getLogger("lifemask.worker")

IDLE_S = 0.1  # how long a run waits at most before an idle worker sees it
REPORT_S = 0.15  # progress is written, and a cancelled run noticed, at most this often
PULSE_S = 0.5
# a download does not hold up photos, nor do photos hold up a comparison
LANES: tuple[tuple[Kind, ...], ...] = (("reconstruct", "solid", "recompute"), ("compare",), ("download",))

Work = Callable[[RunRecord, Progress], Sequence[NewFace]]
MakeWorks = Callable[[Library], Mapping[Kind, Work]]


def main(settings: Settings, owner: str, make_works: MakeWorks) -> None:
    """Work until the parent process ends, or until SIGTERM: the run that it has then goes back to the queue at once.

    What this process is given must be picklable: it is spawned.
    """
    signal.signal(signal.SIGTERM, _end)
    if multiprocessing.parent_process() is not None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the server ends this one
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    library = Library(settings)
    queue = Queue(library, owner)
    threading.Thread(target=_pulse, args=(queue,), daemon=True).start()
    works = make_works(library)
    for kinds in LANES[1:]:
        threading.Thread(target=_lane, args=(queue, works, kinds), daemon=True).start()
    try:
        _lane(queue, works, LANES[0])
    finally:
        queue.close()


def _end(*_: Any) -> NoReturn:
    raise SystemExit


def _lane(queue: Queue, works: Mapping[Kind, Work], kinds: Sequence[Kind]) -> None:
    while True:
        try:
            busy = step(queue, works, kinds)
        except Exception:  # the database may be locked or its disk full for a while: the worker outlives that
            log.exception("The queue cannot be read")
            busy = False
            time.sleep(1.0)
        if not busy:
            time.sleep(IDLE_S)


def step(queue: Queue, works: Mapping[Kind, Work], kinds: Sequence[Kind]) -> bool:
    """Take one run and do it; False where none waits."""
    run = queue.claim(kinds)
    if run is None:
        return False
    try:
        faces = works[run.kind](run, Throttle(queue, run.id))
        try:
            queue.finish(run.id, faces)
        except BaseException:
            made = queue.library.folders.made_by(run.id, [face.id for face in faces])
            queue.library.journal.remove(made)
            raise
    except Cancelled:
        log.info("Run %s was cancelled", run.id)
    except Exception as error:
        kind = type(error).__name__ if isinstance(error, LifemaskError) else None
        if kind is None:
            log.exception("Run %s failed", run.id)
        with contextlib.suppress(Cancelled):
            queue.fail(run.id, sentence(error, queue.library.folders.root), kind)
    return True


class Throttle:
    """Progress of one run, written at a bearable rate; a new stage at once.

    Raises
    ------
    Cancelled
        When called after the run was cancelled.
    """

    def __init__(self, queue: Queue, run_id: str) -> None:
        self._queue = queue
        self._run_id = run_id
        self._written = (0.0, "")

    def __call__(self, stage: str, share: float) -> None:
        """Take note of the stage and the share (0 .. 1) of the run that is done."""
        now, name = time.monotonic(), stage.partition(":")[0]  # 'Fetching: 10 of 80 MB' is one stage all along
        if name != self._written[1] or now - self._written[0] >= REPORT_S:
            self._queue.report(self._run_id, stage, share)
            self._written = (now, name)


def _pulse(queue: Queue) -> None:
    parent = multiprocessing.parent_process()
    while parent is None or parent.is_alive():
        with contextlib.suppress(Exception):  # a locked database: the lease is much longer than a pulse
            queue.renew()
        time.sleep(PULSE_S)
    # daemons outlive a parent that was killed; the runs go back to the queue for the next start
    with contextlib.suppress(Exception):
        queue.release(blameless=True)
    os._exit(0)
