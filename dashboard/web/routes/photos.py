"""Photos: taken in, shown, deleted."""

import logging
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from core.errors import LifemaskError
from dashboard.library import deletion
from dashboard.library.sentences import sentence
from dashboard.web.context import current_library, current_workspace
from dashboard.web.received import display_name, received
from dashboard.web.routes.answers import deleted, send
from dashboard.web.routes.errors import status_of

blueprint = Blueprint("photos", __name__)
log = logging.getLogger("lifemask.web")


@blueprint.post("/api/photos")
def add_photos() -> tuple[Response, int]:
    """Store the photos of the multipart field `photos`; each that cannot be has its sentence in `errors`.

    The status is that of the first error where no photo could be stored.
    """
    parts = request.files.getlist("photos")
    if not parts:
        abort(400, "No photo came: send each as a file in the multipart field 'photos'.")
    photos: list[dict[str, Any]] = []
    errors: list[dict[str, str]] = []
    status = 200
    for part in parts:
        name = display_name(part.filename or "photo")
        try:
            photo = received(part)
            photos.append({"id": photo.id, "name": photo.name, "width": photo.width, "height": photo.height})
        except Exception as error:  # whatever it is, it is no reason to lose the other photos
            if not isinstance(error, LifemaskError):
                log.exception("A photo could not be stored")
            said = sentence(error, current_library().folders.root)
            status = status if errors else status_of(error)
            errors.append({"name": name, "error": said})
    return jsonify(photos=photos, errors=errors), 200 if photos else status


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
    """Delete a photo and all made from it; the answer says where this can be undone, and for how long."""
    return jsonify(deleted(photo_id, deletion.delete_photo(current_library(), current_workspace(), photo_id)))
