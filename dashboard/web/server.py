"""`lifemask serve`: the pages by waitress, the worker beside them."""

import errno
import logging
import signal
import socket
import threading
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn

import dash

from core.errors import OptionError
from dashboard import jobs, readings
from dashboard.app import create_app
from dashboard.jobs.alive import Pulse
from dashboard.jobs.clearing import Clearing
from dashboard.jobs.supervisor import Supervisor
from dashboard.library.library import Library
from dashboard.settings import Settings
from dashboard.web import connections, lan
from dashboard.web.access import Access
from dashboard.web.context import LIBRARY, PHONE
from dashboard.web.prefix import PREFIX, checked
from dashboard.web.processes import Processes
from dashboard.web.proxies import networks
from dashboard.web.security import MAX_CALLBACK_BYTES, TAKE_PHOTOS, largest_request_bytes

log = logging.getLogger("lifemask.serve")

EVERYWHERE = "0.0.0.0"  # noqa: S104  # all of this machine's addresses
FIRST_PAGE_S = 2.0


def serve(settings: Settings, *, with_worker: bool = True, debug: bool = False) -> None:
    """Serve until Ctrl-C or SIGTERM; then the worker ends and its run goes back to the queue.

    Raises
    ------
    OptionError
        The address cannot be had.
    StorageError
        The data folder cannot be written.
    """
    if settings.lan:
        settings = replace(settings, host=EVERYWHERE)
    is_one = settings.processes == 1 or debug
    with bound(settings) as listener:
        prefix = checked(settings.prefix)
        phone = f"http://{lan.own_address()}:{listener.getsockname()[1]}{prefix}/" if settings.lan else None
        app = create_app(settings) if is_one else None
        library: Library = app.server.config[LIBRARY] if app else Library(settings)
        supervisor, clearing, pulse = Supervisor(library), Clearing(library), Pulse(library, "web")
        announcer = _announcer(library)
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            # the socket listens before the worker starts: the first page need not wait for it
            if app is None:
                run = Processes(settings, listener, serve_pages, phone).run
            else:
                app.server.config[PHONE] = phone
                run = partial(_run_debug, app, listener) if debug else http_server(app, listener).run
            print(f"Lifemask is at {address(listener, prefix)}  (Ctrl-C ends it)", flush=True)  # noqa: T201
            clearing.start()
            pulse.start()
            if announcer is not None:
                announcer.start()
            warning = Access(library, settings).warning
            if phone is not None:
                _let_phones_in(phone, for_all=warning is not None)
            elif warning is not None:
                print(warning, flush=True)  # noqa: T201
            if with_worker and announcer is None:  # else 'lifemask worker' works, where the broker hands it the runs
                supervisor.start()
            first_run = threading.Timer(FIRST_PAGE_S, _load_what_comes_next, (library,))
            first_run.daemon = True
            first_run.start()
            run()
        except KeyboardInterrupt:
            pass
        finally:
            supervisor.stop()
            clearing.stop()
            pulse.stop()
            if announcer is not None:
                announcer.stop()
            library.close()


def serve_pages(settings: Settings, listener: socket.socket, phone: str | None) -> None:
    """Serve pages on a socket that others serve on, too, until SIGTERM; what else a server does, its parent does."""
    app = create_app(settings)
    app.server.config[PHONE] = phone
    library: Library = app.server.config[LIBRARY]
    announcer, pulse = _announcer(library), Pulse(library, "web")
    pulse.start()
    if announcer is not None:
        announcer.start()
    signal.signal(signal.SIGTERM, _interrupt)
    _load_what_comes_next(library)
    try:
        http_server(app, listener).run()
    except KeyboardInterrupt:
        pass
    finally:
        pulse.stop()
        library.close()


def _announcer(library: Library) -> "jobs.broker.Announcer | None":
    """Return what tells the broker of runs that wait; None where there is no broker."""
    return jobs.broker.Announcer(library) if library.settings.broker_url else None


def _let_phones_in(phone: str, *, for_all: bool) -> None:
    """Print the address for a phone, and who can open it."""
    print(lan.drawn_for_terminal(phone))  # noqa: T201
    print(f"On a phone in the same network: {phone}", flush=True)  # noqa: T201
    anyone = "Anyone in this network can open it; each browser has a library of its own."
    some = "Whoever knows the password can open it; each browser has a library of its own."
    print(anyone if for_all else some, flush=True)  # noqa: T201


def http_server(app: dash.Dash, listener: socket.socket) -> connections.Server:
    """Return the server of the app: `run()` serves until `close()`, or Ctrl-C."""
    largest = largest_request_bytes(app.server.config[LIBRARY].settings)
    below = app.server.config[PREFIX]  # which a proxy leaves in paths, or takes away
    takes_much = frozenset({*TAKE_PHOTOS, *(f"{below}{path}" for path in TAKE_PHOTOS)})
    trusted = networks(app.server.config[LIBRARY].settings.trusted_proxies)
    return connections.Server(app.server, listener, largest, MAX_CALLBACK_BYTES, takes_much, trusted)


def bound(settings: Settings) -> socket.socket:
    """Return a socket that listens on the address of the settings.

    Raises
    ------
    OptionError
        The address cannot be had.
    """
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, place = min(found)  # IPv4 before IPv6 where a name has both
        return socket.create_server(place[:2], family=family, backlog=1024)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise OptionError(
                f"Port {settings.port} is in use. Give another one with --port, or --port 0 for any free one."
            ) from error
        raise OptionError(f"{settings.host}:{settings.port} cannot be served on: {error.strerror}.") from error


def address(listener: socket.socket, prefix: str = "") -> str:
    """Return the address that a person opens."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}{prefix}/"


def _run_debug(app: dash.Dash, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    app.run(host=app.server.config[LIBRARY].settings.host, port=port, debug=True, use_reloader=False)


def _load_what_comes_next(library: Library) -> None:
    """Load what the first photo and the first numbers need, once the first page has been served."""
    library.decoder.start()
    log.debug("Loaded: %s", [readings.measured.measured])


def _interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt
