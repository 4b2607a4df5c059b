"""`python -m tests.benchmarks.kills [--photos 40] [--kills 30] [--scaled] [--seed 1]`: what 30 kills do to a batch.

Sends photos to a real server and, while they are worked on, ends the worker, the server or both by SIGKILL, each at a
random moment, and starts them again. Prints what became of the runs and what is left in the data folder: every photo
must be done, once, and nothing left behind. `--scaled`: with PostgreSQL, Redis and two workers of Celery, of which a
kill ends one with its pool.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import requests

from dashboard.library import schema
from dashboard.library.library import Library
from dashboard.settings import Settings
from tests import servers
from tests.benchmarks.waiting import SAMPLES, different

PAUSE_S = (0.3, 6.0)  # between kills
PATIENCE_S = 600.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=40)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--scaled", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    chance = random.Random(args.seed)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        given: dict[str, Any] = {"LIFEMASK_DATA": str(folder / "data"), "LIFEMASK_OFFLINE": "1"}
        if args.scaled:
            database, broker = (stack.enter_context(one()) for one in (servers.postgresql, servers.redis))
            given |= {
                "LIFEMASK_DATABASE_URL": servers.new_database(database),
                "LIFEMASK_BROKER_URL": f"redis://127.0.0.1:{broker.port}/0",
                "LIFEMASK_WORKERS": "1",
            }
        service = Service(given, servers.free_port(), args.scaled)
        stack.callback(service.end)
        begun = time.monotonic()
        session = requests.Session()
        session.get(service.url, headers={"Accept": "text/html"})
        killed = sent = 0
        runs: list[str] = []
        next_kill = time.monotonic() + chance.uniform(*PAUSE_S)
        while sent < args.photos or killed < args.kills:
            if sent < args.photos:
                run = _send(session, service.url, different(SAMPLES[sent % 2], sent), f"photo-{sent}.jpg")
                if run is not None:
                    runs.append(run)
                    sent += 1
            else:
                time.sleep(0.05)
            if killed < args.kills and time.monotonic() > next_kill:
                service.kill(chance.choice(["worker", "server", "both"]))
                killed += 1
                next_kill = time.monotonic() + chance.uniform(*PAUSE_S)
        settings = Settings.from_env(given)
        library = Library(settings)
        stack.callback(library.close)
        (photo, *_) = library.runs(_workspace(library, runs[0]), runs[:1])
        _wait(library, photo.workspace_id)
        _report(library, photo.workspace_id, runs, killed, time.monotonic() - begun)


class Service:
    """The server and, scaled, two workers: processes that lead groups of their own, so that a kill takes all of one."""

    def __init__(self, given: dict[str, str], port: int, scaled: bool) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self._env = {**os.environ, **given, "LIFEMASK_PORT": str(port)}
        self._scaled = scaled
        self._server = self._start("serve")
        self._workers = [self._start("worker") for _ in range(2)] if scaled else []
        self._until_up()

    def kill(self, which: str) -> None:
        """End by SIGKILL, and start again what does not start by itself."""
        if which in ("worker", "both"):
            if self._scaled:
                worker = self._workers.pop(0)
                _kill(worker)
                self._workers.append(self._start("worker"))
            else:
                for pid in _children(self._server.pid):
                    os.kill(pid, signal.SIGKILL)
        if which in ("server", "both"):
            os.kill(self._server.pid, signal.SIGKILL)
            self._server.wait()
            self._server = self._start("serve")
            self._until_up()

    def end(self) -> None:
        """End all of it."""
        for process in (self._server, *self._workers):
            process.terminate()
        for process in (self._server, *self._workers):
            process.wait(60)

    def _start(self, command: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "dashboard.cli", command], env=self._env, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def _until_up(self) -> None:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            try:
                requests.get(f"{self.url}health", timeout=5.0)
            except requests.RequestException:
                time.sleep(0.05)
            else:
                return
        raise TimeoutError(self.url)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], check=False, capture_output=True, text=True).stdout.split()
    return [int(child) for child in found if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text(errors="ignore")]


def _send(session: requests.Session, url: str, photo: bytes, name: str) -> str | None:
    """Send a photo and ask for its run, again until the server has said that it took both."""
    try:
        stored = session.post(f"{url}api/photos", files={"photos": (name, photo)}, timeout=60.0).json()
        answer = session.post(f"{url}api/runs", json={"photo_id": stored["photos"][0]["id"]}, timeout=60.0)
        return str(answer.json()["id"]) if answer.ok else None
    except (requests.RequestException, KeyError, IndexError):
        return None


def _workspace(library: Library, run_id: str) -> str:
    with library.session() as session:
        row = session.get(schema.Run, run_id)
        assert row is not None
        return row.workspace_id


def _wait(library: Library, workspace: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and any(not run.is_over for run in library.runs(workspace)):
        time.sleep(0.5)
    while time.monotonic() < until and _notes(library):  # what was killed while it was written is cleared up later
        time.sleep(2.0)


def _notes(library: Library) -> int:
    with library.session() as session:
        return session.query(schema.UnsettledFolder).count()


def _report(library: Library, workspace: str, runs: list[str], killed: int, took_s: float) -> None:
    found = library.runs(workspace)
    states: dict[str, int] = {}
    for run in found:
        states[f"{run.kind} {run.state}"] = states.get(f"{run.kind} {run.state}", 0) + 1
    print(f"{killed} kills, {len(runs)} photos sent, {took_s:.0f} s")
    print("runs:", ", ".join(f"{count} {state}" for state, count in sorted(states.items())))
    for run in found:
        if run.state == "failed":
            print("failed:", run.kind, run.error)
    faces = library.faces(workspace)
    photos = [face.photo_id for face in faces]
    twice = len(photos) - len(set(photos))
    print(f"photos: {len(library.photos(workspace))}, faces: {len(faces)}, made twice: {twice}")
    known = {face.id for face in faces} | {photo.id for photo in library.photos(workspace)}
    folders = [*library.folders.faces.iterdir(), *library.folders.photos.iterdir()]
    strays = [folder.name for folder in folders if folder.name not in known]
    print(f"left behind: {len(strays)} folders, {_notes(library)} notes of folders")


if __name__ == "__main__":
    main()
