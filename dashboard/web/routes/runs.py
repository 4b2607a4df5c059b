"""Runs: started, watched, cancelled, tried again."""

from flask import Blueprint, Response, jsonify, request

from core.options import Options
from dashboard.web.context import current_library, current_workspace
from dashboard.web.routes.answers import as_dict, body, member

blueprint = Blueprint("runs", __name__)


@blueprint.post("/api/runs")
def start_run() -> Response:
    """Queue {photo_id, options}."""
    asked = body("photo_id", "options")
    photo_id = member(asked, "photo_id", str, "the id of a photo")
    options = Options.from_dict(asked.get("options", {}))
    return jsonify(as_dict(current_library().start_run(current_workspace(), photo_id, options)))


@blueprint.get("/api/runs")
def runs() -> Response:
    """List the runs of the workspace, or those of ?ids=a,b."""
    ids = [part for part in request.args.get("ids", "").split(",") if part] if "ids" in request.args else None
    found = current_library().runs(current_workspace(), ids)
    return jsonify(runs=[as_dict(run) for run in found])


@blueprint.post("/api/runs/<run_id>/cancel")
def cancel(run_id: str) -> Response:
    """Stop a run."""
    return jsonify(as_dict(current_library().cancel(current_workspace(), run_id)))


@blueprint.post("/api/runs/<run_id>/retry")
def retry(run_id: str) -> Response:
    """Queue a run that failed once more."""
    return jsonify(as_dict(current_library().retry(current_workspace(), run_id)))
