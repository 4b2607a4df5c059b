"""`python -m tests.benchmarks.workers [--photos 24]`: how much sooner two workers finish a batch than one.

With a real PostgreSQL and Redis: photos are stored, one worker that is held to one core works on all their runs, then
the same is done by two, each on a core of its own; the databases take their share of the same cores. Prints the
seconds from the first run's start to the last one's end, and their ratio.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from core.options import Options
from dashboard.jobs import broker
from dashboard.library.library import Library
from dashboard.settings import Settings
from tests import servers
from tests.benchmarks.waiting import SAMPLES, different


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=24)
    args = parser.parse_args()
    with servers.postgresql() as database, servers.redis() as redis:
        took = [_batch(database, redis, workers, args.photos) for workers in (1, 2, 1, 2)]
    one, two = min(took[::2]), min(took[1::2])
    print(f"{args.photos} photos with surface and solid: one worker {one:.1f} s, two {two:.1f}: {one / two:.2f} times")


def _batch(database: servers.Server, redis: servers.Server, workers: int, photos: int) -> float:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        given = {
            "LIFEMASK_DATA": str(folder),
            "LIFEMASK_DATABASE_URL": servers.new_database(database),
            "LIFEMASK_BROKER_URL": f"redis://127.0.0.1:{redis.port}/0",
            "LIFEMASK_WORKERS": "1",
            "LIFEMASK_OFFLINE": "1",
        }
        library = Library(Settings.from_env(given))
        stack.callback(library.close)
        workspace = library.new_workspace()
        stored = [library.add_photo(workspace, f"{n}.jpg", different(SAMPLES[n % 2], n)) for n in range(photos)]
        command = [sys.executable, "-m", "dashboard.cli", "worker"]
        env = {**os.environ, **given}
        with (folder / "log").open("wb") as log:
            for core in range(workers):
                process = subprocess.Popen(
                    ["taskset", "--cpu-list", str(core), *command], env=env, stdout=log, stderr=log
                )
                stack.callback(process.wait, 60)
                stack.callback(process.terminate)
        announcer = broker.Announcer(library)
        announcer.start()
        stack.callback(announcer.stop)
        warm = library.start_run(
            workspace, library.add_photo(workspace, "warm.jpg", different(SAMPLES[0], 99)).id, Options()
        )
        while not library.runs(workspace, [warm.id])[0].is_over:
            time.sleep(0.1)
        time.sleep(8.0)  # the second one's networks are loaded, too
        begun = time.monotonic()
        for photo in stored:
            library.start_run(workspace, photo.id, Options())
        while any(not run.is_over for run in library.runs(workspace)):
            time.sleep(0.2)
        took = time.monotonic() - begun
        assert all(run.state == "done" for run in library.runs(workspace))
        return took


if __name__ == "__main__":
    main()
