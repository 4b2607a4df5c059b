"""Errors of requests as {"error": sentence}."""

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from core.errors import LifemaskError, StorageError
from dashboard.library.records import NotInLibraryError, QueueFullError
from dashboard.web.security import ForbiddenError

STATUS = {NotInLibraryError: 404, ForbiddenError: 403, QueueFullError: 429, StorageError: 507}


def connect(blueprint: Blueprint) -> None:
    """Answer errors in sentences: ours in the whole app, those of HTTP under the paths of the blueprint."""
    blueprint.app_errorhandler(LifemaskError)(_sentence)
    blueprint.app_errorhandler(RequestEntityTooLarge)(_too_large)
    blueprint.errorhandler(HTTPException)(_http)


def _sentence(error: LifemaskError) -> tuple[Response, int]:
    return jsonify(error=str(error)), STATUS.get(type(error), 400)


def _too_large(_: RequestEntityTooLarge) -> tuple[Response, int]:
    limit = (request.max_content_length or 0) / 2**20
    sent = (request.content_length or 0) / 2**20
    text = f"The upload has {sent:.0f} MB; at most {limit:.0f} MB can be sent at a time. Send fewer or smaller photos."
    return jsonify(error=text), 413


def _http(error: HTTPException) -> tuple[Response, int]:
    return jsonify(error=error.description or error.name), error.code or 500
