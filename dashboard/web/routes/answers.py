"""What the paths of every subject share: a record as JSON, its files, what a request carries."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from flask import Response, abort, request, send_file

from dashboard.library.library import MOST_COMPARED
from dashboard.library.records import FaceRecord, NotInLibraryError, RunRecord
from dashboard.web.context import current_library
from dashboard.web.downloads import as_download

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
    response = send_file(file, media_type, etag=True, max_age=0)
    response.headers["Cache-Control"] = "private, no-cache"
    return response if name is None else as_download(response, name)


def body() -> dict[str, Any]:
    """Return the JSON object that the request carries."""
    sent = request.get_json(silent=True)
    if not isinstance(sent, dict):
        abort(400, "The request must carry a JSON object.")
    return sent


def listed(name: str) -> list[str]:
    """Return the parts of a parameter `?name=a,b`, each once."""
    return list(dict.fromkeys(part for part in request.args.get(name, "").split(",") if part))
