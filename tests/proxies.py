"""nginx and Caddy before a server of the tests, by the examples of the README, with a certificate of their own."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
PATIENCE_S = 30


def example(language: str) -> str:
    """The README's example for a proxy."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    return str(found)


@contextmanager
def behind_nginx(upstream: int, folder: Path, **changes: str) -> Iterator[str]:
    """Start nginx before the server at a port; gives the address of its host. changes : words of the example."""
    program, port = _program("nginx"), _free_port()
    certificate, key = _certificate(folder)
    server = _changed(
        example("nginx"),
        {
            "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
            "/etc/ssl/faces.example.crt": str(certificate),
            "/etc/ssl/faces.example.key": str(key),
            "http://127.0.0.1:8050": f"http://127.0.0.1:{upstream}",
            **changes,
        },
    )
    user = "user root;\n" if os.geteuid() == 0 else ""
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"{user}worker_processes 1;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{places}{server}}}\n"
    )
    yield from _run([program, "-p", str(folder), "-c", str(config), "-g", "daemon off;"], port, folder)


@contextmanager
def behind_caddy(upstream: int, folder: Path) -> Iterator[str]:
    """Start Caddy before the server at a port; gives the address of its host."""
    program, port = _program("caddy"), _free_port()
    certificate, key = _certificate(folder)
    site = _changed(
        example("caddy"),
        {
            "faces.example {": f"https://localhost:{port} {{\n    tls {certificate} {key}",
            "127.0.0.1:8050": f"127.0.0.1:{upstream}",
        },
    )
    config = folder / "Caddyfile"
    config.write_text(f"{{\n    admin off\n    auto_https disable_redirects\n}}\n{site}")
    yield from _run([program, "run", "--config", str(config), "--adapter", "caddyfile"], port, folder)


def _changed(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def _run(command: list[str], port: int, folder: Path) -> Iterator[str]:
    environ = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    said = folder / "said.txt"
    with said.open("w") as out, subprocess.Popen(command, stdout=out, stderr=out, env=environ) as proxy:
        try:
            late = time.monotonic() + PATIENCE_S
            while not _listens(port):
                assert proxy.poll() is None, said.read_text()
                assert time.monotonic() < late, said.read_text()
                time.sleep(0.05)
            yield f"https://localhost:{port}"
        finally:
            proxy.terminate()
            proxy.wait(PATIENCE_S)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "localhost.crt", folder / "localhost.key"
    openssl = [
        _program("openssl"),
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"]
    subprocess.run([*openssl, "-keyout", key, "-out", certificate, *subject], check=True, capture_output=True)
    return certificate, key


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is not installed: the tests behind it cannot run")
        pytest.skip(f"{name} is not installed")
    return found
