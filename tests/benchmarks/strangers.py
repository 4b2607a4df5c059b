"""`python -m tests.benchmarks.strangers [--seconds 60] [--sessions 50]`: many visitors, and rude ones.

Starts a real server. While photos are worked on, so many sessions open a page every few seconds, in turns alone and
beside 200 idle connections and 50 that send their request drop by drop. Prints how long pages took, and errors.
"""

import argparse
import multiprocessing
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
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import requests

from tests.benchmarks.waiting import SAMPLES, different

PAGES = ("", "library", "compare", "statistics", "models", "api/changes", "api/faces")
PAUSE_S = (1.0, 5.0)  # between two pages of one visitor
BACKLOG = 8  # photos that wait


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--idle", type=int, default=200)
    parser.add_argument("--slow", type=int, default=50)
    args = parser.parse_args()
    with served() as (url, _), batch(url):
        took: dict[bool, list[float]] = {False: [], True: []}
        failed = {False: 0, True: 0}
        for _ in range(args.rounds):
            for rude in (False, True):
                with strangers(url, args.idle, args.slow) if rude else nullcontext():
                    some, errors = visited(url, args.sessions, args.seconds / args.rounds)
                took[rude] += some
                failed[rude] += errors
    for rude in (False, True):
        beside = f" beside {args.idle} idle and {args.slow} slow connections" if rude else ""
        print(
            f"{args.sessions} sessions for {args.seconds:.0f} s{beside}: {len(took[rude])} pages, "
            f"median {1000 * statistics.median(took[rude]):.0f} ms, 95 % within {1000 * _slow(took[rude]):.0f} ms, "
            f"{failed[rude]} errors",
            flush=True,
        )
    print(f"beside strangers {_slow(took[True]) / _slow(took[False]):.2f} times as long")


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
    """So many connections on which nothing happens, and so many that send their request drop by drop, kept open.

    By processes of their own, so that they take nothing from the visitors but what they take from the server.
    """
    context = multiprocessing.get_context("spawn")
    over = context.Event()
    processes = [context.Process(target=_hold, args=(url, over, *one)) for one in ((idle, b""), (slow, b"a"))]
    for process in processes:
        process.start()
    time.sleep(5.0)  # until they are there
    yield
    over.set()
    for process in processes:
        process.join()


def _hold(url: str, over: Any, count: int, drops: bytes) -> None:
    place = urlsplit(url)
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


@contextmanager
def batch(url: str) -> Iterator[None]:
    """Photos that are worked on all the while, and some that wait."""
    over, waits = threading.Event(), threading.Event()

    def send() -> None:
        session = requests.Session()
        session.get(url, headers={"Accept": "text/html"})
        number = 0
        while not over.wait(1.0):
            runs = session.get(f"{url}api/runs", timeout=60.0).json()["runs"]
            if sum(run["state"] == "queued" and run["kind"] == "reconstruct" for run in runs) >= BACKLOG:
                waits.set()
                continue
            for _ in range(BACKLOG):
                number += 1
                files = {"photos": (f"{number}.jpg", different(SAMPLES[number % 2], number))}
                stored = session.post(f"{url}api/photos", files=files, timeout=60.0).json()["photos"]
                session.post(f"{url}api/runs", json={"photo_id": stored[0]["id"]}, timeout=60.0)

    sending = threading.Thread(target=send)
    sending.start()
    waits.wait()
    yield
    over.set()
    sending.join()


def _slow(took: list[float]) -> float:
    return statistics.quantiles(took, n=20)[-1]


if __name__ == "__main__":
    main()
