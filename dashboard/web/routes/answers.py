"""What the paths of every subject share: a record as JSON, its files, what a request carries."""

from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from flask import Response, abort, request, send_file
from pydantic import TypeAdapter, ValidationError

from core.options.table import shown
from dashboard.library.library import MOST_COMPARED
from dashboard.library.records import FaceRecord, NotInLibraryError, RunRecord
from dashboard.web.context import current_library

T = TypeVar("T")
JSON_OBJECT = TypeAdapter(dict[str, Any])

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


def send(file: Path | None, media_type: str, name: str | None = None) -> Response:
    """Send a file, as a download where it is given a name; NotInLibraryError where there is none."""
    if file is None or not file.is_file():
        raise NotInLibraryError("This file is not in your library; it may have been deleted.")
    # no-cache asks again each time (304 by ETag): a solid made anew keeps its address
    response = send_file(file, media_type, as_attachment=name is not None, download_name=name, etag=True, max_age=0)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def body(*names: str) -> dict[str, Any]:
    """Return the JSON object that the request carries; `names`: of its members. One that is null is not given.

    Deep nesting, endless numbers and halves of a character, which no file or database takes, are no JSON here.
    """
    try:
        sent = JSON_OBJECT.validate_json(request.get_data() if request.is_json else b"")
    except ValidationError:
        abort(400, "The request must carry a JSON object.")
    unknown = [name for name in sent if name not in names]
    if unknown:
        abort(400, f"There is no {shown(unknown[0])} in this request. Choose from: {', '.join(names)}.")
    return {name: value for name, value in sent.items() if value is not None}


def member(sent: dict[str, Any], name: str, kind: type[T], wanted: str) -> T:
    """Return a member of the request's object that must be there; wanted: what it is, in words."""
    value = sent.get(name)
    if not isinstance(value, kind):
        abort(400, f"{name} is {shown(value)}, but must be {wanted}.")
    return value


def listed(name: str) -> list[str]:
    """Return the parts of a parameter `?name=a,b`, each once."""
    return list(dict.fromkeys(part for part in request.args.get(name, "").split(",") if part))
