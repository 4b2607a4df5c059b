import errno
import sys
import threading
from pathlib import Path

import pytest

from core.errors import StorageError
from core.files import atomic
from core.files.atomic import replacing


def rewrite(folder: Path, text: str) -> None:
    with replacing([folder], {"file", "other"}) as (part,):
        (part / "file").write_text(text)


@pytest.mark.parametrize("at_once", [True, False])
def test_a_folder_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool) -> None:
    if not at_once:
        monkeypatch.setattr(atomic, "_exchanged_at_once", lambda _new, _old: False)
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
    assert (face / "file").read_text() == "second"
    assert (face / "notes.txt").read_text() == "mine"
    assert (face / "printed" / "may" / "plate.gcode").read_text() == "G1"
    assert (face / "link").is_symlink()


@pytest.mark.parametrize("fails_at", ["writing", "replacing"])
def test_of_several_folders_all_are_replaced_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: str
) -> None:
    first, second, third = (tmp_path / name for name in ("one", "two", "three"))
    rewrite(first, "kept")
    rewrite(third, "kept")
    keep = atomic._keep

    def full(old: Path, new: Path, ours: object) -> None:
        if old == third:
            raise OSError(errno.ENOSPC, "No space left on device")
        keep(old, new, ours)

    if fails_at == "replacing":
        monkeypatch.setattr(atomic, "_keep", full)

    def write_three() -> None:
        with replacing([first, second, third], {"file"}) as parts:
            for part in parts:
                (part / "file").write_text("new")
            if fails_at == "writing":
                raise KeyboardInterrupt

    with pytest.raises(StorageError if fails_at == "replacing" else KeyboardInterrupt):
        write_three()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "three"]
    assert (first / "file").read_text() == (third / "file").read_text() == "kept"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a folder is away for a moment")
def test_a_reader_always_finds_a_folder_that_is_replaced(tmp_path: Path) -> None:
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


def test_what_was_there_stays_when_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite(tmp_path / "face", "kept")
    monkeypatch.setattr(atomic, "_exchanged_at_once", lambda _new, _old: False)
    rename = Path.rename

    def fails(self: Path, target: Path) -> Path:
        if self.name.startswith(".face") and target.name == "face" and not self.name.endswith("-old"):
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(StorageError, match=r"face cannot be written: its rights do not allow it\."):
        rewrite(tmp_path / "face", "new")
    assert (tmp_path / "face" / "file").read_text() == "kept"
    assert [path.name for path in tmp_path.iterdir()] == ["face"]
