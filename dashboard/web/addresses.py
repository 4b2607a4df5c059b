"""Whether the address of a page leads to something: a page that is not there, or not in this library, answers 404."""

from http import HTTPStatus

import dash
from flask import Flask, Response, request
from werkzeug.exceptions import NotFound
from werkzeug.routing import Map, Rule

from dashboard.web.context import current_library, current_workspace

PAGES = ("/", "/<path:path>")  # Dash's own rules: it answers each address with the document of all pages


def guard(server: Flask) -> None:
    """Have Dash's answer to an address that leads nowhere carry the status 404; what it shows says the same."""
    rules = Map(
        [
            Rule(f"/{(page['path_template'] or page['path']).strip('/')}", endpoint=page["module"])
            for page in dash.page_registry.values()
            if not page["module"].endswith("not_found_404")
        ],
        strict_slashes=False,
    )

    @server.after_request
    def _say_so(response: Response) -> Response:
        is_page = request.url_rule is not None and request.url_rule.rule in PAGES
        if is_page and response.status_code == HTTPStatus.OK and not _leads_somewhere(rules):
            response.status_code = NotFound.code
        return response


def _leads_somewhere(rules: Map) -> bool:
    library, workspace = current_library(), current_workspace()
    try:
        _, named = rules.bind("").match(f"/{request.path.strip('/')}")
    except NotFound:
        return False
    if "face_id" in named:
        return library.face(workspace, named["face_id"]) is not None
    if "photo_id" in named:
        return library.photo(workspace, named["photo_id"]) is not None
    asked = [face_id for face_id in request.args.get("faces", "").split(",") if face_id]
    return not asked or any(library.face(workspace, face_id) for face_id in asked)
