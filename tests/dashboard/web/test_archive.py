import io
import os
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashboard.web.archive import PIECE_BYTES, zipped
from tests.dashboard.web.test_routes import make_face


def test_a_zip_is_written_as_it_is_sent(tmp_path: Path) -> None:
    big = tmp_path / "big.npy"
    big.write_bytes(np.random.default_rng(0).bytes(24 * 2**20))
    packed = tmp_path / "small.png"
    packed.write_bytes(b"picture")
    files = [("a/big.npy", big), ("a/gone.npy", tmp_path / "gone.npy"), ("b/small.png", packed)]
    out = tmp_path / "all.zip"
    tracemalloc.start()
    pieces = 0
    with out.open("wb") as target:
        for piece in zipped(files):
            target.write(piece)
            pieces += 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 2**20
    assert pieces > big.stat().st_size // PIECE_BYTES
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a/big.npy", "b/small.png"]
        assert archive.read("a/big.npy") == big.read_bytes()
        assert archive.getinfo("b/small.png").compress_type == zipfile.ZIP_STORED


def test_faces_as_one_zip(client: Any) -> None:
    one, two = make_face(client), make_face(client, "Cy.png")
    (two.folder / "solid.3mf").write_bytes(b"model")
    answer = client.get(f"/api/faces.zip?ids={one.id},{two.id},{one.id}")
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert answer.headers["Content-Disposition"] == "attachment; filename=lifemask-2-faces.zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert archive.namelist() == ["Ann_Bob-02/solid.stl", "Cy-02/solid.stl", "Cy-02/solid.3mf"]
    assert archive.read("Cy-02/solid.stl") == b"solid one"
    answer = client.get(f"/api/faces.zip?ids={one.id},{two.id}&files=solid.3mf")
    assert zipfile.ZipFile(io.BytesIO(answer.data)).namelist() == ["Cy-02/solid.3mf"]


def test_two_photos_of_one_name_keep_their_folders(client: Any) -> None:
    one, two = make_face(client, "me.jpg"), make_face(client, "ME.jpg")
    answer = client.get(f"/api/faces.zip?ids={one.id},{two.id}")
    assert zipfile.ZipFile(io.BytesIO(answer.data)).namelist() == ["me-02/solid.stl", "ME_2-02/solid.stl"]


def test_a_zip_of_what_is_not_there_is_one_sentence(client: Any, app: Any) -> None:
    face = make_face(client)
    stranger = app.server.test_client()
    unknown = os.urandom(16).hex()
    for browser, query, status, words in (
        (stranger, f"ids={face.id}", 404, f"The face '{face.id}' is not in your library; it may have been deleted."),
        (client, f"ids={face.id},{unknown}", 404, f"The face '{unknown}' is not in your library"),
        (client, "", 400, "No face is named"),
        (client, f"ids={face.id}&files=notes.txt", 404, "There is no file of the name 'notes.txt'"),
        (client, f"ids={face.id}&files=depth.png", 404, "None of these faces has a file 'depth.png'"),
    ):
        answer = browser.get(f"/api/faces.zip?{query}")
        assert answer.status_code == status
        assert words in answer.json["error"]


def test_thousands_of_faces_are_asked_for_in_the_body(client: Any) -> None:
    one, two = make_face(client), make_face(client, "Cy.png")
    (two.folder / "solid.3mf").write_bytes(b"model")
    asked = {"ids": [one.id, two.id, one.id], "files": ["solid.stl"]}
    wanted = ["Ann_Bob-02/solid.stl", "Cy-02/solid.stl"]
    for more in ({"json": asked}, {"data": {"ids": f"{one.id},{two.id}", "files": "solid.stl"}}):
        answer = client.post("/api/faces.zip", **more)
        assert (answer.status_code, answer.mimetype) == (200, "application/zip"), answer.text
        assert answer.headers["Content-Disposition"] == "attachment; filename=lifemask-2-faces.zip"
        assert zipfile.ZipFile(io.BytesIO(answer.data)).namelist() == wanted
    assert len(zipfile.ZipFile(io.BytesIO(client.post("/api/faces.zip", json={"ids": [two.id]}).data)).namelist()) == 2
    strangers = [os.urandom(16).hex() for _ in range(5000)]
    for more in ({"json": {"ids": [one.id, *strangers]}}, {"data": {"ids": ",".join([one.id, *strangers])}}):
        answer = client.post("/api/faces.zip", **more)
        assert (answer.status_code, strangers[0] in answer.json["error"]) == (404, True)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "No face is named"),
        ({"ids": "a,b"}, "ids is 'a,b', but must be a list of texts."),
        ({"ids": [1]}, "ids and files must be lists of texts."),
        ({"ids": ["a"], "files": [None]}, "ids and files must be lists of texts."),
        ({"ids": ["a"], "more": 1}, "There is no 'more' in this request."),
    ],
)
def test_a_body_that_names_no_faces_is_one_sentence(client: Any, sent: dict[str, Any], said: str) -> None:
    answer = client.post("/api/faces.zip", json=sent)
    assert answer.status_code == 400
    assert said in answer.json["error"]
