"""Photos: taken in, shown, deleted."""

import re

from flask import Blueprint, Response, jsonify, request

from core.errors import LifemaskError
from dashboard.library import deletion
from dashboard.web.context import current_library, current_workspace
from dashboard.web.routes.answers import send

blueprint = Blueprint("photos", __name__)


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
    return send(current_library().photo_path(current_workspace(), photo_id), "image/png")


@blueprint.get("/photos/<photo_id>/thumbnail.jpg")
def thumbnail_jpg(photo_id: str) -> Response:
    """Send the small photo."""
    return send(current_library().thumbnail_path(current_workspace(), photo_id), "image/jpeg")


@blueprint.delete("/api/photos/<photo_id>")
def delete_photo(photo_id: str) -> Response:
    """Delete a photo and all made from it."""
    deletion.delete_photo(current_library(), current_workspace(), photo_id)
    return jsonify(deleted=photo_id)


def display_name(filename: str) -> str:
    """Return the last part of a path from any system, without control characters, at most 120 long."""
    name = re.sub(r"[\x00-\x1f\x7f]", "", re.split(r"[/\\]", filename)[-1]).strip()
    return name[-120:] or "photo"
