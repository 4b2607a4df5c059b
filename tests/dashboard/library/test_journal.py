"""What is swept, and what never is: nothing but folders that this very database noted as begun or as to be removed."""

import logging
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import OptionError, StorageError
from dashboard.library import deletion, schema
from dashboard.library.decoder import Decoder
from dashboard.library.journal import ABANDONED_S, QUARANTINE_DAYS
from dashboard.library.library import Library
from dashboard.library.retention import sweep
from dashboard.settings import Settings
from tests.dashboard.library.test_library import finished_face, for_good


@pytest.fixture
def later(settings: Settings) -> Iterator[Callable[[float], Library]]:
    """Open the library so many seconds from now."""
    opened = []

    def make(seconds: float = 2 * ABANDONED_S) -> Library:
        library = Library(settings, clock=lambda: time.time() + seconds)
        opened.append(library)
        return library

    yield make
    for library in opened:
        library.close()


def aged(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"mine")
    for path in (folder / "a.jpg", folder):
        os.utime(path, (1.0, 1.0))
    return folder


def files(root: Path) -> set[Path]:
    return {path for path in root.rglob("*") if path.is_file() and "library" not in path.name}


def test_what_a_person_put_into_the_data_folder_stays(library: Library, later: Callable[..., Library]) -> None:
    mine = [aged(library.folders.root / name) for name in ("photos/holiday", "faces/.friends", "comparisons/2019")]
    mine.append(aged(library.folders.photo(secrets.token_hex(16))))  # as another library's photo
    mine.append(aged(library.folders.faces / f"{secrets.token_hex(16)}.0a1b2c3d.part"))
    sweep(later())
    assert all((folder / "a.jpg").read_bytes() == b"mine" for folder in mine)
    assert not library.folders.quarantine.exists()


@pytest.mark.parametrize("database", ["missing", "empty", "older"])
def test_nothing_is_swept_that_a_new_or_older_database_does_not_know(
    settings: Settings, later: Callable[..., Library], database: str
) -> None:
    library = Library(settings)
    workspace = library.new_workspace()
    library.close()
    file = library.folders.database
    backup = file.with_suffix(".backup")
    shutil.copy(file, backup)
    library = Library(settings)
    finished_face(library, workspace)
    library.close()
    backup.rename(file)
    if database == "empty":
        file.write_bytes(b"")
    elif database == "missing":
        file.unlink()
    for path in [*library.folders.photos.iterdir(), *library.folders.faces.iterdir()]:
        os.utime(path, (1.0, 1.0))
    kept = files(library.folders.root)
    assert len(kept) == 4  # photo, what was read of it, thumbnail, solid
    sweep(later())
    assert files(library.folders.root) == kept


