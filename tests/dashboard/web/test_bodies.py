"""Whatever a request carries is answered with what was asked for or with one sentence, by the real server."""

import io
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from PIL import Image

from core.geometry.camera import Intrinsics
from core.options import Options
from dashboard.library.schema import Face, Photo, Run
from tests.facts import facts_of, write_facts

TAKES_OBJECT = {  # path -> the members of its body, and one that holds a table
    "/api/runs": ("photo_id", "options"),
    "/api/faces/<face_id>": ("name", "person", "tags"),
    "/api/faces/<face_id>/solid": ("options", "printer"),
    "/api/faces/<face_id>/recompute": ("options",),
    "/api/faces.zip": ("ids", "files"),
    "/api/comparisons": ("faces", "reference", "with_scale", "heads", "neutral"),
}
TAKES_NONE = (
    "/api/photos",
    "/api/runs/<run_id>/cancel",
    "/api/runs/<run_id>/retry",
    "/api/faces/<face_id>/keep",
    "/api/faces/<face_id>/head",
    "/api/deletions/<deletion_id>/undo",
)
PATCHED = "/api/faces/<face_id>"
TABLES = [
    ("/api/runs", "options"),
    ("/api/faces/<face_id>/solid", "options"),
    ("/api/faces/<face_id>/solid", "printer"),
    ("/api/faces/<face_id>/recompute", "options"),
]
DEEP = "[" * 20_000 + "]" * 20_000


@dataclass(frozen=True)
class Browser:
    """A browser with a photo and a face of it on the server."""

    session: requests.Session
    url: str
    photo_id: str
    face_id: str
    run_id: str

    def post(self, path: str, text: str) -> requests.Response:
        """Send a body, as JSON, byte for byte."""
        method = "PATCH" if path == PATCHED else "POST"
        place = path.replace("<face_id>", self.face_id).replace("<run_id>", self.run_id)
        data = text.encode("utf-8", "surrogatepass")
        headers = {"Content-Type": "application/json"}
        return self.session.request(method, self.url + place, data=data, headers=headers)


@pytest.fixture(scope="module")
def browser(live: Any) -> Iterator[Browser]:
    with requests.Session() as session:
        session.get(live.url, headers={"Accept": "text/html"})
        picture = io.BytesIO()
        Image.new("RGB", (96, 64), (200, 120, 90)).save(picture, "JPEG")
        sent = session.post(f"{live.url}/api/photos", files={"photos": ("a.jpg", picture.getvalue())}).json()
        photo_id, run_id, face_id = sent["photos"][0]["id"], secrets.token_hex(16), secrets.token_hex(16)
        with live.library.session.begin() as rows:
            workspace = rows.get_one(Photo, photo_id).workspace_id
            run = Run(
                id=run_id, workspace_id=workspace, kind="reconstruct", photo_id=photo_id, state="done", created=0,
                options=Options().to_dict(), equal_key=run_id,
            )  # fmt: skip
            rows.add(run)
            rows.flush()
            face = Face(
                id=face_id, workspace_id=workspace, run_id=run_id, photo_id=photo_id, index=1, name="a", network="",
                created=0,
            )  # fmt: skip
            rows.add(face)
        folder = live.library.folders.face(face_id)
        folder.mkdir()
        write_facts(facts_of(Intrinsics(900.0, 255.5, 255.5)), folder)
        yield Browser(session, live.url, photo_id, face_id, run_id)


def is_refused(answer: requests.Response) -> str:
    """The one sentence of the refusal."""
    assert answer.status_code == 400, (answer.status_code, answer.text[:300])
    assert list(answer.json()) == ["error"]
    said: str = answer.json()["error"]
    assert said[-1] == "."
    assert "\n" not in said
    assert len(said) < 900
    return said


def test_every_path_that_takes_a_body_is_here(app: Any) -> None:
    posts = {rule.rule for rule in app.server.url_map.iter_rules() if {"POST", "PUT", "PATCH"} & rule.methods}
    assert {rule for rule in posts if rule.startswith("/api/")} == {*TAKES_OBJECT, *TAKES_NONE}


@pytest.mark.parametrize("path", TAKES_OBJECT)
@pytest.mark.parametrize(
    "text",
    [
        "", "text", "true", "5", "null", '["a", 1]', '"model"', "{", '{"options": ', DEEP, f'{{"options": {DEEP}}}',
        '{"options": "\\ud800"}', '{"\\udfff": 1}', '{"options": "\ud800"}', f'{{"photo_id": {"9" * 10_000}}}', "\x00",
    ],
    ids=lambda text: ascii(text[:20]),
)  # fmt: skip
def test_a_body_that_is_no_object_is_refused(browser: Browser, path: str, text: str) -> None:
    assert is_refused(browser.post(path, text)) == "The request must carry a JSON object."


