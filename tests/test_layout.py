"""The tree that CONTRIBUTING names is the tree, and tests stand in the rooms of what they test."""

import re
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
CODE = ("core", "dashboard")
TABLE = (
    (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("| place | what it is |\n|---|---|\n")[2].split("\n\n")[0]
)


def places(row: str) -> list[str]:
    """Paths of a row; those after the first are beside it: '`core/pipeline.py`, `recompute.py`'."""
    first, *others = re.findall(r"`([^`]+)`", row.split("|")[1])
    return [first.rstrip("/"), *(str(PurePosixPath(first).with_name(name.rstrip("/"))) for name in others)]


ROWS = TABLE.splitlines()
NAMED = {place for row in ROWS for place in places(row)}


def test_every_room_and_every_module_outside_a_room_is_named() -> None:
    files = [path.relative_to(ROOT) for top in CODE for path in (ROOT / top).rglob("*.py")]
    rooms = {str(path.parent) for path in files} - set(CODE)
    outside = {str(path) for path in files if str(path.parent) in CODE and path.name != "__init__.py"}
    assert {place for place in NAMED if place.startswith(CODE)} == rooms | outside


def test_all_that_is_named_is_there() -> None:
    assert {place for place in NAMED if not (ROOT / place).exists()} == set()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: places(row)[0])
def test_modules_that_a_row_tells_of_are_there(row: str) -> None:
    folders = [ROOT / place for place in places(row)]
    told = re.findall(r"`([a-z_]+)`", row.split("|")[2])
    here = {path.stem for folder in folders if folder.is_dir() for path in folder.iterdir()}
    assert set(told) <= here


@pytest.mark.parametrize("top", CODE)
def test_tests_stand_in_the_rooms_of_what_they_test(top: str) -> None:
    folders = {str(path.parent.relative_to(ROOT / "tests")) for path in (ROOT / "tests" / top).rglob("test_*.py")}
    assert folders - {top} <= NAMED
