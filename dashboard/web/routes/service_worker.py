"""The service worker, which must come from the root."""

from flask import Blueprint, Response

from dashboard.web.assets import assets_folder
from dashboard.web.routes.answers import send

blueprint = Blueprint("service_worker", __name__)


@blueprint.get("/service-worker.js")
def service_worker() -> Response:
    """Send the service worker from the root, which it may then serve as a whole."""
    return send(assets_folder() / "service-worker.js", "text/javascript")
