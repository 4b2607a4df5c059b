"""All that a browser owns."""

from flask import Blueprint, Response, jsonify

from dashboard.library import deletion
from dashboard.web.context import current_library, current_workspace

blueprint = Blueprint("workspace", __name__)


@blueprint.delete("/api/workspace")
def delete_all() -> Response:
    """Delete everything this browser owns."""
    deletion.delete_all(current_library(), current_workspace())
    return jsonify(deleted="all")
