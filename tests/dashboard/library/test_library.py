import errno
import io
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select

from core.depth.store import Record
from core.depth.weights import Installed
from core.errors import Cancelled, PhotoError, StorageError
from dashboard.jobs.queue import Queue
from dashboard.library import deletion, schema
from dashboard.library.decoder import Decoder
from dashboard.library.library import Library
from dashboard.library.records import DeletionRecord, NewFace, NotInLibraryError, QueueFullError
from dashboard.library.retention import sweep
from dashboard.settings import Settings

DATABASES = ("sqlite", "postgresql")


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


def for_good(library: Library, made: DeletionRecord | None) -> None:
    """Carry out a deletion at once."""
    if made is not None:
        deletion.carry_out(library, made.id)


def workspaces(library: Library) -> set[str]:
    """Ids of the workspaces that have a row."""
    with library.session() as session:
        return set(session.scalars(select(schema.Workspace.id)))


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
        lambda: for_good(library, deletion.delete_faces(library, other, [face_id])),
        lambda: for_good(library, deletion.delete_photo(library, other, face.photo_id)),
    ):
        with pytest.raises(NotInLibraryError):
            forbidden()
    for_good(library, deletion.delete_all(library, other))
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
    for_good(library, deletion.delete_faces(library, workspace, [face.id]))
    assert library.photos(workspace) == library.runs(workspace) == library.faces(workspace) == []
    assert list(library.folders.photos.iterdir()) == list(library.folders.faces.iterdir()) == []


@pytest.mark.parametrize("earlier", ["failed", "cancelled"])
def test_a_run_that_gave_nothing_does_not_keep_the_photo_of_the_last_face(library: Library, earlier: str) -> None:
    workspace = library.new_workspace()
    photo = library.add_photo(workspace, "a.jpg", jpeg())
    first = library.start_run(workspace, photo.id, Wanted({"whole_photo": True}))
    if earlier == "failed":
        queue = Queue(library)
        queue.claim(["reconstruct"])
        queue.fail(first.id, "No face found in a.jpg.", "NoFaceError")
    else:
        library.cancel(workspace, first.id)
    face_id = finished_face(library, workspace)
    waiting = library.start_run(workspace, photo.id, Wanted({"ipd_mm": 60.0}))
    for_good(library, deletion.delete_faces(library, workspace, [face_id]))
    assert [p.id for p in library.photos(workspace)] == [photo.id]  # work on it waits
    library.cancel(workspace, waiting.id)
    for_good(library, deletion.delete_faces(library, workspace, [finished_face(library, workspace)]))
    assert library.photos(workspace) == library.runs(workspace) == []
    assert list(library.folders.photos.iterdir()) == []


def test_a_deleted_face_is_made_again_when_its_photo_comes_again(library: Library) -> None:
    workspace = library.new_workspace()
    photo = library.add_photo(workspace, "two.jpg", jpeg())
    library.start_run(workspace, photo.id, Wanted())
    queue = Queue(library)
    run = queue.claim(["reconstruct"])
    assert run is not None
    faces = [NewFace(os.urandom(16).hex(), index, f"two.jpg #{index}", 0.9, "builtin") for index in (1, 2)]
    queue.finish(run.id, faces)
    for_good(library, deletion.delete_faces(library, workspace, [faces[0].id]))
    photo = library.add_photo(workspace, "two.jpg", jpeg())
    assert library.start_run(workspace, photo.id, Wanted()).state == "queued"


def test_equal_uploads_at_once_are_one_photo_and_one_run(library: Library) -> None:
    workspace, barrier = library.new_workspace(), threading.Barrier(8)

    def upload(_: int) -> tuple[str, str]:
        barrier.wait()
        photo = library.add_photo(workspace, "a.jpg", jpeg())
        return photo.id, library.start_run(workspace, photo.id, Wanted()).id

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(upload, range(8)))
    assert len(found) == 1
    assert len(library.photos(workspace)) == len(library.runs(workspace)) == 1
    assert len(list(library.folders.photos.iterdir())) == 1


def test_a_new_solid_supersedes_the_earlier_ones(library: Library) -> None:
    workspace = library.new_workspace()
    face_id, other = (finished_face(library, workspace, name, jpeg((n, n, n))) for n, name in enumerate("ab"))
    kept = library.start_solid(workspace, other, Wanted())
    queue = Queue(library)
    first = library.start_solid(workspace, face_id, Wanted())
    assert queue.claim(["solid"]) == library.runs(workspace, [kept.id])[0]
    assert queue.claim(["solid"]) == library.runs(workspace, [first.id])[0]
    for width in range(30):
        latest = library.start_solid(workspace, face_id, Wanted({"width_mm": width}))
    with pytest.raises(Cancelled):
        queue.report(first.id, "Working", 0.5)
    assert {run.id for run in library.runs(workspace, kind="solid")} == {kept.id, latest.id}