def test_a_damaged_database_is_a_sentence_and_nothing_changes(settings: Settings) -> None:
    library = Library(settings)
    for k in range(2):
        finished_face(library, library.new_workspace(), f"{k}.jpg")
    with library.session.begin() as session:
        session.add_all(schema.Workspace(id=library.new_workspace(), created=0.0) for _ in range(200))
    library.close()
    file = library.folders.database
    whole, kept = file.read_bytes(), files(library.folders.root)
    for damaged in (b"garbage" * 1000, whole[: len(whole) // 2 + 100], whole[:4096] + b"\x07" * (len(whole) - 4096)):
        file.write_bytes(damaged)
        with pytest.raises(StorageError, match=r"library\.sqlite is damaged .*put a backup"):
            Library(settings)
        assert file.read_bytes() == damaged
        assert files(library.folders.root) == kept


def test_a_folder_that_is_no_library_is_refused_and_left_alone(tmp_path: Path) -> None:
    for place in ("photos/holiday", "faces/friends", "comparisons/2019", "Documents", "photos/2019"):
        root = tmp_path / place.replace("/", "-")
        aged(root / place)
        before = sorted(root.rglob("*"))
        with pytest.raises(OptionError, match=f"holds {place}, which is not of a Lifemask library"):
            Library(Settings(data=str(root)))
        assert sorted(root.rglob("*")) == before


def test_a_new_an_empty_and_an_old_data_folder_are_taken(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    aged(tmp_path / "old" / "photos" / secrets.token_hex(16))  # its database was lost
    aged(tmp_path / "old" / "weights" / "dpt_large_384")
    (tmp_path / "old" / ".DS_Store").write_bytes(b"")
    (tmp_path / "old" / "secret").write_text("key")
    for name in ("new", "empty", "old"):
        Library(Settings(data=str(tmp_path / name))).close()


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "library.sqlite") as database:
        database.execute("CREATE TABLE albums (name TEXT)")
    database.close()
    with pytest.raises(StorageError, match="the database of another program"):
        Library(Settings(data=str(tmp_path)))


def test_what_a_killed_process_left_goes_to_quarantine_then_away(
    library: Library, later: Callable[..., Library], caplog: pytest.LogCaptureFixture
) -> None:
    kept = finished_face(library, library.new_workspace())
    begun = library.folders.face(secrets.token_hex(16))
    half = library.folders.photo(secrets.token_hex(16))
    part, anew = half.with_name(f"{half.name}.0a1b2c3d.part"), library.folders.faces / f".{kept}-x1y2z3"
    library.journal.begin([begun, half, library.folders.face(kept)])
    for folder in (begun, part, anew):
        aged(folder)
    sweep(library)
    assert all(folder.is_dir() for folder in (begun, part, anew))  # they may still be written
    with caplog.at_level(logging.WARNING, "lifemask.library"):
        sweep(later())
    assert not any(folder.exists() for folder in (begun, part, anew))
    assert library.folders.face(kept).is_dir()
    (day,) = library.folders.quarantine.iterdir()
    assert {path.relative_to(day).as_posix() for path in day.glob("*/*")} == {
        f"faces/{begun.name}", f"photos/{part.name}", f"faces/{anew.name}"
    }  # fmt: skip
    assert len(caplog.records) == 3
    sweep(later(86400.0 * (QUARANTINE_DAYS + 2)))
    assert list(library.folders.quarantine.iterdir()) == []


def test_a_face_that_a_killed_process_had_set_aside_comes_back(library: Library, later: Callable[..., Library]) -> None:
    """Where the system cannot exchange two folders at once, a kill between two renames leaves a face away."""
    place = library.folders.face(finished_face(library, library.new_workspace()))
    library.journal.begin([place])
    place.rename(place.with_name(f".{place.name}-0a1b2c3d.old"))
    aged(place.with_name(f".{place.name}-0a1b2c3e.part"))
    sweep(later())
    assert (place / "solid.stl").read_bytes() == b"x"
    assert [folder.name for folder in library.folders.faces.iterdir()] == [place.name]


def test_a_removal_that_was_cut_off_is_completed(
    library: Library, later: Callable[..., Library], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = library.new_workspace()
    face_id = finished_face(library, workspace)

    def killed(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(library.journal, "remove", killed)
    with pytest.raises(KeyboardInterrupt):
        for_good(library, deletion.delete_faces(library, workspace, [face_id]))
    assert library.faces(workspace) == []
    assert len(files(library.folders.root)) == 4
    sweep(later(0.0))
    assert files(library.folders.root) == set()


def test_a_face_deleted_while_it_is_computed_anew_does_not_come_back(library: Library) -> None:
    workspace = library.new_workspace()
    face_id = finished_face(library, workspace)
    place = library.folders.face(face_id)
    library.journal.begin([place])
    for_good(library, deletion.delete_faces(library, workspace, [face_id]))
    aged(place)  # the worker that had not heard of it yet
    library.journal.end(place)
    assert not place.exists()


def test_a_photo_that_cannot_be_stored_leaves_no_note(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy import func, select

    from dashboard.library import schema
    from tests.dashboard.library.test_library import TINY

    def full(*_: object) -> None:
        raise StorageError("full")

    workspace = library.new_workspace()
    finished_face(library, workspace)
    monkeypatch.setattr(Decoder, "run", full)
    with pytest.raises(StorageError):
        library.add_photo(workspace, "b.jpg", TINY)
    with library.session() as session:
        assert session.scalar(select(func.count()).select_from(schema.UnsettledFolder)) == 0
