"""What goes wrong under a server and a worker that are at work: a sentence, nothing lost, and all goes on after it."""

import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from safetensors.torch import save_file

from dashboard.jobs import tasks
from dashboard.library.library import Library
from dashboard.library.sentences import BUSY, DAMAGED_NOW
from dashboard.settings import Settings
from tests.conftest import Live, serve
from tests.core import published
from tests.dashboard import works
from tests.dashboard.library.test_library import jpeg
from tests.waiting import until

LOCKED_S = 30.0
MIDAS = "midas_v21_small_256"


@pytest.fixture
def lively(settings: Settings) -> Iterator[Live]:
    """A server with a worker process, whose work is quick and whose photos say by their names how it goes."""
    yield from serve(settings, works.make_works)


class Browser:
    """One who sends photos and waits for them."""

    def __init__(self, url: str) -> None:
        self.url, self.session = url, requests.Session()

    def send(self, name: str, shade: int) -> requests.Response:
        photo = {"photos": (name, jpeg((shade, 7, 7)))}
        return self.session.post(f"{self.url}/api/photos", files=photo, timeout=90)

    def start(self, name: str, shade: int) -> str:
        photo = self.send(name, shade).json()["photos"][0]["id"]
        run = self.session.post(f"{self.url}/api/runs", json={"photo_id": photo}, timeout=90)
        return str(run.json()["id"])

    def runs(self) -> dict[str, dict[str, Any]]:
        answer = self.session.get(f"{self.url}/api/runs", timeout=90)
        assert answer.status_code == 200, answer.text
        return {run["id"]: run for run in answer.json()["runs"]}

    def states(self, ids: list[str]) -> list[str]:
        there = self.runs()
        return [there[run_id]["state"] for run_id in ids]


def files(library: Library) -> set[str]:
    return {path.name for folder in (library.folders.photos, library.folders.faces) for path in folder.iterdir()}