@pytest.mark.parametrize("path", TAKES_NONE)
@pytest.mark.parametrize("text", ["", '["a", 1]', DEEP, '{"options": "\\ud800"}'], ids=lambda text: text[:20])
def test_a_body_where_none_is_taken_does_no_harm(browser: Browser, path: str, text: str) -> None:
    answer = browser.post(path, text)
    assert answer.status_code < 500
    assert isinstance(answer.json(), dict)


@pytest.mark.parametrize(("path", "members"), TAKES_OBJECT.items())
def test_an_unknown_member_is_refused(browser: Browser, path: str, members: tuple[str, ...]) -> None:
    said = is_refused(browser.post(path, '{"option": {}}'))
    assert said == f"There is no 'option' in this request. Choose from: {', '.join(members)}."


@pytest.mark.parametrize(("path", "member"), TABLES)
@pytest.mark.parametrize(
    "text",
    [
        '["model"]', "true", "false", "0", "5", '["a", 1]', '"ipd_mm"', '""', "[]", '{"nonsense": 1}', '{"": 1}',
        '{"ipd_mm": null, "base_mm": null, "nozzle_mm": null}', '{"a": {"b": {"c": [1]}}}', "1e999", "NaN", "-1e400",
        '{"ipd_mm": true, "nozzle_mm": true}', '{"ipd_mm": 1e999, "nozzle_mm": 1e999}',
        f'{{"ipd_mm": {"9" * 4000}, "nozzle_mm": {"9" * 4000}}}', '{"ipd_mm": NaN, "nozzle_mm": NaN}',
        '{"ipd_mm": [[[[[1]]]]], "nozzle_mm": [[[[[1]]]]]}', f'{{"{"x" * 5000}": 1}}',
    ],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_what_the_table_does_not_know_is_refused(browser: Browser, path: str, member: str, text: str) -> None:
    said = is_refused(
        browser.post(
            path,
            f'{{"photo_id": "{browser.photo_id}", "{member}": {text}}}'
            if path == "/api/runs"
            else f'{{"{member}": {text}}}',
        )
    )
    assert re.search("must be|Choose from", said), said


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("/api/runs", '{"options": {}}', "photo_id is null, but must be the id of a photo."),
        ("/api/runs", '{"photo_id": 5}', "photo_id is 5, but must be the id of a photo."),
        ("/api/runs", '{"photo_id": ["a"]}', "photo_id is ['a'], but must be the id of a photo."),
        ("/api/comparisons", '{"faces": 5}', "'faces' must be a list of the ids of two to eight faces."),
        ("/api/comparisons", '{"faces": ["a", 1]}', "'faces' must be a list of the ids of two to eight faces."),
        ("/api/comparisons", '{"faces": ["a", "b"], "reference": 5}', "reference is 5, but must be the id of one"),
        ("/api/comparisons", '{"faces": ["a", "b"], "with_scale": "no"}', "with_scale is 'no', but must be true or"),
        ("/api/faces/<face_id>/solid", '{"options": {"base_mm": null}}', "base_mm is null, but must be a number from"),
        ("/api/faces/<face_id>/recompute", '{"options": {"model": "builtin"}}', "'model' cannot be changed without"),
    ],
)
def test_members_of_the_wrong_kind_are_refused(browser: Browser, path: str, text: str, said: str) -> None:
    assert is_refused(browser.post(path, text)).startswith(said)


def test_what_is_right_is_taken(browser: Browser, live: Any) -> None:
    for path, text in (
        ("/api/runs", f'{{"photo_id": "{browser.photo_id}", "options": null}}'),
        ("/api/faces/<face_id>/solid", '{"options": {"width_mm": 60}, "printer": {"bed_mm": [180, 180, 180]}}'),
        ("/api/faces/<face_id>/solid", '{"printer": null}'),
        ("/api/faces/<face_id>/solid", "{}"),
        ("/api/faces/<face_id>/recompute", json.dumps({"options": {"ipd_mm": 61, "fov_deg": None}})),
    ):
        answer = browser.post(path, text)
        assert (answer.status_code, answer.json()["error"]) == (200, None)
        browser.session.post(f"{browser.url}/api/runs/{answer.json()['id']}/cancel")
