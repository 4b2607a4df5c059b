"""The pages below a path of their host: nothing that they link, load or ask for leaves it."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import serving
from tests.e2e.test_main_job import photo_to_print
from tests.e2e.test_pages import ALL
from tests.proxies import behind_nginx

UNKNOWN = "error occurred when fetching the script"  # Chromium keeps no service worker of such a host
# every address that stands anywhere in the page; what a page asks for is seen by `open_page`
ADDRESSES = """[...document.querySelectorAll("*")].flatMap((one) => [...one.attributes])
  .filter(({ name, value }) => /^(href|src|action|data-(src|points|openness))$/.test(name) || value.includes("url("))
  .map(({ value }) => (value.includes("url(") ? /url\\(["']?([^"')]*)/.exec(value)[1] : value))
  .filter((value) => value && !/^(#|data:|blob:)/.test(value))"""


@pytest.fixture(scope="module")
def below(live: Any) -> Iterator[str]:
    """The library of `live`, whose worker does the work, served below /mask."""
    from dashboard.app import create_app

    app = create_app(replace(live.library.settings, prefix="/mask"))
    with serving(app) as port:
        yield f"http://127.0.0.1:{port}/mask"
    app.server.config["LIBRARY"].close()


def test_no_page_leaves_it(open_page: Any, below: str, two_faces: dict[str, Any], eventually: Any) -> None:
    asked = []
    page = open_page(two_faces["state"], "status of 404", base_url=below)
    page.on("request", lambda request: asked.append(request.url))
    photo = page.request.get(f"{below}/api/faces").json()["faces"][0]["photo_id"]
    for address in ALL:
        page.goto(below + address.format(*two_faces["ids"], photo=photo))
        page.locator("main h1, main h2").first.wait_for()
        page.wait_for_load_state("networkidle")
        found = page.evaluate(ADDRESSES)
        assert len(found) > 10
        assert [one for one in found if not one.startswith(("/mask/", f"{below}/"))] == [], address
    for part in ("_dash-update-component", "/vendor/three/", "/vendor/plotly/", "mesh.glb", "/api/changes"):
        assert any(part in one for one in asked), part
    scope = "navigator.serviceWorker.ready.then((one) => one.scope)"
    assert page.evaluate(scope) == f"{below}/"


def test_the_page_works_there(open_page: Any, below: str, eventually: Any) -> None:
    page = open_page(base_url=below)
    page.goto(f"{below}/")
    page.locator("[data-sample]").first.click()
    card = page.locator(".card-face .card-name").first
    card.wait_for(timeout=300_000)
    page.keyboard.press("g")
    page.keyboard.press("l")
    page.wait_for_url(f"{below}/library")
    page.locator(".header .nav-link.active", has_text="Library").wait_for()
    page.locator("main a[href^='/mask/face/']").first.click()
    page.wait_for_url(f"{below}/face/*")
    page.locator("canvas").first.wait_for()
    page.locator("[data-language=de]").click()
    page.locator("html[lang=de]").wait_for(state="attached")
    cookies = {one["name"]: one["path"] for one in page.context.cookies(f"{below}/")}
    assert set(cookies.values()) == {"/mask/"}


@pytest.fixture(scope="module")
def behind(live: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same behind nginx, with TLS."""
    from dashboard.app import create_app

    app = create_app(replace(live.library.settings, prefix="/mask", trusted_proxies="127.0.0.1", hosts="localhost"))
    with serving(app) as port, behind_nginx(port, tmp_path_factory.mktemp("nginx")) as host:
        yield f"{host}/mask"
    app.server.config["LIBRARY"].close()


def test_the_main_job_behind_nginx(open_page: Any, behind: str, astronaut: Path, eventually: Any) -> None:
    page = open_page(base_url=behind, ignore_https_errors=True, expected=UNKNOWN)
    photo_to_print(page, behind, astronaut, eventually)


def test_what_a_proxy_refuses_is_said(open_page: Any, live: Any, tmp_path: Path, astronaut: Path) -> None:
    from dashboard.app import create_app

    app = create_app(replace(live.library.settings, prefix="/mask", trusted_proxies="127.0.0.1", hosts="localhost"))
    with serving(app) as port:
        with behind_nginx(port, tmp_path, **{"client_max_body_size 401m;": "client_max_body_size 100k;"}) as host:
            page = open_page(base_url=f"{host}/mask", ignore_https_errors=True, expected=[UNKNOWN, "status of 413"])
            page.goto(f"{host}/mask/")
            page.locator("#photo-input").set_input_files(astronaut)
            said = page.locator(".run-error").inner_text()
            page.close()
        assert said.startswith("The proxy before Lifemask takes no file of this size.")
        assert "client_max_body_size" in said
    app.server.config["LIBRARY"].close()


def test_a_server_that_is_gone_behind_its_proxy_is_said(open_page: Any, live: Any, tmp_path: Path) -> None:
    from dashboard.app import create_app

    app = create_app(replace(live.library.settings, prefix="/mask", trusted_proxies="127.0.0.1", hosts="localhost"))
    with ExitStack() as stack:
        server = stack.enter_context(ExitStack())
        port = server.enter_context(serving(app))
        host = stack.enter_context(behind_nginx(port, tmp_path))
        page = open_page(base_url=f"{host}/mask", ignore_https_errors=True, expected=[UNKNOWN, "status of 502"])
        page.goto(f"{host}/mask/")
        page.locator("#photo-input").wait_for(state="attached")
        server.close()
        page.get_by_text("The server does not answer; your photos are safe.").wait_for()
        page.close()
    app.server.config["LIBRARY"].close()
