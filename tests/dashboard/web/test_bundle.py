import re
from typing import Any

from dashboard.web.assets import assets_folder
from dashboard.web.bundle import SEPARATE, bundles, scripts, styles

HTML = {"Accept": "text/html"}


def test_every_script_is_in_it_once() -> None:
    names = sorted(file.name for file in assets_folder().glob("*.js"))
    assert set(names) >= SEPARATE
    for name in names:
        assert scripts("en").text.count((assets_folder() / name).read_text("utf-8")) == (name not in SEPARATE)


def test_icons_are_inside_and_ask_for_no_file() -> None:
    addresses = re.findall(r'url\("?([^)"]*)', styles().text)
    assert len(addresses) > 12
    assert all(address.startswith("data:image/svg+xml") for address in addresses)


def test_a_browser_may_keep_both_for_good(client: Any) -> None:
    page = client.get("/", headers=HTML).text
    for one in bundles().values():
        assert page.count(f"/bundle/{one.name}") == 1
        answer = client.get(f"/bundle/{one.name}")
        assert answer.text == one.text
        assert answer.content_type.startswith(one.media_type)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get("/bundle/lifemask-000000000000.js").status_code == 404


def test_a_page_loads_neither_tables_nor_charts_nor_our_scripts_one_by_one(client: Any) -> None:
    loaded = re.findall(r'<script src="([^"]*)"', client.get("/", headers=HTML).text)
    assert len(loaded) > 8
    assert not [address for address in loaded if "table" in address or "grid" in address or "plotly" in address]
    assert [address for address in loaded if address.startswith("/assets/")] == ["/assets/boot.js"]
