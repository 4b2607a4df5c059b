"""`python -m tests.benchmarks.large_library [--faces 2000]`: what each page costs beside a large library.

A browser that knows the scripts already opens each page on a real server beside it, as somebody who comes back does:

- bytes over the wire that the page took, without scripts and styles, and requests;
- milliseconds of the longest answer of the server, and until the page was drawn, its pictures in sight too;
- the same of a search, of another page and of other choices on the Library, and of a search on Statistics;
- milliseconds that the server takes for the pages' poll, while nothing waits and while one run does.

Each is the median of several rounds. Every page is meant to stay under 1 MB, every answer under 500 ms.

On two cores that trained a network meanwhile, before the Library had pages and after (longest answer, drawn, in ms):
Studio 661, 1625 and 117, 735; Library 462, 1344 and 251, 899; Face 470, 1434 and 193, 1177; Compare of two 1042, 4644
and 158, 1259; Statistics 1173, 13162 and 173, 1022; the poll 20 and 4, while a run waits 47 and 3. No page took 0.3 MB.
"""

import argparse
import contextlib
import os
import re
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Browser, Page, sync_playwright

from dashboard.library import schema
from dashboard.library.library import Library
from dashboard.settings import Settings
from tests.e2e.conftest import BROWSERS, FLAGS
from tests.stock import browser_of, stock, write_one

PATIENCE_S = 120.0
POLLS = 20
PEOPLE, TAGS = 100, 30
QUIET_MS = 400  # without a request that is under way, a page is drawn
IS_BUSY = "document.title.includes('Updating') || !!document.querySelector('[aria-busy=true]')"
AGAIN_AND_AGAIN = ("compare-found", "compare-heads-found")  # asked until a worker has compared; here is none


def fill(data: str, count: int) -> tuple[dict[str, Any], list[str], str]:
    """Make a library of `count` faces of many people; return the state of its browser, their ids and a workspace."""
    library = Library(Settings(data=data, offline=True))
    written = Path(data) / "one"
    write_one(written)
    workspace, ids = stock(library, written, [f"photo {number}.jpg" for number in range(count)])
    with library.session.begin() as session:
        for number, face in enumerate(ids):
            row = session.get_one(schema.Face, face)
            row.person = f"Person {number % PEOPLE}" if number % 2 else None
        session.add_all(schema.Tag(face_id=face, tag=f"tag {number % TAGS}") for number, face in enumerate(ids))
    state = browser_of(library, workspace)
    library.close()
    return state, ids, workspace


