"""Behind nginx and Caddy, by the README's examples: prefix, TLS, cookies, writes and limits."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.dashboard.library.test_library import jpeg
from tests.proxies import behind_caddy, behind_nginx

HTML = {"Accept": "text/html"}


@pytest.fixture(params=[behind_nginx, behind_caddy], ids=["nginx", "caddy"])
def url(request: Any, make_app: Any, tmp_path: Path) -> Iterator[str]:
    app = make_app(prefix="/mask", trusted_proxies="127.0.0.1", hosts="localhost")
    with request.param(app.server.config["PORT"], tmp_path) as host:
        yield f"{host}/mask"


@pytest.fixture
def browser_like(tmp_path: Path) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False  # a machine's own bundle of certificates does not know this one
        session.verify = str(tmp_path / "localhost.crt")
        yield session


def test_a_page_and_all_that_it_loads_come_through(url: str, browser_like: requests.Session) -> None:
    page = browser_like.get(f"{url}/", headers=HTML, timeout=60)
    assert page.status_code == 200
    assert re.search(r"Path=/mask/.*Secure|Secure.*Path=/mask/", page.headers["Set-Cookie"])
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    host = url.removesuffix("/mask")
    addresses = re.findall(r"""(?:src|href)=["']([^"'#]+)""", page.text)
    assert len(addresses) > 8
    for address in addresses:
        assert browser_like.get(f"{host}{address}", timeout=60).status_code == 200, address
    bare = browser_like.get(url, headers=HTML, timeout=60)
    assert bare.url == f"{url}/"


def test_writes_of_its_own_pages_are_taken_and_those_of_others_are_not(
    url: str, browser_like: requests.Session
) -> None:
    own, foreign = {"Origin": url.removesuffix("/mask")}, {"Origin": "https://localhost:1"}
    files = {"photo": ("a.jpg", jpeg())}
    assert browser_like.post(f"{url}/api/photos", files=files, headers=foreign, timeout=60).status_code == 403
    sent = browser_like.post(f"{url}/api/photos", files=files, headers=own, timeout=60)
    assert sent.status_code == 200, sent.text
    run = browser_like.post(
        f"{url}/api/runs", json={"photo_id": sent.json()["photos"][0]["id"]}, headers=own, timeout=60
    )
    assert run.json()["state"] == "queued"


def test_what_a_client_says_of_itself_is_overwritten(url: str, browser_like: requests.Session) -> None:
    said = {**HTML, "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example"}
    page = browser_like.get(f"{url}/", headers=said, timeout=60)
    assert page.status_code == 200
    assert "Strict-Transport-Security" in page.headers


def test_host_without_its_port_is_no_other_site(make_app: Any, tmp_path: Path, browser_like: requests.Session) -> None:
    app = make_app(prefix="/mask", trusted_proxies="127.0.0.1", hosts="localhost")
    with behind_nginx(app.server.config["PORT"], tmp_path, **{"$http_host": "$host"}) as host:
        sent = browser_like.post(
            f"{host}/mask/api/photos", files={"photo": ("a.jpg", jpeg())}, headers={"Origin": host}, timeout=60
        )
    assert sent.status_code == 200, sent.text


def test_a_proxy_may_take_the_prefix_away(make_app: Any, tmp_path: Path, browser_like: requests.Session) -> None:
    app = make_app(prefix="/mask", trusted_proxies="127.0.0.1", hosts="localhost")
    port = app.server.config["PORT"]
    with behind_nginx(port, tmp_path, **{f"http://127.0.0.1:{port};": f"http://127.0.0.1:{port}/;"}) as host:
        assert 'src="/mask/bundle/' in browser_like.get(f"{host}/mask/", headers=HTML, timeout=60).text
        assert browser_like.get(f"{host}/mask/health", timeout=60).text == "OK"


def test_an_upload_as_large_as_the_app_takes_is_taken(url: str, browser_like: requests.Session) -> None:
    answer = browser_like.post(f"{url}/api/photos", files={"photo": ("a.jpg", bytes(51_000_000))}, timeout=120)
    assert answer.status_code == 422
    assert "51" in answer.json()["errors"][0]["error"]
