"""What a locked database, missing files and a missing worker are to those who ask: one sentence, by the real server."""

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from dashboard.jobs import alive
from dashboard.library import schema
from dashboard.library.database import PATIENCE_S
from dashboard.library.decoder import Decoder
from dashboard.library.library import Library
from dashboard.library.sentences import BUSY
from dashboard.web.routes.ready import NO_WORKER
from tests.dashboard.library.test_library import jpeg
from tests.dashboard.web.test_routes import make_face, upload

CALLBACK = "/_dash-update-component"
BLUE = (1, 2, 200)


def cookie_of(client: Any) -> str:
    (cookie,) = client._cookies.values()
    return f"{cookie.key}={cookie.value}"


@pytest.fixture
def locked(app: Any) -> Iterator[sqlite3.Connection]:
    """A connection of another program that writes to the database, and does not end."""
    with closing(sqlite3.connect(app.server.config["LIBRARY"].folders.database, check_same_thread=False)) as writer:
        yield writer


def test_a_locked_database_is_waited_for_shortly_then_503_and_leaves_nothing(
    app: Any, client: Any, locked: sqlite3.Connection
) -> None:
    library: Library = app.server.config["LIBRARY"]
    photo = upload(client, ("a.jpg", jpeg())).json["photos"][0]["id"]
    before = sorted(library.folders.photos.iterdir())
    url, cookie = f"http://127.0.0.1:{app.server.config['PORT']}", {"Cookie": cookie_of(client)}
    asks: list[Callable[[], Any]] = [
        lambda: requests.post(f"{url}/api/photos", files={"photos": ("b.jpg", jpeg(BLUE))}, headers=cookie, timeout=60),
        lambda: requests.post(f"{url}/api/runs", json={"photo_id": photo}, headers=cookie, timeout=60),
        lambda: requests.delete(f"{url}/api/workspace", headers=cookie, timeout=60),
        lambda: requests.get(f"{url}/ready", timeout=60),
    ]
    locked.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with ThreadPoolExecutor(len(asks)) as pool:
        sent, run, deleted, ready = pool.map(lambda ask: ask(), asks)
    assert PATIENCE_S - 0.5 < time.monotonic() - began < PATIENCE_S + 20
    assert (sent.status_code, sent.json()) == (503, {"photos": [], "errors": [{"name": "b.jpg", "error": BUSY}]})
    assert sent.headers["Retry-After"] == "2"
    for answer in (run, deleted):
        assert (answer.status_code, answer.json(), answer.headers["Retry-After"]) == (503, {"error": BUSY}, "2")
    assert (ready.status_code, ready.json()["database"]) == (503, BUSY)
    assert client.get("/api/runs").json == {"runs": []}  # who only reads does not wait
    assert sorted(library.folders.photos.iterdir()) == before
    locked.rollback()
    assert upload(client, ("b.jpg", jpeg(BLUE))).status_code == 200
    assert client.post("/api/runs", json={"photo_id": photo}).status_code == 200


