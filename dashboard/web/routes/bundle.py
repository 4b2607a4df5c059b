"""Our scripts and styles, each as one file that a browser keeps for good, and the part of Plotly that we use."""

from flask import Blueprint, Response, abort

from dashboard.web.bundle import KEPT_FOR_GOOD, bundles

blueprint = Blueprint("bundle", __name__)


@blueprint.get("/bundle/<name>")
def bundle(name: str) -> Response:
    """Send the scripts or the styles."""
    found = bundles().get(name)
    if found is None:
        abort(404, f"There is no file of the name '{name}'.")
    response = Response(found.text, mimetype=found.media_type)
    response.headers["Cache-Control"] = KEPT_FOR_GOOD
    return response
