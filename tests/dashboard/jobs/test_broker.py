"""Runs handed over by a real Redis to real worker processes of Celery, with the library in a real PostgreSQL."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import update

from core.errors import OptionError
from dashboard.jobs import broker, lanes, worker
from dashboard.library import schema
from dashboard.library.library import Library
from dashboard.library.records import RunRecord
from dashboard.settings import LANES, Settings
from tests import servers
from tests.dashboard.jobs.test_queue import now, pids, start, until
from tests.servers import Server

ROOT = Path(__file__).parents[3]
WORK = (
    "import sys; from dashboard.jobs import broker; from dashboard.settings import Settings; "
    "from tests.dashboard import works; broker.work(Settings(**eval(sys.argv[1])), works.make_works)"
)
AWAY_S = 20.0
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture(scope="module")
def redis() -> Iterator[Server]:
    with servers.redis() as server:
        yield server


@pytest.fixture
def scaled(settings: Settings, postgresql: Server, redis: Server) -> Settings:
    """Settings of an empty library, with an empty broker."""
    number = abs(hash(settings.data)) % 16  # databases of Redis
    with Redis(port=redis.port, db=number) as connection:
        connection.flushdb()
    return replace(
        settings,
        database_url=servers.new_database(postgresql),
        broker_url=f"redis://127.0.0.1:{redis.port}/{number}",
    )


@pytest.fixture
def opened(scaled: Settings) -> Iterator[Library]:
    """The library as the server has it: whoever queues a run in it wakes the announcer."""
    library = Library(scaled)
    announcer = broker.Announcer(library)
    announcer.start()
    yield library
    announcer.stop()
    library.close()


@pytest.fixture
def workers(scaled: Settings, tmp_path: Path) -> Iterator[Start]:
    """Start workers, with settings that differ by what is given."""
    with ExitStack() as stack:

        def begin(**changes: Any) -> "subprocess.Popen[bytes]":
            given = {**vars(scaled), **changes}
            log = stack.enter_context((tmp_path / "log").open("ab"))
            process = subprocess.Popen(
                [sys.executable, "-c", WORK, repr(given)], stdout=log, stderr=log, cwd=ROOT, env={**os.environ}
            )
            stack.callback(process.wait, 60)
            stack.callback(process.terminate)
            return process

        yield begin


def test_a_worker_takes_its_lanes_alone_and_all_is_done_in_their_order(opened: Library, workers: Start) -> None:
    workspace = opened.new_workspace()
    runs = [start(opened, name, workspace) for name in ("a.jpg", "faceless.jpg", "b.jpg")]
    workers(lanes="comparisons,downloads")
    time.sleep(3.0)
    assert [now(opened, run).state for run in runs] == ["queued"] * 3
    process = workers(lanes="photos")
    done = [until(opened, run, lambda r: r.is_over) for run in runs]
    assert [run.state for run in done] == ["done", "failed", "done"]
    assert done[1].error == "No face found in faceless.jpg."
    assert [run.started for run in done] == sorted(run.started for run in done if run.started)
    assert process.pid not in pids(opened, "a.jpg") == pids(opened, "b.jpg")  # one process of the pool, not its parent


def test_a_cancelled_run_frees_its_worker(opened: Library, workers: Start) -> None:
    workers()
    run = start(opened, "slow.jpg")
    until(opened, run, lambda r: r.stage == "Working")
    opened.cancel(run.workspace_id, run.id)
    until(opened, start(opened, "next.jpg"), lambda r: r.state == "done")
    assert now(opened, run).state == "cancelled"


def test_a_run_that_takes_too_long_has_failed(opened: Library, workers: Start) -> None:
    workers(run_minutes=0.01)
    run = until(opened, start(opened, "slow.jpg"), lambda r: r.is_over)
    assert (run.state, run.error, run.error_kind) == ("failed", worker.TOO_LONG, "TooLongError")


def test_a_worker_that_is_told_to_end_ends_its_run_first(opened: Library, workers: Start) -> None:
    process = workers()
    run = start(opened, "brief.jpg")
    until(opened, run, lambda r: r.stage == "Working")
    process.terminate()
    assert process.wait(30) == 0
    assert now(opened, run).state == "done"
    assert len(pids(opened, "brief.jpg")) == 1


def test_runs_wait_while_redis_is_away_and_are_done_when_it_is_back(
    opened: Library, workers: Start, redis: Server
) -> None:
    workers()
    until(opened, start(opened, "a.jpg"), lambda r: r.state == "done")
    slow = start(opened, "brief.jpg")
    until(opened, slow, lambda r: r.stage == "Working")
    redis.stop()
    back = time.monotonic() + AWAY_S
    try:
        waits = start(opened, "b.jpg")  # at once, and without an error
        until(opened, slow, lambda r: r.state == "done")
        time.sleep(max(0.0, back - time.monotonic()))
        assert now(opened, waits).state == "queued"
    finally:
        redis.start()  # empty: it keeps nothing
    until(opened, waits, lambda r: r.state == "done")


def test_a_run_outlives_a_restart_of_the_database(settings: Settings, redis: Server, tmp_path: Path) -> None:
    with servers.postgresql() as database, ExitStack() as stack:
        scaled = replace(
            settings, database_url=servers.new_database(database), broker_url=f"redis://127.0.0.1:{redis.port}/15"
        )
        library = Library(scaled)
        stack.callback(library.close)
        announcer = broker.Announcer(library)
        announcer.start()
        stack.callback(announcer.stop)
        log = stack.enter_context((tmp_path / "log").open("ab"))
        process = subprocess.Popen([sys.executable, "-c", WORK, repr(vars(scaled))], stdout=log, stderr=log, cwd=ROOT)
        stack.callback(process.wait, 60)
        stack.callback(process.terminate)
        run = start(library, "brief.jpg")
        until(library, run, lambda r: r.stage == "Working")
        database.stop()
        time.sleep(3.0)  # longer than the run takes
        database.start()
        assert until(library, run, lambda r: r.is_over).state == "done"
        assert len(pids(library, "brief.jpg")) == 1
        until(library, start(library, "next.jpg"), lambda r: r.state == "done")


def test_messages_too_many_or_too_few_change_nothing(opened: Library, scaled: Settings, workers: Start) -> None:
    app = broker.application(scaled)
    for _ in range(5):
        app.send_task(broker.WORK, ("photos", "none"), queue="photos")
    run: RunRecord = start(opened, "a.jpg")
    app.control.purge()
    workers()
    assert until(opened, run, lambda r: r.is_over).state == "done"
    assert len(pids(opened, "a.jpg")) == 1
    app.close()


def test_the_last_run_of_a_batch_is_taken_over_when_its_worker_was_killed(
    opened: Library, scaled: Settings, workers: Start
) -> None:
    run = start(opened, "a.jpg")
    lost = {"state": "running", "owner": "killed", "lease_until": opened.clock() - 1.0}
    with opened.session.begin() as session:
        session.execute(update(schema.Run).where(schema.Run.id == run.id).values(**lost))
    with closing(broker.application(scaled)) as app:
        app.control.purge()  # no message says that anything waits
    workers()
    assert until(opened, run, lambda r: r.is_over).state == "done"


def test_every_kind_of_run_has_a_lane() -> None:
    assert tuple(lanes.LANES) == LANES
    asked = {kind: lanes.lane_of(kind, asked=True) for lane in lanes.LANES.values() for kind in lane.kinds}
    assert asked == {
        "reconstruct": "photos", "solid": "solids", "recompute": "solids", "surface": "solids", "head": "solids",
        "compare": "comparisons", "heads": "heads", "download": "downloads",
    }  # fmt: skip
    assert {lanes.lane_of(kind, asked=False) for kind in ("surface", "solid")} == {"photos"}
    assert list(lanes.chosen("solids, photos")) == ["photos", "solids"]
    with pytest.raises(OptionError, match=r"There is no lane 'phots'. Lanes are photos, solids"):
        lanes.chosen("phots")
