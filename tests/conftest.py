"""Photos with clear rights, and servers on a folder of their own."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from dashboard.library.library import Library
from dashboard.settings import Settings
from tests.mirror import serving_weights


@pytest.fixture(scope="session")
def astronaut() -> Path:
    """Portrait of Eileen Collins (NASA, public domain), 512 x 512, from scikit-image."""
    return _packaged("skimage", "data/astronaut.png")


@pytest.fixture(scope="session")
def grace_hopper() -> Path:
    """Portrait of Grace Hopper (US Navy, public domain), 512 x 600, from Matplotlib."""
    return _packaged("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")


def _packaged(package: str, name: str) -> Path:
    with as_file(files(package) / name) as path:
        return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=str(tmp_path / "data"), weights=str(tmp_path / "weights"), offline=True, min_free_mb=1)


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    library = Library(settings)
    yield library
    library.close()


class Browser(FlaskClient):
    """A client that reads each answer to its end, so that no file stays open."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        return super().open(*args, **{**kwargs, "buffered": True})


@pytest.fixture
def make_app(settings: Settings) -> Iterator[Callable[..., Any]]:
    """Make apps, with settings that differ by what is given."""
    from dashboard.app import create_app

    apps = []

    def make(**changes: Any) -> Any:
        app = create_app(replace(settings, **changes))
        app.server.test_client_class = Browser
        apps.append(app)
        return app

    yield make
    for app in apps:
        app.server.config["LIBRARY"].close()


@pytest.fixture
def app(make_app: Callable[..., Any]) -> Any:
    return make_app()


@pytest.fixture
def client(app: Any) -> Any:
    """A browser's worth of requests: it keeps its cookie."""
    return app.server.test_client()


@dataclass(frozen=True)
class Live:
    """A server on a free port; `supervisor` holds its worker process."""

    url: str
    library: Library
    supervisor: Any


def serve(settings: Settings, make_works: Callable[..., Any] | None = None) -> Iterator[Live]:
    """Serve pages in a thread, with a real worker process, until the generator is closed."""
    from dashboard.app import create_app
    from dashboard.jobs import tasks
    from dashboard.jobs.supervisor import Supervisor

    app = create_app(settings)
    library = app.server.config["LIBRARY"]
    supervisor = Supervisor(library, make_works or tasks.make_works)
    server = make_server("127.0.0.1", 0, app.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    supervisor.start()
    yield Live(f"http://127.0.0.1:{server.server_port}", library, supervisor)
    server.shutdown()
    thread.join()
    server.server_close()
    supervisor.stop()
    library.close()


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One server with the real networks for all tests that need one."""
    folder = tmp_path_factory.mktemp("live")
    with serving_weights() as mirror:
        settings = Settings(
            data=str(folder / "data"), weights=str(folder / "weights"), weights_mirror=mirror, min_free_mb=1
        )
        yield from serve(settings)
