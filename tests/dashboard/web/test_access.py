"""Who may: nobody is asked, a password, or a user whom a trusted proxy names; and who may change the networks."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import argon2
import pytest
from sqlalchemy import select

from core.errors import OptionError
from dashboard.library.guesses import WINDOW_S
from dashboard.library.library import Library
from dashboard.library.schema import EndedSession, Guess
from dashboard.settings import Settings
from dashboard.web.access import ACCESS, GUESSES, LONGEST_NAME, NOBODY, SESSION_S, SIGN_IN
from tests.dashboard.library.test_library import jpeg
from tests.dashboard.web.test_routes import make_face, upload

ROOT = Path(__file__).parents[3]
HTML = {"Accept": "text/html"}
PASSWORD = "correct horse"
HASH = argon2.PasswordHasher(1, 8, 1).hash(PASSWORD)  # as strong as a test needs
OPEN = ("/health", "/ready", "/sign-in", "/service-worker.js", "/robots.txt", "/assets/icon.svg")
SHUT = (
    "/api/runs",
    "/api/openapi.json",
    "/files/x/solid.stl",
    "/photos/x/photo.png",
    "/_dash-layout",
    "/api/faces.zip",
)


@pytest.fixture
def shut(make_app: Callable[..., Any]) -> Any:
    return make_app(password=HASH)


@pytest.fixture
def guest(shut: Any) -> Any:
    return shut.server.test_client()


def signed_in(client: Any, password: str = PASSWORD, **form: str) -> Any:
    return client.post("/sign-in", data={"password": password, **form}, headers=HTML)


def test_without_it_nothing_is_shown_but_the_way_in(guest: Any) -> None:
    for path in OPEN:
        assert guest.get(path).status_code in (200, 503), path  # no worker is alive
    for path in SHUT:
        answer = guest.get(path)
        assert (answer.status_code, answer.json) == (401, {"error": SIGN_IN}), path
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Lifemask"'
    for method in ("post", "put", "patch", "delete"):
        assert getattr(guest, method)("/api/workspace").status_code == 401
    asked = {"output": "x.y", "inputs": [], "changedPropIds": []}
    assert guest.post("/_dash-update-component", json=asked).status_code == 401
    assert upload(guest, ("me.jpg", jpeg())).status_code == 401


def test_every_path_there_is_asks_for_it(shut: Any, guest: Any) -> None:
    open_rules = {"/health", "/ready", "/sign-in", "/service-worker.js", "/robots.txt", "/_favicon.ico"}
    asked = 0
    for rule in shut.server.url_map.iter_rules():
        if rule.rule in open_rules or rule.rule.startswith(("/assets/", "/bundle/", "/open/")):
            continue
        path = re.sub(r"<(?:path:|int:)?\w+>", "x", rule.rule)
        for method in sorted(set(rule.methods) & {"GET", "POST", "PATCH", "DELETE"}):
            assert guest.open(path, method=method).status_code == 401, (method, path)
            asked += 1
    assert asked > 35


def test_a_page_leads_to_the_form_and_back(guest: Any) -> None:
    answer = guest.get("/compare?faces=a,b", headers=HTML)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?next=%2Fcompare%3Ffaces%3Da%2Cb")
    form = guest.get(answer.headers["Location"], headers=HTML)
    assert 'name="next" value="/compare?faces=a,b"' in form.text
    assert 'type="password"' in form.text
    assert form.headers["Cache-Control"] == "no-store"
    done = signed_in(guest, next="/compare?faces=a,b")
    assert (done.status_code, done.headers["Location"]) == (303, "/compare?faces=a,b")
    (cookie,) = [one for one in done.headers.getlist("Set-Cookie") if one.startswith("lifemask_session_")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/", f"Max-Age={SESSION_S}"} <= set(cookie.split("; "))
    assert guest.get("/", headers=HTML).status_code == 200
    assert guest.get("/api/runs").json == {"runs": []}
    assert guest.get("/sign-in", headers=HTML).status_code == 303


def test_photos_shared_before_signing_in_lead_to_the_form(guest: Any) -> None:
    answer = guest.post("/share", data={}, headers=HTML)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")


def test_the_form_speaks_german(guest: Any) -> None:
    text = guest.get("/sign-in", headers={**HTML, "Accept-Language": "de"}).text
    assert '<html lang="de"' in text
    assert "Anmelden" in text


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example/",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/a\r\nX: y",
        "javascript:x",
        "",
    ],
)
def test_nobody_is_led_elsewhere(guest: Any, wanted: str) -> None:
    assert signed_in(guest, next=wanted).headers["Location"] == "/"


def test_a_wrong_one_is_said_and_opens_nothing(guest: Any) -> None:
    for password in ("wrong", "", HASH):
        answer = signed_in(guest, password)
        assert answer.status_code == 401
        assert "This is not the password." in answer.text
        assert "lifemask_session" not in str(answer.headers)
    assert guest.get("/api/runs").status_code == 401


@pytest.mark.parametrize("password", [HASH, PASSWORD], ids=["hash", "plain"])
def test_programs_send_it_along(make_app: Any, password: str) -> None:
    client = make_app(password=password).server.test_client()
    assert client.get("/api/runs", headers={"Authorization": f"Bearer {PASSWORD}"}).status_code == 200
    assert client.get("/api/runs", auth=("anybody", PASSWORD)).status_code == 200
    assert client.get("/api/runs", auth=("anybody", "wrong")).status_code == 401
    assert client.get("/api/runs", headers={"Authorization": "Bearer"}).status_code == 401
    assert client.get("/api/runs", headers={"Authorization": f"Digest {PASSWORD}"}).status_code == 401


def test_signing_out_ends_the_session_for_whoever_has_its_cookie(shut: Any, guest: Any) -> None:
    signed_in(guest)
    (cookie,) = [one for one in guest._cookies.values() if one.key.startswith("lifemask_session_")]
    thief = shut.server.test_client()
    thief.set_cookie(cookie.key, cookie.value)
    assert thief.get("/api/runs").status_code == 200
    page = json.dumps(guest.get("/_dash-layout").json)
    assert '"action": "/sign-out"' in page
    assert guest.post("/sign-out", headers=HTML).headers["Location"] == "/sign-in"
    assert guest.get("/api/runs").status_code == 401
    assert thief.get("/api/runs").status_code == 401
    library: Library = shut.server.config["LIBRARY"]
    with library.session() as session:
        assert session.scalar(select(EndedSession.due)) > library.clock() + SESSION_S - 60


def test_another_password_ends_all_sessions_and_a_new_start_none(make_app: Any) -> None:
    first = make_app(password=PASSWORD)
    client = first.server.test_client()
    signed_in(client)
    cookies = [(one.key, one.value) for one in client._cookies.values()]
    for password, status in ((PASSWORD, 200), ("another one", 401)):
        later = make_app(password=password).server.test_client()
        for name, value in cookies:
            later.set_cookie(name, value)
        assert later.get("/api/runs").status_code == status


def test_a_session_is_signed_and_ends_with_time(shut: Any, guest: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    name = shut.server.config[ACCESS].cookie
    guest.set_cookie(name, "ImEi.aaaa.bbbb")
    assert guest.get("/api/runs").status_code == 401
    signed_in(guest)
    assert guest.get("/api/runs").status_code == 200
    monkeypatch.setattr("dashboard.web.access.SESSION_S", -1)
    assert guest.get("/api/runs").status_code == 401


def test_guesses_are_counted_by_all_processes_and_over_new_starts(make_app: Any) -> None:
    apps = [make_app(password=HASH) for _ in range(2)]
    clients = [app.server.test_client() for app in apps]
    statuses = [signed_in(clients[turn % 2], "wrong").status_code for turn in range(GUESSES.of_one + 2)]
    assert statuses == [401] * GUESSES.of_one + [429] * 2
    late = make_app(password=HASH).server.test_client()
    refused = signed_in(late)  # even the right one: else guessing would go on
    assert refused.status_code == 429
    assert "That was tried too often. Try again in 15 min." in refused.text
    asked = late.get("/api/runs", headers={"Authorization": "Bearer wrong"})
    assert (asked.status_code, asked.json) == (429, {"error": "That was tried too often. Try again in 15 min."})
    library = apps[0].server.config["LIBRARY"]
    now = library.clock() + WINDOW_S + 1
    for app in apps:
        app.server.config["LIBRARY"].clock = lambda: now
    assert signed_in(clients[0]).status_code == 303


def test_many_clients_share_a_limit_and_a_right_one_is_no_guess(make_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(password=HASH, trusted_proxies="127.0.0.1")
    monkeypatch.setattr("dashboard.web.access.GUESSES", replace(GUESSES, of_all=25))
    client = app.server.test_client()

    def guess(address: str, password: str) -> int:
        client.delete_cookie(app.server.config[ACCESS].cookie)
        headers = {**HTML, "X-Forwarded-For": address}
        return client.post("/sign-in", data={"password": password}, headers=headers).status_code

    for turn in range(3 * GUESSES.of_one):
        assert guess("203.0.113.1", PASSWORD) == 303, turn
    assert [guess(f"203.0.113.{turn}", "wrong") for turn in range(26)] == [401] * 25 + [429]
    with app.server.config["LIBRARY"].session() as session:
        kept = session.scalars(select(Guess.who)).all()
    assert len(kept) == 27
    assert not any("203.0.113" in who for who in kept)  # no address is stored


def test_one_line_of_ipv6_is_one_client(make_app: Any) -> None:
    app = make_app(password=HASH, trusted_proxies="127.0.0.1")
    client = app.server.test_client()
    statuses = [
        client.post("/sign-in", data={"password": "no"}, headers={"X-Forwarded-For": f"2001:db8::{turn:x}"}).status_code
        for turn in range(GUESSES.of_one + 1)
    ]
    assert statuses == [401] * GUESSES.of_one + [429]


def test_guesses_at_the_same_moment_count_one_by_one(make_app: Any) -> None:
    app = make_app(password=HASH)
    with ThreadPoolExecutor(8) as pool:
        clients = [app.server.test_client() for _ in range(GUESSES.of_one + 6)]
        statuses = list(pool.map(lambda client: signed_in(client, "wrong").status_code, clients))
    assert sorted(statuses) == [401] * GUESSES.of_one + [429] * 6


def test_another_site_cannot_sign_in_or_out(guest: Any) -> None:
    foreign = {"Origin": "https://evil.example"}
    assert guest.post("/sign-in", data={"password": PASSWORD}, headers=foreign).status_code == 403
    assert guest.post("/sign-out", headers=foreign).status_code == 403


def test_without_a_password_there_is_no_form(client: Any) -> None:
    assert client.get("/sign-in", headers=HTML).status_code == 404
    assert client.post("/sign-in", data={"password": ""}).status_code == 404
    assert "/sign-out" not in json.dumps(client.get("/_dash-layout").json)


def test_it_stands_below_a_prefix(make_app: Any) -> None:
    client = make_app(password=HASH, prefix="/mask").server.test_client()
    answer = client.get("/mask/library", headers=HTML)
    assert answer.headers["Location"] == "/mask/sign-in?next=%2Flibrary"
    form = client.get(answer.headers["Location"]).text
    assert all(one.startswith("/mask/") for one in re.findall(r"""(?:src|href|action)=["']([^"']+)""", form))
    done = client.post("/mask/sign-in", data={"password": PASSWORD, "next": "/library"})
    assert done.headers["Location"] == "/mask/library"
    assert "Path=/mask/;" in done.headers["Set-Cookie"]


# -- a user whom the proxy names


@pytest.fixture
def named(make_app: Callable[..., Any]) -> Any:
    return make_app(user_header="X-Remote-User", trusted_proxies="127.0.0.1", operators="anna, ben")


def as_user(name: str) -> dict[str, str]:
    return {"X-Remote-User": name}


def test_each_user_has_a_library_on_every_device(named: Any) -> None:
    phone, computer = (named.server.test_client() for _ in range(2))
    sent = upload(phone, ("me.jpg", jpeg()), headers=as_user("anna"))
    photo = f"/photos/{sent.json['photos'][0]['id']}/photo.png"
    assert computer.get(photo, headers=as_user("anna")).status_code == 200
    assert computer.get(photo, headers=as_user("ben")).status_code == 404
    assert "Set-Cookie" not in computer.get("/", headers={**HTML, **as_user("ben")}).headers
    library: Library = named.server.config["LIBRARY"]
    assert b"anna" not in library.folders.database.read_bytes()


def test_who_is_not_named_is_nobody(named: Any) -> None:
    client = named.server.test_client()
    for headers in ({}, as_user(""), as_user("  "), as_user("a" * (LONGEST_NAME + 1))):
        answer = client.get("/api/runs", headers=headers)
        assert (answer.status_code, answer.json) == (401, {"error": NOBODY})
    page = client.get("/", headers=HTML)
    assert page.status_code == 401
    assert NOBODY in page.text
    assert client.get("/health").status_code == 200


def test_nobody_names_himself(make_app: Any) -> None:
    client = make_app(user_header="X-Remote-User", trusted_proxies="10.0.0.1").server.test_client()
    assert client.get("/api/runs", headers=as_user("anna")).status_code == 401


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"user_header": "X-User"}, "LIFEMASK_USER_HEADER is set; LIFEMASK_TRUSTED_PROXIES must say who may send it."),
        (
            {"user_header": "X-User", "trusted_proxies": "127.0.0.1", "password": "x"},
            "LIFEMASK_PASSWORD and LIFEMASK_USER_HEADER are both set; choose one of them.",
        ),
        (
            {"password": "$argon2id$v=19$broken"},
            "LIFEMASK_PASSWORD begins as a hash of Argon2 and is none. In a shell it needs single quotes.",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused(make_app: Any, changes: dict[str, str], said: str) -> None:
    with pytest.raises(OptionError) as error:
        make_app(**changes)
    assert str(error.value) == said


# -- the operator

ACT = {
    "output": "..models-nudge.data...models-asked.data...models-delete.is_open..",
    "outputs": [
        {"id": "models-nudge", "property": "data"},
        {"id": "models-asked", "property": "data"},
        {"id": "models-delete", "property": "is_open"},
    ],
    "changedPropIds": ["models-delete-yes.n_clicks"],
    "inputs": [
        [{"id": {"kind": "model-action", "action": "use", "model": "builtin"}, "property": "n_clicks", "value": None}],
        {"id": "models-delete-yes", "property": "n_clicks", "value": 1},
        {"id": "models-delete-no", "property": "n_clicks", "value": None},
    ],
    "state": [{"id": "models-asked", "property": "data", "value": "midas_v21_small_256"}],
}
ROWS = {
    "output": "models-rows.children",
    "outputs": {"id": "models-rows", "property": "children"},
    "changedPropIds": [],
    "inputs": [
        {"id": "workspace-version", "property": "data", "value": None},
        {"id": "models-nudge", "property": "data", "value": None},
    ],
}


def deletes(client: Any, settings: Settings, **more: Any) -> bool:
    """Whether a click on Delete deletes weights; what the page offers must be the same."""
    file = settings.weights_folder / "midas_v21_small_256.pt"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"weights")
    shown = client.post("/_dash-update-component", json=ROWS, **more).text
    client.post("/_dash-update-component", json=ACT, **more)
    is_gone = not file.exists()
    assert ('"kind":"model-action"' in shown) == is_gone
    assert ("its operator alone changes them" in shown) == (not is_gone)
    return is_gone