def test_an_upload_that_meets_a_lock_when_its_files_are_written_leaves_no_folder(
    app: Any, client: Any, locked: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    library: Library = app.server.config["LIBRARY"]
    run = Decoder.run

    def then_locked(*args: Any) -> Any:
        found = run(*args)
        locked.execute("BEGIN IMMEDIATE")
        return found

    monkeypatch.setattr(Decoder, "run", then_locked)
    answer = upload(client, ("a.jpg", jpeg()))
    assert (answer.status_code, answer.json["errors"]) == (503, [{"name": "a.jpg", "error": BUSY}])
    assert list(library.folders.photos.iterdir()) == []
    locked.rollback()
    with library.session() as session:
        assert session.scalars(select(schema.Photo)).all() == []


def test_a_database_that_is_free_again_in_time_is_no_error(app: Any, client: Any, locked: sqlite3.Connection) -> None:
    locked.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(upload, client, ("a.jpg", jpeg()))
        time.sleep(1.0)
        assert not answer.done()
        locked.rollback()
        assert answer.result().status_code == 200


@pytest.mark.parametrize("what", ["the folder", "a file"])
def test_a_missing_file_of_a_face_is_404_and_a_sentence(app: Any, client: Any, what: str) -> None:
    face = make_face(client)
    if what == "the folder":
        shutil.rmtree(face.folder)
    for path in (
        f"/files/{face.id}/crop.png", f"/files/{face.id}/crop.png?width=400", f"/files/{face.id}/solid.glb?look=lit",
        f"/files/{face.id}/mesh.glb", f"/api/faces/{face.id}/statistics", f"/api/faces/{face.id}/points",
        f"/api/faces/{face.id}/openness", f"/photos/{face.photo_id}x/photo.png", f"/files/{face.id}/depth.npy",
    ):  # fmt: skip
        answer = client.get(path)
        assert (answer.status_code, list(answer.json)) == (404, ["error"]), (path, answer.text)
        assert answer.json["error"].endswith(".")
        assert str(Path(face.folder).parent) not in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
    for path, body in (("solid", {}), ("recompute", {"options": {"ipd_mm": 61}})):
        answer = client.post(f"/api/faces/{face.id}/{path}", json=body)
        assert answer.status_code in (200, 404), (path, answer.text)
    assert client.get(f"/api/faces/{face.id}").status_code == 200
    assert [found["id"] for found in client.get("/api/faces").json["faces"]] == [face.id]


def test_answers_that_change_are_not_stored_and_files_are(client: Any) -> None:
    face = make_face(client)
    for path in (
        "/api/runs",
        "/api/faces",
        f"/api/faces/{face.id}",
        "/api/changes",
        "/api/nothing",
        "/health",
        "/ready",
        "/metrics",
    ):
        assert client.get(path).headers["Cache-Control"] == "no-store", path
    for path in ("/_dash-layout", "/_dash-dependencies"):
        assert client.get(path).headers["Cache-Control"] == "no-store", path
    assert client.post(CALLBACK, json={}).headers["Cache-Control"] == "no-store"
    assert client.get("/files/x/solid.stl").headers["Cache-Control"] == "no-store"
    assert client.get(f"/files/{face.id}/solid.stl").headers["Cache-Control"] == "private, no-cache"
    page = client.get("/", headers={"Accept": "text/html"}).text
    bundle = page.partition('src="/bundle/')[2].partition('"')[0]
    assert "immutable" in client.get(f"/bundle/{bundle}").headers["Cache-Control"]
    suite = client.get("/_dash-component-suites/dash/deps/react@18.3.1.min.js")
    assert "no-store" not in suite.headers.get("Cache-Control", "")


def test_ready_says_which_part_is_not_well(app: Any, make_app: Any, client: Any) -> None:
    library = app.server.config["LIBRARY"]
    well = {"database": "ok", "queue": "ok", "disk": "ok"}
    answer = client.get("/ready")
    assert (answer.status_code, answer.json) == (503, {"ready": False, **well, "worker": NO_WORKER})
    assert client.get("/health").text == "OK"  # the server itself is up
    alive.tell(library, "one", "worker")
    answer = client.get("/ready")
    assert (answer.status_code, answer.json) == (200, {"ready": True, **well, "worker": "ok"})
    full = make_app(min_free_mb=10**12, max_queue_total=0).server.test_client().get("/ready")
    assert full.status_code == 503
    assert full.json["queue"].startswith("0 runs wait already")
    assert "are needed. Free some space" in full.json["disk"]
    alive.end(library, "one")
    assert client.get("/ready").status_code == 503


def test_a_server_with_a_worker_is_ready(live: Any) -> None:
    end = time.monotonic() + 60
    while requests.get(f"{live.url}/ready", timeout=60).status_code != 200:
        assert time.monotonic() < end
        time.sleep(0.1)


DEEP = "[" * 5000 + "]" * 5000
OUTPUT = '{"output": %s, "inputs": []}'


@pytest.mark.parametrize(
    "text",
    [
        "", "text", "5", "true", "null", '["a", 1]', "{}", DEEP, OUTPUT % DEEP, OUTPUT % "true", OUTPUT % ("9" * 400),
        OUTPUT % '"\\ud800"', OUTPUT % '["a", 1]', '{"output": "x.y", "inputs": 5}',
        '{"output": "x.y", "inputs": [{"id": 5}]}',
    ],
    ids=lambda text: ascii(text[:25]),
)  # fmt: skip
def test_what_no_page_sends_to_a_callback_is_a_sentence(client: Any, text: str) -> None:
    answer = client.post(CALLBACK, data=text, content_type="application/json")
    said = "The request must carry what a page of Lifemask sends. Reload the page."
    assert (answer.status_code, answer.json) == (400, {"error": said})


def test_a_page_of_another_version_is_told_to_reload(client: Any, app: Any) -> None:
    said = {"error": "This page is of another version of Lifemask. Reload it."}
    outputs = list(app.callback_map)
    assert len(outputs) > 20
    for output in ("x.y", *outputs):
        answer = client.post(CALLBACK, json={"output": output, "inputs": [{"id": "a", "property": "b"}] * 99})
        assert (answer.status_code, answer.json) == (400, said)
