"""`python -m tests.benchmarks.opening [--before COMMIT]`: what a person at the pages waits for, and what it weighs.

A browser that renders in software works on a real server beside it, so the figures hold for this machine while it is
otherwise idle. With `--before` an earlier commit is measured first, by the same steps:

- seconds from the choice of a photo to its relief as a card, to its mesh, to the end of all work on it;
- of a batch: seconds to the first, the median and the last card;
- seconds from a click on a card to the picture and to the face in 3D;
- bytes and requests of each page at a first visit (nothing cached, as sent over the wire);
- memory of the whole browser and of the page's scripts with eight faces in Compare.
"""

import argparse
import contextlib
import io
import os
import re
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.e2e.conftest import BROWSERS, FLAGS

ROOT = Path(__file__).parents[2]
SAMPLES = ("eileen-collins", "grace-hopper")
IN_COMPARE = 8
PATIENCE_S = 600.0
MARK = "--lifemask-benchmark"  # a flag that Chromium does not know: by it we know its process


def unpack(commit: str, folder: Path) -> Path:
    """Put the app of an earlier commit into `folder`."""
    rooms = ["core", "dashboard", "assets"]
    packed = subprocess.run(["git", "archive", commit, *rooms], check=True, cwd=ROOT, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder)
    return folder


def photos(folder: Path, count: int) -> list[Path]:
    """Make `count` photos that differ by a few pixels of the samples' rims."""
    made = []
    for number in range(count):
        sample = SAMPLES[number % len(SAMPLES)]
        with Image.open(ROOT / "assets" / "samples" / f"{sample}.jpg") as picture:
            cut = 1 + number // len(SAMPLES)
            made.append(folder / f"{sample}-{number:02d}.jpg")
            picture.crop((cut, cut, picture.width - cut, picture.height - cut)).save(made[-1], quality=90)
    return made


@contextlib.contextmanager
def served(tree: Path) -> Iterator[str]:
    """Serve the app of a tree with an empty library, and give its address once its worker is warm."""
    with tempfile.TemporaryDirectory() as data:
        environ = {**os.environ, "PYTHONPATH": str(tree), "LIFEMASK_DATA": data, "LIFEMASK_OFFLINE": "1"}
        command = [sys.executable, "-m", "dashboard.cli", "serve", "--port", "0"]
        with subprocess.Popen(command, cwd=tree, env=environ, stdout=subprocess.PIPE, text=True) as server:
            try:
                address = re.search(r"http://\S+", server.stdout.readline() if server.stdout else "")
                if address is None:
                    sys.exit("The server did not name its address; run `lifemask serve` to see why.")
                time.sleep(15)  # the networks are loaded and the worker waits
                yield address[0].rstrip("/.")
            finally:
                server.terminate()


def opened(browser: Browser, url: str, state: Any = None) -> BrowserContext:
    """A window of a person, new or known by its cookies, with an empty cache."""
    context = browser.new_context(
        base_url=url, viewport={"width": 1440, "height": 900}, reduced_motion="reduce", storage_state=state
    )
    context.set_default_timeout(1000 * PATIENCE_S)
    return context


def until(page: Page, expression: str) -> float:
    """Wait until it holds in the page, and return the moment (the policy of the pages forbids Playwright's own way)."""
    deadline = time.perf_counter() + PATIENCE_S
    while not page.evaluate(expression):
        if time.perf_counter() > deadline:
            sys.exit(f"In {PATIENCE_S:.0f} s this never came true: {expression}")
        page.wait_for_timeout(20)
    return time.perf_counter()


def rest_is_over(context: BrowserContext) -> float:
    """Wait until no run of the person waits or works, and return the moment."""
    while any(run["state"] in ("queued", "running") for run in context.request.get("/api/runs").json()["runs"]):
        time.sleep(0.05)
    return time.perf_counter()


RELIEFS = (
    "[...document.querySelectorAll('.card-face')].filter(card => "
    "[...card.querySelectorAll('img')].some(img => img.src.includes('relief') && img.naturalWidth)).length"
)


def chosen(browser: Browser, url: str, files: list[Path]) -> tuple[BrowserContext, Page, float]:
    """A new person's Studio in which photos have just been chosen, and the moment of that."""
    context = opened(browser, url)
    page = context.new_page()
    page.goto("/")
    page.locator("#photo-input").wait_for(state="attached")
    begun = time.perf_counter()
    page.locator("#photo-input").set_input_files(files)
    return context, page, begun


def one_photo(browser: Browser, url: str, photo: Path) -> dict[str, float]:
    """Seconds from the choice of a photo to what it becomes."""
    context, page, begun = chosen(browser, url, [photo])
    relief = until(page, f"{RELIEFS} >= 1")
    (face,) = context.request.get("/api/faces").json()["faces"]
    while context.request.get(f"/files/{face['id']}/mesh.glb").status != 200:
        time.sleep(0.05)
    mesh = time.perf_counter()
    over = rest_is_over(context)
    context.close()
    return {"photo to relief": relief - begun, "photo to mesh": mesh - begun, "photo to all": over - begun}


def batch(browser: Browser, url: str, files: list[Path]) -> tuple[dict[str, float], Any]:
    """Seconds to the cards of many photos chosen at once; and the person's cookies."""
    context, page, begun = chosen(browser, url, files)
    came: list[float] = []
    while len(came) < len(files):
        there = len(context.request.get("/api/faces").json()["faces"])
        came += [time.perf_counter() - begun] * (there - len(came))
        page.wait_for_timeout(100)
        if time.perf_counter() - begun > PATIENCE_S:
            sys.exit(f"Only {len(came)} of {len(files)} photos were done in {PATIENCE_S:.0f} s.")
    over = rest_is_over(context) - begun
    state = context.storage_state()
    context.close()
    named = {"first": came[0], "median": statistics.median(came), "last": came[-1], "all work": over}
    return {f"{len(files)} photos, {name}": seconds for name, seconds in named.items()}, state


