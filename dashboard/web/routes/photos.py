"""Photos: taken in, shown, deleted."""

import logging
import tempfile
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request
from PIL import Image

from core.errors import LifemaskError
from dashboard.library import deletion
from dashboard.library.decoder import Turn
from dashboard.library.records import RETRY_S, NotYetError
from dashboard.library.sentences import sentence
from dashboard.web.context import current_library, current_workspace
from dashboard.web.received import display_name, paired, received, why_left
from dashboard.web.routes.answers import deleted, send
from dashboard.web.routes.errors import STATUS, status_of
from dashboard.words import say

blueprint = Blueprint("photos", __name__)
log = logging.getLogger("lifemask.web")
TURNS = {
    "0": None,
    "90": Image.Transpose.ROTATE_270,  # Pillow counts the other way round
    "180": Image.Transpose.ROTATE_180,
    "270": Image.Transpose.ROTATE_90,
}


@blueprint.post("/api/photos")
def add_photos() -> tuple[Response, int]:
    """Store photos and scans of the multipart fields `photos` and `photo`, with those of `depth_map` by their names.

    Each that cannot be has its sentence in `errors`. A map that cannot be used is no error: its sentence is in the
    `warnings` of its photo. The status is that of the first error where no photo could be stored.
    """
    parts = [*request.files.getlist("photos"), *request.files.getlist("photo")]
    if not parts:
        abort(400, "No photo came: send each as a file in the multipart field 'photos'.")
    photos: list[dict[str, Any]] = []
    errors: list[dict[str, str]] = []
    status = 200
    pairs, left = paired(parts, request.files.getlist("depth_map"))
    for part, depth_map in pairs:
        name = display_name(part.filename or "photo")
        try:
            photo = received(part, depth_map)
            warnings = [say(text) for text in current_library().folders.reading(photo.id).warnings]
            about = {"id": photo.id, "name": photo.name, "width": photo.width, "height": photo.height}
            photos.append({**about, "warnings": warnings})
        except Exception as error:  # whatever it is, it is no reason to lose the other photos
            if not isinstance(error, LifemaskError):
                log.exception("A photo could not be stored")
            said = sentence(error, current_library().folders.root)
            status = status if errors else status_of(error)
            errors.append({"name": name, "error": say(said)})
    errors += [{"name": display_name(one.filename or "map"), "error": say(why_left(one))} for one in left]
    answer = jsonify(photos=photos, errors=errors)
    if not photos and status == STATUS[NotYetError]:
        answer.headers["Retry-After"] = str(RETRY_S)  # the Studio sends it again then
    return answer, 200 if photos else status


@blueprint.get("/photos/<photo_id>/photo.png")
def photo_png(photo_id: str) -> Response:
    """Send the photo, turned clockwise by ?turn_deg=90, 180 or 270 where it is asked for."""
    place = current_library().photo_path(current_workspace(), photo_id)
    turn = request.args.get("turn_deg", "0")
    if turn not in TURNS:
        abort(400, f"turn_deg is {turn[:20]!r}, but must be one of {', '.join(TURNS)}.")
    how = TURNS[turn]
    if how is None or place is None or not place.is_file():
        return send(place, "image/png")
    with tempfile.TemporaryDirectory() as folder:
        turned = Path(folder) / "turned.png"
        current_library().decoder.turn(Turn(place, "photo.png", how, turned))  # a large one takes a GB of memory
        data = turned.read_bytes()
    return Response(data, mimetype="image/png", headers={"Cache-Control": "private, no-cache"})


@blueprint.get("/photos/<photo_id>/thumbnail.jpg")
def thumbnail_jpg(photo_id: str) -> Response:
    """Send the small photo."""
    return send(current_library().thumbnail_path(current_workspace(), photo_id), "image/jpeg")


@blueprint.delete("/api/photos/<photo_id>")
def delete_photo(photo_id: str) -> Response:
    """Delete a photo and all made from it; the answer says where this can be undone, and for how long."""
    return jsonify(deleted(photo_id, deletion.delete_photo(current_library(), current_workspace(), photo_id)))
