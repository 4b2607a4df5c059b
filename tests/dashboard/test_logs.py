"""What servers and workers write: valid JSON with ids of runs, and never a name that came from a person."""

import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import insert
from sqlalchemy.exc import StatementError

from dashboard import logs
from dashboard.library.library import Library
from dashboard.library.schema import Photo
from dashboard.settings import Settings

ROOT = Path(__file__).parents[2]
SECRET = "anna-secret"


@contextmanager
def started(data: Path, log: Path, *command: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """A command of lifemask, whose lines go to a file."""
    given = {**os.environ, "LIFEMASK_DATA": str(data), "LIFEMASK_OFFLINE": "1", "LIFEMASK_MIN_FREE_MB": "1", **environ}
    with (
        log.open("w") as lines,
        subprocess.Popen(
            [sys.executable, "-m", "dashboard.cli", *command],
            cwd=ROOT, env=given, stdout=subprocess.PIPE, stderr=lines, text=True,
        ) as process,
    ):  # fmt: skip
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def address(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    found = re.search(r"http://[^ /]+", server.stdout.readline())
    assert found is not None
    return found[0]


def ended(session: requests.Session, url: str) -> dict[str, Any]:
    """Wait until nothing of the workspace waits or works; its runs by their ids."""
    until = time.monotonic() + 180
    while True:
        runs = session.get(f"{url}/api/runs", timeout=30).json()["runs"]
        if runs and all(run["state"] in ("done", "failed", "cancelled") for run in runs):
            return {run["id"]: run for run in runs}
        assert time.monotonic() < until, runs
        time.sleep(0.2)


def test_a_photo_goes_through_server_and_worker_and_its_name_is_in_no_line(tmp_path: Path, astronaut: Path) -> None:
    data, served, worked = tmp_path / "data", tmp_path / "served.log", tmp_path / "worked.log"
    about = {"LIFEMASK_LOG": "json"}
    with (
        started(data, served, "serve", "--port", "0", "--no-worker", "--verbose", **about) as server,
        requests.Session() as session,
    ):
        url = address(server)
        with started(data, worked, "worker", "--verbose", **about):
            portrait = astronaut.read_bytes()
            photos = [(f"{SECRET}.png", portrait), (f"{SECRET}-2.png", portrait), (f"{SECRET}-3.png", b"no picture")]
            sent = session.post(f"{url}/api/photos", files=[("photos", photo) for photo in photos], timeout=60).json()
            assert len(sent["photos"]) == 2
            for photo in sent["photos"]:
                session.post(f"{url}/api/runs", json={"photo_id": photo["id"]}, timeout=30).raise_for_status()
            ended(session, url)
            faces = session.get(f"{url}/api/faces", timeout=30).json()["faces"]
            session.patch(f"{url}/api/faces/{faces[0]['id']}", json={"person": SECRET}, timeout=30).raise_for_status()
            for heads in (False, True):
                asked = {"faces": [face["id"] for face in faces], "reference": faces[0]["id"], "heads": heads}
                session.post(f"{url}/api/comparisons", json=asked, timeout=30).raise_for_status()
            for path in (f"/files/{faces[0]['id']}/solid.stl?download=1", f"/open/{SECRET}/{SECRET}.3mf", f"/{SECRET}"):
                session.get(f"{url}{path}", timeout=120)
            runs = ended(session, url)
            time.sleep(0.5)
        cookies = [cookie.value for cookie in session.cookies]
    kinds = {run["kind"] for run in runs.values()}
    assert kinds == {"reconstruct", "surface", "solid", "compare", "heads"}
    lines = {log: log.read_text("utf-8").splitlines() for log in (served, worked)}
    found = {log: [json.loads(line) for line in lines[log]] for log in lines}
    assert all({"time", "level", "logger", "message"} <= line.keys() for log in found for line in found[log])
    everything = "\n".join(lines[served] + lines[worked])
    key = (data / "secret").read_text()
    for said in (SECRET, key, *cookies):
        assert said not in everything
    ends = {line["run"]: line for line in found[worked] if line["message"] == "A run has ended"}
    for run_id, run in runs.items():
        assert (ends[run_id]["kind"], ends[run_id]["outcome"]) == (run["kind"], run["state"])
        assert ends[run_id]["seconds"] == pytest.approx(sum(ends[run_id]["stages"].values()), abs=0.1)
    stages = {line["stage"] for line in found[worked] if line["message"] == "A stage has ended"}
    assert {"Finding faces", "Estimating depth", "Laying faces onto the reference", "Fitting heads"} <= stages
    asked = {(line["method"], line["route"], line["status"]) for line in found[served] if "route" in line}
    assert {("POST", "/api/photos", 200), ("GET", "/open/<signed>/<name>", 404)} <= asked


def test_the_worker_of_a_server_logs_as_that_is_told_to(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with started(tmp_path / "data", log, "--verbose", "serve", "--port", "0", LIFEMASK_LOG="json") as server:
        url = address(server)
        until = time.monotonic() + 120
        while requests.get(f"{url}/ready", timeout=30).status_code != 200:
            assert time.monotonic() < until
            time.sleep(0.2)
        until = time.monotonic() + 60
        while '"lifemask.worker"' not in log.read_text():  # at its start it says what it has loaded
            assert time.monotonic() < until
            time.sleep(0.1)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"lifemask.worker", "lifemask.requests"} <= {line["logger"] for line in lines if line["level"] == "debug"}


@pytest.fixture
def form(request: pytest.FixtureRequest) -> logging.Formatter:
    return logs.AsJson() if request.param == "json" else logs.AsText()


def record(name: str, text: str, *args: Any, error: BaseException | None = None, **extra: Any) -> logging.LogRecord:
    caught = None if error is None else (type(error), error, error.__traceback__)
    made = logging.LogRecord(name, logging.ERROR, __file__, 1, text, args, caught)
    made.__dict__.update(extra)
    return made


def raising(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


@pytest.mark.parametrize("form", ["text", "json"], indirect=True)
def test_what_was_raised_is_told_without_its_text(form: logging.Formatter, library: Library) -> None:
    line = form.format(record("lifemask.worker", "It failed", error=raising(ValueError(SECRET)), run="r1"))
    assert SECRET not in line
    assert "ValueError" in line
    assert "in raising" in line
    assert "r1" in line
    full = raising(OSError(28, "No space left on device", f"/photos/{SECRET}.jpg"))
    line = form.format(record("lifemask.worker", "It failed", error=full))
    assert SECRET not in line
    assert "No space left on device" in line
    with library.session() as session, pytest.raises(StatementError) as said:
        session.execute(insert(Photo).values(id="p", name=SECRET))
    assert SECRET in str(said.value)
    assert SECRET not in form.format(record("lifemask.library", "It failed", error=said.value))
    caused = raising(RuntimeError(SECRET))
    caused.__cause__ = full
    line = form.format(record("lifemask", "It failed", error=caused))
    assert SECRET not in line
    assert "No space left" in line


@pytest.mark.parametrize("form", ["text", "json"], indirect=True)
def test_other_programs_are_told_without_what_they_put_into_their_lines(form: logging.Formatter) -> None:
    line = form.format(record("waitress", "Exception while serving %s after %d s", f"/{SECRET}", 3))
    assert SECRET not in line
    assert "Exception while serving … after 3 s" in line
    assert SECRET not in form.format(record("py.warnings", f"a warning of {SECRET}"))
    assert SECRET not in form.format(record("other", "%(who)s", {"who": SECRET}))
    assert SECRET not in form.format(record("other", "%d", SECRET))


def test_a_thread_that_ends_and_a_warning_are_lines_too(tmp_path: Path) -> None:
    code = (
        "import threading, warnings; from dashboard import logs; logs.begin('json')\n"
        f"def fail(): raise ValueError('{SECRET}')\n"
        "one = threading.Thread(target=fail); one.start(); one.join()\n"
        f"warnings.warn('{SECRET}')\n"
        "fail()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["logger"] for line in lines] == ["lifemask", "py.warnings", "lifemask"]
    assert SECRET not in done.stderr


def test_lines_as_text_carry_what_they_are_about() -> None:
    line = logs.AsText().format(record("lifemask.worker", "A run has ended", run="r1", kind="solid", seconds=1.23456))
    assert line.endswith("lifemask.worker ERROR A run has ended run=r1 kind=solid seconds=1.235")


@pytest.mark.parametrize("variable", ["LOG", "METRICS"])
def test_a_form_that_there_is_not_is_refused(variable: str) -> None:
    from core.errors import OptionError

    with pytest.raises(OptionError, match=rf"LIFEMASK_{variable} is 'xml'; it must be one of "):
        Settings.from_env({f"LIFEMASK_{variable}": "xml"})