@pytest.mark.parametrize(
    ("changes", "may"),
    [
        ({}, True),
        ({"host": "0.0.0.0"}, False),
        ({"trusted_proxies": "127.0.0.1"}, False),
        ({"trusted_proxies": "10.0.0.1"}, False),
        ({"host": "0.0.0.0", "lan": True}, True),  # at the machine itself
    ],
)
def test_networks_are_the_operators(make_app: Any, settings: Settings, changes: dict[str, Any], may: bool) -> None:
    assert deletes(make_app(**changes).server.test_client(), settings) == may


def test_on_the_network_of_a_home_others_are_no_operators(make_app: Any, settings: Settings) -> None:
    client = make_app(host="0.0.0.0", lan=True, trusted_proxies="127.0.0.1").server.test_client()
    assert not deletes(client, settings, headers={"X-Forwarded-For": "192.168.0.9"})
    client = make_app(host="0.0.0.0", lan=True).server.test_client()
    assert not deletes(client, settings, headers={"X-Forwarded-For": "192.168.0.9"})


def test_who_knows_the_password_is_the_operator(shut: Any, guest: Any, settings: Settings) -> None:
    signed_in(guest)
    assert deletes(guest, settings)
    assert deletes(shut.server.test_client(), settings, headers={"Authorization": f"Bearer {PASSWORD}"})


