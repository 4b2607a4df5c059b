"""Runs handed to workers by Celery, where LIFEMASK_BROKER_URL names a Redis. See decisions/celery.md.

A message says that there is work in a lane, and the id of a run that waits there. Which run is next the database says,
as it does without a broker: so a message that is lost, doubled or late changes nothing but when work begins.
"""

import contextlib
import logging
import secrets
import socket
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import celery
from celery.exceptions import SoftTimeLimitExceeded
from celery.signals import setup_logging, worker_process_init, worker_process_shutdown
from kombu.entity import Queue as Messages
from sqlalchemy import select

from core.progress import Progress
from dashboard import logs
from dashboard.jobs import lanes, worker
from dashboard.jobs.clearing import Clearing
from dashboard.jobs.queue import Queue, waits_for_worker
from dashboard.jobs.repeating import Repeating
from dashboard.library import schema
from dashboard.library.library import Library
from dashboard.library.records import Kind, NewFace, RunRecord
from dashboard.settings import Settings

log = logging.getLogger("lifemask.broker")

WORK = "lifemask.work"
LOOK_S = 1.0  # how long a run waits at most whose message was lost, or that no message was sent for
WARM_S = 300  # for a worker process to load its networks
GRACE_S = 30.0  # beyond the limit of a run, for one that reports no progress: then its process is ended
CONNECT_S = 2.0


def application(settings: Settings) -> celery.Celery:
    """Return the Celery application; it connects when it is first used."""
    app = celery.Celery("lifemask", broker=settings.broker_url, set_as_current=False)
    limit_s = settings.run_minutes * 60.0
    app.conf.update(
        task_acks_late=False,  # see decisions/celery.md
        worker_disable_prefetch=True,
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_soft_time_limit=limit_s + GRACE_S if limit_s else None,
        task_time_limit=limit_s + 2 * GRACE_S if limit_s else None,
        worker_prefetch_multiplier=1,
        worker_proc_alive_timeout=WARM_S,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,  # the run goes on, and is written when it is done
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=CONNECT_S,
        broker_transport_options={"socket_connect_timeout": CONNECT_S, "socket_timeout": 30.0},
        task_queues=[Messages(name) for name in lanes.LANES],
        task_default_queue="photos",
    )
    return app


class Announcer(Repeating):
    """A thread that sends a message for each run that waits.

    It compares what waits in the database with the messages that wait in each lane, whenever the library queues a run
    and once a second. Whatever serves or works has one: two of them send a message too many at the worst, which finds
    nothing to do.
    """

    def __init__(self, library: Library) -> None:
        super().__init__("announcer", LOOK_S)
        self._library = library
        self._app = application(library.settings)
        self._is_away = False

    def start(self) -> None:
        """Start looking; the library wakes it when it queues a run."""
        self._library.announce = self.wake
        super().start()

    def once(self) -> None:
        """Look, where database and broker let it."""
        try:
            self.look()
            self._is_away = False
        except Exception as error:  # a broker or a database that is away comes back; what waits is in the database
            if not self._is_away:
                log.warning("Runs that wait cannot be announced now: %s", str(error).split("\n")[0])
            self._is_away = True

    def look(self) -> None:
        """Send the messages that lack."""
        waiting = self._waiting()
        if not waiting:
            return
        with self._app.connection_for_write(connect_timeout=CONNECT_S) as connection:
            channel = connection.default_channel
            for lane, runs in waiting.items():
                sent = Messages(lane)(channel).queue_declare().message_count
                for run_id in runs[sent:]:
                    self._app.send_task(WORK, (lane, run_id), queue=lane, connection=connection, retry=False)

    def _waiting(self) -> dict[str, list[str]]:
        """Return the ids of the runs that wait by lane, the oldest first."""
        run = schema.Run
        query = select(run.id, run.kind, run.asked).where(waits_for_worker(self._library.clock())).order_by(run.created)
        found: dict[str, list[str]] = {}
        with self._library.session() as session:
            for run_id, kind, asked in session.execute(query):
                found.setdefault(lanes.lane_of(kind, asked=asked), []).append(run_id)
        return found


def work(settings: Settings, make_works: worker.MakeWorks) -> None:
    """Work on what the broker hands over, in `worker_count` processes, until SIGTERM: each ends its run first."""
    logs.begin(settings.log, verbose=settings.verbose)
    wanted = lanes.chosen(settings.lanes)  # a wrong name is said at once
    app, process = application(settings), _Process(settings, make_works)
    app.task(process.step, name=WORK)
    setup_logging.connect(_keep_logging)
    worker_process_init.connect(process.begin)
    worker_process_shutdown.connect(process.end)
    # the processes are forked from this one, which has loaded no network and opened no database
    app.Worker(
        concurrency=settings.worker_count,
        pool="prefork",
        queues=",".join(wanted),
        hostname=f"{secrets.token_hex(4)}@{socket.gethostname()}",
        without_gossip=True,
        without_mingle=True,
        quiet=True,
    ).start()


class _Process:
    """What a worker process holds from its beginning to its end: the library, the networks, the name of its leases."""

    def __init__(self, settings: Settings, make_works: worker.MakeWorks) -> None:
        self._settings, self._make_works = settings, make_works
        self._queue: Queue | None = None
        self._works: Mapping[Kind, worker.Work] = {}

    def begin(self, **_: Any) -> None:
        """Open the library and load the networks."""
        library = Library(self._settings, patience_s=worker.PATIENCE_S)
        self._queue = Queue(library, lanes=lanes.chosen(self._settings.lanes).values())
        threading.Thread(target=worker.pulse, args=(self._queue,), daemon=True).start()
        Announcer(library).start()
        Clearing(library).start()
        self._works = {kind: _in_time(work) for kind, work in self._make_works(library).items()}

    def step(self, lane: str, run_id: str) -> None:
        """Do the next run of a lane. run_id : one that waited there when the message was sent."""
        assert self._queue is not None
        one = lanes.LANES[lane]
        if not worker.step(self._queue, self._works, one.kinds, one.follow_ups):
            log.debug("Nothing waits in %s any more, as run %s did", lane, run_id)

    def end(self, **_: Any) -> None:
        """Give back what was not ended."""
        if self._queue is not None:
            with contextlib.suppress(Exception):  # the lease runs out by itself
                self._queue.close()


def _in_time(work: worker.Work) -> worker.Work:
    def bounded(run: RunRecord, progress: Progress) -> Sequence[NewFace]:
        try:
            return work(run, progress)
        except SoftTimeLimitExceeded:
            raise worker.TooLongError(worker.TOO_LONG) from None

    return bounded


def _keep_logging(**_: Any) -> None:
    """Keep Celery from setting up its own; what is connected to this signal is asked instead."""
