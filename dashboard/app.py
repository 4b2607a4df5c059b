"""`create_app`: the Dash app with its library, routes and guards."""

import importlib.util
from pathlib import Path

import dash
import flask

from dashboard import routes, security
from dashboard.library import Library
from dashboard.settings import Settings

HERE = Path(__file__).parent

PAGE = """<!DOCTYPE html>
<html lang="en">
  <head>
    {%metas%}
    <title>{%title%}</title>
    <link rel="manifest" href="/assets/manifest.webmanifest">
    {%favicon%}
    {%css%}
  </head>
  <body>
    {%app_entry%}
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>
"""


def create_app(settings: Settings) -> dash.Dash:
    """Make the app. Its worker is not started here: `jobs.Supervisor` does that, or `lifemask worker`.

    `app.server` is the Flask app; `app.server.config["LIBRARY"]` its library.
    """
    server = flask.Flask("dashboard")
    server.config["LIBRARY"] = Library(settings)
    assets = assets_folder()
    app = dash.Dash(
        "dashboard",
        server=server,
        title="Lifemask",
        description="Depth, point cloud and printable mesh of a face, from one photo, on your own machine.",
        index_string=PAGE,
        use_pages=True,
        pages_folder=str(HERE / "pages"),
        assets_folder=str(assets),
        assets_ignore=r".*model-viewer.*",  # a module: loaded by the tag below, not as a plain script
        external_scripts=[
            {"src": f"/assets/{file.relative_to(assets).as_posix()}", "type": "module"}
            for file in sorted(assets.rglob("model-viewer*.js"))
        ],
        suppress_callback_exceptions=True,  # pages bring their own callbacks
        health_endpoint="health",
        compress=True,
        update_title="",
    )
    app.layout = _layout
    security.guard(app, settings)
    server.register_blueprint(routes.blueprint)
    return app


def assets_folder() -> Path:
    """Return the folder of css, scripts and icons: inside the package when installed, beside it in a checkout."""
    installed = HERE / "assets"
    return installed if installed.is_dir() else HERE.parent / "assets"


def _layout() -> object:
    if importlib.util.find_spec("dashboard.components.shell") is None:
        return dash.page_container
    return importlib.import_module("dashboard.components.shell").shell()
