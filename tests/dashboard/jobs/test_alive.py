"""Who lives says so in the database, wherever it runs; who is not heard of any more does not live."""

import os
import time
from typing import Any

import psutil

from dashboard.jobs import alive
from dashboard.library.library import Library
from dashboard.settings import Settings


def test_a_process_lives_from_its_word_until_its_end_or_its_silence(settings: Settings) -> None:
    now = 1000.0
    library = Library(settings, clock=lambda: now)
    assert alive.living(library) == []
    alive.tell(library, "a", "web")
    assert not alive.is_any(library)
    alive.tell(library, "b", "worker")
    alive.tell(library, "c", "helper")
    assert [(process.role, process.id) for process in alive.living(library)] == [
        ("helper", "c"), ("web", "a"), ("worker", "b"),
    ]  # fmt: skip
    memory = psutil.Process(os.getpid()).memory_info().rss
    assert all(0.5 < process.memory_bytes / memory < 2 for process in alive.living(library))
    now += alive.ALIVE_S + 1
    alive.tell(library, "b", "worker")
    assert [process.id for process in alive.living(library)] == ["b"]
    alive.end(library, "b")
    assert not alive.is_any(library)
    alive.tell(library, "d", "worker")
    now -= 7200  # the clock is set back: what was said in the future is no news
    assert not alive.is_any(library)
    library.close()


def test_one_worker_that_ends_does_not_end_another(library: Library) -> None:
    for name in ("a", "b"):
        alive.tell(library, name, "worker")
    alive.end(library, "a")
    assert alive.is_any(library)


def test_a_pulse_is_told_again_and_outlives_a_database_that_is_away(library: Library, monkeypatch: Any) -> None:
    monkeypatch.setattr(alive, "TELL_S", 0.01)
    told, tell = [], alive.tell

    def sometimes(*args: Any) -> None:
        told.append(args)
        if len(told) == 2:
            raise OSError("away")
        tell(*args)

    monkeypatch.setattr(alive, "tell", sometimes)
    pulse = alive.Pulse(library, "web")
    pulse.start()
    until = time.monotonic() + 30
    while len(told) < 4:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert [process.role for process in alive.living(library)] == ["web"]
    pulse.stop()
    assert alive.living(library) == []
