"""What the file system refuses is said in the same words, whoever was writing."""

import errno
import os
from pathlib import Path

import pytest

from core.atomic import replacing
from core.depth import weights
from core.errors import PhotoError, StorageError
from core.photo import read_photo
from core.storage import REASONS, storage_error, writing

FULL = "the disk is full. Free some space, and try again."


def refused(number: int, path: Path | None = None) -> OSError:
    return OSError(number, os.strerror(number), *([str(path)] if path else []))


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (errno.ENOSPC, FULL),
        (errno.EDQUOT, "the quota on its disk is used up. Free some space, and try again."),
        (errno.EROFS, "its disk is read-only. Choose another place."),
        (errno.EACCES, "its rights do not allow it. Change its rights, or choose another place."),
        (errno.EPERM, "its rights do not allow it. Change its rights, or choose another place."),
        (errno.ENOENT, "there is no such file or folder. Check the path."),
        (errno.ENOTDIR, "a part of its path is a file, not a folder. Check the path."),
        (errno.ENAMETOOLONG, "its name is too long. Choose a shorter name."),
    ],
)
def test_what_is_wrong_and_what_to_do(tmp_path: Path, number: int, why: str) -> None:
    place = tmp_path / "face"
    with pytest.raises(StorageError) as said, writing(place):
        raise refused(number)
    assert str(said.value) == f"{place} cannot be written: {why}"


def full(*_: object, **__: object) -> None:
    raise refused(errno.ENOSPC)


@pytest.mark.parametrize("where", ["a face's folder", "weights"])
def test_it_is_the_same_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def face() -> None:
        with writing(tmp_path), replacing([tmp_path], lambda _: False):
            full()

    def network() -> None:
        monkeypatch.setattr(weights, "installed", lambda _: {"dpt_large_384": None})
        monkeypatch.setattr(Path, "write_text", full)
        weights.set_default("dpt_large_384", tmp_path)

    with pytest.raises(StorageError) as said:
        {"a face's folder": face, "weights": network}[where]()
    assert str(said.value) == f"{tmp_path} cannot be written: {FULL}"


def test_a_file_elsewhere_is_named_itself(tmp_path: Path) -> None:
    place, elsewhere = tmp_path / "out" / "face", tmp_path / "photos" / "a.jpg"
    named = storage_error(refused(errno.ENOENT, elsewhere), place)
    assert str(named) == f"{elsewhere} cannot be used: there is no such file or folder. Check the path."
    for near in (place / "mesh.stl", place.with_name(".face-1.part"), tmp_path / "out", tmp_path):
        assert str(storage_error(refused(errno.EACCES, near), place)).startswith(f"{place} cannot be written: ")


@pytest.mark.parametrize("error", [TimeoutError("slow"), ConnectionResetError(104, "reset"), OSError("no number")])
def test_what_is_not_about_files_stays_as_it_is(tmp_path: Path, error: OSError) -> None:
    with pytest.raises(type(error)) as raised, writing(tmp_path):
        raise error
    assert raised.value is error


def test_every_reason_is_a_sentence() -> None:
    for said in REASONS.values():
        reason, remedy = said.split(". ")
        assert reason[0].islower()
        assert remedy.endswith(".")


def test_a_photo_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for name, why in (
        ("gone.jpg", "there is no such file or folder. Check the path."),
        ("folder", "it is a folder, not a file. Check the path."),
        ("x" * 300, "its name is too long. Choose a shorter name."),
    ):
        with pytest.raises(PhotoError) as said:
            read_photo(tmp_path / name)
        assert str(said.value) == f"{name} cannot be opened: {why}"
