"""What must stand at the root: the service worker, the place that a phone shares photos to, and robots.txt."""

import logging

from flask import Blueprint, Response, redirect, request

from core.errors import LifemaskError
from core.options import Options
from dashboard.web.assets import assets_folder
from dashboard.web.context import current_library, current_workspace
from dashboard.web.prefix import at
from dashboard.web.received import received
from dashboard.web.routes.answers import send

blueprint = Blueprint("root", __name__)
log = logging.getLogger("lifemask.web")
ROBOTS = "User-agent: *\nAllow: /\n"  # no page shows anything to who has no cookie


@blueprint.get("/service-worker.js")
def service_worker() -> Response:
    """Send the service worker from the root, which it may then serve as a whole."""
    return send(assets_folder() / "service-worker.js", "text/javascript")


@blueprint.post("/share")
def share() -> Response:
    """Take photos from a phone's gallery (share_target of the manifest), start their runs, and go where they are seen.

    What is no photo is left out; the Studio then says how many were.
    """
    library, workspace, refused = current_library(), current_workspace(), 0
    for part in request.files.getlist("photos"):
        try:
            photo = received(part)
            library.start_run(workspace, photo.id, Options())
        except LifemaskError:
            refused += 1
        except Exception:  # whatever it is, it is no reason to lose the other photos
            log.exception("A shared photo could not be stored")
            refused += 1
    return redirect(at(f"/?refused={refused}" if refused else "/"), 303)  # type: ignore[return-value]  # of werkzeug


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Send what crawlers ask for first."""
    return Response(ROBOTS, mimetype="text/plain")
