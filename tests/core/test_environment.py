import os
from pathlib import Path

import pytest

from core.environment import cores, path, switch, text
from core.errors import OptionError


@pytest.mark.parametrize(
    ("given", "is_on"),
    [
        *((given, True) for given in ("1", "true", "Yes", "ON", " 1 ")),
        *((given, False) for given in ("0", "false", "No", "OFF", "", " ")),
    ],
)
def test_switches(given: str, is_on: bool) -> None:
    assert switch("LIFEMASK_OFFLINE", {"LIFEMASK_OFFLINE": given}) is is_on


def test_a_switch_that_is_neither() -> None:
    assert switch("LIFEMASK_OFFLINE", {}) is False
    with pytest.raises(OptionError, match=r"^LIFEMASK_OFFLINE is 'perhaps'; it must be 0 or 1\.$"):
        switch("LIFEMASK_OFFLINE", {"LIFEMASK_OFFLINE": "perhaps"})


def test_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert path("~/faces") == tmp_path / "faces"
    assert path("faces/~x") == Path("faces/~x")
    with pytest.raises(OptionError, match="There is no home folder of '~no-such-user'"):
        path("~no-such-user/faces")


def test_blanks_round_a_value_do_not_count() -> None:
    assert text("LIFEMASK_DATA", {"LIFEMASK_DATA": " /data\n"}) == "/data"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no process is held to some processors here")
def test_processors_that_a_process_may_not_use_do_not_count() -> None:
    allowed = os.sched_getaffinity(0)
    assert cores() == len(allowed)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)
