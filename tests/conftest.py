"""Photos with clear rights, and servers on a folder of their own: the one that `lifemask serve` starts."""

import http.client
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import EnvironHeaders

from dashboard.library.library import Library
from dashboard.settings import Settings
from tests import servers
from tests.mirror import serving_weights
from tests.servers import Server


def pytest_configure(config: pytest.Config) -> None:
    """Let each of several processes count with one thread, or all of them would wait for the same cores."""
    if config.getoption("numprocesses", None):
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(name, "1")  # before the processes start, which take it from here


@pytest.fixture(scope="session", autouse=True)
def _interrupts() -> None:
    """Let Ctrl-C arrive in tests that send it: a shell that starts them in the background has it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


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


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server for all tests of this process."""
    with servers.postgresql() as server:
        yield server


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat the tests of a module with each of the databases that its `DATABASES` names."""
    databases = getattr(metafunc.module, "DATABASES", ())
    if databases and "database_url" in metafunc.fixturenames:
        metafunc.parametrize("database_url", databases, indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database on a server, or '' for a file of SQLite."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return ""
    return servers.new_database(request.getfixturevalue("postgresql"))


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings(
        data=str(tmp_path / "data"), weights=str(tmp_path / "weights"), offline=True, min_free_mb=1, workers=1,
        database_url=database_url,
    )  # fmt: skip


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    library = Library(settings)
    yield library
    library.close()


@contextmanager
def serving(app: Any) -> Iterator[int]:
    """Serve an app in a thread, until the block ends; gives the port."""
    from dashboard.web.server import bound, http_server

    with bound(Settings(port=0)) as listener:
        server, over = http_server(app, listener), threading.Event()

        def run() -> None:  # as `server.run()`, which only Ctrl-C ends
            while not over.is_set():
                server.asyncore.loop(0.05, server.adj.asyncore_use_poll, server._map, count=1)
            server.task_dispatcher.shutdown()
            server.asyncore.close_all(server._map)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            thread.join()


class Browser(FlaskClient):
    """Flask's client, whose requests go over HTTP to the real server; it keeps its cookies."""

    def run_wsgi_app(self, environ: Any, buffered: bool = False) -> Any:
        app = self.application
        self.application = over_http(app.config["PORT"])  # type: ignore[assignment]
        try:
            return super().run_wsgi_app(environ, buffered)
        finally:
            self.application = app


def over_http(port: int) -> Any:
    """A WSGI application that asks the server on this port."""

    def ask(environ: Any, start_response: Any) -> Iterable[bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            body = environ["wsgi.input"].read()
            connection.request(environ["REQUEST_METHOD"], environ["REQUEST_URI"], body, dict(EnvironHeaders(environ)))
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() != "transfer-encoding"]
        start_response(f"{answer.status} {answer.reason}", headers)
        return [data]

    return ask


@pytest.fixture
def make_app(settings: Settings) -> Iterator[Callable[..., Any]]:
    """Make apps and serve them, with settings that differ by what is given."""
    from dashboard.app import create_app

    with ExitStack() as stack:

        def make(**changes: Any) -> Any:
            app = create_app(replace(settings, **changes))
            stack.callback(app.server.config["LIBRARY"].close)
            app.server.config["PORT"] = stack.enter_context(serving(app))
            app.server.test_client_class = Browser
            return app

        yield make


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
    from dashboard.jobs.clearing import Clearing
    from dashboard.jobs.supervisor import Supervisor

    app = create_app(settings)
    library = app.server.config["LIBRARY"]
    supervisor, clearing = Supervisor(library, make_works or tasks.make_works), Clearing(library)
    with serving(app) as port:
        supervisor.start()
        clearing.start()
        yield Live(f"http://127.0.0.1:{port}", library, supervisor)
    supervisor.stop()
    clearing.stop()
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