@contextlib.contextmanager
def served(data: str) -> Iterator[str]:
    """Serve the library without a worker, and give the address."""
    environ = {**os.environ, "LIFEMASK_DATA": data, "LIFEMASK_OFFLINE": "1"}
    command = [sys.executable, "-m", "dashboard.cli", "serve", "--no-worker", "--port", "0"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as server:
        try:
            address = re.search(r"http://\S+", server.stdout.readline() if server.stdout else "")
            if address is None:
                sys.exit("The server did not name its address; run `lifemask serve` to see why.")
            yield address[0].rstrip("/.")
        finally:
            server.terminate()


class Watched:
    """A page and what goes over its wire since `begin`."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.addresses: dict[str, str] = {}
        self.lasted_ms: dict[str, float] = {}
        self.weighed: dict[str, float] = {}
        self.since = self.last = time.perf_counter()
        wire = page.context.new_cdp_session(page)
        wire.send("Network.enable")
        wire.on("Network.requestWillBeSent", self._asked)
        wire.on("Network.responseReceived", self._answered)
        wire.on("Network.loadingFinished", lambda one: self._over(one["requestId"], one["encodedDataLength"]))
        wire.on("Network.loadingFailed", lambda one: self._over(one["requestId"], 0.0))

    def _asked(self, one: dict[str, Any]) -> None:
        address, sent = one["request"]["url"], one["request"].get("postData", "")
        asks_again = address.endswith("/api/changes") or any(name in sent for name in AGAIN_AND_AGAIN)
        if address.startswith("http") and not asks_again:
            self.addresses[one["requestId"]] = address

    def _answered(self, one: dict[str, Any]) -> None:
        """Count from when it was sent to its first byte: Chromium holds back requests of its own accord."""
        if one["requestId"] in self.addresses and (timing := one["response"].get("timing")):
            self.lasted_ms[one["requestId"]] = timing["receiveHeadersEnd"] - timing["sendStart"]

    def _over(self, key: str, weight: float) -> None:
        if key in self.addresses:
            self.weighed[key] = weight
            self.last = time.perf_counter()

    def measure(self, act: Callable[[Page], object]) -> dict[str, float]:
        """Do something, wait until all of it is there, and return its figures."""
        for known in (self.addresses, self.lasted_ms, self.weighed):
            known.clear()
        begun = self.last = time.perf_counter()
        act(self.page)
        while time.perf_counter() - begun < PATIENCE_S:
            self.page.wait_for_timeout(50)
            drawn = time.perf_counter()
            busy = self.page.evaluate(
                "document.title.includes('Updating') || !!document.querySelector('[aria-busy=true]')"
            )
            if busy or len(self.weighed) < len(self.addresses):
                self.last = drawn
            elif 1000 * (drawn - self.last) > QUIET_MS:
                break
        ours = {key: weight for key, weight in self.weighed.items() if not _is_script(self.addresses[key])}
        return {
            "MB": sum(ours.values()) / 1e6,
            "requests": len(ours),
            "longest answer, ms": max((self.lasted_ms.get(key, 0.0) for key in ours), default=0.0),
            "drawn, ms": 1000 * (self.last - begun),
        }


def _is_script(address: str) -> bool:
    return any(part in address for part in ("/bundle/", "/assets/", "/_dash-component-suites/", "/_favicon"))


def pages(browser: Browser, url: str, state: Any, ids: list[str], rounds: int) -> dict[str, list[dict[str, float]]]:
    """Figures of each page and of what is done on the Library, by name."""
    places = {
        "Studio": "/",
        "Library": "/library",
        "Face": f"/face/{ids[0]}",
        "Compare, none chosen": "/compare",
        "Compare of two": f"/compare?faces={ids[0]},{ids[1]}",
        "Statistics": "/statistics",
        "Print": f"/print/{ids[0]}",
        "Models": "/models",
    }
    found: dict[str, list[dict[str, float]]] = {}
    context = browser.new_context(
        base_url=url, viewport={"width": 1440, "height": 900}, reduced_motion="reduce", storage_state=state
    )
    context.set_default_timeout(1000 * PATIENCE_S)
    watched = Watched(context.new_page())
    for again in range(rounds + 1):  # the first one brings the scripts and what the server keeps
        for name, place in places.items():
            figures = watched.measure(lambda page, place=place: page.goto(place))  # type: ignore[misc]
            if again:
                found.setdefault(name, []).append(figures)
        acts: dict[str, Callable[[Page], object]] = {
            "Statistics, a search": lambda page: page.locator("#picker-find").fill("photo 77"),
            "Library again": lambda page: page.goto("/library"),
            "Library, page 2": lambda page: page.locator("[data-page='2']").first.click(),
            "Library, all chosen": lambda page: page.locator("#library-all").click(),
            "Library, a search": lambda page: page.locator("#library-find").fill("photo 1"),
            "Library, by name": lambda page: page.locator("#library-sort").select_option("name"),
            "Library, a person": lambda page: page.locator("#library-person").select_option("Person 1"),
        }
        watched.measure(lambda page: page.goto("/statistics"))
        for name, act in acts.items():
            figures = watched.measure(act)
            if again and name not in places:
                found.setdefault(name, []).append(figures)
    context.close()
    return found


def polls_ms(url: str, state: Any) -> list[float]:
    """Milliseconds of each of several polls."""
    asking = requests.Session()
    asking.cookies.update({cookie["name"]: cookie["value"] for cookie in state["cookies"]})
    lasted = []
    for _ in range(POLLS):
        begun = time.perf_counter()
        asking.get(f"{url}/api/changes", timeout=60).raise_for_status()
        lasted.append(1000 * (time.perf_counter() - begun))
    return lasted


def queue_one(data: str, workspace: str, face: str) -> None:
    """Let a run wait."""
    library = Library(Settings(data=data, offline=True))
    key = secrets.token_hex(16)
    with library.session.begin() as session:
        session.add(
            schema.Run(
                id=key, workspace_id=workspace, kind="solid", face_id=face, options={}, equal_key=key, created=0.0
            )
        )
    library.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    program = next((place for name in BROWSERS if (place := shutil.which(name))), None)
    if program is None:
        sys.exit(f"No Chromium found (looked for {', '.join(BROWSERS)}).")
    with tempfile.TemporaryDirectory() as data:
        state, ids, workspace = fill(data, asked.faces)
        with served(data) as url, sync_playwright() as engine:
            browser = engine.chromium.launch(executable_path=program, args=list(FLAGS))
            found = pages(browser, url, state, ids, asked.rounds)
            browser.close()
            polls = {"nothing waits": polls_ms(url, state)}
            queue_one(data, workspace, ids[0])
            polls["one run waits"] = polls_ms(url, state)
    for name, rounds in found.items():
        figures = {what: statistics.median(one[what] for one in rounds) for what in rounds[0]}
        print(
            f"{name}: {figures['MB']:.2f} MB in {figures['requests']:.0f} requests, longest answer "
            f"{figures['longest answer, ms']:.0f} ms, drawn after {figures['drawn, ms']:.0f} ms"
        )
    for name, lasted in polls.items():
        print(f"Poll while {name}: median {statistics.median(lasted):.0f} ms, longest {max(lasted):.0f} ms")


if __name__ == "__main__":
    main()
