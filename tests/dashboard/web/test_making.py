"""Files that are made when they are asked for: at once from what is kept, or once the worker has made their part."""

import io
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import trimesh

from core.files import write_depths, write_head, write_solid, write_surface
from core.files.made import made
from core.options import Options, SolidOptions
from dashboard.jobs.queue import Queue
from dashboard.library.library import Library
from dashboard.library.records import FaceRecord
from dashboard.web import making
from tests.dashboard.faces import face as shape
from tests.dashboard.web.test_routes import make_face

OPTIONS = Options(max_triangles=2000)
SOLID = SolidOptions(max_triangles=2000)


@pytest.fixture
def face(client: Any) -> FaceRecord:
    """A face whose depth alone is there."""
    library: Library = client.application.config["LIBRARY"]
    record = make_face(client, "Ann.jpg")
    for path in record.folder.iterdir():
        path.unlink()
    write_depths([shape()], [record.folder], OPTIONS)
    assert library.face(record.workspace_id, record.id) is not None
    return record


def address(face: FaceRecord, name: str) -> str:
    return f"/files/{face.id}/{name}"


def test_a_file_is_made_of_what_is_kept_and_not_stored(client: Any, face: FaceRecord) -> None:
    before = sorted(path.name for path in face.folder.iterdir())
    answer = client.get(address(face, "depth.npy") + "?download=1")
    assert answer.data == made(face.folder, "depth.npy")
    assert answer.headers["Content-Disposition"].endswith("filename=Ann-02-depth.npy")
    again = client.get(address(face, "depth.npy"), headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert sorted(path.name for path in face.folder.iterdir()) == before
    assert client.get(address(face, "prior.npy")).status_code == 404  # this face has none


def test_a_face_offers_what_it_has_and_what_is_coming(client: Any, face: FaceRecord) -> None:
    files = client.get(f"/api/faces/{face.id}").json["files"]
    assert {"depth.npy", "mesh.glb", "mesh.stl", "solid.stl", "solid.json", "cloud.ply"} < set(files)
    assert not {"maps.npz", "prior.npy"} & set(files)


def test_a_request_waits_for_the_worker_which_is_told_to_hurry(client: Any, face: FaceRecord) -> None:
    library: Library = client.application.config["LIBRARY"]
    queue = Queue(library)

    def work() -> None:
        end = time.monotonic() + 60
        while (run := queue.claim(["surface", "solid"])) is None:
            assert time.monotonic() < end
            time.sleep(0.02)
        write_surface(face.folder) if run.kind == "surface" else write_solid(face.folder, SOLID)
        queue.finish(run.id, [])

    for name, kind in (("mesh.ply", "ply"), ("solid.stl", "stl")):
        worker = threading.Thread(target=work)
        worker.start()
        answer = client.get(address(face, name))
        worker.join()
        assert answer.status_code == 200
        assert len(trimesh.load_mesh(io.BytesIO(answer.data), file_type=kind).faces) > 100


def test_a_request_that_has_waited_long_is_told_to_come_again(
    client: Any, face: FaceRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "AWAITED_S", 0.2)
    answer = client.get(address(face, "mesh.glb"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert answer.json == {"error": "mesh.glb is being made. Ask for it again in a moment."}
    library: Library = client.application.config["LIBRARY"]
    client.get(address(face, "mesh.stl"))
    (run,) = library.runs(face.workspace_id, kind="surface")  # one for both
    assert (run.state, run.asked) == ("queued", True)
    Queue(library).claim(["surface"])
    monkeypatch.setattr(making, "_places", threading.BoundedSemaphore(1))
    making._places.acquire()
    assert client.get(address(face, "mesh.glb")).status_code == 503  # nobody is kept waiting beside so many others


def test_a_head_is_made_when_it_is_asked_for(client: Any, face: FaceRecord) -> None:
    library: Library = client.application.config["LIBRARY"]
    assert {"head.glb", "head.stl", "head.json", "front.png"} < set(client.get(f"/api/faces/{face.id}").json["files"])
    write_surface(face.folder)
    write_solid(face.folder, SOLID)
    every = client.get(f"/api/faces.zip?ids={face.id}")  # not for being in a zip of all
    with zipfile.ZipFile(io.BytesIO(every.data)) as archive:
        assert not {name for name in archive.namelist() if "head" in name}
    assert library.runs(face.workspace_id, kind="head") == []
    queue = Queue(library)
    run = client.post(f"/api/faces/{face.id}/head").json
    assert (run["kind"], run["state"]) == ("head", "queued")
    assert client.post(f"/api/faces/{face.id}/head").json["id"] == run["id"]
    taken = queue.claim(["head"])
    assert taken is not None
    queue.fail(taken.id, "There is too little depth at the landmarks.", "GeometryError")

    def work() -> None:
        end = time.monotonic() + 60
        while (again := queue.claim(["head"])) is None:  # tried once more, since it is asked for once more
            assert time.monotonic() < end
            time.sleep(0.02)
        write_head(face.folder)
        queue.finish(again.id, [])

    worker = threading.Thread(target=work)
    worker.start()
    answer = client.get(address(face, "head.ply"))
    worker.join()
    assert answer.status_code == 200
    assert trimesh.load_mesh(io.BytesIO(answer.data), file_type="ply").is_volume
    assert client.get(address(face, "head.json")).json["volume"] is True
    every = client.get(f"/api/faces.zip?ids={face.id}")
    with zipfile.ZipFile(io.BytesIO(every.data)) as archive:
        assert {name for name in archive.namelist() if name.endswith("head.stl")}
    assert client.post("/api/faces/nothing/head").status_code == 404


def test_a_head_asked_for_by_many_at_once_is_made_once(client: Any, face: FaceRecord) -> None:
    library: Library = client.application.config["LIBRARY"]
    with ThreadPoolExecutor(8) as pool:
        asked = list(pool.map(lambda _: library.start_head(face.workspace_id, face.id).id, range(16)))
    assert len(set(asked)) == 1
    queue = Queue(library)
    running = queue.claim(["head"])
    assert running is not None
    assert library.start_head(face.workspace_id, face.id).id == running.id
    library.start_recompute(face.workspace_id, face.id, {"ipd_mm": 70})  # after which it would be of another size
    later = library.start_head(face.workspace_id, face.id)
    assert later.id != running.id
    assert library.start_head(face.workspace_id, face.id).id == later.id


def test_a_damaged_head_spoils_no_zip(client: Any, face: FaceRecord) -> None:
    write_head(face.folder)
    (face.folder / "head.npz").write_bytes(b"nothing")
    answer = client.get(address(face, "head.glb"))
    assert (answer.status_code, "is damaged. Make it again." in answer.json["error"]) == (400, True)
    answer = client.get(f"/api/faces.zip?ids={face.id}&files=head.glb,crop.png")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.namelist() == ["Ann-02/crop.png"]


def test_what_cannot_be_made_says_why(client: Any, face: FaceRecord) -> None:
    library: Library = client.application.config["LIBRARY"]
    queue = Queue(library)
    assert library.hasten(face.workspace_id, face.id, "solid") is not None
    run = queue.claim(["solid"])
    assert run is not None
    queue.fail(run.id, "There is too little depth.", "GeometryError")
    answer = client.get(address(face, "solid.stl"))
    assert answer.status_code == 404
    assert answer.json == {"error": "There is no solid.stl of this face. There is too little depth."}


def test_a_zip_holds_what_is_made_for_it(client: Any, face: FaceRecord) -> None:
    write_surface(face.folder)
    answer = client.get(f"/api/faces.zip?ids={face.id}&files=depth.npy,mesh.stl,crop.png")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["Ann-02/depth.npy", "Ann-02/mesh.stl", "Ann-02/crop.png"]
        assert archive.read("Ann-02/mesh.stl") == made(face.folder, "mesh.stl")


def test_what_is_made_changes_with_its_part(face: FaceRecord) -> None:
    write_solid(face.folder, SOLID)
    first = making.made(face.folder, "solid.stl")
    assert making.made(face.folder, "solid.stl") is first
    write_solid(face.folder, SolidOptions(width_mm=50, max_triangles=2000))
    second = making.made(face.folder, "solid.stl")
    assert Path(face.folder / "solid.npz").is_file()
    assert trimesh.load_mesh(io.BytesIO(second), file_type="stl").extents[0] == pytest.approx(50, abs=0.01)
