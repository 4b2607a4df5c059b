"""Whether the server can do what it is for; `/health`, which is Dash's, says alone that it answers."""

from flask import Blueprint, Response, jsonify

from dashboard.jobs import alive
from dashboard.library.readiness import examine
from dashboard.web.context import current_library
from dashboard.words import say

blueprint = Blueprint("ready", __name__)
OK = "ok"
NO_WORKER = "No worker is alive: photos wait until one is. Start 'lifemask worker', or serve without --no-worker."


@blueprint.get("/ready")
def ready() -> tuple[Response, int]:
    """Say of database, queue, disk and worker whether they are well; 503 where one of them is not."""
    library = current_library()
    found = examine(library)
    found["worker"] = None if alive.is_any(library.folders.root) else NO_WORKER
    is_ready = not any(found.values())
    said = {name: OK if why is None else say(why) for name, why in found.items()}
    return jsonify(ready=is_ready, **said), 200 if is_ready else 503
