"""`python -m tests.benchmarks.strangers [--seconds 60] [--sessions 50] [--large 8]`: many visitors, and rude ones.

Starts a real server. While a batch of photos is worked on, so many sessions open a page every few seconds; then the
same beside 200 idle connections and 50 that send their request drop by drop. Prints how long pages took, and errors.
Then `--large` clients send a picture of 100 megapixels each, at once, and the most memory that server, worker and
decoder held together is printed.
"""

import argparse
import io
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import requests
from PIL import Image

from tests.benchmarks.waiting import SAMPLES, different

PAGES = ("", "library", "compare", "statistics", "models", "api/changes", "api/faces")
PAUSE_S = (1.0, 5.0)  # between two pages of one visitor
BATCH = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--large", type=int, default=8)
    parser.add_argument("--idle", type=int, default=200)
    parser.add_argument("--slow", type=int, default=50)
    args = parser.parse_args()
    with served() as (url, _):
        owner = requests.Session()
        owner.get(url, headers={"Accept": "text/html"})
        for rude in (False, True):
            _send_batch(owner, url, 100 * rude)
            with ExitStack() as stack:
                if rude:
                    stack.enter_context(strangers(url, args.idle, args.slow))
                took, errors = visited(url, args.sessions, args.seconds)
            beside = f" beside {args.idle} idle and {args.slow} slow connections" if rude else ""
            last = statistics.quantiles(took, n=20)[-1]
            print(
                f"{args.sessions} sessions for {args.seconds:.0f} s{beside}: {len(took)} pages, "
                f"median {1000 * statistics.median(took):.0f} ms, 95 % within {1000 * last:.0f} ms, {errors} errors",
                flush=True,
            )
    if args.large:
        with served() as (url, process):
            before, most, answers = large_pictures(url, process, args.large)
        print(
            f"{args.large} clients with 100 megapixels at once: {before / 1e9:.2f} GB before, "
            f"{most / 1e9:.2f} GB at the most; answers {answers}"
        )


@contextmanager
def served() -> Iterator[tuple[str, "psutil.Process"]]:
    """A server on an empty library."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "dashboard.cli", "serve", "--port", "0", "--data", str(Path(folder) / "data")]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert process.stdout is not None
        address = re.search(r"http://\S+", process.stdout.readline())
        assert address is not None
        try:
            yield address[0], psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(60)


def visited(url: str, sessions: int, seconds: float) -> tuple[list[float], int]:
    """How long each page took, of visitors that come for so long, and how many failed."""
    took: list[float] = []
    errors: list[str] = []
    until = time.monotonic() + seconds

    def visit(seed: int) -> None:
        chance, session = random.Random(seed), requests.Session()
        time.sleep(chance.uniform(0.0, PAUSE_S[1]))
        while time.monotonic() < until:
            began = time.monotonic()
            try:
                answer = session.get(url + chance.choice(PAGES), headers={"Accept": "text/html"}, timeout=60.0)
                took.append(time.monotonic() - began)
                if not answer.ok:
                    errors.append(f"{answer.status_code} {answer.url}")
            except requests.RequestException as error:
                errors.append(str(error))
            time.sleep(chance.uniform(*PAUSE_S))

    threads = [threading.Thread(target=visit, args=(seed,)) for seed in range(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors[:5]:
        print(error)
    return took, len(errors)


@contextmanager
def strangers(url: str, idle: int, slow: int) -> Iterator[None]:
    """So many connections on which nothing happens, and so many that send their request drop by drop, kept open."""
    place = urlsplit(url)
    over = threading.Event()

    def hold(count: int, drops: bytes) -> None:
        held: list[socket.socket] = []
        while not over.wait(1.0):
            still = []
            for one in held:
                with suppress(OSError):
                    if drops:
                        one.send(drops)
                    else:
                        one.setblocking(False)
                        with suppress(BlockingIOError):
                            if one.recv(1) == b"":
                                raise ConnectionError
                    still.append(one)
                    continue
                one.close()
            held = still
            while len(held) < count:
                held.append(socket.create_connection((str(place.hostname), int(place.port or 80))))
                if drops:
                    held[-1].send(b"POST /api/photos HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        for one in held:
            one.close()

    threads = [threading.Thread(target=hold, args=one) for one in ((idle, b""), (slow, b"a"))]
    for thread in threads:
        thread.start()
    yield
    over.set()
    for thread in threads:
        thread.join()


def large_pictures(url: str, server: psutil.Process, clients: int) -> tuple[int, int, list[int]]:
    """Memory of server and children before, and at the most, while so many send a large picture; their answers."""
    picture = Image.effect_noise((10_000, 10_000), 20.0).convert("RGB")
    packed = io.BytesIO()
    picture.save(packed, "JPEG", quality=60)
    answers: list[int] = []
    over = threading.Event()
    seen: list[int] = [_memory(server)]

    def watch() -> None:
        while not over.wait(0.05):
            seen.append(_memory(server))

    def send(number: int) -> None:
        session = requests.Session()
        files = {"photos": (f"large-{number}.jpg", packed.getvalue() + bytes([number]))}
        answers.append(session.post(f"{url}api/photos", files=files, timeout=600.0).status_code)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(clients)]
    watching = threading.Thread(target=watch)
    watching.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    over.set()
    watching.join()
    return seen[0], max(seen), sorted(answers)


def _memory(server: psutil.Process) -> int:
    found = 0
    for process in (server, *server.children(recursive=True)):
        with suppress(psutil.Error):
            found += process.memory_info().rss
    return found


def _send_batch(session: requests.Session, url: str, first: int) -> None:
    for number in range(first, first + BATCH):
        files = {"photos": (f"{number}.jpg", different(SAMPLES[number % 2], number))}
        stored = session.post(f"{url}api/photos", files=files, timeout=60.0).json()["photos"]
        session.post(f"{url}api/runs", json={"photo_id": stored[0]["id"]}, timeout=60.0)


if __name__ == "__main__":
    main()
