import io
import os
from typing import Any

import pytest
from PIL import Image
from urllib3.filepost import encode_multipart_formdata

from core.files.catalog import FILES
from dashboard.jobs.queue import Queue
from dashboard.library.library import Library
from dashboard.library.records import FaceRecord, NewFace
from dashboard.web.routes.faces import download_name
from dashboard.web.routes.photos import display_name
from tests.dashboard.library.test_library import Wanted, jpeg


def upload(client: Any, *photos: tuple[str, bytes], **kwargs: Any) -> Any:
    body, content_type = encode_multipart_formdata([("photos", photo) for photo in photos])
    return client.post("/api/photos", data=body, content_type=content_type, **kwargs)


def make_face(client: Any, name: str = "Ann & Bob.jpg") -> FaceRecord:
    """Upload a photo and put a face in its place, as a worker would."""
    library: Library = client.application.config["LIBRARY"]
    photo_id = upload(client, (name, jpeg())).json["photos"][0]["id"]
    with library.session() as session:
        from dashboard.library.schema import Photo

        workspace = session.get_one(Photo, photo_id).workspace_id
    library.start_run(workspace, photo_id, Wanted())
    queue = Queue(library)
    run = queue.claim(["reconstruct"])
    assert run is not None
    face_id = os.urandom(16).hex()
    library.folders.face(face_id).mkdir()
    (library.folders.face(face_id) / "solid.stl").write_bytes(b"solid one")
    (library.folders.face(face_id) / "notes.txt").write_bytes(b"not for everybody")
    queue.finish(run.id, [NewFace(face_id, 2, f"{name} #2", 0.9, "builtin")])
    face = library.face(workspace, face_id)
    assert face is not None
    return face


def test_upload_takes_what_it_can_and_says_what_it_cannot(client: Any) -> None:
    answer = upload(client, ("me.jpg", jpeg()), ("../notes.jpg", b"text"), ("empty.png", b""))
    assert answer.status_code == 200
    (photo,) = answer.json["photos"]
    assert (photo["name"], photo["width"], photo["height"]) == ("me.jpg", 96, 64)
    assert [error["name"] for error in answer.json["errors"]] == ["notes.jpg", "empty.png"]
    assert "notes.jpg is not a picture that can be read" in answer.json["errors"][0]["error"]
    thumbnail = client.get(f"/photos/{photo['id']}/thumbnail.jpg")
    assert Image.open(io.BytesIO(thumbnail.data)).size == (96, 64)
    assert Image.open(io.BytesIO(client.get(f"/photos/{photo['id']}/photo.png").data)).format == "PNG"


def test_a_photo_over_the_limit_and_an_upload_over_it(make_app: Any) -> None:
    client = make_app(max_upload_mb=1).server.test_client()
    answer = upload(client, ("big.jpg", b"\xff" * (2**20 + 1)), ("small.jpg", jpeg()))
    assert [photo["name"] for photo in answer.json["photos"]] == ["small.jpg"]
    assert "big.jpg" in answer.json["errors"][0]["error"]
    answer = upload(client, ("huge.jpg", b"\xff" * (10 * 2**20)))
    assert answer.status_code == 413
    assert answer.json == {
        "error": "The upload has 10 MB; at most 9 MB can be sent at a time. Send fewer or smaller photos."
    }


