"""Faces: their facts, numbers and files; computed anew, made into a solid, deleted."""

import gzip
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from flask import Blueprint, Response, abort, jsonify, request

from core.files import catalog
from core.files.catalog import FILES
from core.options import Printer, SolidOptions
from dashboard import readings
from dashboard.library import deletion
from dashboard.library.records import FaceRecord, NotInLibraryError
from dashboard.web.archive import zipped
from dashboard.web.context import current_library, current_workspace
from dashboard.web.downloads import as_download, shortened
from dashboard.web.routes.answers import as_dict, body, listed, send

blueprint = Blueprint("faces", __name__)
STEM_BYTES = 160  # leaves room for what follows it in the name of a file or of a folder of a zip


@blueprint.get("/api/faces")
def faces() -> Response:
    """Faces of the workspace, newest first."""
    return jsonify(faces=[as_dict(face) for face in current_library().faces(current_workspace())])


@blueprint.get("/api/faces.zip")
def faces_zip() -> Response:
    """Send files of several faces, ?ids=a,b, as one zip with a folder for each; ?files=solid.stl,solid.3mf or all."""
    ids, names = listed("ids"), listed("files") or list(FILES)
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
    files = []
    for folder, face in zip(folder_names(chosen), chosen, strict=True):
        present = catalog.present(face.folder)
        wanted = dict.fromkeys(catalog.name_today(face.folder, name) for name in names)
        files += [(f"{folder}/{name}", present[name]) for name in wanted if name in present]
    if not files:
        raise NotInLibraryError(f"None of these faces has a file '{names[0]}'. Make it first.")
    response = Response(zipped(files), mimetype="application/zip")
    response.headers["Cache-Control"] = "private, no-store"
    return as_download(response, f"lifemask-{len(chosen)}-faces.zip")


@blueprint.get("/api/faces/<face_id>")
def face(face_id: str) -> Response:
    """One face, with the addresses of its files."""
    return jsonify(as_dict(_face(face_id)))


@blueprint.get("/api/faces/<face_id>/statistics")
def face_statistics(face_id: str) -> Response:
    """Numbers of a face by part, in ?unit=mm or ipd, with the histogram of ?part= in ?bins=; ?format=csv as rows."""
    record, asked = _face(face_id), request.args
    try:
        bins = int(asked.get("bins", "64"))
    except ValueError:
        abort(400, f"bins is '{asked['bins']}', but must be a whole number.")
    part, unit = asked.get("part", "head"), asked.get("unit", "mm")
    values = readings.measured.summary(readings.measured.measured(record.folder), part, unit, bins)
    if asked.get("format") == "csv":
        response = Response(readings.measured.as_csv(values), mimetype="text/csv")
    else:
        response = jsonify({"face": record.name, **values})
    if "download" in asked:
        name = download_name(record, f"statistics.{'csv' if asked.get('format') == 'csv' else 'json'}")
        as_download(response, name)
    return response


@blueprint.get("/api/faces/<face_id>/points")
def points(face_id: str) -> Response:
    """All points of a face with their colours, packed for the viewer (`dashboard.readings.shapes`)."""
    folder = _face(face_id).folder
    packed, encoded = readings.shapes.points(folder, _changed(folder)), request.accept_encodings.quality("gzip") > 0
    answer = _drawn(packed if encoded else gzip.decompress(packed), "application/octet-stream")
    if encoded:
        answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Vary"] = "Accept-Encoding"
    return answer


@blueprint.get("/api/faces/<face_id>/openness")
def openness(face_id: str) -> Response:
    """How open the sky is over each pixel of the crop, by which the viewer darkens hollows of plaster; a gray JPEG."""
    folder = _face(face_id).folder
    return _drawn(readings.shapes.openness(folder, _changed(folder)), "image/jpeg")


def _changed(folder: Path) -> int:
    depth = folder / "depth.npy"
    if not depth.is_file():
        raise NotInLibraryError("This face has no depth in your library; it may have been deleted.")
    return depth.stat().st_mtime_ns


def _drawn(data: bytes, media_type: str) -> Response:
    """Send what is drawn from the depth; it is asked for again each time, and answered by 304 while it is the same."""
    answer = Response(data, mimetype=media_type)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.add_etag()
    answer.make_conditional(request)  # in place
    return answer


@blueprint.post("/api/faces/<face_id>/solid")
def start_solid(face_id: str) -> Response:
    """Queue the making of the solid anew with {options}, checked for the {printer}."""
    asked = body("options", "printer")
    options = SolidOptions.from_dict(asked.get("options", {}))
    printer = Printer.from_dict(asked["printer"]) if "printer" in asked else None
    return jsonify(as_dict(current_library().start_solid(current_workspace(), face_id, options, printer)))


@blueprint.post("/api/faces/<face_id>/recompute")
def start_recompute(face_id: str) -> Response:
    """Queue the face to be computed anew with {options}, without a network."""
    changes = body("options").get("options", {})
    return jsonify(as_dict(current_library().start_recompute(current_workspace(), face_id, changes)))


@blueprint.delete("/api/faces/<face_id>")
def delete_face(face_id: str) -> Response:
    """Delete a face and its files."""
    deletion.delete_face(current_library(), current_workspace(), face_id)
    return jsonify(deleted=face_id)


@blueprint.get("/files/<face_id>/<name>")
def face_file(face_id: str, name: str) -> Response:
    """Send a file of a face; with ?download=1 as STEM-NN-name, which sorts by photo and face."""
    if name not in FILES:
        abort(404, f"There is no file of the name '{name}'.")
    record = _face(face_id)
    name = catalog.name_today(record.folder, name)
    file = catalog.present(record.folder).get(name)
    return send(file, FILES[name].media_type, download_name(record, name) if "download" in request.args else None)


def _face(face_id: str) -> FaceRecord:
    record = current_library().face(current_workspace(), face_id)
    if record is None:
        raise NotInLibraryError("This face is not in your library; it may have been deleted.")
    return record


def download_name(face: FaceRecord, name: str) -> str:
    """Return STEM-NN-name, from letters and digits of any script, dot, dash and underscore alone."""
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
    stem = unicodedata.normalize("NFC", Path(face.name.split(" #")[0]).stem)
    words = "".join(c if _is_of_a_word(c) else " " for c in stem).split()
    return shortened("_".join(words).strip("._"), STEM_BYTES) or "photo"


def _is_of_a_word(character: str) -> bool:
    """Whether it is a letter or digit of any script, a mark on one, or a dot, dash or underscore."""
    return character.isalnum() or character in "._-" or unicodedata.category(character).startswith("M")
