"""Below a prefix, whether a proxy leaves it in the path or takes it away."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

import dashboard
from core.errors import OptionError
from dashboard.web.assets import assets_folder
from dashboard.web.prefix import checked
from tests.dashboard.web.test_routes import make_face

HTML = {"Accept": "text/html"}
PATHS = re.compile(r"/[a-z_]")
# what may say a path without its prefix: it makes it an address itself, or means the path alone
KNOW = {"at", "link_button", "register_page", "picker", "startswith", "split", "partition", "Path", "number"}
PLACES = ("components", "pages")


@pytest.fixture
def below(make_app: Any) -> Any:
    return make_app(prefix="/mask/")


@pytest.mark.parametrize("kept", ["/mask", ""])  # the proxy leaves it there, or takes it away
def test_all_stands_below_it(below: Any, kept: str) -> None:
    client = below.server.test_client()
    first = client.get(f"{kept}/", headers=HTML)
    assert first.status_code == 200
    assert "Path=/mask/;" in first.headers["Set-Cookie"]
    addresses = re.findall(r"""(?:src|href)=["']([^"'#]+)""", first.text)
    assert len(addresses) > 8
    assert [one for one in addresses if not one.startswith("/mask/")] == []
    for address in addresses:
        assert client.get(address.removeprefix("/mask") if not kept else address).status_code == 200
    assert client.get(f"{kept}/health").text == "OK"
    assert client.get(f"{kept}/ready").json["database"] == "ok"
    assert client.get(f"{kept}/nowhere", headers=HTML).status_code == 404
    assert client.get(f"{kept}/api/nothing").json == {"error": "There is no path /api/nothing."}


def test_its_own_name_leads_into_it(below: Any) -> None:
    answer = below.server.test_client().get("/mask?refused=1", headers=HTML)
    assert (answer.status_code, answer.headers["Location"]) == (308, "/mask/?refused=1")
    assert below.server.test_client().get("/masked", headers=HTML).status_code == 404


def test_addresses_in_answers_hold_it(make_app: Any) -> None:
    app = make_app(prefix="/mask")
    client = app.server.test_client()
    root = client.application.config["APPLICATION_ROOT"]
    assert root == "/mask"
    client.get("/mask/", headers=HTML)
    face = make_face(_Below(client))
    shown = client.get(f"/mask/api/faces/{face.id}").json
    assert shown["files"]["solid.stl"] == f"/mask/files/{face.id}/solid.stl"
    assert client.get(shown["files"]["solid.stl"]).data == b"solid one"
    undo = client.delete(f"/mask/api/faces/{face.id}").json["undo"]
    assert undo.startswith("/mask/api/deletions/")
    assert client.post(undo).status_code == 200
    assert client.get("/mask/api/openapi.json").json["servers"] == [{"url": "/mask"}]
    layout = client.get("/mask/_dash-layout").json
    links = re.findall(r'"(?:href|src)": "(/[^"]*)"', json.dumps(layout))
    assert len(links) >= 6
    assert all(link.startswith("/mask/") for link in links)


class _Below:
    """A client whose paths are below the prefix; for what knows none."""

    def __init__(self, client: Any) -> None:
        self.client, self.application = client, client.application

    def post(self, path: str, **more: Any) -> Any:
        return self.client.post(f"/mask{path}", **more)


def test_what_browsers_install_stays_below_it() -> None:
    manifest = json.loads((assets_folder() / "manifest.webmanifest").read_text("utf-8"))
    assert "id" not in manifest  # it would be one for all apps of a host
    places = [manifest["start_url"], manifest["share_target"]["action"], *(one["src"] for one in manifest["icons"])]
    assert [place for place in places if place.startswith("/")] == []
    assert 'href="/' not in (assets_folder() / "not-running.html").read_text("utf-8")


@pytest.mark.parametrize("prefix", ["mask", "//mask", "/a b", "/../up", "/mask?x", "https://faces.example/mask", '/"'])
def test_what_is_no_path_is_refused(make_app: Any, prefix: str) -> None:
    with pytest.raises(OptionError) as said:
        make_app(prefix=prefix)
    assert str(said.value) == f"LIFEMASK_PREFIX is '{prefix}'; it must be a path such as /mask."


def test_prefixes() -> None:
    assert [checked(one) for one in ("", "/", "/mask", " /mask/ ", "/a/b/")] == ["", "", "/mask", "/mask", "/a/b"]


def test_components_and_pages_make_every_path_an_address() -> None:
    """A path that no function of `KNOW` gets would leave the prefix."""
    left = [
        f"{file.name}:{node.lineno}: {ast.unparse(node)}"
        for place in PLACES
        for file in (Path(dashboard.__file__).parent / place).glob("*.py")
        for node in _unknown(ast.parse(file.read_text("utf-8")))
    ]
    assert left == []


def _unknown(node: ast.AST) -> list[Any]:
    if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in KNOW:
        return []
    if isinstance(node, ast.JoinedStr):
        first = node.values[0] if node.values else None
        return [node] if isinstance(first, ast.Constant) and PATHS.match(str(first.value)) else []
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node] if PATHS.match(node.value) and " " not in node.value else []
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("LINKS", "_UNUSED", "page"):
        return []  # each of them is given to `at` where it is used
    return [found for child in ast.iter_child_nodes(node) for found in _unknown(child)]


def test_scripts_make_every_path_an_address() -> None:
    left = []
    for file in sorted(assets_folder().glob("*.js")) + sorted((assets_folder() / "viewer").glob("*.js")):
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            told = re.sub(
                r"(?:lifemask|window)\.(?:lifemask\.)?at\(|lifemask\.path\(\)|PAGES =|const nudge =", "KNOWN", line
            )
            if re.search(r"""["'`]/[a-z]""", line) and "KNOWN" not in told:
                left.append(f"{file.name}:{number}: {line.strip()}")
    assert [one for one in left if not one.startswith("doubt.js:11:")] == []  # the next line gives it to `at`
