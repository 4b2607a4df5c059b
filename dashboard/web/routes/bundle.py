"""Scripts and styles, joined into few files that a browser keeps for good."""

from flask import Blueprint, Response, abort, current_app

from dashboard.web.bundle import KEPT_FOR_GOOD, bundles
from dashboard.web.context import OF_DASH

blueprint = Blueprint("bundle", __name__)


@blueprint.get("/bundle/<name>")
def bundle(name: str) -> Response:
    """Send scripts or styles."""
    of_dash = current_app.config[OF_DASH]
    found = {**bundles(), of_dash.name: of_dash}.get(name)
    if found is None:
        abort(404, f"There is no file of the name '{name}'.")
    response = Response(found.text, mimetype=found.media_type)
    response.headers["Cache-Control"] = KEPT_FOR_GOOD
    return response
