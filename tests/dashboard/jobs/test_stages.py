"""Every stage that the source reports has a name in logs and metrics, in which nothing of a person stands."""

import ast
from pathlib import Path

import pytest

from dashboard.jobs.stages import FOLDED, OTHER, PLAIN, Clock, name_of

ROOT = Path(__file__).parents[3]
SOURCE = [*(ROOT / "core").rglob("*.py"), *(ROOT / "dashboard").rglob("*.py")]


def reported() -> list[tuple[str, bool]]:
    """The stages in calls of `progress`, up to the first part that is put in, and whether that is all."""
    found = []
    for file in SOURCE:
        if "cli" in file.parts:
            continue  # shows them on a terminal
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "progress" and node.args:
                said = node.args[0]
                if isinstance(said, ast.Constant) and isinstance(said.value, str):
                    found.append((said.value, True))
                if isinstance(said, ast.JoinedStr):
                    assert isinstance(said.values[0], ast.Constant), ast.unparse(said)
                    found.append((str(said.values[0].value), False))
    return found


def test_every_stage_of_the_source_is_known() -> None:
    stages = reported()
    assert len(stages) > 25
    for said, is_all in stages:
        assert (said in PLAIN) if is_all else (name_of(f"{said}anna-secret.jpg") in FOLDED.values()), said
    said_plainly = {said for said, is_all in stages if is_all}
    assert PLAIN - said_plainly - {"Starting"} == set()


@pytest.mark.parametrize("said", ["Looking at anna-secret.jpg", "", "anna", "Reading the photo anna.jpg"])
def test_a_stage_that_is_not_known_says_nothing(said: str) -> None:
    assert name_of(said) == OTHER


def test_seconds_are_of_the_stage_that_goes_on() -> None:
    clock = Clock(10.0)
    assert clock.enter("Finding faces", 11.0) == ("Starting", 1.0)
    assert clock.enter("Finding faces", 12.0) is None
    assert clock.enter("Laying Anna onto the reference", 13.5) == ("Finding faces", 2.5)
    assert clock.enter("Laying Bob onto the reference", 14.0) is None
    assert clock.enter("Finding faces", 15.0) == ("Laying faces onto the reference", 1.5)
    assert clock.end(15.25) == {"Starting": 1.0, "Finding faces": 2.75, "Laying faces onto the reference": 1.5}
