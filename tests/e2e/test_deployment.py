"""The main job in a browser, on a deployment of several processes: PostgreSQL, Redis, Celery, two that serve pages."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.e2e.test_main_job import photo_to_print


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of pages that two processes serve, and a worker elsewhere works for."""
    folder = tmp_path_factory.mktemp("deployed")
    with ExitStack() as stack:
        database, broker = (stack.enter_context(one()) for one in (servers.postgresql, servers.redis))
        env = {
            **os.environ,
            "LIFEMASK_DATA": str(folder / "data"),
            "LIFEMASK_DATABASE_URL": servers.new_database(database),
            "LIFEMASK_BROKER_URL": f"redis://127.0.0.1:{broker.port}/0",
            "LIFEMASK_OFFLINE": "1",
            "LIFEMASK_PORT": "0",
            "LIFEMASK_PROCESSES": "2",
        }
        log = stack.enter_context((folder / "log").open("wb"))
        started = []
        for command in ("serve", "worker"):
            process = subprocess.Popen(
                [sys.executable, "-m", "dashboard.cli", command], env=env, stderr=log, stdout=subprocess.PIPE, text=True
            )
            stack.callback(process.wait, 60)
            stack.callback(process.terminate)
            started.append(process)
        out = started[0].stdout
        assert out is not None
        address = re.search(r"http://\S+", out.readline())
        assert address is not None, (folder / "log").read_text()
        yield address[0].rstrip("/")
        stack.close()
        for process in started:
            assert process.returncode == 0
            assert process.stdout is not None
            process.stdout.close()


def test_the_main_job_on_several_processes(open_page: Any, deployed: str, astronaut: Path, eventually: Any) -> None:
    photo_to_print(open_page(base_url=deployed), deployed, astronaut, eventually)
