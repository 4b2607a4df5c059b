import errno
import logging
import os
import shutil
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from core import atomic
from core.atomic import leftovers, replacing, replacing_file, replacing_within, restore
from tests.core.stopped import interrupted_at_each_line, killed_at_each_change

OURS = {"file", "other", "mark"}
MARK = "mark"

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork a process to be killed")


def rewrite(folder: Path, text: str) -> None:
    with replacing([folder], OURS.__contains__) as (part,):
        (part / "file").write_text(text)


def contents(folder: Path) -> dict[str, str]:
    """Texts of the files by their path; of what is hidden nothing."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    relative = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: path.read_text() for name, path in relative.items() if not name.startswith(".")}


def filled(folder: Path, texts: dict[str, str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.fixture(params=[True, False], ids=["exchanged", "renamed"])
def at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the system can exchange two folders in one step."""
    if not request.param:
        monkeypatch.setattr(atomic, "_exchanged_at_once", lambda _part, _folder: False)
    return bool(request.param)


# -- a file


def write_file(path: Path) -> None:
    with replacing_file(path) as part:
        part.write_text("new")


@pytest.mark.parametrize("old", ["old", None])
def test_a_file_is_the_old_or_the_new_wherever_its_writing_is_interrupted(tmp_path: Path, old: str | None) -> None:
    file = tmp_path / "of ours" / "file[1].txt"
    either = ({} if old is None else {file.name: old}, {file.name: "new"})
    file.parent.mkdir()

    def prepare() -> None:
        filled(file.parent, {"mine.txt": "mine"} | ({} if old is None else {file.name: old}))

    lines = 0
    for _ in interrupted_at_each_line(prepare, lambda: write_file(file)):
        lines += 1
        assert contents(file.parent) in [{"mine.txt": "mine", **one} for one in either]
    assert lines >= 5
    assert contents(file.parent) == {"mine.txt": "mine", file.name: "new"}
    assert leftovers(file) == []


@needs_fork
def test_a_file_is_the_old_or_the_new_wherever_its_writing_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "file[1].txt"
    for _ in killed_at_each_change(lambda: filled(tmp_path, {file.name: "old"}), lambda: write_file(file)):
        assert contents(tmp_path) in ({file.name: "old"}, {file.name: "new"})
        assert [path.name for path in tmp_path.iterdir() if path != file] == [path.name for path in leftovers(file)]
    assert contents(tmp_path) == {file.name: "new"}


# -- folders


def test_a_folder_is_replaced_whole(tmp_path: Path, at_once: bool) -> None:
    for text in ("first", "second"):
        rewrite(tmp_path / "face", text)
        assert (tmp_path / "face" / "file").read_text() == text
        assert [path.name for path in tmp_path.iterdir()] == ["face"]


@pytest.mark.parametrize("linked", [True, False])
def test_what_somebody_put_into_a_folder_stays_when_it_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linked: bool
) -> None:
    face = tmp_path / "face"
    rewrite(face, "first")
    (face / "other").write_text("ours, and not written again")
    (face / "notes.txt").write_text("mine")
    (face / "printed" / "may").mkdir(parents=True)
    (face / "printed" / "may" / "plate.gcode").write_text("G1")
    (face / "link").symlink_to("nowhere")
    if not linked:
        monkeypatch.setattr(atomic.os, "link", lambda *_, **__: (_ for _ in ()).throw(PermissionError(1, "no links")))
    rewrite(face, "second")
    assert sorted(path.name for path in face.iterdir()) == ["file", "link", "notes.txt", "printed"]
    assert contents(face) == {"file": "second", "notes.txt": "mine", "printed/may/plate.gcode": "G1"}
    assert (face / "link").is_symlink()


def test_what_comes_into_a_folder_while_it_is_replaced_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    face, exchange = tmp_path / "face", atomic._exchange
    rewrite(face, "first")

    def late(part: Path, folder: Path) -> None:
        (folder / "notes.txt").write_text("mine")
        exchange(part, folder)

    monkeypatch.setattr(atomic, "_exchange", late)
    rewrite(face, "second")
    assert contents(face) == {"file": "second", "notes.txt": "mine"}


def test_of_our_files_those_stay_that_are_asked_to(tmp_path: Path) -> None:
    filled(tmp_path / "face", {"file": "old", "other": "kept", "mark": "old", "notes.txt": "mine"})
    kept = (tmp_path / "face" / "other").stat()
    with replacing([tmp_path / "face"], OURS.__contains__, stays=lambda name: name == "other") as (part,):
        (part / "file").write_text("new")
    assert contents(tmp_path / "face") == {"file": "new", "other": "kept", "notes.txt": "mine"}
    assert (tmp_path / "face" / "other").stat().st_mtime_ns == kept.st_mtime_ns


