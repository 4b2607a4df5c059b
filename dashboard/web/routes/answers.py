"""What the paths of every subject share: a record as JSON, its files, what a request carries."""

from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from flask import Response, abort, request, send_file
from pydantic import TypeAdapter, ValidationError

from core.files import catalog
from core.options.table import shown
from dashboard.library.records import COMPARING, DeletionRecord, FaceRecord, NotInLibraryError, RunRecord
from dashboard.readings import comparison_files, results
from dashboard.web.context import current_library
from dashboard.web.downloads import as_download
from dashboard.web.prefix import at
from dashboard.words import say

T = TypeVar("T")
JSON_OBJECT = TypeAdapter(dict[str, Any])


def as_dict(record: FaceRecord | RunRecord) -> dict[str, Any]:
    """Return a record as JSON carries it: times in ISO 8601, files by address, no owner and no path."""
    values = {f.name: getattr(record, f.name) for f in fields(record) if f.name not in ("workspace_id", "folder")}
    values.update({name: value.isoformat() for name, value in values.items() if hasattr(value, "isoformat")})
    if isinstance(record, RunRecord):
        values.update(stage=say(record.stage), error=record.error and say(record.error))
    if isinstance(record, RunRecord) and record.kind in COMPARING and record.state == "done":
        names = comparison_files.present(current_library().folders.comparison(record.id))
        values["files"] = {name: at(f"/comparisons/{record.id}/{name}") for name in names}
    if isinstance(record, FaceRecord):
        values["doubtful"] = record.is_doubtful
        values["doubts"] = [say(doubt.sentence) for doubt in results.doubts(record)]
        values["files"] = {name: at(f"/files/{record.id}/{name}") for name in catalog.offered(record.folder)}
    return values


def deleted(what: str, deletion: DeletionRecord | None) -> dict[str, Any]:
    """Return the answer to a DELETE; without a way to undo it where there was nothing to delete."""
    way = {"undo": at(f"/api/deletions/{deletion.id}/undo"), "undo_s": deletion.undo_s} if deletion else {}
    return {"deleted": what, **way}


def send(file: Path | None, media_type: str, name: str | None = None) -> Response:
    """Send a file, as a download where it is given a name; NotInLibraryError where there is none."""
    if file is None or not file.is_file():
        raise NotInLibraryError("This file is not in your library; it may have been deleted.")
    # no-cache asks again each time (304 by ETag): a solid made anew keeps its address
    response = send_file(file, media_type, etag=True, max_age=0)
    response.headers["Cache-Control"] = "private, no-cache"
    return response if name is None else as_download(response, name)


def body(*names: str) -> dict[str, Any]:
    """Return the JSON object that the request carries; `names`: of its members. One that is null is not given.

    Deep nesting, endless numbers and halves of a character, which no file or database takes, are no JSON here.
    """
    try:
        sent = JSON_OBJECT.validate_json(request.get_data() if request.is_json else b"")
    except ValidationError:
        abort(400, "The request must carry a JSON object.")
    unknown = [name for name in sent if name not in names]
    if unknown:
        abort(400, f"There is no {shown(unknown[0])} in this request. Choose from: {', '.join(names)}.")
    return {name: value for name, value in sent.items() if value is not None}


def member(sent: dict[str, Any], name: str, kind: type[T], wanted: str) -> T:
    """Return a member of the request's object that must be there; wanted: what it is, in words."""
    value = sent.get(name)
    if not isinstance(value, kind):
        abort(400, f"{name} is {shown(value)}, but must be {wanted}.")
    return value


def listed(name: str) -> list[str]:
    """Return the parts of a parameter `?name=a,b`, each once."""
    return parts(request.args.get(name, ""))


def parts(text: str) -> list[str]:
    """Return the parts of a text such as 'a,b', each once."""
    return list(dict.fromkeys(part for part in text.split(",") if part))
