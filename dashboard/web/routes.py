"""The REST paths: photos in, files out, runs and health. Errors are {"error": sentence}."""

import re
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request, send_file
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from core.errors import LifemaskError, StorageError
from dashboard.library import deletion
from dashboard.library.library import MOST_COMPARED
from dashboard.library.records import FaceRecord, NotInLibraryError, QueueFullError, RunRecord
from dashboard.web.archive import zipped
from dashboard.web.context import current_library, current_workspace
from dashboard.web.security import ForbiddenError

blueprint = Blueprint("api", __name__)

FILES = {
    "crop.png": "image/png",
    "thumbnail.jpg": "image/jpeg",
    "depth.npy": "application/octet-stream",
    "depth.png": "image/png",
    "depth_preview.png": "image/png",
    "relief_preview.png": "image/png",
    "plain_preview.png": "image/png",
    "mask.png": "image/png",
    "inverse_depth.npy": "application/octet-stream",
    "prior.npy": "application/octet-stream",
    "statistics.json": "application/json",
    "statistics.csv": "text/csv",
    "cloud.ply": "application/octet-stream",
    "mesh.glb": "model/gltf-binary",
    "mesh.ply": "application/octet-stream",
    "mesh.zip": "application/zip",
    "mesh.stl": "model/stl",
    "solid.3mf": "model/3mf",
    "solid.ply": "application/octet-stream",
    "solid.zip": "application/zip",
    "solid.glb": "model/gltf-binary",
    "solid.json": "application/json",
    "reconstruction.json": "application/json",
}
COMPARISON_FILES = {
    "comparison.json": "application/json",
    "comparison.csv": "text/csv",
    "comparison.png": "image/png",
    "agreement.npy": "application/octet-stream",
    "report.html": "text/html",
    **{f"difference-{n}.npy": "application/octet-stream" for n in range(1, MOST_COMPARED + 1)},
    **{f"difference-{n}.png": "image/png" for n in range(1, MOST_COMPARED + 1)},
    **{f"seen-{n}.webp": "image/webp" for n in range(1, MOST_COMPARED + 1)},
}
STATUS = {NotInLibraryError: 404, ForbiddenError: 403, QueueFullError: 429, StorageError: 507}


@blueprint.app_errorhandler(LifemaskError)
def _sentence(error: LifemaskError) -> tuple[Response, int]:
    return jsonify(error=str(error)), STATUS.get(type(error), 400)


@blueprint.app_errorhandler(RequestEntityTooLarge)
def _too_large(_: RequestEntityTooLarge) -> tuple[Response, int]:
    limit = (request.max_content_length or 0) / 2**20
    sent = (request.content_length or 0) / 2**20
    text = f"The upload has {sent:.0f} MB; at most {limit:.0f} MB can be sent at a time. Send fewer or smaller photos."
    return jsonify(error=text), 413


@blueprint.errorhandler(HTTPException)
def _http(error: HTTPException) -> tuple[Response, int]:
    return jsonify(error=error.description or error.name), error.code or 500


@blueprint.post("/api/photos")
def add_photos() -> Response:
    """Store the photos of the multipart field `photos`; each that cannot be has its sentence in `errors`."""
    library, workspace = current_library(), current_workspace()
    limit = library.settings.max_upload_bytes
    photos, errors = [], []
    for part in request.files.getlist("photos"):
        name = display_name(part.filename or "photo")
        try:
            data = part.stream.read(limit + 1)  # one byte over the limit is enough for `read_photo` to refuse it
            photo = library.add_photo(workspace, name, data)
            photos.append({"id": photo.id, "name": photo.name, "width": photo.width, "height": photo.height})
        except LifemaskError as error:
            errors.append({"name": name, "error": str(error)})
    return jsonify(photos=photos, errors=errors)


@blueprint.get("/photos/<photo_id>/photo.png")
def photo_png(photo_id: str) -> Response:
    """Send the upright photo."""
    return _send(current_library().photo_path(current_workspace(), photo_id), "image/png")


@blueprint.get("/photos/<photo_id>/thumbnail.jpg")
def thumbnail_jpg(photo_id: str) -> Response:
    """Send the small photo."""
    return _send(current_library().thumbnail_path(current_workspace(), photo_id), "image/jpeg")


@blueprint.post("/api/runs")
def start_run() -> Response:
    """Queue {photo_id, options}."""
    from core.options import Options  # noqa: PLC0415 - not needed for the first page

    body = _body()
    options = Options.from_dict(body.get("options") or {})
    run = current_library().start_run(current_workspace(), str(body.get("photo_id")), options)
    return jsonify(as_dict(run))


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


