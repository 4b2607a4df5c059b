"""`lifemask doctor --deployment` and `--url`: a line for each thing that a server rests on, and what to do."""

import os
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dashboard.cli.main import main
from dashboard.jobs import alive
from dashboard.library.database import LATEST
from dashboard.library.library import Library
from dashboard.settings import Settings
from dashboard.web import deployment, proxied, seen

OK = {"database", "storage", "worker", "clock of the storage", "clocks of workers"}


def examined(settings: Settings, url: str | None = None) -> dict[str, tuple[bool | None, str]]:
    return {name: (well, found) for name, well, found in deployment.examine(settings, url)}


@pytest.fixture
def served(library: Library, settings: Settings) -> Settings:
    """A library that a worker works for."""
    alive.tell(library, "w", "worker")
    return settings


def test_a_deployment_that_is_well(served: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--deployment", "--data", str(served.data)]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert {line[6:].partition(":")[0] for line in lines if line.startswith("ok    ")} == OK
    assert [line for line in lines if line.startswith("skip")] == [
        "skip  broker: LIFEMASK_BROKER_URL is empty: workers read the database",
        "skip  clock of the database: SQLite has none of its own",
    ]
    assert len(lines) == len(OK) + 2
    assert not [path.name for path in Path(str(served.data)).iterdir() if path.name.startswith(".doctor")]


def test_a_folder_without_a_library(settings: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--deployment", "--data", str(settings.data)]) == 1
    out = capfd.readouterr().out
    assert f"FAIL  database: There is no database {settings.data}/library.sqlite. Start 'lifemask serve' once" in out
    assert "skip  worker: not checked: see the database" in out
    assert not (settings.data_folder / "library.sqlite").exists()


def test_a_database_of_another_step_is_said_and_left_as_it_is(served: Settings, library: Library) -> None:
    with closing(sqlite3.connect(library.folders.database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0003'")
        connection.commit()
    well, found = examined(served)["database"]
    assert not well
    assert f"is at step 0003 of its tables, this version writes {LATEST}. Start the server" in found
    assert not list(library.folders.root.glob("library-before*"))


def test_a_database_that_is_locked(served: Settings, library: Library) -> None:
    with closing(sqlite3.connect(library.folders.database)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        found = examined(served)
    assert found["database"][0] is False
    assert "another process is writing" in found["database"][1]


@pytest.mark.parametrize(("role", "age_s"), [("web", 0.0), ("worker", alive.ALIVE_S + 5)])
def test_no_worker(settings: Settings, role: Any, age_s: float) -> None:
    library = Library(settings, clock=lambda: time.time() - age_s)
    alive.tell(library, "p", role)
    library.close()
    assert examined(settings)["worker"] == (
        False, "No worker lives. Start 'lifemask worker', or serve without --no-worker.",
    )  # fmt: skip


def test_clocks_that_differ(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(settings, clock=lambda: time.time() + 60)
    alive.tell(library, "p", "worker")
    library.close()
    assert examined(settings)["clocks of workers"][1] == (
        "The clock of the machine of a worker or server is +60 s off this one's. Let both be set by NTP."
    )
    stat = os.fstat

    def of_another_machine(descriptor: int) -> Any:
        found = list(stat(descriptor))
        found[8] -= 90
        return os.stat_result(found)

    monkeypatch.setattr(os, "fstat", of_another_machine)
    well, found = examined(settings)["clock of the storage"]
    assert not well
    assert "-90 s off" in found or "-91 s off" in found


def test_storage_that_cannot_be_written(served: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(deployment.tempfile, "NamedTemporaryFile", full)
    well, found = examined(served)["storage"]
    assert not well
    assert "the disk is full. Free some space" in found


class _WithBroker(Settings):
    broker_url = ""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_broker_that_answers_and_one_that_does_not(served: Settings, tmp_path: Path) -> None:
    if shutil.which("redis-server") is None:
        pytest.skip("Redis is not installed")
    pytest.importorskip("redis")
    port = free_port()
    settings = _WithBroker(**vars(served))
    object.__setattr__(settings, "broker_url", f"redis://:hush@127.0.0.1:{port}/0")
    well, found = examined(settings)["broker"]
    assert not well
    assert f"Redis on 127.0.0.1:{port} does not answer (ConnectionError). Start it, or mend" in found
    assert "hush" not in found
    object.__setattr__(settings, "broker_url", f"redis://127.0.0.1:{port}/0")
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path), "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            wait_for(port)
            well, found = examined(settings)["broker"]
        finally:
            server.terminate()
    assert well, found
    assert found.endswith(f"on 127.0.0.1:{port} answers")


def wait_for(port: int) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.05)


NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port} {tls};
    {more}
    location {path} {{ proxy_pass http://127.0.0.1:{to}; {location} }}
  }}
}}
"""


@contextmanager
def nginx(folder: Path, to: int, more: str = "", location: str = "", path: str = "/", tls: str = "") -> Iterator[int]:
    """A proxy by nginx before a server; gives its port."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text(NGINX.format(folder=folder, port=port, to=to, more=more, location=location, path=path, tls=tls))
    with subprocess.Popen(["nginx", "-c", str(conf), "-p", str(folder), "-e", str(folder / "error.log")]) as proxy:
        try:
            wait_for(port)
            yield port
        finally:
            proxy.terminate()


PASSED = "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;"


def proxied_checks(found: dict[str, tuple[bool | None, str]]) -> dict[str, bool | None]:
    names = ("reached", "seen by the server", "links of the page", "cookie", "size of uploads", "closed to strangers")
    return {name: found[name][0] for name in names}


@pytest.fixture
def settings_of(make_app: Any, settings: Settings) -> Any:
    """Start a server with settings that differ; gives them with its port."""

    def make(**changes: Any) -> tuple[Settings, int]:
        app = make_app(**changes)
        alive.tell(app.server.config["LIBRARY"], "w", "worker")
        return replace(settings, **changes), app.server.config["PORT"]

    return make


def test_a_proxy_that_passes_all_on(settings_of: Any, tmp_path: Path) -> None:
    settings, to = settings_of()
    with nginx(tmp_path, to, "client_max_body_size 0;", PASSED) as port:
        found = examined(settings, f"http://127.0.0.1:{port}/")
        direct = examined(settings, f"http://127.0.0.1:{to}")
    well = dict.fromkeys(proxied_checks(found), True) | {"closed to strangers": None}
    assert proxied_checks(found) == proxied_checks(direct) == well, found


def test_a_proxy_as_it_comes(settings_of: Any, tmp_path: Path) -> None:
    settings, to = settings_of(max_upload_mb=20)
    with nginx(tmp_path, to) as port:
        found = examined(settings, f"http://127.0.0.1:{port}")
    assert found["seen by the server"] == (
        False, f"The server sees the host 127.0.0.1:{to}: let the proxy pass on the Host header with its port.",
    )  # fmt: skip
    assert found["size of uploads"][0] is False
    assert found["size of uploads"][1].startswith("The proxy refuses a photo of 20 MB, which the server takes (413).")
    assert found["reached"][0]


def test_a_name_that_the_server_does_not_know_and_metrics_that_are_open(
    settings_of: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, to = settings_of()
    getaddrinfo = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: getaddrinfo("127.0.0.1", *rest, **more))
    with nginx(tmp_path, to, "client_max_body_size 0;", PASSED) as port:
        found = examined(settings, f"http://mask.example:{port}/")
    assert found["reached"][0] is False
    assert "403: name the host in LIFEMASK_HOSTS" in found["reached"][1]
    with nginx(tmp_path, to, "client_max_body_size 0;") as port:  # which looks like a program on this machine
        found = examined(settings, f"http://mask.example:{port}/")
    assert found["closed to strangers"] == (
        False, "/metrics is open through the proxy. Close it there, or set LIFEMASK_METRICS=off.",
    )  # fmt: skip


def test_a_path_that_the_server_is_not_told(settings_of: Any, tmp_path: Path) -> None:
    settings, to = settings_of()
    with nginx(tmp_path, to, "client_max_body_size 0;", f"rewrite ^/mask/(.*) /$1 break; {PASSED}", "/mask/") as port:
        found = examined(settings, f"http://127.0.0.1:{port}/mask")
    assert found["reached"][0]
    assert found["seen by the server"][1] == "The server sees the prefix '': set LIFEMASK_PREFIX to '/mask'."
    assert found["links of the page"][0] is False
    assert "Set LIFEMASK_PREFIX to the path" in found["links of the page"][1]


def test_tls_that_the_server_is_not_told(settings_of: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, to = settings_of()
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = [
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
        *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)),
    ]
    subprocess.run(command, check=True, capture_output=True)
    more = f"client_max_body_size 0; ssl_certificate {cert}; ssl_certificate_key {key};"
    with nginx(tmp_path, to, more, PASSED, tls="ssl") as port:
        found = examined(settings, f"https://127.0.0.1:{port}/")
        assert found["reached"][1].startswith(f"The certificate of 127.0.0.1:{port} is not trusted here.")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(cert))
        found = examined(settings, f"https://127.0.0.1:{port}/")
    assert found["reached"][0], found
    assert found["seen by the server"][1].startswith("The server sees the scheme http: let the proxy send X-Forwarded-")
    assert found["cookie"][1].startswith("The cookie is not Secure over https")
    assert found["size of uploads"][0]


