"""`python -m tests.benchmarks.serving`: how soon the first page is there, and how soon a cancelled run makes way.

Both are what a person waits: seconds on the wall, medians of several rounds, so they hold for an idle machine only. The
first page is meant to come within 3 s of the command on two cores, the next run within 1 s of a cancel.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

import requests

from dashboard.jobs.supervisor import Supervisor
from dashboard.library.library import Library
from dashboard.settings import Settings
from tests.dashboard import works
from tests.dashboard.jobs.test_queue import start, until


def first_page_s(data: str) -> float:
    """Seconds from the start command to the first page."""
    environ = {**os.environ, "LIFEMASK_DATA": data, "LIFEMASK_OFFLINE": "1"}
    command = [sys.executable, "-m", "dashboard.cli", "serve", "--port", "0"]
    begun = time.perf_counter()
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as server:
        try:
            address = re.search(r"http://\S+", server.stdout.readline() if server.stdout else "")
            if address is None:
                sys.exit("The server did not name its address; run `lifemask serve` to see why.")
            requests.get(address[0], headers={"Accept": "text/html"}, timeout=30).raise_for_status()
            return time.perf_counter() - begun
        finally:
            server.terminate()


def cancel_s(library: Library) -> float:
    """Seconds from the cancel of a run that works to the end of the next one, which does next to nothing."""
    slow = start(library, "slow.jpg")
    until(library, slow, lambda run: run.stage == "Working")
    begun = time.perf_counter()
    library.cancel(slow.workspace_id, slow.id)
    until(library, start(library, "next.jpg"), lambda run: run.state == "done")
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        starts = [first_page_s(f"{folder}/served") for _ in range(rounds)]
        library = Library(Settings(data=f"{folder}/worked", weights=f"{folder}/weights", offline=True))
        supervisor = Supervisor(library, works.make_works)
        supervisor.start()
        try:
            cancels = [cancel_s(library) for _ in range(rounds)]
        finally:
            supervisor.stop()
            library.close()
    for name, seconds in (("first page", starts), ("next run after a cancel", cancels)):
        print(f"{name}: median {statistics.median(seconds):.2f} s, longest {max(seconds):.2f} s of {rounds}")


if __name__ == "__main__":
    main()
