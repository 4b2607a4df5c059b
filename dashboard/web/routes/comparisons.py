"""Comparisons: started, and their files."""

from flask import Blueprint, Response, abort, jsonify, request

from dashboard import readings
from dashboard.readings import comparison_files
from dashboard.web.context import current_library, current_workspace
from dashboard.web.downloads import as_download
from dashboard.web.routes.answers import as_dict, body, member, send

blueprint = Blueprint("comparisons", __name__)


@blueprint.post("/api/comparisons")
def start_comparison() -> Response:
    """Queue the comparison of {faces, reference, with_scale}; the first face is the reference where none is named.

    With heads the heads are compared point by point; with neutral expression is taken out of these.
    """
    asked = body("faces", "reference", "with_scale", "heads", "neutral")
    faces = asked.get("faces")
    if not isinstance(faces, list) or not all(isinstance(face_id, str) for face_id in faces) or not faces:
        abort(400, "'faces' must be a list of the ids of two to eight faces.")
    reference = member({"reference": faces[0], **asked}, "reference", str, "the id of one of the faces")
    how = {
        name: member({name: False, **asked}, name, bool, "true or false") for name in ("with_scale", "heads", "neutral")
    }
    run = current_library().start_comparison(current_workspace(), faces, reference, **how)
    return jsonify(as_dict(run))


@blueprint.get("/comparisons/<run_id>/<name>")
def comparison_file(run_id: str, name: str) -> Response:
    """Send a file of a comparison; with ?download=1 as lifemask-NAME."""
    file = comparison_files.named(name)
    if file is None:
        abort(404, f"There is no file of the name '{name}'.")
    folder = current_library().comparison(current_workspace(), run_id)
    shown_name = f"lifemask-{name}" if "download" in request.args else None
    if folder is None or not readings.heads_folder.is_made(folder, name):
        return send(folder and folder / name, file.media_type, shown_name)
    response = Response(readings.heads_folder.made(folder, name), mimetype=file.media_type)
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response if shown_name is None else as_download(response, shown_name)
