"""The queue and the worker process, with work that needs no network."""

import multiprocessing
import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from core.depth.catalog import BUILTIN, MODELS
from core.errors import Cancelled
from core.options import SolidOptions
from dashboard.jobs import worker
from dashboard.jobs.blame import Blame
from dashboard.jobs.lanes import LANES
from dashboard.jobs.queue import HELPED_PIXELS, LEASE_S, LOST, WOKEN_S, Queue, waits_for_worker
from dashboard.jobs.supervisor import Supervisor
from dashboard.library import schema
from dashboard.library.database import PATIENCE_S
from dashboard.library.library import Library
from dashboard.library.records import NewFace, QueueFullError, RunRecord
from dashboard.settings import Settings
from tests.dashboard import works
from tests.dashboard.library.test_library import Wanted, jpeg

DATABASES = ("sqlite", "postgresql")

PHOTOS = (worker.PHOTOS.kinds, worker.PHOTOS.follow_ups)


@pytest.fixture
def supervisor(library: Library) -> Iterator[Supervisor]:
    supervisor = Supervisor(library, works.make_works)
    supervisor.start()
    yield supervisor
    supervisor.stop()


def start(library: Library, name: str, workspace: str | None = None) -> RunRecord:
    workspace = workspace or library.new_workspace()
    return library.start_run(workspace, library.add_photo(workspace, name, jpeg()).id, Wanted())


def now(library: Library, run: RunRecord) -> RunRecord:
    return library.runs(run.workspace_id, [run.id])[0]


def until(library: Library, run: RunRecord, true: Callable[[RunRecord], bool], limit_s: float = 40.0) -> RunRecord:
    end = time.monotonic() + limit_s
    while not true(now(library, run)):
        assert time.monotonic() < end, now(library, run)
        time.sleep(0.01)
    return now(library, run)


def pids(library: Library, name: str) -> list[int]:
    return [int(pid) for pid in (library.folders.root / f"worker-{name}").read_text().split()]


def test_a_run_waits_for_a_worker_once_its_own_is_not_heard_of(library: Library) -> None:
    run, at = start(library, "a.jpg"), library.clock()
    found = []
    for state, lease_s in (("queued", None), ("running", -1.0), ("running", 9.0), ("running", 7200.0)):
        values = {"state": state, "owner": "gone", "lease_until": None if lease_s is None else at + lease_s}
        with library.session.begin() as session:
            session.execute(update(schema.Run).where(schema.Run.id == run.id).values(**values))
            found.append(session.scalar(select(schema.Run.id).where(waits_for_worker(at))) is not None)
    assert found == [True, True, False, True]


@pytest.mark.usefixtures("supervisor")
def test_runs_are_done_in_one_process_that_is_not_this_one(library: Library) -> None:
    workspace = library.new_workspace()
    runs = [start(library, name, workspace) for name in ("a.jpg", "faceless.jpg", "broken.jpg", "full.jpg", "b.jpg")]
    done = [until(library, run, lambda r: r.is_over) for run in runs]
    assert [run.state for run in done] == ["done", "failed", "failed", "failed", "done"]
    assert done[1].error == "No face found in faceless.jpg."
    assert "ZeroDivisionError" in (done[2].error or "")
    assert "is full" in (done[3].error or "")
    assert [len(run.face_ids) for run in done] == [1, 0, 0, 0, 1]
    assert all((run.seconds or -1) >= 0 for run in done)
    used = {pid for name in ("a.jpg", "broken.jpg", "b.jpg") for pid in pids(library, name)}
    assert len(used) == 1
    assert os.getpid() not in used


