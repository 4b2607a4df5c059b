"""The OpenAPI document of the REST paths."""

import re
from http import HTTPStatus
from typing import Any

from core.version import __version__
from dashboard.web.description.operations import JSON, NAMES, ROWS, Operation
from dashboard.web.description.schemas import COMPONENTS, one_of
from dashboard.web.prefix import at

# a request that is not understood, lacks the password, comes from another site or under another name, or guesses on
ALWAYS = (400, 401, 403, 429)
ABOUT = (
    "The paths that the pages use, for programs too. A workspace belongs to a signed cookie, which comes with "
    "the first request that changes something. Every error is an object with one sentence."
)


def document() -> dict[str, Any]:
    """Return the document, OpenAPI 3.1."""
    paths: dict[str, dict[str, Any]] = {}
    for row in ROWS:
        for operation in row.operations:
            paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Lifemask", "version": __version__, "description": ABOUT, "license": {"name": "MIT"}},
        "servers": [{"url": at("/").rstrip("/") or "/"}],
        "paths": paths,
        "components": {"schemas": COMPONENTS},
    }


def _described(operation: Operation) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": _in_path(operation, name)}
        for name in re.findall(r"{(\w+)}", operation.path)
    ]
    parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in operation.query.items()]
    sent = {JSON: operation.sent, "multipart/form-data": operation.form}
    content = {kind: {"schema": schema} for kind, schema in sent.items() if schema is not None}
    described: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": re.sub(r"\W+", "_", f"{operation.method.lower()}{operation.path}").strip("_"),
        "parameters": parameters,
        "responses": _answers(operation),
    }
    return {**described, "requestBody": {"required": True, "content": content}} if content else described


def _in_path(operation: Operation, name: str) -> dict[str, Any]:
    names = NAMES.get(operation.path, ()) if name == "name" else ()
    return one_of(*names) if names else {"type": "string", "minLength": 1}


def _answers(operation: Operation) -> dict[str, Any]:
    good = {kind: {"schema": schema} for kind, schema in operation.answer.items()}
    answers: dict[str, Any] = (
        {"200": {"description": "Done", "content": good}} if good else {"302": {"description": "There"}}
    )
    for status in sorted({*ALWAYS, *operation.fails, *((413,) if operation.sent or operation.form else ())}):
        answers[str(status)] = {
            "description": HTTPStatus(status).phrase, "content": {JSON: {"schema": operation.refused}},
        }  # fmt: skip
    return answers
