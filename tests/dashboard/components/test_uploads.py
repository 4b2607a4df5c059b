import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.scan.formats import ENDINGS
from dashboard.components.uploads import Batch, batch, drop_zone, run_row, words_of
from dashboard.library.records import PhotoRecord, RunRecord, State

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def run(state: State, started_s: float | None = None, ended_s: float | None = None) -> RunRecord:
    """A run that started and ended so many seconds before NOW."""
    times = [None if s is None else NOW - timedelta(seconds=s) for s in (started_s, ended_s)]
    return RunRecord(
        id="r", workspace_id="w", kind="reconstruct", photo_id="p", face_id=None, options={}, state=state, stage="",
        progress=0, error=None, error_kind=None, asked=True, created=NOW, started=times[0], ended=times[1],
    )  # fmt: skip


def test_nothing_is_said_of_the_time_before_one_was_measured() -> None:
    assert batch([run("running", 3), run("queued")], [], 28, NOW) == Batch(0, 30, None)
    assert Batch(0, 30, None).words == "0 of 30"


def test_the_time_that_is_left_is_what_one_took_so_far() -> None:
    ended = [run("done", 30, 20), run("failed", 20, 10), run("done", 10, 0)]
    found = batch([run("running", 0), *[run("queued")] * 26], ended, 0, NOW)
    assert (found.over, found.total) == (3, 30)
    assert found.left_s == pytest.approx(270)
    assert found.words == "3 of 30, about 4 min left"


def test_two_at_a_time_take_half_as_long() -> None:
    ended = [run("done", 20, 10), run("done", 20, 10), run("done", 10, 0), run("done", 10, 0)]
    assert batch([run("queued")] * 6, ended, 0, NOW).left_s == pytest.approx(30)


def test_what_was_over_before_a_pause_does_not_count() -> None:
    ended = [run("done", 500, 490), run("done", 10, 0)]
    assert batch([run("queued")], ended, 0, NOW) == Batch(1, 2, pytest.approx(10))


def test_the_photo_that_is_worked_on_is_counted_down() -> None:
    ended = [run("done", 15, 5)]
    assert batch([run("running", 5), run("queued")], ended, 0, NOW).left_s == pytest.approx(15)


@pytest.mark.parametrize(("left_s", "words"), [(2, "5 s"), (33, "35 s"), (54, "55 s"), (58, "1 min"), (290, "5 min")])
def test_times_in_words(left_s: float, words: str) -> None:
    assert Batch(1, 2, left_s).words == f"1 of 2, about {words} left"


@pytest.mark.parametrize(
    ("progress", "states", "words"),
    [
        (Batch(0, 5, None), ["queued"], "0 of 5"),
        (Batch(1, 5, 60), ["failed", "queued", "failed"], "1 of 5, about 1 min left; 2 failed"),
        (None, ["failed", "cancelled"], "1 failed; 1 cancelled"),
    ],
)
def test_what_the_line_says(progress: Any, states: list[State], words: str) -> None:
    assert words_of(progress, [run(state) for state in states]) == words


@pytest.mark.parametrize(
    ("name", "actions"),
    [
        ("me.jpg", ["Show where the face is", "Process the whole photo", "Dismiss"]),
        ("me.PLY", ["Try again", "Dismiss"]),
    ],
)
def test_what_can_be_done_where_no_face_was_found(name: str, actions: list[str]) -> None:
    photo = PhotoRecord("p", "w", name, "", 64, 64, None, NOW)
    failed = replace(run("failed", 2, 1), error="No face found.", error_kind="NoFaceError")
    said = json.dumps(run_row(failed, photo).to_plotly_json(), default=lambda part: part.to_plotly_json())
    every = ("Show where the face is", "Process the whole photo", "Try again", "Dismiss")
    assert sorted(text for text in every if text in said) == sorted(actions)


def test_scans_can_be_chosen() -> None:
    said = json.dumps(drop_zone(small=True).to_plotly_json(), default=lambda part: part.to_plotly_json())
    assert ",".join(ENDINGS) in said
    assert "Scans: OBJ, PLY, STL or GLB." in said
