"""Headers of proxies: those of a trusted one are believed, those of anybody else are not."""

from typing import Any

import pytest
import requests

from core.errors import OptionError
from dashboard.web.proxies import networks

HTML = {"Accept": "text/html"}
SAID = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "faces.example", "X-Forwarded-For": "203.0.113.9"}
HSTS = "Strict-Transport-Security"


def asked(app: Any, **headers: str) -> Any:
    return requests.get(
        f"http://127.0.0.1:{app.server.config['PORT']}/", headers={**HTML, **SAID, **headers}, timeout=60
    )


@pytest.mark.parametrize("trusted", ["127.0.0.1", "10.0.0.0/8, 127.0.0.0/8"])
def test_a_trusted_proxy_says_that_a_browser_came_by_https(make_app: Any, trusted: str) -> None:
    answer = asked(make_app(trusted_proxies=trusted, hosts="faces.example"))
    assert answer.status_code == 200
    assert "; Secure" in answer.headers["Set-Cookie"]
    assert answer.headers[HSTS] == "max-age=31536000"


@pytest.mark.parametrize("trusted", ["", "10.0.0.0/8", "127.0.0.2", "::1"])
def test_nobody_else_does(make_app: Any, trusted: str) -> None:
    answer = asked(make_app(trusted_proxies=trusted, hosts="faces.example"))
    assert answer.status_code == 200
    assert "; Secure" not in answer.headers["Set-Cookie"]
    assert HSTS not in answer.headers


def test_the_host_that_a_proxy_names_is_checked_too(make_app: Any) -> None:
    app = make_app(trusted_proxies="127.0.0.1")
    answer = asked(app)
    assert answer.status_code == 403
    assert answer.json()["error"].startswith("This server does not answer to the name 'faces.example'.")
    assert asked(make_app(), Host="127.0.0.1").status_code == 200  # what is not believed is not looked at


def test_the_client_is_whom_the_last_proxy_saw(make_app: Any) -> None:
    from flask import request

    app = make_app(trusted_proxies="127.0.0.1", hosts="faces.example")
    seen = []
    app.server.before_request_funcs[None].insert(0, lambda: seen.append((request.remote_addr, request.scheme)))
    asked(app, **{"X-Forwarded-For": "198.51.100.1, 203.0.113.9", "X-Forwarded-Proto": "http"})
    assert seen == [("203.0.113.9", "http")]


@pytest.mark.parametrize("text", ["proxy", "127.0.0.1, 300.1.1.1", "10.0.0.0/40"])
def test_what_is_no_address_is_refused(make_app: Any, text: str) -> None:
    with pytest.raises(OptionError, match=r"LIFEMASK_TRUSTED_PROXIES has '.*'; it must be an address, such as"):
        make_app(trusted_proxies=text)


def test_networks() -> None:
    assert [str(one) for one in networks("127.0.0.1,10.1.2.3/8, ::1")] == ["127.0.0.1/32", "10.0.0.0/8", "::1/128"]


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("faces.example:8443", "https://faces.example:8443", 404),
        ("faces.example", "https://faces.example:8443", 404),  # nginx: Host $host, on another port
        ("faces.example", "https://faces.example", 404),
        ("faces.example:8443", "https://faces.example:9000", 403),
        ("faces.example", "https://evil.example:8443", 403),
        ("faces.example", "https://faces.example.evil.example", 403),
        ("faces.example", "null", 403),
        ("faces.example", "https://faces.example:port", 403),
        ("[::1]:8050", "http://[::1]:8050", 404),
    ],
)
def test_writes_come_from_the_same_host_by_whatever_port_a_proxy_has(
    make_app: Any, host: str, origin: str, status: int
) -> None:
    client = make_app(hosts="faces.example").server.test_client()
    answer = client.delete("/api/photos/x", headers={"Host": host, "Origin": origin})
    assert (answer.status_code == 403) == (status == 403), answer.json
