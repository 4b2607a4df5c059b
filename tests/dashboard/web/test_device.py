"""A library on a second device: a code, once and for ten minutes; nothing that a browser had is lost."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from dashboard.library import codes
from dashboard.library.codes import GUESSED, LETTERS, VALID_S
from dashboard.library.library import Library
from dashboard.library.records import NotInLibraryError
from dashboard.library.schema import Code
from tests.dashboard.library.test_library import jpeg
from tests.dashboard.web.test_access import HASH
from tests.dashboard.web.test_routes import upload

HTML = {"Accept": "text/html"}
BLUE = (1, 2, 200)
CLICK = {
    "output": "..device.is_open...device-shown.children..",
    "outputs": [{"id": "device", "property": "is_open"}, {"id": "device-shown", "property": "children"}],
    "changedPropIds": ["device-open.n_clicks"],
    "inputs": [
        {"id": "device-open", "property": "n_clicks", "value": 1},
        {"id": "device-close", "property": "n_clicks", "value": None},
    ],
}
WRONG = "This code opens nothing: it is mistyped, was used, or is older than ten minutes."


def shown(client: Any, prefix: str = "", **more: Any) -> tuple[str, str]:
    """The address and the code that the dialog of the Library shows."""
    text = json.dumps(client.post(f"{prefix}/_dash-update-component", json=CLICK, **more).json)
    (address,) = set(re.findall(r'"href": "([^"]+)"', text))
    (code,) = re.findall(r'"children": "([0-9A-Z]{4}-[0-9A-Z]{4})"', text)
    assert address.endswith(f"/{code}")
    assert "data:image/svg+xml" in text
    return address, code


def photos(client: Any, *ids: str) -> list[int]:
    return [client.get(f"/photos/{one}/photo.png").status_code for one in ids]


@pytest.fixture
def computer(app: Any) -> Any:
    client = app.server.test_client()
    client.get("/", headers=HTML)
    return client


@pytest.fixture
def phone(app: Any) -> Any:
    return app.server.test_client()


def test_a_code_opens_the_library_once(app: Any, computer: Any, phone: Any) -> None:
    photo = upload(computer, ("me.jpg", jpeg())).json["photos"][0]["id"]
    address, code = shown(computer)
    path = urlsplit(address).path
    for _ in range(3):  # a preview of the link spends nothing
        asked = phone.get(path, headers=HTML)
        assert asked.status_code == 200
        assert f'name="code" value="{code}"' in asked.text
    assert photos(phone, photo) == [404]
    done = phone.post("/device", data={"code": code}, headers=HTML)
    assert (done.status_code, done.headers["Location"]) == (303, "/library")
    assert photos(phone, photo) == [200]
    later = upload(phone, ("you.jpg", jpeg(BLUE))).json["photos"][0]["id"]
    assert photos(computer, photo, later) == [200, 200]
    third = app.server.test_client()
    again = third.post("/device", data={"code": code}, headers=HTML)
    assert again.status_code == 404
    assert WRONG in again.text
    assert photos(third, photo) == [404]


@pytest.mark.parametrize("typed", ["{0}", "{0}-{1}", " {0} {1} ", "{0}{1}"])
def test_a_code_may_be_typed_as_people_do(computer: Any, phone: Any, typed: str) -> None:
    _, code = shown(computer)
    one, two = code.split("-")
    text = typed.format(one.lower(), two.replace("0", "o").replace("1", "l"))
    assert phone.get("/device").status_code == 200
    assert phone.post("/device", data={"code": text}).status_code == (303 if "{1}" in typed else 404)


def test_a_code_ends_with_time_and_with_the_next(library: Library) -> None:
    now = 1000.0
    library.clock = lambda: now
    first = codes.make(library, "w", "me")
    second = codes.make(library, "w", "me")
    with pytest.raises(NotInLibraryError, match=re.escape(WRONG)):
        codes.spend(library, first, "you")
    now += VALID_S
    with pytest.raises(NotInLibraryError, match=re.escape(WRONG)):
        codes.spend(library, second, "you")
    third = codes.make(library, "w", "me")
    now += VALID_S - 1
    assert codes.spend(library, third, "you") == "w"
    assert {len(third), *map(len, third.split("-"))} == {9, 4}
    assert set(third) <= {*LETTERS, "-"}


def test_only_a_keyed_hash_is_kept(library: Library) -> None:
    code = codes.make(library, "w", "me")
    with library.session() as session:
        (kept,) = session.scalars(select(Code.hash))
    assert len(kept) == 64
    library.engine.dispose()
    data = b"".join(file.read_bytes() for file in library.folders.root.glob("library.sqlite*"))
    assert code.encode() not in data
    assert code.replace("-", "").encode() not in data


def test_of_two_at_the_same_moment_one_opens_it(library: Library) -> None:
    code = codes.make(library, "w", "me")

    def spend(turn: int) -> bool:
        try:
            return codes.spend(library, code, f"client {turn}") == "w"
        except NotInLibraryError:
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(spend, range(8))) == 1


def test_guesses_are_few(computer: Any, phone: Any) -> None:
    _, code = shown(computer)
    statuses = [phone.post("/device", data={"code": f"0000-00{turn:02}"}).status_code for turn in range(12)]
    assert statuses == [404] * GUESSED.of_one + [429] * 2
    refused = phone.post("/device", data={"code": code})
    assert refused.status_code == 429
    assert "That was tried too often." in refused.text


def test_codes_are_made_by_so_many(computer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "MADE", replace(codes.MADE, of_one=2))
    for _ in range(2):
        shown(computer)
    said = computer.post("/_dash-update-component", json=CLICK)
    assert "That was tried too often. Try again in 15 min." in said.text


def test_what_a_browser_had_is_kept_and_comes_back(app: Any, computer: Any, phone: Any) -> None:
    mine = upload(computer, ("me.jpg", jpeg())).json["photos"][0]["id"]
    phone.get("/", headers=HTML)
    assert "is kept" not in phone.get("/device", headers=HTML).text  # there is nothing to keep yet
    yours = upload(phone, ("you.jpg", jpeg(BLUE))).json["photos"][0]["id"]
    assert "What this browser has now is kept" in phone.get("/device", headers=HTML).text
    for _ in range(2):  # the second time it has another's, and its own is still kept
        _, code = shown(computer)
        phone.post("/device", data={"code": code})
        assert photos(phone, mine, yours) == [200, 404]
    assert "own library" in phone.post("/_dash-update-component", json=_library()).text
    assert phone.post("/device/back").headers["Location"] == "/library"
    assert photos(phone, mine, yours) == [404, 200]
    assert "own library" not in phone.post("/_dash-update-component", json=_library()).text
    assert phone.post("/device/back").status_code == 303  # there is nowhere to go back to
    assert photos(phone, mine, yours) == [404, 200]


def _library() -> dict[str, Any]:
    return {
        "output": ".._pages_content.children..._pages_store.data..",
        "outputs": [{"id": "_pages_content", "property": "children"}, {"id": "_pages_store", "property": "data"}],
        "changedPropIds": ["_pages_location.pathname"],
        "inputs": [
            {"id": "_pages_location", "property": "pathname", "value": "/library"},
            {"id": "_pages_location", "property": "search", "value": ""},
        ],
    }


def test_an_empty_library_needs_no_way_back(computer: Any, phone: Any) -> None:
    phone.get("/", headers=HTML)
    _, code = shown(computer)
    done = phone.post("/device", data={"code": code})
    assert [one for one in done.headers.getlist("Set-Cookie") if one.startswith("lifemask_own")] == []


def test_another_site_cannot_put_its_library_into_a_browser(computer: Any, phone: Any) -> None:
    _, code = shown(computer)
    foreign = {"Origin": "https://evil.example"}
    assert phone.post("/device", data={"code": code}, headers=foreign).status_code == 403
    assert phone.post("/device/back", headers=foreign).status_code == 403
    assert phone.post("/device", data={"code": code}).status_code == 303


def test_cookies_are_not_taken_for_each_other(app: Any, computer: Any, phone: Any) -> None:
    (cookie,) = computer._cookies.values()
    phone.set_cookie(cookie.key.replace("lifemask_", "lifemask_own_"), cookie.value)
    assert "Set-Cookie" not in phone.post("/device/back").headers


def test_a_password_is_asked_for_first(make_app: Any) -> None:
    app = make_app(password=HASH, prefix="/mask")
    computer, phone = app.server.test_client(), app.server.test_client()
    computer.post("/mask/sign-in", data={"password": "correct horse"})
    address, code = shown(computer, "/mask")
    path = urlsplit(address).path
    assert path == f"/mask/device/{code}"
    assert phone.get(path, headers=HTML).headers["Location"] == f"/mask/sign-in?next=%2Fdevice%2F{code}"
    assert phone.post("/mask/device", data={"code": code}).status_code == 401
    phone.post("/mask/sign-in", data={"password": "correct horse"})
    assert phone.post("/mask/device", data={"code": code}).headers["Location"] == "/mask/library"


def test_users_of_a_proxy_need_no_code(make_app: Any) -> None:
    client = make_app(user_header="X-Remote-User", trusted_proxies="127.0.0.1").server.test_client()
    headers = {**HTML, "X-Remote-User": "anna"}
    assert client.get("/device", headers=headers).status_code == 404
    assert client.post("/device", data={"code": "0"}, headers=headers).status_code == 404
    assert "device-open" not in client.post("/_dash-update-component", json=_library(), headers=headers).text


def test_a_phone_gets_the_address_of_the_network(app: Any, computer: Any) -> None:
    from dashboard.web.context import PHONE

    assert "start it by 'lifemask serve --lan'" in computer.post("/_dash-update-component", json=CLICK).text
    app.server.config[PHONE] = "http://192.168.0.7:8050/"
    address, code = shown(computer)
    assert address == f"http://192.168.0.7:8050/device/{code}"
    assert "--lan" not in computer.post("/_dash-update-component", json=CLICK).text
