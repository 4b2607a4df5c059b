"""What Prometheus reads, for those who may: see the setting `metrics`."""

from flask import Blueprint, Response, abort, request
from prometheus_client import CONTENT_TYPE_LATEST

from dashboard.web import metrics, seen
from dashboard.web.context import current_library
from dashboard.web.security import LOOPBACK, ForbiddenError, host_name

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def read() -> Response:
    """Send the metrics."""
    library = current_library()
    if library.settings.metrics == "off":
        abort(404)
    if library.settings.metrics == "loopback" and not _is_this_machine():
        raise ForbiddenError("Metrics are for programs on the server's own machine; LIFEMASK_METRICS=on opens them.")
    return Response(metrics.written(library), content_type=CONTENT_TYPE_LATEST)


def _is_this_machine() -> bool:
    """Whether the request comes from this machine by itself: what a proxy here passes on comes from anywhere."""
    is_direct = not seen.is_passed_on(request)
    return is_direct and request.remote_addr in LOOPBACK and host_name(request.host) in LOOPBACK
