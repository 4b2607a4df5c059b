import base64
import gzip
import hashlib
import re
from typing import Any

from dashboard.web.assets import assets_folder
from dashboard.web.bundle import SEPARATE, VIEWER, boot, bundles, scripts, styles, viewer

HTML = {"Accept": "text/html"}


def told(script: str) -> str:
    """The script with the address that the server puts in."""
    return script.replace("VIEWER_ADDRESS", f"./{viewer().name}")


def test_every_script_is_in_it_once() -> None:
    names = sorted(file.name for file in assets_folder().glob("*.js"))
    assert set(names) >= SEPARATE
    for name in names:
        assert scripts("en").text.count(told((assets_folder() / name).read_text("utf-8"))) == (name not in SEPARATE)


def test_icons_are_inside_and_ask_for_no_file() -> None:
    addresses = re.findall(r'url\("?([^)"]*)', styles().text)
    assert len(addresses) > 12
    assert all(address.startswith("data:image/svg+xml") for address in addresses)


def test_a_browser_may_keep_them_for_good(client: Any) -> None:
    page = client.get("/", headers=HTML).text
    for one in bundles().values():
        assert page.count(f"/bundle/{one.name}") == (one in (styles(), scripts("en")))
        answer = client.get(f"/bundle/{one.name}")
        assert answer.text == one.text
        assert answer.content_type.startswith(one.media_type)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get("/bundle/lifemask-000000000000.js").status_code == 404


def test_a_page_loads_two_scripts_and_has_the_first_inside(client: Any) -> None:
    page = client.get("/", headers=HTML)
    loaded = re.findall(r'<script src="([^"]*)"', page.text)
    assert loaded[0] == f"/bundle/{scripts('en').name}"
    assert len(loaded) == 2
    # packed: of a megabyte unpacked the server makes a file, which a test would have to close
    of_dash = client.get(loaded[1], headers={"Accept-Encoding": "gzip"})
    text = gzip.decompress(of_dash.data).decode()
    assert of_dash.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    for name in ("React", "ReactDOM", "dash_html_components", "dash_core_components", "dash_bootstrap_components"):
        assert name in text
    assert not re.findall("^//# sourceMappingURL", text, re.MULTILINE)
    assert text.count("delete document.currentScript") == 8  # each file has its place
    assert boot() in page.text
    inline = base64.b64encode(hashlib.sha256(boot().encode()).digest()).decode()
    assert f"'sha256-{inline}'" in page.headers["Content-Security-Policy"]


def test_modules_of_the_viewer_are_one_and_each_keeps_its_names_to_itself() -> None:
    folder = assets_folder() / "viewer"
    assert {f"{name}.js" for name in VIEWER} == {file.name for file in folder.glob("*.js")}
    text = viewer().text
    assert re.findall(r"^import .*", text, re.MULTILINE) == [text.split("\n")[0]]
    assert "BufferGeometry" in text.split("\n")[0]
    assert text.count("../") == 1  # from its bundle to three's file
    for name in VIEWER:  # a module's own variable of such a name would hide the module from it
        assert text.count(f"const of_{name} = ") == 1
    assert re.findall(r"^export .*", text, re.MULTILINE) == ["export const { show, sweep, equip } = of_viewing;"]
    assert f'import("./{viewer().name}")' in scripts("en").text
