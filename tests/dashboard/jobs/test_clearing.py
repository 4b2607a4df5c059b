"""What is past its time goes whoever runs: pages without a worker, and a worker without pages."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dashboard.jobs import alive
from dashboard.library.library import Library
from dashboard.settings import Settings
from tests.dashboard.library.test_library import jpeg
from tests.waiting import until

ROOT = Path(__file__).parents[3]
WORKER = (
    "import sys; from dashboard.jobs import worker; from dashboard.settings import Settings\n"
    "from tests.dashboard import works\n"
    "worker.main(Settings.from_env(), 'alone', works.make_works)"
)
COMMANDS = {
    "serve --no-worker": ["-m", "dashboard.cli", "serve", "--port", "0", "--no-worker"],
    "worker": ["-c", WORKER],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_photos_past_their_time_go_whoever_runs(settings: Settings, command: str) -> None:
    old = Library(replace(settings, retention_days=2.0), clock=lambda: time.time() - 3 * 86400.0)
    workspace = old.new_workspace()
    old.add_photo(workspace, "old.jpg", jpeg())
    old.close()
    library = Library(settings)
    kept = library.add_photo(workspace, "new.jpg", jpeg((1, 2, 3)))
    environ = {
        **os.environ, "LIFEMASK_DATA": str(settings.data), "LIFEMASK_OFFLINE": "1", "LIFEMASK_RETENTION_DAYS": "2",
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, *COMMANDS[command]], cwd=ROOT, env=environ, stdout=subprocess.DEVNULL
    ) as process:
        try:
            until(lambda: library.photos(workspace) == [kept])
            until(lambda: list(library.folders.photos.iterdir()) == [library.folders.photo(kept.id)])
            assert command != "worker" or alive.is_any(library)
        finally:
            process.terminate()
            assert process.wait(30) == 0
    assert not alive.is_any(library)
    library.close()
