"""Things done by several processes come as if by one: in their order, and so are their questions answered."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboard.cli import pool
from dashboard.cli.pool import Lost, Pool, processes_for


def make_work(factor: int) -> Callable[..., Any]:
    """Return work that asks for a name, and takes its time where it is told to."""

    def work(thing: str, tell: Any, ask: Any) -> tuple[str, Any, int]:
        tell("Working", 0.5)
        if thing.startswith("slow"):
            time.sleep(0.7)
        if thing == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if thing == "hang":
            Path(os.environ["LIFEMASK_TEST_BEGUN"]).touch()
            try:
                time.sleep(600)
            finally:
                Path(os.environ["LIFEMASK_TEST_BEGUN"]).unlink()
        return thing, None if thing == "fails" else ask(factor), os.getpid()

    return work


@pytest.fixture
def two() -> Iterator[Pool[str, int, Any]]:
    made: Pool[str, int, Any] = Pool(2, make_work, (7,))
    yield made
    made.close()


def test_results_and_answers_come_in_order(two: Pool[str, int, Any]) -> None:
    things, told, asked = ["slow-a", "b", "fails", "slow-c", "d"], [], []

    def answer(index: int, what: int) -> int:
        asked.append(index)
        return what + index

    found: list[Any] = list(two.results(things, lambda *said: told.append(said), answer))
    assert [result[0] for result in found] == things
    assert [result[1] for result in found] == [7, 8, None, 10, 11]
    assert asked == [0, 1, 3, 4]
    assert len({result[2] for result in found}) == 2
    assert os.getpid() not in {result[2] for result in found}
    assert sorted(told) == [(index, "Working", 0.5) for index in range(5)]


def test_a_process_that_is_killed_takes_no_other_thing_with_it(two: Pool[str, int, Any]) -> None:
    found: list[Any] = list(two.results(["a", "die", "b", "die", "c"], lambda *_: None, lambda index, _: index))
    assert [isinstance(one, Lost) for one in found] == [False, True, False, True, False]
    assert [one[1] for one in found if not isinstance(one, Lost)] == [0, 2, 4]


def test_one_that_is_at_work_clears_up_when_all_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = tmp_path / "begun"
    monkeypatch.setenv("LIFEMASK_TEST_BEGUN", str(begun))
    made: Pool[str, int, Any] = Pool(1, make_work, (7,))

    def interrupted(*_: Any) -> None:
        while not begun.exists():
            time.sleep(0.01)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(made.results(["hang"], interrupted, lambda *_: None))
    made.close()
    assert not begun.exists()


def test_processes_are_as_many_as_cores_photos_and_memory_allow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.environment.cores", lambda: 4)
    info = tmp_path / "meminfo"
    monkeypatch.setattr(pool, "MEMINFO", info)
    assert [processes_for(count) for count in (1, 3, 20)] == [1, 3, 4]  # memory is not known
    info.write_text("MemTotal: 99999999 kB\nMemAvailable: 6000000 kB\n")
    assert [processes_for(count) for count in (1, 3, 20)] == [1, 2, 2]
    info.write_text("MemAvailable: 500000 kB\n")
    assert processes_for(20) == 1
