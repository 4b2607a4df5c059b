"""What the paths take and answer, for programs."""

from flask import Blueprint, Response, jsonify

from dashboard.web.description import document

blueprint = Blueprint("description", __name__)


@blueprint.get("/api/openapi.json")
def openapi() -> Response:
    """Send the OpenAPI document."""
    return jsonify(document())
