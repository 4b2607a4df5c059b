"""`python -m tests.benchmarks.serving`: the first page, the run after a cancelled one, and a poll beside much old work.

All are what a person waits: seconds on the wall, medians of several rounds, so they hold for an idle machine only. The
first page is meant to come within 3 s of the command on two cores, the next run within 1 s of a cancel.
"""

import argparse
import os
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import time

import requests
from flask import g

from dashboard.app import create_app
from dashboard.jobs.supervisor import Supervisor
from dashboard.library import schema
from dashboard.library.library import Library
from dashboard.settings import Settings
from dashboard.web.context import LIBRARY
from tests.dashboard import works
from tests.dashboard.jobs.test_queue import start, until

OLD_RUNS = 2500


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


def poll_s(settings: Settings, old_runs: int) -> float:
    """Seconds that the pages' poll takes the server, for a workspace with so many runs that are over."""
    app = create_app(settings)
    library: Library = app.server.config[LIBRARY]
    workspace = library.new_workspace()
    with library.session.begin() as session:
        session.add(schema.Workspace(id=workspace, created=0.0))
        session.flush()
        session.add_all(
            schema.Run(
                id=secrets.token_hex(16), workspace_id=workspace, kind="solid", options={}, created=float(number),
                equal_key=secrets.token_hex(16), state="done", stage="Done", progress=1.0,
            )
            for number in range(old_runs)
        )  # fmt: skip
    with app.server.test_request_context("/api/changes"):
        g.workspace = workspace
        begun = time.perf_counter()
        app.server.view_functions["api.changes.changes"]()
        seconds = time.perf_counter() - begun
    library.close()
    return seconds


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
        polls = [
            poll_s(Settings(data=f"{folder}/{number}", weights=f"{folder}/weights", offline=True), OLD_RUNS)
            for number in range(rounds)
        ]
    for name, seconds in (
        ("first page", starts), ("next run after a cancel", cancels), (f"poll beside {OLD_RUNS} old runs", polls)
    ):  # fmt: skip
        print(f"{name}: median {statistics.median(seconds):.3f} s, longest {max(seconds):.3f} s of {rounds}")


if __name__ == "__main__":
    main()
