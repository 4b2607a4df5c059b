import errno
import io
import os
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.errors import Cancelled, PhotoError, StorageError
from dashboard.jobs.queue import Queue
from dashboard.library import deletion
from dashboard.library.library import Library
from dashboard.library.records import NewFace, NotInLibraryError, QueueFullError
from dashboard.library.retention import sweep
from dashboard.settings import Settings


@dataclass(frozen=True)
class Wanted:
    """Stands for the options of a run: the library needs their dict alone."""

    values: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {"model": "builtin", **self.values}


def jpeg(colour: tuple[int, int, int] = (200, 120, 90), size: tuple[int, int] = (96, 64), exif: Any = None) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG", **({"exif": exif} if exif else {}))
    return out.getvalue()


def finished_face(library: Library, workspace: str, name: str = "a.jpg", data: bytes | None = None) -> str:
    photo = library.add_photo(workspace, name, data or jpeg())
    library.start_run(workspace, photo.id, Wanted())
    queue = Queue(library)
    run = queue.claim(["reconstruct"])
    assert run is not None
    face = NewFace(os.urandom(16).hex(), 1, name, 0.9, "builtin")
    library.folders.face(face.id).mkdir()
    (library.folders.face(face.id) / "solid.stl").write_bytes(b"x")
    queue.finish(run.id, [face])
    return face.id


def test_a_photo_is_stored_upright_and_without_metadata(library: Library) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    exif[0x010F] = "Maker of the camera"
    exif.get_ifd(0x8825)[1] = "N"
    workspace = library.new_workspace()
    photo = library.add_photo(workspace, "me.jpg", jpeg(size=(96, 64), exif=exif))
    assert (photo.width, photo.height) == (64, 96)
    for path in (library.photo_path(workspace, photo.id), library.thumbnail_path(workspace, photo.id)):
        assert path is not None
        assert b"Maker" not in path.read_bytes()
        with Image.open(path) as stored:
            assert stored.size == (64, 96)
            assert not stored.getexif()


def test_a_thumbnail_is_small_and_the_png_is_exact(library: Library) -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (700, 1000, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "PNG")
    workspace = library.new_workspace()
    photo = library.add_photo(workspace, "noise.png", out.getvalue())
    path, thumbnail = library.photo_path(workspace, photo.id), library.thumbnail_path(workspace, photo.id)
    assert path is not None
    assert thumbnail is not None
    with Image.open(path) as stored, Image.open(thumbnail) as small:
        assert np.array_equal(np.asarray(stored), rgb)
        assert small.size == (480, 336)


def test_two_workspaces_see_nothing_of_each_other(library: Library) -> None:
    mine, other = library.new_workspace(), library.new_workspace()
    face_id = finished_face(library, mine)
    face = library.face(mine, face_id)
    assert face is not None
    assert [f.id for f in library.faces(mine)] == [face_id]
    assert library.faces(other) == library.photos(other) == library.runs(other) == []
    assert library.face(other, face_id) is None
    assert library.photo(other, face.photo_id) is None
    assert library.photo_path(other, face.photo_id) is None
    assert library.runs(other, [face.run_id]) == []
    for forbidden in (
        lambda: library.start_run(other, face.photo_id, Wanted()),
        lambda: library.start_solid(other, face_id, Wanted()),
        lambda: library.cancel(other, face.run_id),
        lambda: library.retry(other, face.run_id),
        lambda: deletion.delete_face(library, other, face_id),
        lambda: deletion.delete_photo(library, other, face.photo_id),
    ):
        with pytest.raises(NotInLibraryError):
            forbidden()
    deletion.delete_all(library, other)
    assert (face.folder / "solid.stl").is_file()


def test_equal_photo_and_options_give_the_existing_result(library: Library) -> None:
    workspace = library.new_workspace()
    face_id = finished_face(library, workspace)
    photo = library.add_photo(workspace, "a.jpg", jpeg())
    assert [photo.id] == [p.id for p in library.photos(workspace)]
    again = library.start_run(workspace, photo.id, Wanted())
    assert (again.state, again.face_ids) == ("done", [face_id])
    assert library.start_run(workspace, photo.id, Wanted({"ipd_mm": 60.0})).state == "queued"
    other = library.new_workspace()
    assert library.start_run(other, library.add_photo(other, "a.jpg", jpeg()).id, Wanted()).state == "queued"