def test_a_database_that_is_locked_for_30_s_in_the_middle_of_a_batch(lively: Live) -> None:
    browser = Browser(lively.url)
    runs = [browser.start(f"brief-{n}.jpg", n) for n in range(4)]
    until(lambda: "running" in browser.states(runs))
    with closing(sqlite3.connect(lively.library.folders.database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        locked = time.monotonic()
        refused = browser.send("late.jpg", 99)
        assert (refused.status_code, refused.json()["errors"][0]["error"]) == (503, BUSY)
        assert requests.get(lively.url, headers={"Accept": "text/html"}, timeout=30).status_code == 200
        assert set(browser.states(runs)) <= {"done", "running", "queued"}
        time.sleep(max(0.0, LOCKED_S - (time.monotonic() - locked)))
        writer.execute("ROLLBACK")
    until(lambda: set(browser.states(runs)) == {"done"})
    made = [browser.runs()[run_id]["face_ids"] for run_id in runs]
    assert [len(faces) for faces in made] == [1, 1, 1, 1]
    assert browser.send("late.jpg", 99).status_code == 200
    photos = {path.name for path in lively.library.folders.photos.iterdir()}
    assert len(photos) == 5
    assert {path.name for path in lively.library.folders.faces.iterdir()} == {face for faces in made for face in faces}


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nothing be made in a folder: by its rights, or for root, who needs none, by its attribute."""
    if os.getuid():
        mode = folder.stat().st_mode
        folder.chmod(0o500)
    elif shutil.which("chattr") is None or subprocess.run(["chattr", "+i", str(folder)], check=False).returncode:
        pytest.skip("no folder can be made read-only here")
    try:
        yield
    finally:
        if os.getuid():
            folder.chmod(mode)
        else:
            subprocess.run(["chattr", "-i", str(folder)], check=True)


def test_folders_that_become_read_only(lively: Live) -> None:
    browser, folders = Browser(lively.url), lively.library.folders
    first = browser.start("a.jpg", 1)
    until(lambda: browser.states([first]) == ["done"])
    before = files(lively.library)
    with read_only(folders.photos):
        refused = browser.send("b.jpg", 2)
        said = refused.json()["errors"][0]["error"]
        assert (refused.status_code, "cannot be written" in said) == (507, True), said
        assert browser.states([first]) == ["done"]
    second = browser.send("b.jpg", 2).json()["photos"][0]["id"]
    with read_only(folders.faces):
        run = browser.session.post(f"{lively.url}/api/runs", json={"photo_id": second}, timeout=60).json()["id"]
        until(lambda: browser.states([run]) == ["failed"])
        assert "cannot be written" in browser.runs()[run]["error"]
        assert before <= files(lively.library)
    browser.session.post(f"{lively.url}/api/runs/{run}/retry", timeout=60).raise_for_status()
    until(lambda: browser.states([run]) == ["done"])
    assert browser.states([first, run]) == ["done", "done"]


@contextmanager
def served(settings: Settings, make_works: Callable[..., Any] = works.make_works) -> Iterator[Live]:
    """A server that ends with the block, whatever happens in it."""
    with closing(serving(settings, make_works)) as one:
        yield next(one)


def serving(settings: Settings, make_works: Callable[..., Any]) -> Iterator[Live]:
    one = serve(settings, make_works)
    try:
        yield next(one)
    finally:
        next(one, None)


def test_a_database_that_is_damaged_while_it_is_served(settings: Settings) -> None:
    with served(settings) as lively:
        run, whole, before = damaged(lively)
    database = lively.library.folders.database
    for beside in ("-wal", "-shm"):
        database.with_name(f"{database.name}{beside}").unlink(missing_ok=True)
    database.write_bytes(whole)
    with served(settings) as lively:
        again = Browser(lively.url)
        again.session.cookies.update(run.session.cookies)
        assert [one["state"] for one in again.runs().values()] == ["done"]
        more = again.start("b.jpg", 2)
        until(lambda: again.states([more]) == ["done"])
        assert before < files(lively.library)


def damaged(lively: Live) -> tuple[Browser, bytes, set[str]]:
    """Damage the database under a server, and ask it; who asked, the database as it was, and the files there were."""
    library, browser = lively.library, Browser(lively.url)
    run = browser.start("a.jpg", 1)
    until(lambda: browser.states([run]) == ["done"])
    database = library.folders.database
    backup = database.with_name("backup")
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    whole, before = backup.read_bytes(), files(library)
    backup.unlink()
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with database.open("r+b") as file:
        file.write(b"\xff" * database.stat().st_size)
    until(lambda: browser.session.get(f"{lively.url}/api/runs", timeout=60).status_code == 507)
    for answer in (
        browser.session.get(f"{lively.url}/api/runs", timeout=60), browser.send("b.jpg", 2),
        browser.session.delete(f"{lively.url}/api/workspace", timeout=60),
    ):  # fmt: skip
        assert answer.status_code == 507, answer.text
        assert DAMAGED_NOW in answer.text
    ready = requests.get(f"{lively.url}/ready", timeout=60)
    assert ready.status_code == 503
    assert ready.json()["database"] == DAMAGED_NOW
    time.sleep(1.5)  # what clears up has looked twice
    assert files(library) == before
    return browser, whole, before


def test_weights_that_are_damaged_while_a_worker_has_them(settings: Settings) -> None:
    file = Path(settings.weights) / f"{MIDAS}.safetensors"
    file.parent.mkdir()
    save_file(published.checkpoint(MIDAS), file)
    whole = file.read_bytes()
    with served(settings, tasks.make_works) as lively:
        browser = Browser(lively.url)
        photo = browser.send("faceless.jpg", 90).json()["photos"][0]["id"]
        ask = {"photo_id": photo, "options": {"model": MIDAS, "whole_photo": True}}

        def state() -> dict[str, Any]:
            run = browser.session.post(f"{browser.url}/api/runs", json=ask, timeout=90).json()["id"]
            until(lambda: browser.states([run])[0] in ("done", "failed"))
            return browser.runs()[run]

        first = state()
        assert first["state"] == "done", first
        for damage in (whole[:1000], whole[:-4000] + bytes(4000)):
            file.write_bytes(damage)
            failed = state()
            assert (failed["state"], "has changed since it was checked" in failed["error"]) == ("failed", True), failed
        file.write_bytes(whole)
        assert state()["state"] == "done"
