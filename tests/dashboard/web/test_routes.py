import gzip
import http.client
import io
import json
import os
import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import func, select
from urllib3.filepost import encode_multipart_formdata

from core.files.catalog import FILES
from core.scan.formats import SIDE_PX
from dashboard.jobs.queue import Queue
from dashboard.library.decoder import Decoder, Job
from dashboard.library.library import Library
from dashboard.library.records import FaceRecord, NewFace
from dashboard.library.schema import Workspace
from dashboard.web.assets import assets_folder
from dashboard.web.received import display_name
from dashboard.web.routes.faces import download_name, folder_names
from dashboard.words.catalogue import Catalogue
from tests.dashboard.faces import face, write_face
from tests.dashboard.library.test_library import Wanted, jpeg
from tests.scans import cube


def upload(client: Any, *photos: tuple[str, bytes], **kwargs: Any) -> Any:
    body, content_type = encode_multipart_formdata([("photos", photo) for photo in photos])
    return client.post("/api/photos", data=body, content_type=content_type, **kwargs)


def make_face(client: Any, name: str = "Ann & Bob.jpg", score: float = 0.9) -> FaceRecord:
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
    queue.finish(run.id, [NewFace(face_id, 2, f"{name} #2", score, "builtin")])
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


def test_a_photo_that_breaks_the_reader_harms_no_other(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Decoder.run

    def read(decoder: Decoder, job: Job) -> Any:
        if job.name == "odd.jpg":
            raise ZeroDivisionError("by zero")
        return run(decoder, job)

    monkeypatch.setattr(Decoder, "run", read)
    answer = upload(client, ("me.jpg", jpeg()), ("odd.jpg", jpeg()), ("you.jpg", jpeg()))
    assert (answer.status_code, [photo["name"] for photo in answer.json["photos"]]) == (200, ["me.jpg", "you.jpg"])
    (error,) = answer.json["errors"]
    assert error["name"] == "odd.jpg"
    assert "ZeroDivisionError: by zero" in error["error"]
    answer = upload(client, ("odd.jpg", jpeg()))
    assert (answer.status_code, answer.json["photos"], answer.json["errors"]) == (500, [], [error])


def test_a_photo_with_a_broken_exif_is_taken(client: Any) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x011A] = 72.0
    broken = io.BytesIO()
    Image.new("RGB", (96, 64), (200, 150, 120)).save(broken, "JPEG", exif=exif)
    at = struct.pack(">LL", 72, 1)
    assert broken.getvalue().count(at) == 1
    data = broken.getvalue().replace(at, struct.pack(">lL", -1, 0))
    answer = upload(client, ("me.jpg", jpeg()), ("broken.jpg", data))
    assert answer.json["errors"] == []
    assert [(photo["width"], photo["height"]) for photo in answer.json["photos"]] == [(96, 64), (64, 96)]


def test_a_photo_over_the_limit_and_an_upload_over_it(make_app: Any) -> None:
    client = make_app(max_upload_mb=1, max_scan_mb=1).server.test_client()
    answer = upload(client, ("big.jpg", b"\xff" * 1_600_000), ("small.jpg", jpeg()))
    assert [photo["name"] for photo in answer.json["photos"]] == ["small.jpg"]
    assert answer.json["errors"] == [
        {"name": "big.jpg", "error": "big.jpg has 1.6 MB, over the limit of 1 MB. Use a smaller file."}
    ]
    answer = upload(client, ("huge.jpg", b"\xff" * 10_000_000))
    assert answer.status_code == 413
    assert answer.json == {
        "error": "The upload has 10 MB; at most 9 MB can be sent at a time. Send fewer or smaller photos."
    }


