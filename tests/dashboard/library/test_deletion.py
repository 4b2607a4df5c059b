"""A deletion hides at once, can be undone for a while, and then leaves nothing: neither rows nor files."""

import io
import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from core.errors import Cancelled
from dashboard.jobs.clearing import Clearing
from dashboard.jobs.queue import Queue
from dashboard.library import deletion, schema
from dashboard.library.library import Library
from dashboard.library.records import NewFace, NotInLibraryError
from dashboard.library.retention import sweep
from dashboard.settings import Settings
from tests.dashboard.library.test_library import Wanted, finished_face, jpeg

DATABASES = ("sqlite", "postgresql")


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def library(settings: Settings, clock: Clock) -> Iterator[Library]:
    library = Library(settings, clock)
    yield library
    library.close()


def seen(library: Library, workspace: str) -> Any:
    """All that a workspace shows."""
    return library.photos(workspace), library.faces(workspace), library.runs(workspace)


def rows(library: Library) -> dict[str, int]:
    """How many rows each table of things and deletions has, of whatever workspace."""
    tables = (schema.Photo, schema.Run, schema.Face, schema.Tag, schema.Compared, schema.Deletion, schema.Workspace)
    with library.session() as session:
        return {t.__tablename__: session.scalar(select(func.count()).select_from(t)) or 0 for t in tables}


def folders(library: Library) -> set[str]:
    kinds = (library.folders.photos, library.folders.faces, library.folders.comparisons)
    return {place.name for kind in kinds for place in kind.iterdir()}


def two_faces(library: Library, workspace: str, name: str = "two.jpg") -> list[str]:
    """Ids of the two faces of one photo."""
    photo = library.add_photo(workspace, name, jpeg((1, 2, 3)))
    library.start_run(workspace, photo.id, Wanted())
    queue = Queue(library)
    run = queue.claim(["reconstruct"])
    assert run is not None
    faces = [NewFace(os.urandom(16).hex(), i, f"{name} #{i}", 0.9, "builtin") for i in (1, 2)]
    for face in faces:
        library.folders.face(face.id).mkdir()
        (library.folders.face(face.id) / "solid.stl").write_bytes(b"x")
    queue.finish(run.id, faces)
    return [face.id for face in faces]


def compared(library: Library, workspace: str, faces: list[str]) -> str:
    run = library.start_comparison(workspace, faces, faces[0])
    queue = Queue(library)
    claimed = queue.claim(["compare"])
    assert claimed is not None
    library.folders.comparison(run.id).mkdir()
    queue.finish(run.id, [])
    return run.id


@pytest.mark.parametrize("what", ["face", "faces", "photo", "all"])
def test_it_hides_at_once_comes_back_by_undo_and_is_gone_after(library: Library, clock: Clock, what: str) -> None:
    workspace = library.new_workspace()
    ids = [*two_faces(library, workspace), finished_face(library, workspace)]
    library.label(workspace, ids[0], name="Ada", tags=["left"])
    run = compared(library, workspace, ids)
    before, kept = seen(library, workspace), folders(library)
    face = library.face(workspace, ids[0])
    assert face is not None

    def delete() -> Any:
        if what == "photo":
            return deletion.delete_photo(library, workspace, face.photo_id)
        if what == "all":
            return deletion.delete_all(library, workspace)
        return deletion.delete_faces(library, workspace, ids[:1] if what == "face" else ids)

    made = delete()
    gone = {"face": ids[:1], "photo": ids[:2]}.get(what, ids)
    assert made.faces == len(gone)
    for face_id in gone:
        assert library.face(workspace, face_id) is None
    assert [f.id for f in library.faces(workspace)] == [f.id for f in before[1] if f.id not in gone]
    assert all(f not in r.face_ids for r in library.runs(workspace) for f in gone)
    assert library.comparison(workspace, run) is None
    assert (library.photo(workspace, face.photo_id) is None) == (what != "face")
    assert (library.photo_path(workspace, face.photo_id) is None) == (what != "face")
    assert folders(library) == kept  # for now

    clock.now += library.undo_s - 0.1
    deletion.carry_out_due(library)
    sweep(library)
    deletion.undo(library, workspace, made.id)
    assert seen(library, workspace) == before
    assert folders(library) == kept
    assert library.comparison(workspace, run) is not None
    assert rows(library)["deletions"] == 0
    assert rows(library)["workspaces"] == 1
    with pytest.raises(NotInLibraryError, match="cannot be undone any more"):
        deletion.undo(library, workspace, made.id)

    made = delete()
    clock.now += library.undo_s
    with pytest.raises(NotInLibraryError, match="gone for good after 10 s"):
        deletion.undo(library, workspace, made.id)
    deletion.carry_out_due(library)
    photos = 1 if what == "photo" else 2 if what == "face" else 0
    assert len(folders(library)) == len(ids) - len(gone) + photos
    left = rows(library)
    assert (left["faces"], left["photos"], left["compared"], left["deletions"], left["workspaces"]) == (
        len(ids) - len(gone), photos, 0, 0, 1,
    )  # fmt: skip
    assert left["tags"] == 0
    with library.session() as session:
        assert session.scalar(select(func.count()).select_from(schema.UnsettledFolder)) == 0


