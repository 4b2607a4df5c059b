import sys
from typing import Any

import dash
import pytest

from core.errors import OptionError
from dashboard.web import lan
from dashboard.web.context import PHONE

HTML = {"Accept": "text/html"}


@pytest.mark.parametrize(
    ("name", "status"),
    [("192.168.0.7:8050", 200), ("10.1.2.3", 200), ("localhost", 200), ("[fe80::1]:8050", 200), ("evil.example", 403)],
)
def test_a_server_of_the_network_answers_to_addresses_alone(make_app: Any, name: str, status: int) -> None:
    client = make_app(host="0.0.0.0", lan=True).server.test_client()
    assert client.get("/", headers={**HTML, "Host": name}).status_code == status


def test_codes_hold_the_address() -> None:
    address = "http://192.168.0.7:8050/"
    drawn = lan.drawn_for_terminal(address)
    assert len(drawn.splitlines()) > 10
    assert drawn != lan.drawn_for_terminal("http://192.168.0.8:8050/")
    assert lan.drawn_for_page(address).startswith("data:image/svg+xml")


def test_a_machine_in_no_network_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lan, "ELSEWHERE", ("not an address", 9))  # as unreachable as any is then
    with pytest.raises(OptionError, match="This machine is in no network; join one, or serve without --lan"):
        lan.own_address()
    monkeypatch.setattr(lan, "ELSEWHERE", ("127.0.0.1", 9))
    assert lan.own_address() == "127.0.0.1"


def test_the_studio_shows_the_address_where_it_is_served_so(make_app: Any) -> None:
    app = make_app()
    (module,) = (page["module"] for page in dash.page_registry.values() if page["path"] == "/")
    studio: Any = sys.modules[module]
    with app.server.test_request_context("/"):
        assert "Open on your phone" not in str(studio.layout())
    app.server.config[PHONE] = "http://192.168.0.7:8050/"
    with app.server.test_request_context("/"):
        shown = str(studio.layout())
    assert "Open on your phone" in shown
    assert "http://192.168.0.7:8050/" in shown
