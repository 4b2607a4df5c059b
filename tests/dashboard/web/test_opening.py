"""What a slicer, which has no cookie, gets of a face."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dashboard.web import opening
from tests.dashboard.web.test_routes import make_face


def link_of(client: Any, face_id: str, slicer: str = "orcaslicer") -> str:
    answer = client.get(f"/api/faces/{face_id}/open?in={slicer}")
    assert answer.status_code == 302
    assert answer.headers["Cache-Control"] == "no-store"
    return str(answer.headers["Location"])


@pytest.fixture
def face(client: Any) -> Any:
    made = make_face(client)
    (made.folder / "solid.3mf").write_bytes(b"a 3MF")
    return made


@pytest.mark.parametrize("slicer", ["orcaslicer", "cura"])
def test_a_slicer_gets_the_3mf_without_a_cookie(client: Any, face: Any, slicer: str) -> None:
    link = urlsplit(link_of(client, face.id, slicer))
    assert (link.scheme, link.netloc) == (slicer, "open")
    address = urlsplit(parse_qs(link.query)["file"][0])
    assert address.netloc == "localhost"
    assert address.query == ""  # slicers take name and kind from the end of the path
    assert address.path.endswith("/Ann_Bob-02-solid.3mf")
    stranger = client.application.test_client()
    answer = stranger.get(address.path)
    assert (answer.status_code, answer.data, answer.mimetype) == (200, b"a 3MF", "model/3mf")
    assert "Set-Cookie" not in answer.headers


def test_a_link_is_for_ten_minutes_for_that_file_and_signed(
    client: Any, face: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = urlsplit(parse_qs(urlsplit(link_of(client, face.id)).query)["file"][0]).path
    stranger = client.application.test_client()
    signed = path.split("/")[2]
    for other in (signed[:-2] + "xx", "x", signed.split(".")[0]):
        answer = stranger.get(f"/open/{other}/a.3mf")
        assert (answer.status_code, "not one of this server's" in answer.json["error"]) == (404, True)
    assert stranger.get(f"/open/{signed}/solid.stl").data == b"a 3MF"  # whatever it is called
    assert stranger.get(f"/files/{face.id}/solid.3mf").status_code == 404  # without the link, nothing
    monkeypatch.setattr(opening, "VALID_S", -1)
    answer = stranger.get(path)
    assert (answer.status_code, "for ten minutes" in answer.json["error"]) == (404, True)


def test_only_slicers_that_fetch_from_here_and_faces_with_a_solid(client: Any, face: Any) -> None:
    answer = client.get(f"/api/faces/{face.id}/open?in=prusaslicer")
    assert answer.status_code == 400
    assert answer.json["error"] == "in is 'prusaslicer', but must be one of orcaslicer, cura."
    assert client.application.test_client().get(f"/api/faces/{face.id}/open?in=cura").status_code == 404
    (face.folder / "solid.3mf").unlink()
    answer = client.get(f"/api/faces/{face.id}/open?in=cura")
    assert (answer.status_code, answer.json["error"]) == (404, "This face has no 3MF of a solid. Make it first.")


def test_a_look_that_is_none_is_a_sentence(client: Any, face: Any) -> None:
    answer = client.get(f"/files/{face.id}/solid.glb?look=xray")
    assert answer.status_code == 400
    assert answer.json["error"] == "look is 'xray', but must be one of lit, walls, overhang."
