"""`lifemask serve`: the pages by waitress, the worker beside them."""

import errno
import signal
from typing import Any, NoReturn

import dash
import waitress

from core.errors import OptionError
from dashboard.app import create_app
from dashboard.context import LIBRARY
from dashboard.library import Library
from dashboard.security import largest_request_bytes
from dashboard.settings import Settings
from dashboard.supervisor import Supervisor

THREADS = 8


def serve(settings: Settings, *, with_worker: bool = True, debug: bool = False) -> None:
    """Serve until Ctrl-C or SIGTERM; then the worker ends and its run goes back to the queue."""
    app = create_app(settings)
    library: Library = app.server.config[LIBRARY]
    supervisor = Supervisor(library)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if debug:
            if with_worker:
                supervisor.start()
            app.run(host=settings.host, port=settings.port, debug=True, use_reloader=False)
        else:
            server = listen(app, settings)
            print(f"Lifemask is at {address(server, settings.host)}  (Ctrl-C ends it)", flush=True)  # noqa: T201
            if with_worker:
                supervisor.start()  # after the socket listens: the first page need not wait for the worker
            server.run()
    except KeyboardInterrupt:
        pass
    finally:
        supervisor.stop()
        library.close()


def listen(app: dash.Dash, settings: Settings) -> Any:
    """Bind the address and return the server, not yet running.

    Raises
    ------
    OptionError
        The address cannot be had.
    """
    try:
        return waitress.create_server(
            app.server,
            host=settings.host,
            port=settings.port,
            threads=THREADS,
            ident="lifemask",
            # above the app's own limits, which answer with a sentence; this one ends the connection
            max_request_body_size=2 * largest_request_bytes(settings),
            channel_timeout=300,
        )
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise OptionError(
                f"Port {settings.port} is in use. Give another one with --port, or --port 0 for any free one."
            ) from error
        raise OptionError(f"{settings.host}:{settings.port} cannot be served on: {error.strerror}.") from error


def address(server: Any, host: str) -> str:
    """Return the address that a person opens."""
    port = server.effective_port if hasattr(server, "effective_port") else server.effective_listen[0][1]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(host, host)  # noqa: S104 - shown, not bound
    return f"http://{shown}:{port}/"


def _interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt
