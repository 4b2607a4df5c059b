import base64
import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from dashboard.web.assets import assets_folder
from dashboard.web.security import host_name

ROOT = Path(__file__).parents[2]
HTML = {"Accept": "text/html"}


def test_the_first_page_needs_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from dashboard.app import create_app\n"
        "from dashboard.settings import Settings\n"
        "client = create_app(Settings.from_env()).server.test_client()\n"
        "assert client.get('/', headers={'Accept': 'text/html'}).status_code == 200\n"
        "assert client.get('/_dash-layout').status_code == 200\n"
        "import dashboard.jobs.supervisor, dashboard.web.server, dashboard.readings.measured\n"
        "import dashboard.readings.comparison_folder, dashboard.charts.contact_sheet\n"
        "import core.comparison, core.pipeline, core.recompute, core.report\n"
        "heavy = {'torch', 'timm', 'torchvision'} & sys.modules.keys()\n"
        "assert not heavy, heavy\n"
    )
    environ = {**os.environ, "LIFEMASK_DATA": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, cwd=ROOT, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_policy_names_every_inline_script(client: Any) -> None:
    answer = client.get("/", headers=HTML)
    policy = answer.headers["Content-Security-Policy"]
    (allowed,) = re.findall(r"script-src ([^;]*)", policy)
    assert {source for source in allowed.split() if "sha256" not in source} == {"'self'"}
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", answer.text, re.S)
    inline = [text for attributes, text in scripts if text and "application/json" not in attributes]
    assert inline
    for text in inline:
        assert f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}" in policy


def test_the_page_asks_no_other_host(client: Any) -> None:
    page = client.get("/", headers=HTML).text
    addresses = re.findall(r"""(?:src|href)=["']([^"']+)""", page)
    assert addresses
    assert all(address.startswith("/") and not address.startswith("//") for address in addresses)


def test_headers_of_every_answer(client: Any) -> None:
    for path in ("/", "/health", "/api/runs", "/assets/icon.svg", "/files/x/solid.stl"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_the_cookie_is_signed_and_hidden_from_scripts(app: Any) -> None:
    first, second, third = (app.server.test_client() for _ in range(3))
    cookie = first.get("/", headers=HTML).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Set-Cookie" not in first.get("/", headers=HTML).headers
    name, value = cookie.split(";")[0].split("=", 1)
    other = second.get("/", headers=HTML).headers["Set-Cookie"].split(";")[0].split("=", 1)[1]
    forged = f"{value.rpartition('.')[0]}.{other.rpartition('.')[2]}"  # one workspace with another's signature
    third.set_cookie(name, forged)
    assert "Set-Cookie" in third.get("/", headers=HTML).headers


def test_assets_and_health_make_no_workspace(client: Any) -> None:
    for path in ("/health", "/assets/icon.svg", "/_dash-dependencies"):
        assert "Set-Cookie" not in client.get(path).headers


def test_two_libraries_on_one_machine_have_cookies_of_their_own(make_app: Any, tmp_path: Path) -> None:
    names = set()
    for data in ("one", "two"):
        client = make_app(data=str(tmp_path / data)).server.test_client()
        names.add(client.get("/", headers=HTML).headers["Set-Cookie"].split("=")[0])
    assert len(names) == 2


@pytest.mark.parametrize(
    ("host", "hosts", "name", "status"),
    [
        ("127.0.0.1", "", "127.0.0.1:8050", 200),
        ("127.0.0.1", "", "localhost", 200),
        ("127.0.0.1", "", "[::1]:8050", 200),
        ("127.0.0.1", "", "evil.example:8050", 403),
        ("127.0.0.1", "faces.example", "faces.example", 200),
        ("0.0.0.0", "", "192.168.0.7:8050", 200),
        ("0.0.0.0", "faces.example", "192.168.0.7:8050", 200),
        ("0.0.0.0", "faces.example", "faces.example:8050", 200),
        ("0.0.0.0", "", "localhost:8050", 200),
        ("0.0.0.0", "", socket.gethostname(), 200),
        ("0.0.0.0", "", "evil.example", 403),
        ("::", "", "evil.example", 403),
        ("127.0.0.1", "faces.example", "192.168.0.7:8050", 403),
        ("127.0.0.1", "faces.example:8443", "faces.example:8443", 200),
    ],
)
def test_names_that_the_server_answers_to(make_app: Any, host: str, hosts: str, name: str, status: int) -> None:
    answer = make_app(host=host, hosts=hosts).server.test_client().get("/", headers={**HTML, "Host": name})
    assert answer.status_code == status
    if status == 403:
        assert "Set-Cookie" not in answer.headers
        assert answer.json["error"].startswith("This server does not answer to the name")


def test_host_names() -> None:
    assert host_name("[::1]:8050") == "::1"
    assert host_name("LocalHost:80") == "localhost"
    assert host_name("[broken") == ""


def test_callbacks_carry_little(client: Any) -> None:
    answer = client.post("/_dash-update-component", data=b" " * (9 * 2**20), content_type="application/json")
    assert answer.status_code == 413


def test_assets_are_there() -> None:
    assert (assets_folder() / "vendor/bootstrap/bootstrap.min.css").is_file()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_serve_answers_and_its_worker_ends_with_it(tmp_path: Path, end: signal.Signals) -> None:
    environ = {**os.environ, "LIFEMASK_DATA": str(tmp_path), "LIFEMASK_OFFLINE": "1"}
    command = [sys.executable, "-m", "dashboard.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True) as server:
        try:
            address = re.search(r"http://127\.0\.0\.1:\d+/", server.stdout.readline())  # type: ignore[union-attr]
            assert address is not None
            assert requests.get(address[0], headers=HTML, timeout=60).status_code == 200
            assert requests.get(f"{address[0]}health", timeout=60).text == "OK"
            workers = children(server.pid)
        finally:
            server.send_signal(end)
            assert server.wait(30) in (0, -end)
    late = time.monotonic() + 30
    while any(is_there(worker) for worker in workers):
        assert time.monotonic() < late, "the worker outlives its server"
        time.sleep(0.05)


def children(pid: int) -> list[int]:
    end = time.monotonic() + 60
    listing = Path(f"/proc/{pid}/task")
    while listing.exists() and time.monotonic() < end:
        found = []
        for thread in listing.iterdir():  # each thread lists the processes that it started
            with suppress(FileNotFoundError, ProcessLookupError):  # one that has just ended
                found += [int(child) for child in (thread / "children").read_text().split()]
        if len(found) >= 2:  # the worker, and multiprocessing's resource tracker
            return found
        time.sleep(0.05)
    assert not listing.exists(), "no worker was started"
    return []


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