def test_a_full_disk_is_a_sentence_in_the_answer(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    data = jpeg()
    monkeypatch.setattr(Decoder, "_ask", full)
    answer = upload(client, ("me.jpg", data))
    assert (answer.status_code, answer.json["photos"]) == (507, [])
    assert "is full" in answer.json["errors"][0]["error"]


@pytest.mark.parametrize("photos", [[("a.jpg", b"text")], [("a.jpg", b"text"), ("b.png", b"")]])
def test_an_upload_of_which_every_photo_is_refused_is_no_success(client: Any, photos: Any) -> None:
    answer = upload(client, *photos)
    assert answer.status_code == 422
    assert answer.json["photos"] == []
    assert [error["name"] for error in answer.json["errors"]] == [name for name, _ in photos]


def test_scans_are_taken_as_photos_are(client: Any, app: Any) -> None:
    folders, stl, jpg = app.server.config["LIBRARY"].folders, cube().file("stl"), jpeg()
    answer = upload(client, ("me.jpg", jpg), ("../anna.stl", stl), ("anna.glb", cube().file("glb", "m")))
    assert (answer.status_code, answer.json["errors"]) == (200, [])
    assert [photo["name"] for photo in answer.json["photos"]] == ["me.jpg", "anna.stl", "anna.glb"]
    assert [(photo["width"], photo["height"]) for photo in answer.json["photos"][1:]] == [(SIDE_PX, SIDE_PX)] * 2
    photo_id = answer.json["photos"][1]["id"]
    assert (folders.photo(photo_id) / "scan.stl").read_bytes() == stl
    assert upload(client, ("anna.stl", stl)).json["photos"][0]["id"] == photo_id
    for name, kind in (("thumbnail.jpg", "JPEG"), ("photo.png", "PNG")):
        assert Image.open(io.BytesIO(client.get(f"/photos/{photo_id}/{name}").data)).format == kind
    refused = upload(client, ("a.ply", jpg), ("b.jpg", stl), ("c.obj", b""))
    assert (refused.status_code, refused.json["photos"]) == (422, [])
    said = [error["error"] for error in refused.json["errors"]]
    assert said[0] == "a.ply is a picture, though it is named as a scan. Name it as a picture."
    assert said[1].startswith("b.jpg is not a picture that can be read.")
    assert said[2] == "c.obj is empty (0 bytes). Choose the file again."
    mark = client.get(f"/mark/{photo_id}", headers={"Accept": "text/html"})
    assert mark.status_code == 200
    assert client.delete(f"/api/photos/{photo_id}").status_code == 200
    assert client.get(f"/photos/{photo_id}/photo.png").status_code == 404


def test_a_scan_has_a_limit_of_its_own(make_app: Any) -> None:
    client = make_app(max_upload_mb=1, max_scan_mb=12).server.test_client()
    answer = upload(client, ("big.obj", b"v" * 11_000_000))
    assert (answer.status_code, answer.json["errors"]) == (200, [])
    answer = upload(client, ("big.obj", b"v" * 12_100_000))
    assert answer.json["errors"] == [
        {"name": "big.obj", "error": "big.obj has 12.1 MB, over the limit of 12 MB for a scan. Reduce its triangles."}
    ]
    assert upload(client, ("big.obj", b"v" * 14_000_000)).status_code == 413


def npy(values: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, values)
    return out.getvalue()


RAMP_MM = np.linspace(400, 500, 48 * 32).reshape(32, 48)


def send_with_maps(client: Any, photos: list[tuple[str, bytes]], maps: list[tuple[str, bytes]]) -> Any:
    parts = [*(("photo", one) for one in photos), *(("depth_map", one) for one in maps)]
    body, content_type = encode_multipart_formdata(parts)
    return client.post("/api/photos", data=body, content_type=content_type)


def test_depth_maps_come_with_their_photos(client: Any) -> None:
    folders = client.application.config["LIBRARY"].folders
    photos = [("anna.jpg", jpeg()), ("eva.jpg", jpeg((1, 2, 3))), ("ida.jpg", jpeg((9, 9, 9)))]
    maps = [("eva.depth-cm.npy", npy(RAMP_MM / 10)), ("photos/anna.depth-mm.npy", npy(RAMP_MM))]
    answer = send_with_maps(client, photos, maps)
    assert (answer.status_code, answer.json["errors"]) == (200, [])
    assert [photo["name"] for photo in answer.json["photos"]] == ["anna.jpg", "eva.jpg", "ida.jpg"]
    assert [photo["warnings"] for photo in answer.json["photos"]] == [[], [], []]
    anna, eva, ida = (folders.sensor(photo["id"]) for photo in answer.json["photos"])
    assert ida is None
    assert anna.nearness == pytest.approx(1 / RAMP_MM, rel=1e-6)
    assert eva.nearness == pytest.approx(1 / RAMP_MM, rel=1e-6)


def test_a_depth_map_that_cannot_be_used_is_a_warning_and_one_alone_an_error(client: Any) -> None:
    folders = client.application.config["LIBRARY"].folders
    (photo,) = send_with_maps(client, [("anna.jpg", jpeg())], [("map.npy", npy(RAMP_MM))]).json["photos"]
    assert "map.npy is not used as a depth map: its name does not say what its values are" in photo["warnings"][0]
    assert folders.sensor(photo["id"]) is None
    two = [("a.jpg", jpeg()), ("b.jpg", jpeg((1, 2, 3)))]
    maps = [("a.depth-mm.npy", npy(RAMP_MM)), ("a.depth-cm.npy", b""), ("c.depth-mm.npy", b""), ("odd.npy", b"")]
    answer = send_with_maps(client, two, maps)
    assert (answer.status_code, len(answer.json["photos"])) == (200, 2)
    assert [error["name"] for error in answer.json["errors"]] == ["a.depth-cm.npy", "c.depth-mm.npy", "odd.npy"]
    said = [error["error"] for error in answer.json["errors"]]
    assert said[1] == (
        "c.depth-mm.npy is not used: one photo called c must come with it, and no other depth map of that photo."
    )
    assert said[2] == "odd.npy is not named as a depth map of a photo. Name it as photo.depth-mm.png."
    assert send_with_maps(client, [], maps).status_code == 400


def test_a_scan_takes_no_depth_map(client: Any) -> None:
    answer = send_with_maps(client, [("anna.stl", cube().file("stl"))], [("anna.depth-mm.npy", npy(RAMP_MM))])
    assert answer.status_code == 200
    assert [photo["name"] for photo in answer.json["photos"]] == ["anna.stl"]
    assert [error["name"] for error in answer.json["errors"]] == ["anna.depth-mm.npy"]
    assert "is not used: one photo called anna must come with it" in answer.json["errors"][0]["error"]


def test_a_depth_map_over_the_limit_is_not_read(make_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_app(max_upload_mb=1).server.test_client()
    client.get("/", headers={"Accept": "text/html"})
    answer = send_with_maps(client, [("a.jpg", jpeg())], [("a.depth-mm.npy", npy(np.ones((320, 480))))])
    (photo,) = answer.json["photos"]
    assert photo["warnings"] == ["a.depth-mm.npy is not used as a depth map: it has 1.2 MB, over the limit of 1 MB."]


def test_an_upload_without_a_photo_says_how_to_send_one(client: Any) -> None:
    for data in ({}, {"picture": (io.BytesIO(jpeg()), "me.jpg")}, {"photos": "text"}):
        answer = client.post("/api/photos", data=data)
        assert answer.status_code == 400
        assert answer.json == {"error": "No photo came: send each as a file in the multipart field 'photos'."}


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        *(("GET", path, 404, None) for path in ("/api", "/api/", "/api/nothing", "/api/faces/x/y", "/api/faces/")),
        ("POST", "/api/nothing", 404, None),
        ("OPTIONS", "/api/nothing", 404, None),
        ("GET", "/files/nothing", 404, None),
        ("GET", "/photos", 404, None),
        ("GET", "/api/photos", 405, "POST"),
        ("PUT", "/api/photos", 405, "POST"),
        ("POST", "/api/faces", 405, "GET"),
        ("PATCH", "/api/runs", 405, "GET, POST"),
        ("DELETE", "/api/runs/x/cancel", 405, "POST"),
        ("POST", "/files/x/mesh.stl", 405, "GET"),
        ("GET", "/api/faces/x", 404, None),
        ("POST", "/api/runs", 400, None),
    ],
)
def test_whatever_goes_wrong_is_json(
    client: Any, method: str, path: str, status: int, allowed: str | None, accept: str
) -> None:
    answer = client.open(path, method=method, headers={"Accept": accept})
    assert (answer.status_code, answer.mimetype) == (status, "application/json")
    assert list(answer.json) == ["error"]
    assert answer.json["error"].endswith(".")
    assert answer.headers.get("Allow") == allowed


