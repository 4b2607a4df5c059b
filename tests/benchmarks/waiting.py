"""`python -m tests.benchmarks.waiting [FOLDER] [--photos 30] [--run 20]`: how long a person waits for what.

Prints, of a real server on this machine: seconds from a photo's arrival to its depth, its mesh, all of it; the same of
many photos at once, first, median and last; a new width of another browser's face while they wait; how long each file
takes when it is asked for; MB on the disk per face. Then `lifemask run` by one process, and by all cores.
"""

import argparse
import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import requests
from PIL import Image

import core
from core.files.catalog import FILES, MADE_FROM
from core.options import Options
from core.photo.formats import is_picture
from dashboard.cli.run import run
from dashboard.settings import Settings

SAMPLES = [Path("assets/samples/eileen-collins.jpg"), Path("assets/samples/grace-hopper.jpg")]
POLL_S = 0.02
PATIENCE_S = 1800.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="photos; the two samples where none is given")
    parser.add_argument("--photos", type=int, default=30, help="sent at once")
    parser.add_argument("--run", type=int, default=20, help="given to `lifemask run`")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)  # what `lifemask run` was: one process
    args = parser.parse_args()
    if args.one:
        _in_one_process(sorted(args.folder.iterdir()), args.one)
        return
    sources = [file for file in sorted(args.folder.iterdir()) if is_picture(file)] if args.folder else SAMPLES
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with served(root / "data") as url:
            of_one_photo(url, sources)
            of_many_photos(url, sources, args.photos)
        faces = [face for face in (root / "data" / "faces").iterdir() if face.name[0] != "."]
        sizes = [sum(file.stat().st_size for file in face.iterdir()) / 1e6 for face in faces]
        print(f"MB per face, {len(sizes)} faces: median {statistics.median(sizes):.2f}, most {max(sizes):.2f}")
        of_the_command_line(root, sources, args.run)


def different(source: Path, number: int) -> bytes:
    """The photo without its last rows: another photo to the library, and as much work."""
    packed = io.BytesIO()
    with Image.open(source) as picture:
        rgb = picture.convert("RGB")
        rgb.crop((0, 0, rgb.width, rgb.height - number)).save(packed, "JPEG", quality=92)
    return packed.getvalue()


