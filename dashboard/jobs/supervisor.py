"""Keeps a worker process alive beside the web process, and gives back the runs of one that died.

Helpers beside it, one per further core, live while photos wait.
"""

import logging
import multiprocessing
import secrets
import threading
import time
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess

from dashboard.jobs import alive, tasks, worker
from dashboard.jobs.blame import Blame, of_end, out_of_memory
from dashboard.jobs.queue import HELPED_PIXELS, Queue
from dashboard.library.library import Library

log = logging.getLogger("lifemask.supervisor")

LONGEST_PAUSE_S = 30.0
LATELY_S = 20.0
PATIENCE_S = 5.0  # for a worker to end when asked to
LOOK_S = 0.5  # how often it is looked whether photos wait
BACKLOG = 2  # so many that wait are worth a helper, which takes seconds to load its networks
STEADY_S = 10.0  # a worker that lived so long had started well: the next one starts without a pause


class Supervisor:
    """Starts the worker at the first call of `start` and again whenever it dies, until `stop`; helpers as photos wait.

    Parameters
    ----------
    library : whose queue is worked on.
    make_works : builds, in the worker process, what does each kind of run; an importable function.
    """

    def __init__(self, library: Library, make_works: worker.MakeWorks = tasks.make_works) -> None:
        self.library = library
        self.process: SpawnProcess | None = None
        self._make_works = make_works
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start supervising; does nothing when it is done already."""
        with self._lock:
            if self._threads or self._stop.is_set():
                return
            for number in range(self.library.settings.worker_count):
                work = self._supervise_helper if number else self._supervise
                self._threads.append(threading.Thread(target=work, name=f"supervisor-{number}", daemon=True))
            for thread in self._threads:
                thread.start()

    def stop(self) -> None:
        """End the worker; the run it had goes back to the queue."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _supervise(self) -> None:
        pause_s = 0.0
        while not self._stop.wait(pause_s):
            began = time.monotonic()
            queue = Queue(self.library, secrets.token_hex(8))
            self._watch(queue)
            steady = time.monotonic() - began > STEADY_S
            pause_s = 0.0 if steady else min(max(2.0 * pause_s, 0.5), LONGEST_PAUSE_S)

    def _supervise_helper(self) -> None:
        while not self._stop.wait(LOOK_S):
            try:
                is_needed = self.library.photos_wait(BACKLOG, HELPED_PIXELS)
            except Exception:  # the database may be locked for a while
                log.exception("The queue cannot be read")
                is_needed = False
            if is_needed:
                self._watch(Queue(self.library, secrets.token_hex(8)), helps=True)

    def _watch(self, queue: Queue, *, helps: bool = False) -> None:
        """Start a worker, or a helper, and return when it has ended."""
        # spawned, not forked: a fork of a process with threads may hang, and torch would be in the page process
        process = multiprocessing.get_context("spawn").Process(
            target=worker.main,
            args=(self.library.settings, queue.owner, self._make_works),
            kwargs={"helps": helps},
            name="lifemask-helper" if helps else "lifemask-worker",
            daemon=True,
        )
        before, lately, looked = out_of_memory(), out_of_memory(), time.monotonic()
        process.start()
        if not helps:
            self.process = process
        while not self._stop.is_set() and not wait([process.sentinel], timeout=0.2):
            if time.monotonic() - looked > LATELY_S:  # what the kernel ended long before is not this worker
                before, lately, looked = lately, out_of_memory(), time.monotonic()
        if self._stop.is_set():
            process.terminate()
            process.join(PATIENCE_S)
            process.kill()  # one that hangs; does nothing to one that has ended
        process.join()
        if not self._stop.is_set() and not (helps and process.exitcode == 0):
            log.warning("The worker ended with code %s; another one starts.", process.exitcode)
        blame = Blame.NONE if self._stop.is_set() else of_end(process.exitcode, out_of_memory() - before)
        try:
            queue.release(blame)
        except Exception:  # the leases run out by themselves
            log.exception("The runs of the worker cannot be given back now")
        process.close()
        alive.end(self.library, queue.owner)
        if not helps:
            self.process = None