def test_what_nobody_foresaw_is_json_too(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for error, status, words in (
        (ZeroDivisionError("by zero"), 500, "Something unforeseen went wrong (ZeroDivisionError: by zero)."),
        (OSError(28, "No space left on device"), 507, "cannot be written: the disk is full."),
    ):
        monkeypatch.setattr(Library, "faces", lambda *_, error=error, **__: (_ for _ in ()).throw(error))
        answer = client.get("/api/faces")
        assert (answer.status_code, answer.mimetype) == (status, "application/json")
        assert words in answer.json["error"]
    assert client.get("/nothing", headers={"Accept": "text/html"}).mimetype == "text/html"


@pytest.mark.parametrize(
    ("head", "status", "words"),
    [
        ("POST /api/photos HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999999", 413, "cannot be sent"),
        ("GET /api/faces HTTP/1.1\r\nHost: localhost\r\nno colon", 400, "Bad Request: "),
        ("GET /api/faces HTTP/1.1\r\nHost: localhost\r\nX: " + "x" * 300_000, 431, "Request Header Fields Too Large: "),
    ],
)  # fmt: skip
def test_what_the_server_refuses_before_the_app_is_json_too(app: Any, head: str, status: int, words: str) -> None:
    with socket.create_connection(("127.0.0.1", app.server.config["PORT"]), timeout=60) as connection:
        connection.sendall(f"{head}\r\n\r\n".encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        with answer:
            said = json.loads(answer.read())
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/json")
    assert words in said["error"]
    assert said["error"].endswith(".")


def workspaces(client: Any) -> int:
    library: Library = client.application.config["LIBRARY"]
    with library.session() as session:
        return session.scalar(select(func.count()).select_from(Workspace)) or 0


def test_looking_leaves_nothing_in_the_library(app: Any) -> None:
    for path in ("/api/faces", "/api/runs", "/api/faces.zip?ids=a", "/api/nothing", "/"):
        for _ in range(25):
            answer = app.server.test_client().get(path)
            assert "Set-Cookie" not in answer.headers
    page = app.server.test_client()
    for _ in range(25):
        page.get("/", headers={"Accept": "text/html"})
        page.post("/_dash-update-component", json={})
        assert upload(page, ("a.jpg", b"no picture")).status_code == 422
    assert workspaces(page) == 0
    assert upload(page, ("a.jpg", jpeg())).status_code == 200
    assert workspaces(page) == 1


def test_a_page_brings_the_cookie_that_all_its_requests_share(app: Any) -> None:
    browser = app.server.test_client()
    cookie = browser.get("/", headers={"Accept": "text/html"}).headers["Set-Cookie"].split(";")[0]
    name, _, value = cookie.partition("=")

    def send(k: int) -> int:
        one = app.server.test_client()
        one.set_cookie(name, value)
        answer = upload(one, (f"{k}.jpg", jpeg((k, k, k))))
        assert "Set-Cookie" not in answer.headers
        return int(answer.status_code)

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(send, range(6))) == {200}
    assert workspaces(browser) == 1
    assert len(app.server.config["LIBRARY"].photos(only_workspace(browser))) == 6


def test_a_program_keeps_the_cookie_of_its_first_write(app: Any) -> None:
    program = app.server.test_client()
    assert program.get("/api/faces").json == {"faces": [], "next": None}
    answer = upload(program, ("me.jpg", jpeg()))
    assert "Set-Cookie" in answer.headers
    path = f"/photos/{answer.json['photos'][0]['id']}/photo.png"
    assert program.get(path).status_code == 200
    assert app.server.test_client().get(path).status_code == 404


def only_workspace(client: Any) -> str:
    with client.application.config["LIBRARY"].session() as session:
        return str(session.scalars(select(Workspace.id)).one())


def test_a_cookie_that_we_did_not_sign_reaches_nothing(app: Any) -> None:
    owner, thief = app.server.test_client(), app.server.test_client()
    answer = upload(owner, ("me.jpg", jpeg()))
    name, _, value = answer.headers["Set-Cookie"].split(";")[0].partition("=")
    path = f"/photos/{answer.json['photos'][0]['id']}/photo.png"
    workspace, signature = only_workspace(owner), value.rpartition(".")[2]
    for forged in (workspace, f'"{workspace}"', f"{workspace}.{signature}", f'"{workspace}".', value[:-1], ""):
        thief.set_cookie(name, forged)
        assert thief.get(path).status_code == 404
    thief.set_cookie(name, value)
    assert thief.get(path).status_code == 200


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
    assert other.get("/api/faces").json == {"faces": [], "next": None}
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


def test_a_doubtful_find_says_so_until_a_person_keeps_it(client: Any) -> None:
    face = make_face(client, score=0.7)
    told = client.get(f"/api/faces/{face.id}").json
    assert (told["score"], told["doubtful"], told["kept"]) == (0.7, True, False)
    kept = client.post(f"/api/faces/{face.id}/keep").json
    assert (kept["score"], kept["doubtful"], kept["kept"]) == (0.7, False, True)
    assert client.get(f"/api/faces/{face.id}").json == kept
    assert client.get(f"/api/faces/{make_face(client, 'sure.jpg').id}").json["doubtful"] is False
    assert client.post("/api/faces/none/keep").status_code == 404
    assert client.application.test_client().post(f"/api/faces/{face.id}/keep").status_code == 404


def test_a_photo_is_shown_turned(client: Any) -> None:
    photo_id = upload(client, ("me.jpg", jpeg())).json["photos"][0]["id"]
    upright = Image.open(io.BytesIO(client.get(f"/photos/{photo_id}/photo.png").data))
    for turn, how in (
        (90, Image.Transpose.ROTATE_270),
        (180, Image.Transpose.ROTATE_180),
        (270, Image.Transpose.ROTATE_90),
    ):
        shown = Image.open(io.BytesIO(client.get(f"/photos/{photo_id}/photo.png?turn_deg={turn}").data))
        assert shown.tobytes() == upright.transpose(how).tobytes()
    refused = client.get(f"/photos/{photo_id}/photo.png?turn_deg=45")
    assert refused.status_code == 400
    assert refused.json["error"] == "turn_deg is '45', but must be one of 0, 90, 180, 270."
    assert client.get("/photos/none/photo.png?turn_deg=90").status_code == 404


def test_a_run_can_be_asked_for_cancelled_and_tried_again(client: Any) -> None:
    photo = upload(client, ("me.jpg", jpeg())).json["photos"][0]
    run = client.post("/api/runs", json={"photo_id": photo["id"], "options": {"model": "builtin"}}).json
    assert (run["state"], run["stage"]) == ("queued", "Waiting")
    assert client.get(f"/api/runs?ids={run['id']}").json["runs"] == [run]
    assert client.post(f"/api/runs/{run['id']}/cancel").json["state"] == "cancelled"
    assert client.post(f"/api/runs/{run['id']}/retry").json["state"] == "queued"


def test_answers_are_in_the_language_that_a_browser_asks_for(
    client: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "de.po"
    file.write_text(
        """
        msgid "Waiting"
        msgstr "Wartet"

        msgid "This photo is not in your library; it may have been deleted."
        msgstr "Dieses Foto ist nicht da."

        msgid "There is no {unknown} in this request. Choose from: {names}."
        msgstr "Hier gibt es kein {unknown}, sondern: {names}."

        msgid "{name} is empty (0 bytes). Choose the file again."
        msgstr "{name} ist leer."
        """,
        "utf-8",
    )
    german = Catalogue(file)
    monkeypatch.setattr("dashboard.words.saying.catalogue", lambda _: german)
    asked = {"headers": {"Accept-Language": "de-DE,de;q=0.9"}}
    photo = upload(client, ("me.jpg", jpeg())).json["photos"][0]
    wanted = {"photo_id": photo["id"], "options": {"model": "builtin"}}
    assert client.post("/api/runs", json=wanted).json["stage"] == "Waiting"
    assert client.post("/api/runs", json=wanted, **asked).json["stage"] == "Wartet"
    gone = client.post("/api/runs", json={"photo_id": "0" * 32}, **asked)
    assert gone.json["error"] == "Dieses Foto ist nicht da."
    odd = client.post("/api/runs", json={"photo": 1}, **asked)
    assert odd.json["error"] == "Hier gibt es kein 'photo', sondern: photo_id, options."
    assert upload(client, ("leer.jpg", b""), **asked).json["errors"][0]["error"] == "leer.jpg ist leer."


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


@pytest.mark.parametrize("site", ["none", "same-origin"])  # as browsers send what a phone shares
def test_photos_are_shared_from_a_phone(client: Any, site: str) -> None:
    client.get("/", headers={"Accept": "text/html"})
    parts = [("photos", ("one.jpg", jpeg())), ("photos", ("notes.jpg", b"text"))]
    body, content_type = encode_multipart_formdata(parts)
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Origin": "null", "Accept": "text/html"}
    answer = client.post("/share", data=body, content_type=content_type, headers=headers)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?refused=1")
    (run,) = client.get("/api/runs").json["runs"]
    assert run["state"] == "queued"
    target = json.loads((assets_folder() / "manifest.webmanifest").read_text())["share_target"]
    assert (target["action"], target["method"], target["enctype"]) == ("../share", "POST", "multipart/form-data")
    assert [file["name"] for file in target["params"]["files"]] == ["photos"]


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_another_site_cannot_share_into_a_library(client: Any, headers: dict[str, str]) -> None:
    body, content_type = encode_multipart_formdata([("photos", ("one.jpg", jpeg()))])
    assert client.post("/share", data=body, content_type=content_type, headers=headers).status_code == 403


def test_pictures_come_as_small_as_a_page_shows_them(client: Any) -> None:
    face = make_face(client)
    Image.new("RGBA", (1000, 500), (200, 40, 40, 128)).save(face.folder / "crop.png")
    answer = client.get(f"/files/{face.id}/crop.png?width=400")
    assert answer.content_type == "image/webp"
    picture = Image.open(io.BytesIO(answer.data))
    assert (picture.size, picture.mode) == ((400, 200), "RGBA")
    again = client.get(f"/files/{face.id}/crop.png?width=400", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    Image.new("RGB", (300, 300)).save(face.folder / "crop.png")
    changed = client.get(f"/files/{face.id}/crop.png?width=400", headers={"If-None-Match": answer.headers["ETag"]})
    assert Image.open(io.BytesIO(changed.data)).size == (300, 300)  # never larger than it is
    for wrong in ("crop.png?width=401", "crop.png?width=", "solid.stl?width=400"):
        assert client.get(f"/files/{face.id}/{wrong}").status_code == 400


def test_changes_tell_of_states_and_faces_but_not_of_progress(client: Any) -> None:
    def changes() -> dict[str, Any]:
        return dict(client.get("/api/changes").json)

    client.get("/", headers={"Accept": "text/html"})
    before = changes()
    assert (before["busy"], before["running"]) == (False, [])
    assert changes() == before
    photo_id = upload(client, ("me.jpg", jpeg())).json["photos"][0]["id"]
    run_id = client.post("/api/runs", json={"photo_id": photo_id}).json["id"]
    waits = changes()
    assert waits["busy"]
    assert waits["version"] != before["version"]
    queue = Queue(client.application.config["LIBRARY"])
    queue.claim(["reconstruct"])
    works = changes()
    assert works["version"] != waits["version"]
    queue.report(run_id, "Reading", 0.5)
    assert changes() == {**works, "running": [{"id": run_id, "stage": "Reading", "progress": 0.5}]}
    queue.finish(run_id, [NewFace("f" * 32, 1, "me.jpg", 0.9, "builtin")])
    assert changes()["version"] not in {before["version"], waits["version"], works["version"]}
    assert not changes()["busy"]
    assert client.application.test_client().get("/api/changes").json["version"] == before["version"]  # of nobody


def test_names() -> None:
    assert display_name("C:\\photos\\me.jpg") == "me.jpg"
    assert display_name("../../etc/passwd") == "passwd"
    assert display_name("a\r\nSet-Cookie: x.jpg") == "aSet-Cookie: x.jpg"
    assert display_name("/") == "photo"
    assert len(display_name("x" * 500 + ".jpg")) == 120
    face = FaceRecord(
        id="f", workspace_id="w", run_id="r", photo_id="p", index=3, name="../été №1.HEIC #3",
        file_name="../été №1.HEIC #3", person=None, tags=(), score=None, network="",
        created=None, folder=None,  # type: ignore[arg-type]
    )  # fmt: skip
    assert download_name(face, "depth.png") == "été_1-03-depth.png"
    assert all("/" not in name for name in FILES)
    titled = replace(face, name="Ada v1.2 / left")
    assert download_name(titled, "depth.png") == "Ada_v1.2_left-depth.png"
    assert folder_names([face, face, titled, replace(titled, name="ADA v1.2 left")]) == [
        "été_1-03", "été_1_2-03", "Ada_v1.2_left", "ADA_v1.2_left_2",
    ]  # fmt: skip


def test_what_the_viewer_draws_is_packed_and_asked_for_once(client: Any) -> None:
    record = make_face(client)
    assert client.get(f"/api/faces/{record.id}/points").status_code == 404  # it has no depth yet
    write_face(face(), record.folder)
    packed = client.get(f"/api/faces/{record.id}/points", headers={"Accept-Encoding": "gzip"})
    plain = client.get(f"/api/faces/{record.id}/points", headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.data) == plain.data
    for answer in (packed, client.get(f"/api/faces/{record.id}/openness")):
        again = client.get(
            answer.request.path, headers={"If-None-Match": answer.headers["ETag"], "Accept-Encoding": "gzip"}
        )
        assert (again.status_code, again.data) == (304, b"")
    assert client.get("/api/faces/0/openness").status_code == 404