@contextmanager
def served(data: Path) -> Iterator[str]:
    """Give the address of a server of its own."""
    command = [sys.executable, "-m", "dashboard.cli", "serve", "--port", "0", "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = next(line for line in server.stdout if "http://" in line)
        try:
            yield next(word for word in line.split() if word.startswith("http://"))
        finally:
            server.terminate()


class Browser:
    """A workspace of its own."""

    def __init__(self, url: str) -> None:
        self._url, self._session = url.rstrip("/"), requests.Session()
        self._session.get(url, headers={"Accept": "text/html"})

    @property
    def cookie(self) -> str:
        """What shows a server that it is this one."""
        return "; ".join(f"{one.name}={one.value}" for one in self._session.cookies)

    def ask(self, path: str, **sent: Any) -> Any:
        method = "POST" if sent else "GET"
        answer = self._session.request(method, self._url + path, timeout=120, **sent)
        answer.raise_for_status()
        return answer

    def send(self, data: bytes, name: str) -> str:
        """Send a photo; the id of its run."""
        (photo,) = self.ask("/api/photos", files={"photos": (name, data)}).json()["photos"]
        return str(self.ask("/api/runs", json={"photo_id": photo["id"]}).json()["id"])

    def follow(self, run_ids: list[str], began: float) -> dict[str, list[float]]:
        """Seconds until each photo's depth, then each face's surface and solid are there."""
        found: dict[str, list[float]] = {"reconstruct": [], "surface": [], "solid": []}
        seen: set[str] = set()
        while True:
            runs = self.ask("/api/runs").json()["runs"]
            for one in runs:
                if one["state"] in ("done", "failed") and one["id"] not in seen:
                    seen.add(one["id"])
                    found[one["kind"]].append(time.monotonic() - began)
            if all(one["state"] in ("done", "failed") for one in runs) and len(found["reconstruct"]) >= len(run_ids):
                return found
            assert time.monotonic() < began + PATIENCE_S
            time.sleep(POLL_S if len(run_ids) == 1 else 10 * POLL_S)


def of_one_photo(url: str, sources: list[Path]) -> None:
    rows: list[tuple[float, float, float]] = []
    for number in range(4):
        browser, began = Browser(url), time.monotonic()
        run_id = browser.send(different(sources[number % len(sources)], number), "one.jpg")
        found = browser.follow([run_id], began)
        if number:  # the first loads the networks
            rows.append((found["reconstruct"][-1], found["surface"][-1], found["solid"][-1]))
    names = ("depth", "mesh", "all")
    print(
        "One photo: "
        + ", ".join(f"{n} {statistics.median(c):.2f} s" for n, c in zip(names, zip(*rows, strict=True), strict=True))
    )
    face = browser.ask("/api/faces").json()["faces"][0]["id"]
    for name in (name for name in FILES if name in MADE_FROM):
        began = time.monotonic()
        answer = browser._session.get(f"{browser._url}/files/{face}/{name}", timeout=120)
        if answer.ok:
            print(f"  {name}: {time.monotonic() - began:.2f} s, {len(answer.content) / 1e6:.2f} MB")


def of_many_photos(url: str, sources: list[Path], count: int) -> None:
    other, browser = Browser(url), Browser(url)
    other.follow([other.send(different(sources[0], 50), "other.jpg")], time.monotonic())
    face = other.ask("/api/faces").json()["faces"][0]["id"]
    photos = [different(sources[number % len(sources)], 10 + number) for number in range(count)]
    began = time.monotonic()
    ids = [browser.send(data, f"{number}.jpg") for number, data in enumerate(photos)]
    asked = time.monotonic()
    run_id = other.ask(f"/api/faces/{face}/solid", json={"options": {"width_mm": 90}}).json()["id"]
    while other.ask(f"/api/runs?ids={run_id}").json()["runs"][0]["state"] in ("queued", "running"):
        time.sleep(POLL_S)
    waited = time.monotonic() - asked
    found = browser.follow(ids, began)
    for name, kind in (("depth", "reconstruct"), ("mesh", "surface"), ("solid", "solid")):
        first, middle, last = min(found[kind]), statistics.median(found[kind]), max(found[kind])
        print(f"{count} photos, {name}: first {first:.1f} s, median {middle:.1f} s, last {last:.1f} s")
    print(f"A new width of another browser's face meanwhile: {waited:.1f} s")


def of_the_command_line(root: Path, sources: list[Path], count: int) -> None:
    photos = root / "photos"
    photos.mkdir()
    for number in range(count):
        (photos / f"{number:02d}.jpg").write_bytes(different(sources[number % len(sources)], number))
    one = [sys.executable, "-m", "tests.benchmarks.waiting", str(photos), "--one", str(root / "one")]
    cores = [sys.executable, "-m", "dashboard.cli", "run", str(photos), "--out", str(root / "cores")]
    seconds = []
    for command in (one, cores):
        began = time.monotonic()
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds.append(time.monotonic() - began)
    folders = [{path.name for path in (root / name).iterdir()} for name in ("one", "cores")]
    assert folders[0] == folders[1], folders
    ratio = seconds[1] / seconds[0]
    print(f"lifemask run of {count} photos: one process {seconds[0]:.1f} s, all cores {seconds[1]:.1f} s: {ratio:.2f}")


def _in_one_process(photos: list[Path], out: Path) -> None:
    settings, silent = Settings.from_env(), partial(lambda *_: None)
    for _ in run(photos, out, Options(), core.Networks(), silent, settings):
        pass


if __name__ == "__main__":
    main()