def test_a_link_to_a_folder_stays_one(tmp_path: Path) -> None:
    filled(tmp_path / "disk" / "ada", {"file": "old", "notes.txt": "mine"})
    (tmp_path / "face").symlink_to(tmp_path / "disk" / "ada")
    rewrite(tmp_path / "face", "new")
    assert (tmp_path / "face").is_symlink()
    assert contents(tmp_path / "disk" / "ada") == {"file": "new", "notes.txt": "mine"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk", "face"]


@pytest.mark.skipif(os.name != "posix", reason="rights are of POSIX")
def test_who_may_read_a_folder_is_as_the_person_has_it(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        rewrite(tmp_path / "face", "first")
    finally:
        os.umask(before)
    assert (tmp_path / "face").stat().st_mode & 0o777 == 0o750
    (tmp_path / "face").chmod(0o700)
    rewrite(tmp_path / "face", "second")
    assert (tmp_path / "face").stat().st_mode & 0o777 == 0o700


THREE = {"one/file": "old", "one/notes.txt": "mine", "three/file": "old", "three/other": "old", "beside.txt": "mine"}
THREE_NEW = {
    "one/file": "new", "two/file": "new", "three/file": "new", "one/notes.txt": "mine", "beside.txt": "mine"
}  # fmt: skip


def write_three(root: Path) -> None:
    with replacing([root / name for name in ("one", "two", "three")], OURS.__contains__) as parts:
        for part in parts:
            (part / "file").write_text("new")


def test_of_several_folders_all_are_replaced_or_none_wherever_it_is_interrupted(tmp_path: Path, at_once: bool) -> None:
    root = tmp_path / "root"
    lines = set()
    for number in interrupted_at_each_line(lambda: filled(root, THREE), lambda: write_three(root)):
        assert contents(root) in (THREE, THREE_NEW), number
        lines.add(contents(root) == THREE)
    assert lines == {True, False}
    assert contents(root) == THREE_NEW
    assert not [path for path in root.iterdir() if path.name.startswith(".")]


@needs_fork
def test_each_folder_is_the_old_or_the_new_wherever_it_is_killed(tmp_path: Path, at_once: bool) -> None:
    root = tmp_path / "root"
    away = 0
    for number in killed_at_each_change(lambda: filled(root, THREE), lambda: write_three(root)):
        if not at_once and any(
            leftovers(root / name, "old") and not (root / name).exists() for name in ("one", "three")
        ):
            away += 1  # as the docstring of _exchange says; the next writing begins by bringing it back
            with pytest.raises(InterruptedError):
                _fails(root)
        found = contents(root)
        for name in ("one", "two", "three"):
            here = {path: text for path, text in found.items() if path.startswith(f"{name}/")}
            assert here in [
                {p: t for p, t in all_of.items() if p.startswith(f"{name}/")} for all_of in (THREE, THREE_NEW)
            ], number
        assert found["beside.txt"] == "mine"
    assert away == 0 if at_once else away > 0
    assert contents(root) == THREE_NEW


def _fails(root: Path) -> None:
    with replacing([root / name for name in ("one", "two", "three")], OURS.__contains__):
        raise InterruptedError


@pytest.mark.parametrize("fails_at", ["writing", "replacing"])
def test_of_several_folders_all_are_replaced_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: str
) -> None:
    filled(tmp_path / "root", THREE)
    keep = atomic._keep

    def full(old: Path, new: Path, goes: Any) -> None:
        if old.name == "three":
            raise OSError(errno.ENOSPC, "No space left on device")
        keep(old, new, goes)

    if fails_at == "replacing":
        monkeypatch.setattr(atomic, "_keep", full)
        with pytest.raises(OSError, match="No space left"):
            write_three(tmp_path / "root")
    else:
        with pytest.raises(InterruptedError):
            _fails(tmp_path / "root")
    assert contents(tmp_path / "root") == THREE
    assert sorted(path.name for path in (tmp_path / "root").iterdir()) == ["beside.txt", "one", "three"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a folder is away for a moment")
def test_a_reader_always_finds_a_folder_that_is_replaced(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    request.addfinalizer(partial(sys.setswitchinterval, sys.getswitchinterval()))
    sys.setswitchinterval(1e-5)  # s: else the reader keeps the interpreter for 5 ms at each step of the writer
    rewrite(tmp_path / "face", "0")
    over, missed = threading.Event(), []

    def read() -> None:
        while not over.is_set():
            if not (tmp_path / "face" / "file").is_file():
                missed.append(1)

    reader = threading.Thread(target=read)
    reader.start()
    for k in range(300):
        rewrite(tmp_path / "face", str(k))
    over.set()
    reader.join()
    assert not missed


# -- what killed processes left


def left(place: Path, names: list[str], days: float, kind: str = "part") -> Path:
    folder = place.with_name(f".{place.name}-0a1b2c3d.{kind}")
    folder.mkdir()
    for name in names:
        (folder / name).write_text("half")
    then = folder.stat().st_mtime - days * 86400
    os.utime(folder, (then, then))
    return folder


def test_what_a_killed_run_left_goes_after_a_day_unless_it_holds_somebodys(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "ada[1]"
    ours, fresh, of_another = (
        left(place, ["file"], 2),
        left(tmp_path / "eve", ["file"], 0.5),
        left(tmp_path / "a", [], 2),
    )
    strange = left(tmp_path / "ivy", ["file", "notes.txt"], 2)
    mine = [
        tmp_path / name for name in (".ada[1]", ".ada[1]-holidays", ".ada[1]-0a1b2c3d", ".ada[1]-0a1b2c3d.part.zip")
    ]
    for folder in mine:
        folder.mkdir()
        os.utime(folder, (1, 1))
    link = tmp_path / ".ada[1]-aaaaaaaa.part"
    link.symlink_to(tmp_path / "elsewhere")
    with caplog.at_level(logging.WARNING, "lifemask.files"):
        for name in (place.name, "eve", "ivy"):
            rewrite(tmp_path / name, "new")
    assert not ours.exists()
    assert all(folder.exists() for folder in (fresh, of_another, strange, *mine))
    assert link.is_symlink()
    (record,) = caplog.records
    assert record.getMessage() == (
        f"{strange} was left by a run that was ended. It holds notes.txt: look into it, and delete it."
    )


# -- files within a folder that may be anybody's

OLD = {"mark": "old", "file": "old", "other": "old", "notes.txt": "mine", "sub/file": "mine"}
NEW = {"mark": "new", "file": "new", "notes.txt": "mine", "sub/file": "mine"}
NONE = {"notes.txt": "mine", "sub/file": "mine"}


def write_within(folder: Path) -> None:
    with replacing_within(folder, OURS.__contains__, MARK) as part:
        for name in ("mark", "file"):
            (part / name).write_text("new")


@pytest.mark.parametrize("before", [OLD, NONE], ids=["over older ones", "the first"])
def test_files_are_replaced_all_or_none_wherever_it_is_interrupted(tmp_path: Path, before: dict[str, str]) -> None:
    folder = tmp_path / "of a person"
    seen = set()
    for number in interrupted_at_each_line(lambda: filled(folder, before), lambda: write_within(folder)):
        assert contents(folder) in (before, NEW), number
        seen.add(contents(folder) == before)
    assert seen == {True, False}
    assert contents(folder) == NEW
    assert sorted(path.name for path in folder.iterdir()) == sorted(["mark", "file", "notes.txt", "sub"])


@needs_fork
@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("before", [OLD, NONE], ids=["over older ones", "the first"])
def test_files_that_were_half_replaced_when_it_was_killed_come_back(
    tmp_path: Path, before: dict[str, str], monkeypatch: pytest.MonkeyPatch, linked: bool
) -> None:
    if not linked:
        monkeypatch.setattr(atomic.os, "link", lambda *_, **__: (_ for _ in ()).throw(PermissionError(1, "no links")))
    folder = tmp_path / "of a person"
    half = 0
    for number in killed_at_each_change(lambda: filled(folder, before), lambda: write_within(folder)):
        found = contents(folder)
        half += found not in (before, NEW)
        if "mark" in found:
            assert found in (before, NEW), number
        restore(folder, OURS.__contains__, MARK)
        assert contents(folder) in (before, NEW), number
    assert half > 0
    assert contents(folder) == NEW


@needs_fork
def test_bringing_files_back_may_itself_be_killed(tmp_path: Path) -> None:
    folder, half = tmp_path / "of a person", tmp_path / "half"

    def prepare() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(half, folder)

    for _ in killed_at_each_change(lambda: filled(folder, OLD), lambda: write_within(folder)):
        if "mark" not in contents(folder) and (folder / "file").exists() and (folder / "file").read_text() == "new":
            shutil.copytree(folder, half)
            break
    for _ in killed_at_each_change(prepare, lambda: restore(folder, OURS.__contains__, MARK)):
        restore(folder, OURS.__contains__, MARK)
        assert contents(folder) == OLD
    assert contents(folder) == OLD


@pytest.mark.parametrize("letter", ["x", "ä"])
def test_names_as_long_as_the_file_system_allows(tmp_path: Path, letter: str) -> None:
    longest = letter * (255 // len(letter.encode()))
    folder, other = tmp_path / longest, tmp_path / (longest[:-1] + "y")
    rewrite(folder, "first")
    rewrite(folder, "second")
    rewrite(other, "other")
    assert contents(tmp_path) == {f"{folder.name}/file": "second", f"{other.name}/file": "other"}
    left = atomic._beside(folder)
    left.mkdir()
    assert leftovers(folder) == [left]
    assert leftovers(other) == []
    left.rmdir()
    with replacing_file(tmp_path / f"f{longest[1:]}") as part:
        part.write_text("whole")
    assert (tmp_path / f"f{longest[1:]}").read_text() == "whole"
