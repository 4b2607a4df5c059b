"""What pages ask again and again: whether anything of the workspace has changed."""

from flask import Blueprint, Response, jsonify

from dashboard.web.context import current_library, current_workspace

blueprint = Blueprint("changes", __name__)


@blueprint.get("/api/changes")
def changes() -> Response:
    """Send a version of the workspace, which differs once a run, a face or its progress does, and whether it works."""
    version, busy = current_library().version(current_workspace())
    response = jsonify(version=version, busy=busy)
    response.headers["Cache-Control"] = "no-store"
    return response