@pytest.mark.usefixtures("supervisor")
def test_cancel_is_shown_at_once_and_frees_the_worker(library: Library) -> None:
    slow, waiting = start(library, "slow.jpg"), start(library, "slow-2.jpg")
    until(library, slow, lambda r: r.stage == "Working")
    assert library.cancel(waiting.workspace_id, waiting.id).state == "cancelled"
    assert library.cancel(slow.workspace_id, slow.id).state == "cancelled"
    until(library, start(library, "next.jpg"), lambda r: r.state == "done")  # the slow one alone would take longer
    assert now(library, slow).state == "cancelled"
    assert not (library.folders.root / "worker-slow-2.jpg").exists()
    again = library.retry(waiting.workspace_id, waiting.id)
    assert again.state in ("queued", "running")  # the worker may have it by now


@pytest.mark.usefixtures("supervisor")
@pytest.mark.parametrize(("name", "workers"), [("die-1.jpg", 2), ("killed-4.jpg", 5), ("ended-4.jpg", 5)])
def test_a_run_whose_worker_is_killed_is_tried_again(
    library: Library, monkeypatch: pytest.MonkeyPatch, name: str, workers: int
) -> None:
    """By a crash of its own once, from outside often: that is not its doing."""
    monkeypatch.setattr("dashboard.jobs.supervisor.STEADY_S", 0.0)
    run = until(library, start(library, name), lambda r: r.is_over, 120.0)
    assert run.state == "done"
    assert len(set(pids(library, name))) == workers


@pytest.mark.usefixtures("supervisor")
def test_a_run_that_kills_two_workers_has_failed_and_the_next_one_is_done(library: Library) -> None:
    run, after = start(library, "die-9.jpg"), start(library, "a.jpg")
    run = until(library, run, lambda r: r.is_over)
    assert (run.state, run.error) == ("failed", LOST)
    assert len(set(pids(library, "die-9.jpg"))) == 2
    until(library, after, lambda r: r.state == "done")


@pytest.mark.usefixtures("supervisor")
def test_a_run_outlives_a_lock_that_a_page_does_not_wait_for(library: Library) -> None:
    run = start(library, "brief.jpg")
    until(library, run, lambda r: r.stage == "Working")
    with library.session.begin() as writer:
        writer.execute(update(schema.Workspace).values(served=0.0))
        time.sleep(PATIENCE_S + 2.0)
        assert now(library, run).state == "running"
    assert until(library, run, lambda r: r.is_over).state == "done"
    assert len(pids(library, "brief.jpg")) == 1


@pytest.mark.parametrize("hangs", [False, True])
def test_a_stopped_server_gives_its_run_back(
    library: Library, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    run = start(library, "slow.jpg")
    until(library, run, lambda r: r.stage == "Working")
    (pid,) = pids(library, "slow.jpg")
    if hangs:
        monkeypatch.setattr("dashboard.jobs.supervisor.PATIENCE_S", 0.1)
        os.kill(pid, signal.SIGSTOP)
    supervisor.stop()
    assert now(library, run).state == "queued"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIG_DFL)


def test_a_worker_that_is_told_to_end_gives_its_run_back_at_once(library: Library) -> None:
    run = start(library, "slow.jpg")
    for _ in range(3):  # more often than a run may be tried
        process = multiprocessing.get_context("spawn").Process(
            target=worker.main, args=(library.settings, "alone", works.make_works)
        )
        process.start()
        until(library, run, lambda run: run.stage == "Working")
        process.terminate()
        process.join(20)
        assert process.exitcode == 0
        assert now(library, run).state == "queued"
        with library.session() as session:
            row = session.get_one(schema.Run, run.id)
            assert (row.attempts, row.owner, row.lease_until) == (0, None, None)
        process.close()


