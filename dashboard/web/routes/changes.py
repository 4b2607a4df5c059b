"""What pages ask again and again: whether anything of the workspace has changed, and how far its work is."""

from flask import Blueprint, Response, jsonify

from dashboard.web.context import current_library, current_workspace
from dashboard.words import say

blueprint = Blueprint("changes", __name__)


@blueprint.get("/api/changes")
def changes() -> Response:
    """Send a version of the workspace, which differs once a run's state or a face does, and its runs that work."""
    library, workspace = current_library(), current_workspace()
    running = library.runs(workspace, states=("running",))
    busy = bool(running) or bool(library.runs(workspace, states=("queued",), most=1))
    response = jsonify(
        version=library.version(workspace),
        busy=busy,
        running=[{"id": run.id, "stage": say(run.stage), "progress": run.progress} for run in running],
    )
    response.headers["Cache-Control"] = "no-store"
    return response
