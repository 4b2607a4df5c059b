"""`create_app`: the Dash app with its library, routes and guards."""

import sys
from pathlib import Path
from typing import Any

import dash
from dash.fingerprint import check_fingerprint

from dashboard.components import shell
from dashboard.library.library import Library
from dashboard.settings import Settings
from dashboard.web import access, addresses, callbacks, heavy, prefix, proxies, rates, routes, security, still, watching
from dashboard.web.assets import assets_folder
from dashboard.web.bundle import joined
from dashboard.web.context import LIBRARY, OF_DASH
from dashboard.web.watching import Server

HERE = Path(__file__).parent


class App(dash.Dash):
    """Dash with our document: `components.shell` says what stands in it."""

    def interpolate_index(self, **parts: Any) -> Any:  # type: ignore[override]  # Dash names each part
        """Return the document of a page."""
        files = tuple((address, _file_of(address)) for address in shell.scripts_of_dash(parts["scripts"]))
        self.server.config[OF_DASH] = of_dash = joined(files)
        parts |= {"scripts": shell.with_bundles(parts["scripts"], of_dash), "app_entry": shell.entry()}
        return shell.in_language(super().interpolate_index(**parts))  # type: ignore[no-untyped-call]


def _file_of(address: str) -> Path:
    """Return where a script of Dash or of a library of components lies."""
    package, name = address.partition("/_dash-component-suites/")[2].split("/", 1)
    return Path(str(sys.modules[package].__file__)).parent / check_fingerprint(name)[0]


def create_app(settings: Settings) -> dash.Dash:
    """Make the app. Its worker is not started here: `jobs.supervisor.Supervisor` does that, or `lifemask worker`.

    `app.server` is the Flask app; `app.server.config["LIBRARY"]` its library.
    """
    server, place = Server("dashboard"), prefix.checked(settings.prefix)
    prefix.stand_below(server, place)
    proxies.believe(server, proxies.networks(settings.trusted_proxies))
    server.config[LIBRARY] = Library(settings)
    # Brotli first, at 5 of 11: a tenth smaller than gzip and zstd by their defaults, in little more time
    server.config |= {"COMPRESS_BR_LEVEL": 5, "COMPRESS_ALGORITHM": ["br", "zstd", "gzip"]}
    server.config["COMPRESS_ALGORITHM_STREAMING"] = ["br", "zstd", "deflate"]
    app = App(
        "dashboard",
        server=server,  # type: ignore[arg-type]  # Dash takes a Flask app, its annotation does not say so
        title="Lifemask",
        description="Depth, point cloud and printable mesh of a face, from one photo, on your own machine.",
        index_string=shell.document(place),
        requests_pathname_prefix=f"{place}/",
        routes_pathname_prefix="/",
        use_pages=True,
        pages_folder=str(HERE / "pages"),
        assets_folder=str(assets_folder()),
        assets_ignore=shell.NOT_INJECTED,
        assets_path_ignore=[shell.NOT_INJECTED],
        suppress_callback_exceptions=True,  # pages bring their own components
        on_error=shell.show_error,
        health_endpoint="health",
        compress=True,
        update_title="",
    )
    app.layout = shell.shell
    shell.connect(app)
    watching.guard(server)
    security.guard(app, settings)
    access.guard(server, server.config[LIBRARY], settings)
    rates.guard(server, settings)
    heavy.guard(server)
    callbacks.guard(app)
    addresses.guard(server)
    still.guard(server)
    server.register_blueprint(routes.blueprint)
    # Dash collects the callbacks of pages at the first request; now, so that a second app in the process has its own
    server.test_client().get("/_dash-dependencies")
    with server.test_request_context():
        app.index()  # type: ignore[no-untyped-call]  # its scripts are joined before the first browser asks for them
    return app