@blueprint.get("/api/faces")
def faces() -> Response:
    """Faces of the workspace, newest first."""
    return jsonify(faces=[as_dict(face) for face in current_library().faces(current_workspace())])


@blueprint.get("/api/faces.zip")
def faces_zip() -> Response:
    """Send files of several faces, ?ids=a,b, as one zip with a folder for each; ?files=mesh.stl,solid.3mf or all."""
    ids, names = _listed("ids"), _listed("files") or list(FILES)
    if not ids:
        abort(400, "No face is named: give their ids, as in ?ids=a,b.")
    unknown = [name for name in names if name not in FILES]
    if unknown:
        abort(404, f"There is no file of the name '{unknown[0]}'. Choose from: {', '.join(FILES)}.")
    own = {face.id: face for face in current_library().faces(current_workspace())}
    missing = [face_id for face_id in ids if face_id not in own]
    if missing:
        raise NotInLibraryError(f"The face '{missing[0][:40]}' is not in your library; it may have been deleted.")
    chosen = [own[face_id] for face_id in ids]
    files = [
        (f"{folder}/{name}", face.folder / name)
        for folder, face in zip(folder_names(chosen), chosen, strict=True)
        for name in names
        if (face.folder / name).is_file()
    ]
    if not files:
        raise NotInLibraryError(f"None of these faces has a file '{names[0]}'. Make it first.")
    response = Response(zipped(files), mimetype="application/zip")
    response.headers["Content-Disposition"] = f"attachment; filename=lifemask-{len(chosen)}-faces.zip"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.get("/api/faces/<face_id>")
def face(face_id: str) -> Response:
    """One face, with the addresses of its files."""
    return jsonify(as_dict(_face(face_id)))


@blueprint.get("/api/faces/<face_id>/statistics")
def face_statistics(face_id: str) -> Response:
    """Numbers of a face by part, in ?unit=mm or ipd, with the histogram of ?part= in ?bins=; ?format=csv as rows."""
    from dashboard.readings import measured  # noqa: PLC0415 - not needed for the first page

    record, asked = _face(face_id), request.args
    try:
        bins = int(asked.get("bins", "64"))
    except ValueError:
        abort(400, f"bins is '{asked['bins']}', but must be a whole number.")
    part, unit = asked.get("part", "head"), asked.get("unit", "mm")
    values = measured.summary(measured.measured(record.folder), part, unit, bins)
    if asked.get("format") == "csv":
        response = Response(measured.as_csv(values), mimetype="text/csv")
    else:
        response = jsonify({"face": record.name, **values})
    if "download" in asked:
        name = download_name(record, f"statistics.{'csv' if asked.get('format') == 'csv' else 'json'}")
        response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


@blueprint.post("/api/faces/<face_id>/solid")
def start_solid(face_id: str) -> Response:
    """Queue the making of the solid anew with {options}, checked for the {printer}."""
    from core.options import Printer, SolidOptions  # noqa: PLC0415 - not needed for the first page

    body = _body()
    options = SolidOptions.from_dict(body.get("options") or {})
    printer = Printer.from_dict(body["printer"]) if body.get("printer") else None
    return jsonify(as_dict(current_library().start_solid(current_workspace(), face_id, options, printer)))


@blueprint.post("/api/faces/<face_id>/recompute")
def start_recompute(face_id: str) -> Response:
    """Queue the face to be computed anew with {options}, without a network."""
    options = _body().get("options") or {}
    return jsonify(as_dict(current_library().start_recompute(current_workspace(), face_id, options)))


@blueprint.post("/api/comparisons")
def start_comparison() -> Response:
    """Queue the comparison of {faces, reference, with_scale}; the first face is the reference where none is named."""
    body = _body()
    faces = body.get("faces")
    if not isinstance(faces, list) or not all(isinstance(face_id, str) for face_id in faces) or not faces:
        abort(400, "'faces' must be a list of the ids of two to eight faces.")
    reference = str(body.get("reference") or faces[0])
    run = current_library().start_comparison(
        current_workspace(), faces, reference, with_scale=body.get("with_scale") is True
    )
    return jsonify(as_dict(run))


@blueprint.get("/comparisons/<run_id>/<name>")
def comparison_file(run_id: str, name: str) -> Response:
    """Send a file of a comparison; with ?download=1 as lifemask-NAME."""
    if name not in COMPARISON_FILES:
        abort(404, f"There is no file of the name '{name}'.")
    folder = current_library().comparison(current_workspace(), run_id)
    shown_name = f"lifemask-{name}" if "download" in request.args else None
    return _send(folder and folder / name, COMPARISON_FILES[name], shown_name)