def test_users_are_operators_by_name(named: Any, settings: Settings) -> None:
    client = named.server.test_client()
    assert deletes(client, settings, headers=as_user("anna"))
    assert deletes(client, settings, headers=as_user("ben"))
    assert not deletes(client, settings, headers=as_user("carla"))
    assert not deletes(client, settings, headers=as_user("Anna"))


@pytest.mark.parametrize("name", ["../secrets", "no-such", "builtin", "", "a\x00b"])
def test_networks_that_there_are_not_are_refused_before_they_queue(library: Library, name: str) -> None:
    workspace = library.new_workspace()
    with pytest.raises(OptionError, match=r"There are no weights to fetch of a network '.*'\. Choose from: "):
        library.start_download(workspace, name)
    assert library.runs(workspace) == []


# -- at the start


@pytest.mark.parametrize(
    ("more", "warns"),
    [
        ({}, False),
        ({"LIFEMASK_HOST": "0.0.0.0"}, True),
        ({"LIFEMASK_HOST": "0.0.0.0", "LIFEMASK_PASSWORD": "x"}, False),
    ],
)
def test_a_server_for_everybody_says_so_at_its_start(tmp_path: Path, more: dict[str, str], warns: bool) -> None:
    environ = {**os.environ, "LIFEMASK_DATA": str(tmp_path), "LIFEMASK_OFFLINE": "1", **more}
    command = [sys.executable, "-m", "dashboard.cli", "serve", "--port", "0", "--no-worker"]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True) as server:
        said = [server.stdout.readline()]  # type: ignore[union-attr]
        if warns:
            said.append(server.stdout.readline())  # type: ignore[union-attr]
        server.terminate()
        said += server.stdout.read().splitlines()  # type: ignore[union-attr]
        assert server.wait(30) == 0
    assert said[0].startswith("Lifemask is at http://127.0.0.1:")
    assert (
        any(line.startswith("Anyone who reaches this address can use it. Set LIFEMASK_PASSWORD") for line in said)
        == warns
    )


def test_faces_are_made_with_a_password_as_without(guest: Any) -> None:
    signed_in(guest)
    face = make_face(guest)
    assert guest.get(f"/files/{face.id}/solid.stl").data == b"solid one"
