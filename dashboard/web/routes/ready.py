"""Whether the server can do what it is for; `/health`, which is Dash's, says alone that it answers."""

from flask import Blueprint, Response, jsonify, request

from dashboard.jobs import alive
from dashboard.library.library import Library
from dashboard.library.readiness import examine
from dashboard.library.sentences import sentence
from dashboard.web import seen
from dashboard.web.context import current_library
from dashboard.words import say

blueprint = Blueprint("ready", __name__)
OK = "ok"
NO_WORKER = "No worker is alive: photos wait until one is. Start 'lifemask worker', or serve without --no-worker."


def _worker(library: Library) -> str | None:
    try:
        return None if alive.is_any(library) else NO_WORKER
    except Exception as error:  # the database knows it, and cannot be asked
        return sentence(error, library.folders.root)


@blueprint.get("/ready")
def ready() -> tuple[Response, int]:
    """Say of database, queue, disk and worker whether they are well; 503 where one of them is not."""
    library = current_library()
    found = examine(library)
    found["worker"] = _worker(library)
    is_ready = not any(found.values())
    said = {name: OK if why is None else say(why) for name, why in found.items()}
    to_doctor = seen.told(request, library.folders.secret())
    told = {} if to_doctor is None else {"seen": to_doctor}
    return jsonify(ready=is_ready, **said, **told), 200 if is_ready else 503