def test_a_server_that_is_not_there_or_has_another_key(settings_of: Any, settings: Settings, tmp_path: Path) -> None:
    port = free_port()
    found = examined(settings, f"http://127.0.0.1:{port}/")
    assert found["reached"][1].startswith(f"http://127.0.0.1:{port}/health does not answer (ConnectionError).")
    other, to = settings_of(data=str(tmp_path / "other"))
    assert other
    found = examined(settings, f"http://127.0.0.1:{to}/")
    assert found["seen by the server"][1].startswith("The server has another key than this data folder")


def test_an_address_that_is_none(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--url", "mask.example", "--data", str(tmp_path)]) == 2
    assert "--url is 'mask.example'; it must be the address that browsers open" in capfd.readouterr().err


def test_nobody_else_is_told_what_the_server_sees(client: Any, app: Any) -> None:
    secret = app.server.config["LIBRARY"].folders.secret()
    assert client.get("/ready", headers=seen.asking(secret)).json["seen"]["scheme"] == "http"
    for header in ("", "x", seen.asking("another key")[seen.HEADER]):
        assert "seen" not in client.get("/ready", headers={seen.HEADER: header}).json
    assert "seen" not in client.get("/ready").json


def test_every_check_is_a_line_of_its_own(settings: Settings) -> None:
    both = [*deployment.Deployment(settings).checks(), *proxied.Proxied(settings, "http://a/").checks()]
    assert len({name for name, _ in both}) == len(both) == 13