def test_the_next_start_carries_out_what_a_killed_server_left(
    library: Library, clock: Clock, settings: Settings
) -> None:
    workspace = library.new_workspace()
    deletion.delete_faces(library, workspace, [finished_face(library, workspace)])
    library.close()  # and nothing else: it was killed
    clock.now += 60
    again = Library(settings, clock)
    assert len(folders(again)) == 2
    clearing = Clearing(again)
    clearing.start()
    for _ in range(100):
        if not folders(again):
            break
        threading.Event().wait(0.1)
    clearing.stop()
    assert folders(again) == set()
    assert rows(again) == {**dict.fromkeys(rows(again), 0), "workspaces": 1}
    again.close()


def test_a_clock_that_was_set_back_keeps_nothing(library: Library, clock: Clock) -> None:
    workspace = library.new_workspace()
    deletion.delete_faces(library, workspace, [finished_face(library, workspace)])
    clock.now -= 3600
    deletion.carry_out_due(library)
    assert folders(library) == set()


def test_no_other_workspace_can_undo_it(library: Library) -> None:
    workspace, other = library.new_workspace(), library.new_workspace()
    made = deletion.delete_faces(library, workspace, [finished_face(library, workspace)])
    for stranger in (other, made.id):
        with pytest.raises(NotInLibraryError):
            deletion.undo(library, stranger, made.id)
    deletion.undo(library, workspace, made.id)
    assert len(library.faces(workspace)) == 1


def test_nothing_is_deleted_where_one_is_not_there(library: Library) -> None:
    workspace = library.new_workspace()
    face_id = finished_face(library, workspace)
    with pytest.raises(NotInLibraryError):
        deletion.delete_faces(library, workspace, [face_id, "no such face"])
    with pytest.raises(NotInLibraryError):
        deletion.delete_photo(library, workspace, "no such photo")
    assert len(library.faces(workspace)) == 1
    assert rows(library)["workspaces"] == 1
    assert deletion.delete_all(library, library.new_workspace()) is None


def test_work_on_it_is_stopped_and_goes_on_after_undo(library: Library) -> None:
    workspace = library.new_workspace()
    photos = [library.add_photo(workspace, f"{k}.jpg", jpeg((k, k, k))) for k in range(2)]
    ids = [library.start_run(workspace, photo.id, Wanted()).id for photo in photos]
    queue = Queue(library)
    working = queue.claim(["reconstruct"])
    assert working is not None
    made = deletion.delete_all(library, workspace)
    assert made is not None
    with pytest.raises(Cancelled):
        queue.report(working.id, "Working", 0.5)
    with pytest.raises(Cancelled):
        queue.finish(working.id, [NewFace("f", 1, "0.jpg", 0.9, "builtin")])
    assert queue.claim(["reconstruct"]) is None
    deletion.undo(library, workspace, made.id)
    assert {run.id: (run.state, run.stage, run.ended) for run in library.runs(workspace)} == dict.fromkeys(
        ids, ("queued", "Waiting", None)
    )


def test_the_same_photo_can_come_again_meanwhile_and_undo_joins_them(library: Library, clock: Clock) -> None:
    workspace = library.new_workspace()
    face_id = finished_face(library, workspace)
    made = deletion.delete_faces(library, workspace, [face_id])
    again = finished_face(library, workspace)  # the same photo and options
    assert [face.id for face in library.faces(workspace)] == [again]
    deletion.undo(library, workspace, made.id)
    faces = {face.id: face for face in library.faces(workspace)}
    assert set(faces) == {face_id, again}
    (photo,) = library.photos(workspace)
    assert {face.photo_id for face in faces.values()} == {photo.id}
    assert folders(library) == {face_id, again, photo.id}
    clock.now += 60
    deletion.carry_out_due(library)
    assert folders(library) == {face_id, again, photo.id}