def click(browser: Browser, url: str, state: Any) -> dict[str, float]:
    """Seconds from a click on a card to the picture of the Face page, and to its 3D."""
    context = opened(browser, url, state)
    page = context.new_page()
    page.goto("/")
    link = page.locator(".card-face a[href^='/face/']").first
    link.wait_for()
    begun = time.perf_counter()
    link.click()
    crops = "[...document.querySelectorAll('main img')].some(img => img.src.includes('crop') && img.naturalWidth)"
    picture = until(page, f"location.pathname.startsWith('/face/') && {crops}")
    shown = until(page, "!!document.querySelector('main .viewer[data-loaded]')")
    context.close()
    return {"card to picture": picture - begun, "card to 3D": shown - begun}


def weights(browser: Browser, url: str, state: Any) -> dict[str, tuple[int, int]]:
    """Bytes over the wire and requests of each page at a first visit."""
    asking = requests.Session()
    asking.cookies.update({cookie["name"]: cookie["value"] for cookie in state["cookies"]})
    ids = [face["id"] for face in asking.get(f"{url}/api/faces", timeout=60).json()["faces"]][:IN_COMPARE]
    places = {
        f"Studio with {len(ids)} faces": "/",
        "Face": f"/face/{ids[0]}",
        "Library": "/library",
        f"Compare of {len(ids)}": f"/compare?faces={','.join(ids)}",
        "Statistics": f"/statistics?faces={ids[0]}",
        "Print": f"/print/{ids[0]}",
        "Models": "/models",
    }
    return {name: _weight(browser, url, state, place) for name, place in places.items()}


def _weight(browser: Browser, url: str, state: Any, place: str) -> tuple[int, int]:
    context = opened(browser, url, state)
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    found: list[float] = []
    wire.on("Network.loadingFinished", lambda one: found.append(one["encodedDataLength"]))
    page.goto(place)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(3000)
    context.close()
    return round(sum(found)), len(found)


def memory(browser: Browser, url: str, state: Any, program: int) -> dict[str, float]:
    """MB of the browser, all its processes, and of the page's scripts, with faces in Compare."""
    context = opened(browser, url, state)
    page = context.new_page()
    faces = context.request.get("/api/faces").json()["faces"][:IN_COMPARE]
    before = _resident_mb(program)
    page.goto(f"/compare?faces={','.join(face['id'] for face in faces)}")
    until(page, f"document.querySelectorAll('.viewer[data-loaded]').length >= {len(faces)}")
    page.wait_for_timeout(5000)
    wire = context.new_cdp_session(page)
    wire.send("HeapProfiler.collectGarbage")
    heap = wire.send("Runtime.getHeapUsage")["usedSize"] / 1e6
    more = _resident_mb(program) - before
    context.close()
    return {f"browser with {len(faces)} faces in Compare": more, "of it scripts": heap}


def _resident_mb(program: int) -> float:
    """MB of a process and of all that it started, each shared page counted once (proportional set size)."""
    parents = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    family, kilobytes = {program}, 0
    while more := {one for one, parent in parents.items() if parent in family} - family:
        family |= more
    for one in family:
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{one}/smaps_rollup").read_text()
            kilobytes += int(re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)[1])  # type: ignore[index]
    return kilobytes / 1000


def _process(mark: str) -> int:
    """The process that was started with this flag, and by none that was."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if mark in (entry / "cmdline").read_bytes().decode(errors="replace"):
                found.append(int(entry.name))
    return min(found)


def measure(tree: Path, files: list[Path], rounds: int) -> tuple[dict[str, list[float]], dict[str, tuple[int, int]]]:
    """All of it for the app of one tree: seconds and MB by name, and the weights of the pages."""
    found: dict[str, list[float]] = {}

    def note(values: dict[str, float]) -> None:
        for name, value in values.items():
            found.setdefault(name, []).append(value)

    program = next((place for name in BROWSERS if (place := shutil.which(name))), None)
    if program is None:
        sys.exit(f"No Chromium found (looked for {', '.join(BROWSERS)}).")
    mark = f"{MARK}={os.getpid()}-{time.monotonic_ns()}"
    with served(tree) as url, sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=program, args=[*FLAGS, mark])
        for _ in range(rounds):
            note(one_photo(browser, url, files[0]))
        seconds, state = batch(browser, url, files)
        note(seconds)
        for _ in range(rounds):
            note(click(browser, url, state))
        pages = weights(browser, url, state)
        note(memory(browser, url, state, _process(mark)))
        browser.close()
    return found, pages


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--photos", type=int, default=30, help="of the batch")
    parser.add_argument("--before", metavar="COMMIT", help="an earlier commit to measure beside this one")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        trees = {"now": ROOT}
        if asked.before:
            trees = {"before": unpack(asked.before, place / "before"), **trees}
        files = photos(place, asked.photos)
        found = {name: measure(tree, files, asked.rounds) for name, tree in trees.items()}
    for what in found["now"][0]:
        unit = "MB" if what.startswith(("browser", "of it")) else "s"
        said = [f"{name} {statistics.median(values[what]):.2f} {unit}" for name, (values, _) in found.items()]
        print(f"{what}: {', '.join(said)}")
    for page in found["now"][1]:
        sent = [f"{name} {one[page][0] / 1e6:.2f} MB, {one[page][1]} requests" for name, (_, one) in found.items()]
        print(f"{page}: {'; '.join(sent)}")


if __name__ == "__main__":
    main()
