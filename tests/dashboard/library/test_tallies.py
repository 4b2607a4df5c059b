"""What became of runs is counted as it happens, once, and stays counted when they are deleted."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.errors import Cancelled, NoFaceError
from dashboard.jobs import worker
from dashboard.jobs.blame import ENOUGH, Blame
from dashboard.jobs.queue import Queue
from dashboard.library import deletion, tallies
from dashboard.library.library import Library
from dashboard.library.tallies import Tallied
from dashboard.settings import Settings
from tests.dashboard.library.test_library import Wanted, jpeg


@pytest.fixture
def tick() -> list[float]:
    return [1000.0]


@pytest.fixture
def slow(settings: Settings, tick: list[float]) -> Iterator[Library]:
    """A library whose clock the test sets."""
    library = Library(settings, clock=lambda: tick[0], undo_s=0.0)
    yield library
    library.close()


def start(library: Library, workspace: str, name: str = "a.jpg") -> str:
    shade = sum(name.encode()) % 256
    photo = library.add_photo(workspace, name, jpeg((shade, 2, 3)))
    return library.start_run(workspace, photo.id, Wanted()).id


def found(library: Library, what: str) -> dict[tuple[str, str], tuple[int, float]]:
    with library.session() as session:
        return {(one.kind, one.label): (one.count, one.seconds) for one in tallies.read(session) if one.what == what}


def test_ends_and_failures_are_counted_once_and_outlive_their_runs(slow: Library, tick: list[float]) -> None:
    workspace, queue = slow.new_workspace(), Queue(slow)
    done, failed, cancelled, unforeseen = (start(slow, workspace, f"{name}.jpg") for name in "abcd")
    for run_id in (done, failed, cancelled, unforeseen):
        tick[0] += 1  # the order in which they came is that of their times
        taken = queue.claim(["reconstruct"])
        assert taken is not None
        tick[0] += 2.5
        match run_id:
            case _ if taken.id == done:
                queue.finish(taken.id, [])
            case _ if taken.id == failed:
                queue.fail(taken.id, "No face found in anna-secret.jpg.", "NoFaceError")
            case _ if taken.id == unforeseen:
                queue.fail(taken.id, "Something unforeseen went wrong.")
            case _:
                slow.cancel(workspace, taken.id)
                slow.cancel(workspace, taken.id)
                with pytest.raises(Cancelled):
                    queue.finish(taken.id, [])
    ended = {
        ("reconstruct", "done"): (1, 2.5), ("reconstruct", "failed"): (2, 5.0), ("reconstruct", "cancelled"): (1, 0.0)
    }  # fmt: skip
    assert found(slow, "ended") == ended
    failures = {("reconstruct", "NoFaceError"): (1, 0.0), ("reconstruct", tallies.UNFORESEEN): (1, 0.0)}
    assert found(slow, "failed") == failures
    slow.retry(workspace, failed)
    again = queue.claim(["reconstruct"])
    assert again is not None
    queue.finish(again.id, [])
    deletion.delete_all(slow, workspace)
    deletion.carry_out_due(slow)
    assert slow.runs(workspace) == []
    assert found(slow, "ended") == {**ended, ("reconstruct", "done"): (2, 2.5)}


def test_a_run_that_a_worker_died_of_is_a_failure_of_its_own_kind(slow: Library) -> None:
    start(slow, slow.new_workspace())
    for _ in range(ENOUGH // Blame.CAUSED):
        queue = Queue(slow)
        assert queue.claim(["reconstruct"]) is not None
        queue.release(Blame.CAUSED)
    assert found(slow, "failed") == {("reconstruct", tallies.LOST): (1, 0.0)}
    assert found(slow, "ended") == {("reconstruct", "failed"): (1, 0.0)}


def test_many_count_at_once(library: Library) -> None:
    def count(_: int) -> None:
        with library.session.begin() as session:
            tallies.add(session, "stage", "solid", "Making the solid", 0.5)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(40)))
    with library.session() as session:
        assert tallies.read(session) == [Tallied("stage", "solid", "Making the solid", 40, 20.0)]


@pytest.mark.parametrize("how", ["done", "failed"])
def test_the_worker_counts_the_stages_of_what_it_did(library: Library, how: str) -> None:
    workspace = library.new_workspace()
    start(library, workspace)

    def work(_: Any, progress: Any) -> list[Any]:
        progress("Finding faces", 0.1)
        progress("Laying anna-secret.jpg onto the reference", 0.5)
        if how == "failed":
            raise NoFaceError("No face found in anna-secret.jpg.")
        return []

    assert worker.step(Queue(library), {"reconstruct": work}, ["reconstruct"])
    stages = found(library, "stage")
    assert {label for _, label in stages} == {"Starting", "Finding faces", "Laying faces onto the reference"}
    assert all(count == 1 and 0.0 <= seconds < 10.0 for count, seconds in stages.values())
    assert {label for _, label in found(library, "ended")} == {how}