def test_a_full_disk_is_a_sentence_in_the_answer(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    data = jpeg()
    monkeypatch.setattr(Image.Image, "save", full)
    answer = upload(client, ("me.jpg", data))
    assert answer.json["photos"] == []
    assert "is full" in answer.json["errors"][0]["error"]


def test_files_come_by_id_and_allowed_name_alone(client: Any) -> None:
    face = make_face(client)
    answer = client.get(f"/files/{face.id}/solid.stl")
    assert (answer.status_code, answer.data, answer.mimetype) == (200, b"solid one", "model/stl")
    assert "Content-Disposition" not in answer.headers or answer.headers["Content-Disposition"].startswith("inline")
    assert (
        client.get(f"/files/{face.id}/solid.stl", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    )
    answer = client.get(f"/files/{face.id}/solid.stl?download=1")
    assert answer.headers["Content-Disposition"] == "attachment; filename=Ann_Bob-02-solid.stl"
    assert client.get(f"/files/{face.id}/mesh.glb").status_code == 404  # allowed, not there
    for path in (
        f"/files/{face.id}/notes.txt",
        f"/files/{face.id}/..%2f..%2fsecret",
        f"/files/{face.id}/../../secret",
        "/files/../secret",
        "/files/%2e%2e/secret",
        f"/files/..%2ffaces%2f{face.id}/solid.stl",
        "/photos/..%2f..%2f/photo.png",
    ):
        answer = client.get(path)
        assert b"not for everybody" not in answer.data
        assert client.application.config["LIBRARY"].folders.secret().encode() not in answer.data


def test_another_browser_sees_nothing(client: Any, app: Any) -> None:
    face = make_face(client)
    other = app.server.test_client()
    for path in (
        f"/api/faces/{face.id}", f"/files/{face.id}/solid.stl", f"/photos/{face.photo_id}/photo.png",
        f"/photos/{face.photo_id}/thumbnail.jpg",
    ):  # fmt: skip
        assert client.get(path).status_code == 200
        answer = other.get(path)
        assert answer.status_code == 404
        assert "is not in your library" in answer.json["error"]
    assert other.get("/api/faces").json == {"faces": []}
    assert other.get(f"/api/runs?ids={face.run_id}").json == {"runs": []}
    assert other.delete(f"/api/faces/{face.id}").status_code == 404
    assert other.post(f"/api/runs/{face.run_id}/cancel").status_code == 404
    assert other.delete("/api/workspace").status_code == 200
    assert client.get(f"/files/{face.id}/solid.stl").status_code == 200
    assert client.delete("/api/workspace").status_code == 200
    assert client.get(f"/files/{face.id}/solid.stl").status_code == 404


def test_face_tells_its_files_and_no_paths(client: Any) -> None:
    face = make_face(client)
    about = client.get(f"/api/faces/{face.id}").json
    assert about["files"] == {"solid.stl": f"/files/{face.id}/solid.stl"}
    assert str(face.folder) not in str(about)
    assert face.workspace_id not in str(about)


def test_a_run_can_be_asked_for_cancelled_and_tried_again(client: Any) -> None:
    photo = upload(client, ("me.jpg", jpeg())).json["photos"][0]
    run = client.post("/api/runs", json={"photo_id": photo["id"], "options": {"model": "builtin"}}).json
    assert (run["state"], run["stage"]) == ("queued", "Waiting")
    assert client.get(f"/api/runs?ids={run['id']}").json["runs"] == [run]
    assert client.post(f"/api/runs/{run['id']}/cancel").json["state"] == "cancelled"
    assert client.post(f"/api/runs/{run['id']}/retry").json["state"] == "queued"


def test_a_wrong_option_is_a_sentence(client: Any) -> None:
    photo = upload(client, ("me.jpg", jpeg())).json["photos"][0]
    for options in ({"ipd_mm": "wide"}, {"ipd_mm": -1}, {"model": "no_such_network"}, {"nonsense": 1}):
        answer = client.post("/api/runs", json={"photo_id": photo["id"], "options": options})
        assert answer.status_code == 400, options
        assert answer.json["error"]
    assert client.post("/api/runs", data="text").status_code == 400
    assert client.post(f"/api/faces/{'0' * 32}/recompute", json={"options": {"smooth": 0}}).status_code == 404
    assert client.post("/api/runs", json={"photo_id": "../secret"}).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_write_from_another_site_is_refused(client: Any, headers: dict[str, str]) -> None:
    face = make_face(client)
    for method, path in (
        ("POST", "/api/photos"), ("POST", "/api/runs"), ("DELETE", f"/api/faces/{face.id}"),
        ("DELETE", "/api/workspace"), ("POST", "/_dash-update-component"),
    ):  # fmt: skip
        answer = client.open(path, method=method, headers=headers)
        assert answer.status_code == 403
        assert answer.json == {"error": "This request comes from another site and is refused."}
    assert client.get(f"/api/faces/{face.id}", headers=headers).status_code == 200


def test_a_write_from_the_own_pages_is_taken(client: Any) -> None:
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert upload(client, ("me.jpg", jpeg()), headers=own).status_code == 200


def test_names() -> None:
    assert display_name("C:\\photos\\me.jpg") == "me.jpg"
    assert display_name("../../etc/passwd") == "passwd"
    assert display_name("a\r\nSet-Cookie: x.jpg") == "aSet-Cookie: x.jpg"
    assert display_name("/") == "photo"
    assert len(display_name("x" * 500 + ".jpg")) == 120
    face = FaceRecord(
        id="f", workspace_id="w", run_id="r", photo_id="p", index=3, name="../été №1.HEIC #3", score=None, network="",
        created=None, folder=None,  # type: ignore[arg-type]
    )  # fmt: skip
    assert download_name(face, "depth.png") == "été_1-03-depth.png"
    assert all("/" not in name for name in FILES)