@blueprint.delete("/api/faces/<face_id>")
def delete_face(face_id: str) -> Response:
    """Delete a face and its files."""
    deletion.delete_face(current_library(), current_workspace(), face_id)
    return jsonify(deleted=face_id)


@blueprint.delete("/api/photos/<photo_id>")
def delete_photo(photo_id: str) -> Response:
    """Delete a photo and all made from it."""
    deletion.delete_photo(current_library(), current_workspace(), photo_id)
    return jsonify(deleted=photo_id)


@blueprint.delete("/api/workspace")
def delete_all() -> Response:
    """Delete everything this browser owns."""
    deletion.delete_all(current_library(), current_workspace())
    return jsonify(deleted="all")


@blueprint.get("/files/<face_id>/<name>")
def face_file(face_id: str, name: str) -> Response:
    """Send a file of a face; with ?download=1 as STEM-NN-name, which sorts by photo and face."""
    if name not in FILES:
        abort(404, f"There is no file of the name '{name}'.")
    record = _face(face_id)
    return _send(record.folder / name, FILES[name], download_name(record, name) if "download" in request.args else None)


@blueprint.get("/service-worker.js")
def service_worker() -> Response:
    """Send the service worker from the root, which it may then serve as a whole."""
    from dashboard.app import assets_folder  # noqa: PLC0415 - the app imports this module

    return _send(assets_folder() / "service-worker.js", "text/javascript")


def _face(face_id: str) -> FaceRecord:
    record = current_library().face(current_workspace(), face_id)
    if record is None:
        raise NotInLibraryError("This face is not in your library; it may have been deleted.")
    return record


def _listed(name: str) -> list[str]:
    """Return the parts of a parameter `?name=a,b`, each once."""
    return list(dict.fromkeys(part for part in request.args.get(name, "").split(",") if part))


def _send(file: Path | None, media_type: str, name: str | None = None) -> Response:
    if file is None or not file.is_file():
        raise NotInLibraryError("This file is not in your library; it may have been deleted.")
    # no-cache asks again each time (304 by ETag): a solid made anew keeps its address
    response = send_file(file, media_type, as_attachment=name is not None, download_name=name, etag=True, max_age=0)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        abort(400, "The request must carry a JSON object.")
    return body


def as_dict(record: FaceRecord | RunRecord) -> dict[str, Any]:
    """Return a record as JSON carries it: times in ISO 8601, files by address, no owner and no path."""
    values = {f.name: getattr(record, f.name) for f in fields(record) if f.name not in ("workspace_id", "folder")}
    values.update({name: value.isoformat() for name, value in values.items() if hasattr(value, "isoformat")})
    if isinstance(record, RunRecord) and record.kind == "compare" and record.state == "done":
        folder = current_library().folders.comparison(record.id)
        present = [name for name in COMPARISON_FILES if (folder / name).is_file()]
        values["files"] = {name: f"/comparisons/{record.id}/{name}" for name in present}
    if isinstance(record, FaceRecord):
        present = [name for name in FILES if (record.folder / name).is_file()]
        values["files"] = {name: f"/files/{record.id}/{name}" for name in present}
    return values


def display_name(filename: str) -> str:
    """Return the last part of a path from any system, without control characters, at most 120 long."""
    name = re.sub(r"[\x00-\x1f\x7f]", "", re.split(r"[/\\]", filename)[-1]).strip()
    return name[-120:] or "photo"


def download_name(face: FaceRecord, name: str) -> str:
    """Return STEM-NN-name, from letters, digits, dot, dash and underscore alone."""
    return f"{_stem(face)}-{face.index:02d}-{name}"


def folder_names(faces: Sequence[FaceRecord]) -> list[str]:
    """Return STEM-NN for each face; where two photos have one name, the later gets STEM_2-NN."""
    taken: set[str] = set()
    names = []
    for face in faces:
        stem, number = _stem(face), 2
        name = f"{stem}-{face.index:02d}"
        while name.lower() in taken:
            name, number = f"{stem}_{number}-{face.index:02d}", number + 1
        taken.add(name.lower())
        names.append(name)
    return names


def _stem(face: FaceRecord) -> str:
    return re.sub(r"[^\w.-]+", "_", Path(face.name.split(" #")[0]).stem).strip("._") or "photo"
