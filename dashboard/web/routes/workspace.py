"""All that a browser owns, and what it deleted a moment ago."""

from flask import Blueprint, Response, jsonify

from dashboard.library import deletion
from dashboard.web.context import current_library, current_workspace
from dashboard.web.routes.answers import deleted

blueprint = Blueprint("workspace", __name__)


@blueprint.delete("/api/workspace")
def delete_all() -> Response:
    """Delete everything this browser owns; the answer says where this can be undone, and for how long."""
    return jsonify(deleted("all", deletion.delete_all(current_library(), current_workspace())))


@blueprint.post("/api/deletions/<deletion_id>/undo")
def undo(deletion_id: str) -> Response:
    """Bring back what a DELETE took, as long as it can be undone."""
    deletion.undo(current_library(), current_workspace(), deletion_id)
    return jsonify(undone=deletion_id)