def test_a_result_of_other_code_or_weights_is_not_equal(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = library.new_workspace()
    finished_face(library, workspace)
    photo = library.add_photo(workspace, "a.jpg", jpeg())
    assert library.start_run(workspace, photo.id, Wanted()).state == "done"
    with monkeypatch.context() as patch:
        patch.setattr("dashboard.library.equality.code", lambda: "changed")
        assert library.start_run(workspace, photo.id, Wanted()).state == "queued"
    record = Installed("dpt_large_384", Path("x"), 1, Record("abc", "", ""))
    network = Wanted({"model": "dpt_large_384"})
    first = library.start_run(workspace, photo.id, network)
    assert library.start_run(workspace, photo.id, network).id == first.id
    monkeypatch.setattr("dashboard.library.library.installed", lambda _: {"dpt_large_384": record})
    assert library.start_run(workspace, photo.id, network).id != first.id


def test_runs_are_filtered_by_the_database(library: Library) -> None:
    workspace = library.new_workspace()
    face_id = finished_face(library, workspace)
    face = library.face(workspace, face_id)
    assert face is not None
    solid = library.start_solid(workspace, face_id, Wanted())
    assert [run.id for run in library.runs(workspace, kind="solid")] == [solid.id]
    assert [run.id for run in library.runs(workspace, states=["queued"])] == [solid.id]
    assert [run.id for run in library.runs(workspace, photo_id=face.photo_id)] == [face.run_id]
    assert len(library.runs(workspace, most=1)) == 1
    assert [run.id for run in library.runs(workspace, [face.run_id, "none", solid.id])] == [face.run_id, solid.id]


def test_a_run_tried_again_while_the_same_waits_is_that_one(library: Library) -> None:
    workspace = library.new_workspace()
    photo = library.add_photo(workspace, "a.jpg", jpeg())
    first = library.start_run(workspace, photo.id, Wanted())
    library.cancel(workspace, first.id)
    second = library.start_run(workspace, photo.id, Wanted())
    assert second.id != first.id
    assert library.retry(workspace, first.id) == second


def test_delete_all_leaves_no_file(library: Library) -> None:
    workspace = library.new_workspace()
    finished_face(library, workspace)
    library.start_run(workspace, library.add_photo(workspace, "b.jpg", jpeg((1, 2, 3))).id, Wanted())
    for_good(library, deletion.delete_all(library, workspace))
    assert library.photos(workspace) == library.runs(workspace) == []
    assert list(library.folders.photos.iterdir()) == list(library.folders.faces.iterdir()) == []
    assert workspaces(library) == {workspace}


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
    emptied, used = library.new_workspace(), library.new_workspace()
    for workspace in (emptied, used):
        finished_face(library, workspace)
    for_good(library, deletion.delete_all(library, emptied))
    sweep(library)
    assert workspaces(library) == {emptied, used}
    now += 31 * 86400
    sweep(library)
    assert workspaces(library) == {used}
    finished_face(library, emptied)  # its browser still has the cookie
    assert workspaces(library) == {emptied, used}
    library.close()


def test_a_workspace_is_kept_from_the_first_thing_on_that_is_put_into_it(library: Library) -> None:
    by_photo, by_run, by_eight = (library.new_workspace() for _ in range(3))
    assert library.photos(by_photo) == library.runs(by_photo) == library.faces(by_photo) == []
    with pytest.raises(PhotoError):
        library.add_photo(by_photo, "a.jpg", b"no picture")
    for_good(library, deletion.delete_all(library, by_photo))
    assert workspaces(library) == set()
    library.add_photo(by_photo, "a.jpg", jpeg())
    library.start_download(by_run, "dpt_large_384")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda k: library.add_photo(by_eight, f"{k}.jpg", jpeg((k, k, k))), range(8)))
    assert len(library.photos(by_eight)) == 8
    assert workspaces(library) == {by_photo, by_run, by_eight}


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
    monkeypatch.setattr(Decoder, "_ask", full)
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
    for_good(library, deletion.delete_photo(library, workspace, photo.id))
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