def test_a_lease_that_ran_out_gives_the_run_to_another_worker_and_keeps_the_first_off(settings: Settings) -> None:
    clock = [1000.0]
    library = Library(settings, clock=lambda: clock[0])
    run = start(library, "a.jpg")
    first, second = Queue(library), Queue(library)
    assert first.claim(["reconstruct"]) is not None
    assert second.claim(["reconstruct"]) is None
    clock[0] += LEASE_S - 1
    first.renew()
    clock[0] += LEASE_S - 1
    assert second.claim(["reconstruct"]) is None
    clock[0] += 2
    assert second.claim(["reconstruct"]) is None  # it did not look for long, and may have slept, as the first may
    clock[0] += WOKEN_S
    taken = second.claim(["reconstruct"])
    assert taken is not None
    assert taken.id == run.id
    for late in (
        lambda: first.report(run.id, "Working", 0.1),
        lambda: first.fail(run.id, "late"),
        lambda: first.finish(run.id, [NewFace("f", 1, "a.jpg", 0.9, "builtin")]),
    ):
        with pytest.raises(Cancelled):
            late()
    second.finish(run.id, [])
    assert now(library, run).state == "done"
    library.close()


def attempts(library: Library, run: RunRecord) -> int:
    with library.session() as session:
        return session.get_one(schema.Run, run.id).attempts


def test_a_machine_that_slept_takes_no_run_from_those_that_slept_with_it(settings: Settings) -> None:
    clock = [1000.0]
    library = Library(settings, clock=lambda: clock[0])
    run = start(library, "a.jpg")
    mine, other = Queue(library), Queue(library)
    assert mine.claim(["reconstruct"]) is not None
    assert other.claim(["reconstruct"]) is None
    for _ in range(3):  # more often than a run may be tried
        clock[0] += 8 * 3600.0
        for woken in (other, mine, other):  # before the first has said that it lives
            assert woken.claim(["reconstruct"]) is None
        mine.renew()
        clock[0] += WOKEN_S
        assert other.claim(["reconstruct"]) is None
        mine.report(run.id, "Working", 0.5)
    mine.finish(run.id, [])
    assert now(library, run).state == "done"
    library.close()


def test_a_clock_that_was_set_back_holds_up_a_run_no_longer_than_a_lease(settings: Settings) -> None:
    clock = [100_000.0]
    library = Library(settings, clock=lambda: clock[0])
    run = start(library, "a.jpg")
    assert Queue(library).claim(["reconstruct"]) is not None  # by a worker that ends with the machine
    clock[0] -= 7200.0
    after = Queue(library)
    for _ in range(int(LEASE_S) + 1):
        assert after.claim(["reconstruct"]) is None
        clock[0] += 1.0
    taken = after.claim(["reconstruct"])
    assert taken is not None
    assert (taken.id, taken.state) == (run.id, "running")
    library.close()


def test_a_worker_that_lives_keeps_its_run_when_the_clock_is_set_back(settings: Settings) -> None:
    clock = [100_000.0]
    library = Library(settings, clock=lambda: clock[0])
    run = start(library, "a.jpg")
    mine, other = Queue(library), Queue(library)
    assert mine.claim(["reconstruct"]) is not None
    clock[0] -= 7200.0
    for _ in range(2 * int(LEASE_S)):
        assert other.claim(["reconstruct"]) is None
        mine.renew()
        clock[0] += 1.0
    mine.finish(run.id, [])
    assert (now(library, run).state, now(library, run).seconds) == ("done", 0.0)
    library.close()


def test_what_a_worker_that_ended_was_writing_goes_with_it_and_nothing_else(library: Library) -> None:
    run, other = start(library, "a.jpg"), start(library, "b.jpg")
    workspace = run.workspace_id
    first, second, journal = Queue(library), Queue(library), library.journal
    known = library.folders.face(secrets.token_hex(16))
    for queue, one in ((first, run), (second, other)):
        assert queue.claim(["reconstruct"]) == now(library, one)
    second.finish(other.id, [NewFace(known.name, 1, "b.jpg", 0.9, "builtin")])
    download = library.start_download(workspace, "dpt_large_384")
    assert second.claim(["download"]) == now(library, download)
    half, anew = library.folders.face(secrets.token_hex(16)), known.with_name(f".{known.name}-0a1b2c3d.part")
    others, sent = library.folders.face(secrets.token_hex(16)), library.folders.photo(secrets.token_hex(16))
    with journal.of_run(run.id):
        journal.begin([half, known])
    with journal.of_run(download.id):
        journal.begin([others])
    journal.begin([sent])
    part = half.with_name(f".{half.name}-0a1b2c3d.part")
    for folder in (half, part, known, anew, others, sent):
        folder.mkdir()
        (folder / "crop.png").write_bytes(b"a face")
    first.release(Blame.UNKNOWN)
    assert now(library, run).state == "queued"
    assert sorted(library.folders.faces.iterdir()) == sorted([known, others])
    assert sent.is_dir()
    assert not library.folders.quarantine.exists()
    with library.session() as session:
        notes = set(session.scalars(select(schema.UnsettledFolder.name)))
    assert notes == {f"faces/{others.name}", f"photos/{sent.name}"}