def test_a_face_of_a_photo_is_made_again_when_the_photo_comes_again_meanwhile(library: Library) -> None:
    workspace = library.new_workspace()
    ids = two_faces(library, workspace)
    (run,) = library.runs(workspace)
    made = deletion.delete_faces(library, workspace, ids[:1])
    deletion.undo(library, workspace, made.id)
    photo = library.add_photo(workspace, "two.jpg", jpeg((1, 2, 3)))
    assert library.start_run(workspace, photo.id, Wanted()).id == run.id  # all of it is there
    made = deletion.delete_faces(library, workspace, ids[:1])
    assert library.start_run(workspace, photo.id, Wanted()).state == "queued"
    deletion.undo(library, workspace, made.id)
    assert len(library.faces(workspace)) == 2


@pytest.mark.parametrize("first", [0, 1])
def test_faces_of_one_photo_deleted_one_by_one_come_back_or_go_each_by_itself(
    library: Library, clock: Clock, first: int
) -> None:
    workspace = library.new_workspace()
    ids = two_faces(library, workspace)
    run = compared(library, workspace, ids)
    made = [deletion.delete_faces(library, workspace, [face_id]) for face_id in ids]
    assert seen(library, workspace) == ([], [], [])
    deletion.undo(library, workspace, made[first].id)
    assert [face.id for face in library.faces(workspace)] == [ids[first]]
    assert len(library.photos(workspace)) == 1
    assert library.comparison(workspace, run) is None  # its other face is still deleted
    (shown,) = library.runs(workspace)
    assert shown.face_ids == [ids[first]]
    clock.now += 60
    deletion.carry_out_due(library)
    assert [face.id for face in library.faces(workspace)] == [ids[first]]
    assert folders(library) == {ids[first], library.photos(workspace)[0].id}
    assert rows(library)["compared"] == 0


def test_a_face_written_anew_while_it_is_deleted_comes_back_whole(library: Library) -> None:
    workspace = library.new_workspace()
    face_id = finished_face(library, workspace)
    place = library.folders.face(face_id)
    library.journal.begin([place])  # by a worker that has not heard of the deletion yet
    made = deletion.delete_faces(library, workspace, [face_id])
    library.journal.end(place)
    assert (place / "solid.stl").is_file()
    deletion.undo(library, workspace, made.id)
    assert library.face(workspace, face_id) is not None


def test_an_empty_workspace_lives_as_long_as_its_deletion(library: Library, clock: Clock) -> None:
    workspace = library.new_workspace()
    finished_face(library, workspace)
    clock.now += 60 * 86400.0
    made = deletion.delete_all(library, workspace)
    assert made is not None
    sweep(library)
    deletion.undo(library, workspace, made.id)
    assert len(library.faces(workspace)) == 1


def test_of_many_that_undo_or_carry_out_at_once_one_does(library: Library) -> None:
    for _ in range(4):
        workspace = library.new_workspace()
        made = deletion.delete_faces(library, workspace, [finished_face(library, workspace)])

        def undone(_: int, workspace: str = workspace, made: Any = made) -> bool:
            try:
                deletion.undo(library, workspace, made.id)
            except NotInLibraryError:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            carried = pool.submit(deletion.carry_out, library, made.id)
            told = sum(pool.map(undone, range(3)))
            carried.result()
        assert told <= 1
        assert len(library.faces(workspace)) == told
        deletion.delete_all(library, workspace)


def test_a_delete_says_how_to_undo_it(client: Any) -> None:
    library: Library = client.application.config["LIBRARY"]
    client.get("/", headers={"Accept": "text/html"})
    client.post("/api/photos", data={"photos": (io.BytesIO(jpeg()), "a.jpg")})
    (photo,) = _photos(library)
    said = client.delete(f"/api/photos/{photo}").json
    assert said == {"deleted": photo, "undo": said["undo"], "undo_s": 10.0}
    assert client.get(f"/photos/{photo}/photo.png").status_code == 404
    assert client.post(said["undo"]).json == {"undone": said["undo"].split("/")[3]}
    assert client.get(f"/photos/{photo}/photo.png").status_code == 200
    again = client.post(said["undo"])
    assert again.status_code == 404
    assert "gone for good" in json.loads(again.data)["error"]
    assert client.delete("/api/workspace").json["undo_s"] == 10.0
    assert client.delete("/api/workspace").json == {"deleted": "all"}


def _photos(library: Library) -> list[str]:
    with library.session() as session:
        return list(session.scalars(select(schema.Photo.id)))
