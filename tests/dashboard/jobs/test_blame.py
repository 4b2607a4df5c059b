"""Whose doing the end of a worker was."""

import signal
from pathlib import Path

import pytest

from dashboard.jobs.blame import Blame, of_end, out_of_memory


@pytest.mark.parametrize(
    ("exit_code", "ran_out", "blame"),
    [
        (0, 0, Blame.NONE),
        (-signal.SIGTERM, 0, Blame.NONE),
        (-signal.SIGKILL, 0, Blame.UNKNOWN),
        (-signal.SIGKILL, 1, Blame.CAUSED),
        (-signal.SIGSEGV, 0, Blame.CAUSED),
        (1, 0, Blame.CAUSED),
    ],
)
def test_whose_doing_an_end_was(exit_code: int, ran_out: int, blame: Blame) -> None:
    assert of_end(exit_code, ran_out) == blame


def test_what_the_kernel_ended_for_want_of_memory_is_counted(tmp_path: Path) -> None:
    (tmp_path / "vmstat").write_text("pgfault 9\noom_kill 12\ndrop_pagecache 0\n")
    assert out_of_memory(tmp_path / "vmstat") == 12
    assert out_of_memory(tmp_path / "none") == 0