def test_faces_stay_where_the_worker_hears_of_an_end_only_after_they_are_known(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when it is told to end just then, or the answer of the database is lost."""
    run, queue = start(library, "a.jpg"), Queue(library)
    finish = Queue.finish

    def told_to_end(*args: Any) -> None:
        finish(*args)
        raise SystemExit

    monkeypatch.setattr(Queue, "finish", told_to_end)
    with pytest.raises(SystemExit):
        worker.step(queue, works.make_works(library), ["reconstruct"])
    (face_id,) = now(library, run).face_ids
    assert (now(library, run).state, library.folders.face(face_id).is_dir()) == ("done", True)


@pytest.mark.parametrize(("blame", "ends"), [(Blame.NONE, None), (Blame.UNKNOWN, 6), (Blame.CAUSED, 2)])
def test_an_end_counts_by_whose_doing_it_was(library: Library, blame: Blame, ends: int | None) -> None:
    run = start(library, "a.jpg")
    for number in range(1, (ends or 20) + 1):
        queue = Queue(library)
        assert queue.claim(["reconstruct"]) is not None
        queue.release(blame)
        assert now(library, run).state == ("failed" if number == ends else "queued")
        assert attempts(library, run) == number * blame
    assert now(library, run).error == (LOST if ends else None)


def test_a_run_under_which_a_worker_ended_is_tried_alone_so_that_no_other_is_blamed(library: Library) -> None:
    guilty, innocent = start(library, "a.jpg"), start(library, "b.jpg")
    workspace = guilty.workspace_id
    download = library.start_download(workspace, "dpt_large_384")
    first = Queue(library)
    for kind in ("reconstruct", "download"):
        assert first.claim([kind]) is not None
    first.release(Blame.CAUSED)  # it crashed under both
    second = Queue(library)
    alone = second.claim(["download"])
    assert alone is not None
    assert alone.id == download.id
    assert second.claim(["reconstruct"]) is None
    second.finish(alone.id, [])
    alone = second.claim(["reconstruct"])
    assert alone is not None
    assert alone.id == guilty.id
    other = library.start_download(workspace, "dpt_hybrid_384")
    assert second.claim(["download"]) is None
    second.release(Blame.CAUSED)
    assert [now(library, run).state for run in (guilty, download, innocent, other)] == [
        "failed", "done", "queued", "queued",
    ]  # fmt: skip
    third = Queue(library)
    for kind in ("reconstruct", "download"):
        assert third.claim([kind]) is not None
    assert [attempts(library, run) for run in (innocent, other)] == [1, 1]  # of the claim itself


def test_a_worker_of_other_lanes_is_not_held_up_by_what_is_tried_alone(library: Library) -> None:
    photo = start(library, "a.jpg")
    library.start_download(photo.workspace_id, "dpt_large_384")
    first = Queue(library)
    assert first.claim(["download"]) is not None
    first.release(Blame.CAUSED)
    assert Queue(library).claim(["reconstruct"]) is None
    taken = Queue(library, lanes=[LANES["photos"]]).claim(["reconstruct"])
    assert taken is not None
    assert taken.id == photo.id


def test_kinds_do_not_wait_for_each_other(library: Library) -> None:
    workspace = library.new_workspace()
    photo_run, download = start(library, "a.jpg", workspace), library.start_download(workspace, "midas_v21_small_256")
    queue = Queue(library)
    assert (claimed := queue.claim(["download"])) is not None
    assert claimed.id == download.id
    assert (claimed := queue.claim(["reconstruct", "solid"])) is not None
    assert claimed.id == photo_run.id
    assert queue.claim(["download"]) is None


def test_two_workers_never_take_the_same_run(settings: Settings) -> None:
    library = Library(replace(settings, max_queue=50))
    workspace = library.new_workspace()
    names = [name for name in MODELS if name != BUILTIN]
    for name in names:
        library.start_download(workspace, name)
    from concurrent.futures import ThreadPoolExecutor

    def take(_: int) -> list[str]:
        queue, taken = Queue(library), []
        while (run := queue.claim(["download"])) is not None:
            taken.append(run.id)
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [run_id for ids in pool.map(take, range(4)) for run_id in ids]
    assert len(taken) == len(set(taken)) == len(names) > 10
    library.close()


def finished(library: Library, queue: Queue, run: RunRecord, name: str) -> str:
    """End a run that was claimed: its face is there, its surface and its solid follow. Returns the face's id."""
    queue.finish(run.id, [NewFace(name, 1, f"{name}.jpg", 0.9, "builtin", then=(("surface", {}), ("solid", {"a": 1})))])
    return name


def test_what_follows_comes_after_what_is_asked_for(library: Library) -> None:
    workspace = library.new_workspace()
    first, second = start(library, "a.jpg", workspace), start(library, "b.jpg", workspace)
    queue = Queue(library)
    assert queue.claim(*PHOTOS) == now(library, first)
    finished(library, queue, first, "fa")
    (waiting,) = library.runs(workspace, states=["queued"], kind="surface")
    assert (waiting.face_id, waiting.asked, second.asked) == ("fa", False, True)
    taken = []
    while (run := queue.claim(*PHOTOS)) is not None:
        taken.append((run.kind, run.face_id))
        finished(library, queue, run, "fb") if run.kind == "reconstruct" else queue.finish(run.id, [])
    assert taken == [
        ("reconstruct", None), ("surface", "fa"), ("surface", "fb"), ("solid", "fa"), ("solid", "fb"),
    ]  # fmt: skip


def test_what_a_person_asks_for_waits_behind_no_photos_and_no_follow_up(library: Library) -> None:
    workspace = library.new_workspace()
    photos = [start(library, f"{number}.jpg", workspace) for number in range(3)]
    queue = Queue(library)
    assert queue.claim(*PHOTOS) == now(library, photos[0])
    finished(library, queue, photos[0], "fa")
    lane = LANES["solids"]
    assert queue.claim(lane.kinds, lane.follow_ups) is None  # nobody asked for the surface
    hastened = library.hasten(workspace, "fa", "surface")
    assert hastened is not None
    assert queue.claim(lane.kinds, lane.follow_ups) == now(library, hastened)
    solid = library.start_solid(workspace, "fa", SolidOptions())  # in the place of the one that would have followed
    assert [run.id for run in library.runs(workspace, kind="solid")] == [solid.id]
    assert queue.claim(lane.kinds, lane.follow_ups) is None  # two works at once on one face would lose one's result
    queue.finish(hastened.id, [])
    assert queue.claim(lane.kinds, lane.follow_ups) == now(library, solid)


def test_a_browser_with_one_photo_does_not_wait_for_anothers_thirty(settings: Settings) -> None:
    clock = [1000.0]
    library = Library(replace(settings, max_queue=50), clock=lambda: clock[0])
    many, one = library.new_workspace(), library.new_workspace()
    for number in range(30):
        start(library, f"{number}.jpg", many)
    late = start(library, "late.jpg", one)
    queue, order = Queue(library), []
    for _ in range(4):
        clock[0] += 1
        run = queue.claim(*PHOTOS)
        assert run is not None
        order.append(run.workspace_id)
        if run.id == late.id:
            start(library, "later.jpg", one)
    assert order[:2] in ([many, one], [one, many])
    assert order[2:] in ([many, one], [one, many])
    library.close()


def test_follow_ups_take_no_room_in_the_queue(settings: Settings) -> None:
    library = Library(replace(settings, max_queue=2))
    workspace, queue = library.new_workspace(), Queue(library)
    finished(library, queue, (queue.claim(*PHOTOS) if start(library, "a.jpg", workspace) else None), "fa")
    start(library, "b.jpg", workspace)
    start(library, "c.jpg", workspace)
    with pytest.raises(QueueFullError):
        start(library, "d.jpg", workspace)
    library.close()


def test_large_photos_are_the_workers_alone(library: Library) -> None:
    large, small = start(library, "a.jpg"), start(library, "b.jpg")
    with library.session.begin() as session:
        session.execute(update(schema.Photo).where(schema.Photo.id == large.photo_id).values(width=8000, height=6000))
    download = library.start_download(large.workspace_id, "dpt_large_384")
    assert library.photos_wait(2)
    assert library.photos_wait(1, HELPED_PIXELS)
    assert not library.photos_wait(2, HELPED_PIXELS)
    helper, own = Queue(library, most_pixels=HELPED_PIXELS), Queue(library)
    assert helper.claim(["reconstruct"]) == now(library, small)
    assert helper.claim(["reconstruct"]) is None
    assert helper.claim(["download"]) == now(library, download)
    assert own.claim(["reconstruct"]) == now(library, large)


def test_a_helper_takes_photos_that_wait_and_ends_when_there_are_none(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.environment.cores", lambda: 2)
    library = Library(replace(settings, workers=2))
    supervisor = Supervisor(library, works.make_works)
    supervisor.start()
    workspace = library.new_workspace()
    runs = [start(library, name, workspace) for name in ("slow-1.jpg", "slow-2.jpg", "a.jpg", "b.jpg")]
    until(library, runs[1], lambda run: run.stage == "Working")  # while the worker is at the first
    assert now(library, runs[0]).stage == "Working"
    assert set(pids(library, "slow-1.jpg")).isdisjoint(pids(library, "slow-2.jpg"))
    for run in runs[:2]:
        library.cancel(workspace, run.id)
    for run in runs[2:]:
        until(library, run, lambda run: run.state == "done")
    supervisor.stop()
    library.close()


def test_a_helper_that_finds_nothing_ends_and_the_worker_stays(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "HELPING_S", 0.3)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    began = time.monotonic()
    worker.main(settings, "helper", works.make_works, helps=True)  # it returns
    assert time.monotonic() - began > 0.3


def test_a_worker_gives_back_what_it_has_left_though_it_lives(library: Library) -> None:
    """As when the database was away for so long that what came of a run could not be written."""
    later = [0.0]
    library.clock = lambda clock=library.clock: clock() + later[0]  # type: ignore[misc]
    queue = Queue(library)
    run = start(library, "a.jpg")
    assert queue.claim(*PHOTOS) is not None
    queue.leave(run.id)
    found = []
    for later[0] in (20.0, LEASE_S + 1.0, LEASE_S + WOKEN_S, LEASE_S + WOKEN_S + 2.0):  # it trusts others at first
        queue.renew()
        found.append(queue.claim(*PHOTOS))
    assert [one.id if one else None for one in found] == [None, None, None, run.id]


def test_a_worker_keeps_what_it_works_on_through_sleep(library: Library) -> None:
    later = [0.0]
    library.clock = lambda clock=library.clock: clock() + later[0]  # type: ignore[misc]
    queue = Queue(library)
    run = start(library, "a.jpg")
    assert queue.claim(*PHOTOS) is not None
    for later[0] in (3600.0, 3604.0, 3609.0, 3614.0):
        assert queue.claim(*PHOTOS) is None
    queue.renew()
    queue.finish(run.id, [])
    assert now(library, run).state == "done"
