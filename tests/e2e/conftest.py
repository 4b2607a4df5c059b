"""A real Chromium on a real server; a page fails its test on any console error and any request to another host."""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# 3D needs WebGL, here in software; the rest keeps the browser itself from calling home
FLAGS = (
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
# the server runs in this process: a file whose request the browser drops is closed by the garbage collector
DROPPED = "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning"
# what Chromium logs of a server that goes: of a new request, of one under way, of one half answered
SERVER_GONE = (
    "net::ERR_CONNECTION_",
    "net::ERR_SOCKET_NOT_CONNECTED",
    "net::ERR_EMPTY_RESPONSE",
    "net::ERR_CONTENT_LENGTH_MISMATCH",
    "net::ERR_INCOMPLETE_CHUNKED_ENCODING",
)
SMALL = {"max_triangles": 6000, "solid": "none", "model": "builtin"}
PATIENCE_MS = 300_000  # for a photo to become files on a busy machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("browser")
            item.add_marker(pytest.mark.filterwarnings(DROPPED))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if program is None:
        text = f"no Chromium found (looked for {', '.join(BROWSERS)}): the browser tests cannot run"
        if os.environ.get("CI"):
            pytest.fail(text)
        pytest.skip(text)
    with playwright.sync_playwright() as engine:
        chromium = engine.chromium.launch(executable_path=program, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def two_faces(browser: Any, live: Any, astronaut: Path, grace_hopper: Path) -> dict[str, Any]:
    """Cookies of a workspace with two faces, and their ids, newest first."""
    return _workspace(browser, live, [astronaut, grace_hopper], [{}])


@pytest.fixture(scope="session")
def four_faces(
    browser: Any, live: Any, astronaut: Path, grace_hopper: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """The same of a workspace with both portraits and their mirror images, with few triangles and no solid."""
    return _workspace(browser, live, _with_mirrored([astronaut, grace_hopper], tmp_path_factory), [SMALL])


@pytest.fixture(scope="session")
def eight_faces(
    browser: Any, live: Any, astronaut: Path, grace_hopper: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """The same with each of those four under two assumptions."""
    photos = _with_mirrored([astronaut, grace_hopper], tmp_path_factory)
    return _workspace(browser, live, photos, [SMALL, {**SMALL, "ipd_mm": 58}])


def _with_mirrored(portraits: Sequence[Path], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    photos = [*portraits]
    folder = tmp_path_factory.mktemp("mirrored")
    for photo in portraits:
        with Image.open(photo) as picture:
            ImageOps.mirror(picture.convert("RGB")).save(folder / f"mirrored-{photo.stem}.png")
        photos.append(folder / f"mirrored-{photo.stem}.png")
    return photos


def _workspace(browser: Any, live: Any, photos: Sequence[Path], options: Sequence[dict[str, Any]]) -> dict[str, Any]:
    context = browser.new_context(base_url=live.url)
    context.request.get("/", headers={"Accept": "text/html"})
    for photo in photos:
        part = {"name": photo.name, "mimeType": "image/png", "buffer": photo.read_bytes()}
        sent = context.request.post("/api/photos", multipart={"photos": part}).json()
        for one in options:
            context.request.post("/api/runs", data={"photo_id": sent["photos"][0]["id"], "options": one})
    faces = _wait_for_faces(context)
    state = context.storage_state()
    context.close()
    return {"state": state, "ids": [face["id"] for face in faces]}


def _wait_for_faces(context: Any) -> list[dict[str, Any]]:
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < deadline:
        runs = context.request.get("/api/runs").json()["runs"]
        if all(run["state"] == "done" for run in runs):
            return list(context.request.get("/api/faces").json()["faces"])
        failed = [run["error"] for run in runs if run["state"] == "failed"]
        assert not failed, failed
        time.sleep(0.2)
    raise AssertionError(f"not done in {PATIENCE_MS / 1000:.0f} s: {runs}")


@pytest.fixture
def open_page(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Make pages; at the end of the test none may have had an error or have asked another host for anything.

    expected : words of the errors that a page may have. Chromium logs each answer of 400 and more.
    base_url : of the server; that with the real networks where none is given.
    """
    contexts, problems = [], []

    def make(state: Any = None, expected: str | Sequence[str] = (), **more: Any) -> Any:
        expected = [expected] if isinstance(expected, str) else expected
        url = more.get("base_url") or request.getfixturevalue("live").url
        settings = {
            "base_url": url,
            "reduced_motion": "reduce",
            "viewport": {"width": 1440, "height": 900},
            **more,
        }
        context = browser.new_context(storage_state=state, **settings)
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: note(said, expected))
        page.on("pageerror", lambda error: problems.append(f"page error: {error}"))
        page.on("request", lambda request: _is_ours(request.url, url) or problems.append(f"went to {request.url}"))
        return page

    def note(said: Any, expected: Sequence[str]) -> None:
        if said.type == "error" and not any(words in said.text for words in expected):
            problems.append(f"console: {said.text}")

    yield make
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def page(open_page: Any) -> Any:
    """A page of a new workspace."""
    return open_page()


@pytest.fixture
def page_of_two(open_page: Any, two_faces: dict[str, Any]) -> Any:
    """A page of the workspace with two faces."""
    return open_page(two_faces["state"])


@pytest.fixture
def eventually() -> Any:
    """Wait until an expression holds in a page, or a function says yes; the policy forbids Playwright's own way."""

    def wait(page: Any, expression: str | Callable[[], bool], patience_s: float = 60) -> None:
        deadline = time.monotonic() + patience_s
        while not (page.evaluate(expression) if isinstance(expression, str) else expression()):
            assert time.monotonic() < deadline, f"never came true: {expression}"
            page.wait_for_timeout(100)

    return wait


def _is_ours(address: str, url: str) -> bool:
    return address.startswith((url + "/", "data:", "blob:"))


@pytest.fixture
def press() -> Callable[..., None]:
    """Click, and again if the click fell on the moment at which the list was drawn anew, as a person would.

    Not while the button is off: what it started is under way, and a click that waits for its end starts it once more.
    """
    from playwright.sync_api import TimeoutError as TimeOut

    def press(button: Any, then: Any, state: str = "visible", patience_ms: int = 120_000) -> None:
        deadline = time.monotonic() + patience_ms / 1000
        while time.monotonic() < deadline:
            with suppress(TimeOut):
                on = button.is_enabled(timeout=3000)
                if then.is_visible() == (state == "visible"):
                    return
                if on:
                    button.click(timeout=5000)  # a busy browser takes seconds to see that the button stands still
            with suppress(TimeOut):
                then.wait_for(state=state, timeout=6000)
                return
        raise AssertionError(f"nothing came of {button}")

    return press