def test_the_last_face_of_a_photo_takes_the_photo_with_it(library: Library) -> None:
    workspace = library.new_workspace()
    face = library.face(workspace, finished_face(library, workspace))
    assert face is not None
    deletion.delete_face(library, workspace, face.id)
    assert library.photos(workspace) == library.runs(workspace) == library.faces(workspace) == []
    assert list(library.folders.photos.iterdir()) == list(library.folders.faces.iterdir()) == []


def test_delete_all_leaves_no_file(library: Library) -> None:
    workspace = library.new_workspace()
    finished_face(library, workspace)
    library.start_run(workspace, library.add_photo(workspace, "b.jpg", jpeg((1, 2, 3))).id, Wanted())
    deletion.delete_all(library, workspace)
    assert library.photos(workspace) == library.runs(workspace) == []
    assert list(library.folders.photos.iterdir()) == list(library.folders.faces.iterdir()) == []
    assert library.has_workspace(workspace)


def test_retention_deletes_what_is_older(settings: Settings) -> None:
    now = time.time()
    library = Library(replace(settings, retention_days=2.0), clock=lambda: now)
    workspace = library.new_workspace()
    finished_face(library, workspace, "old.jpg")
    now += 1.5 * 86400
    kept = finished_face(library, workspace, "new.jpg", jpeg((9, 9, 9)))
    now += 1.0 * 86400
    sweep(library)
    assert [face.id for face in library.faces(workspace)] == [kept]
    assert [folder.name for folder in library.folders.faces.iterdir()] == [kept]
    library.close()


def test_workspaces_that_stay_empty_are_forgotten(settings: Settings) -> None:
    now = time.time()
    library = Library(settings, clock=lambda: now)
    empty, used = library.new_workspace(), library.new_workspace()
    finished_face(library, used)
    sweep(library)
    assert library.has_workspace(empty)
    now += 31 * 86400
    sweep(library)
    assert (library.has_workspace(empty), library.has_workspace(used)) == (False, True)
    library.close()


def test_the_queue_is_bounded(settings: Settings) -> None:
    library = Library(replace(settings, max_queue=2))
    workspace = library.new_workspace()
    ids = [library.add_photo(workspace, f"{n}.jpg", jpeg((n, n, n))).id for n in range(3)]
    for photo_id in ids[:2]:
        library.start_run(workspace, photo_id, Wanted())
    with pytest.raises(QueueFullError, match="2 runs wait already"):
        library.start_run(workspace, ids[2], Wanted())
    library.close()


def test_a_broken_photo_and_one_over_the_limit_leave_nothing(settings: Settings) -> None:
    library = Library(replace(settings, max_megapixels=1))
    workspace = library.new_workspace()
    for data in (b"", b"text", jpeg()[:400], jpeg(size=(2000, 1000))):
        with pytest.raises(PhotoError, match=r"me\.jpg"):
            library.add_photo(workspace, "me.jpg", data)
    assert library.photos(workspace) == []
    assert list(library.folders.photos.iterdir()) == []
    library.close()


def test_a_full_disk_is_a_sentence_and_leaves_nothing(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    workspace = library.new_workspace()
    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(StorageError, match="is full"):
        library.add_photo(workspace, "a.jpg", TINY)
    assert library.photos(workspace) == []
    assert list(library.folders.photos.iterdir()) == []


def test_nothing_new_is_taken_when_the_disk_is_nearly_full(settings: Settings) -> None:
    library = Library(replace(settings, min_free_mb=10**12))
    with pytest.raises(StorageError, match="are needed"):
        library.add_photo(library.new_workspace(), "a.jpg", TINY)
    library.close()


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises((StorageError, OSError)):
        Library(Settings(data=str(tmp_path / "file")))


def test_a_run_deleted_while_it_runs_is_cancelled(library: Library) -> None:
    workspace = library.new_workspace()
    photo = library.add_photo(workspace, "a.jpg", TINY)
    library.start_run(workspace, photo.id, Wanted())
    queue = Queue(library)
    run = queue.claim(["reconstruct"])
    assert run is not None
    deletion.delete_photo(library, workspace, photo.id)
    with pytest.raises(Cancelled):
        queue.report(run.id, "Working", 0.5)
    with pytest.raises(Cancelled):
        queue.finish(run.id, [NewFace("f", 1, "a.jpg", 0.9, "builtin")])
    assert library.faces(workspace) == []


def test_the_key_of_cookies_is_kept_and_private(library: Library) -> None:
    secret = library.folders.secret()
    assert len(secret) == 64
    assert library.folders.secret() == secret
    assert (library.folders.root / "secret").stat().st_mode & 0o077 == 0


TINY = jpeg()
