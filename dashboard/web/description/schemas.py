"""The shapes of requests and answers as JSON Schema; those of options come from the table of options itself."""

from typing import Any, get_args

from pydantic import TypeAdapter

from core.options import Options, Printer, SolidOptions
from core.options.run import CHANGEABLE
from dashboard.library.records import Kind, State

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer", "minimum": 0}
YES_OR_NO: Schema = {"type": "boolean"}
TIME: Schema = {"type": "string", "format": "date-time"}
ADDRESSES: Schema = {"type": "object", "additionalProperties": TEXT, "description": "Name of a file -> its address."}


def or_null(schema: Schema) -> Schema:
    """Return a schema that takes null, too."""
    return {"anyOf": [schema, {"type": "null"}]}


def listed(schema: Schema, **limits: int) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": schema, **limits}


def one_of(*values: str) -> Schema:
    """Return the schema of one of these texts."""
    return {"type": "string", "enum": list(values)}


def an_object(members: dict[str, Schema], *, optional: tuple[str, ...] = (), closed: bool = False) -> Schema:
    """Return the schema of an object; closed : it has no members but these."""
    required = [name for name in members if name not in optional]
    schema: Schema = {"type": "object", "properties": members, "required": required}
    return {**schema, "additionalProperties": False} if closed else schema


def ref(name: str) -> Schema:
    """Return a reference to one of `COMPONENTS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def options(table: Any, names: tuple[str, ...] = ()) -> Schema:
    """Return the schema of a table of options, or of some of them; without what concerns pages alone."""
    whole = TypeAdapter(table).json_schema(ref_template="#/components/schemas/{model}")
    for_pages = ("only", "parts", "recompute", "step", "words")
    members = {
        name: {key: value for key, value in about.items() if key not in for_pages}
        for name, about in whole["properties"].items()
        if not names or name in names
    }
    return {"type": "object", "properties": members, "additionalProperties": False}


RUN = an_object(
    {
        "id": TEXT,
        "kind": one_of(*get_args(Kind)),
        "photo_id": or_null(TEXT),
        "face_id": or_null(TEXT),
        "options": {"type": "object"},
        "state": one_of(*get_args(State)),
        "stage": {**TEXT, "description": "What it does, in words."},
        "progress": {**NUMBER, "minimum": 0, "maximum": 1},
        "error": or_null({**TEXT, "description": "Why it failed, in one sentence."}),
        "error_kind": or_null(TEXT),
        "asked": {**YES_OR_NO, "description": "false of what followed from another run, and nobody waits for"},
        "created": TIME,
        "started": or_null(TIME),
        "ended": or_null(TIME),
        "face_ids": listed(TEXT),
        "files": {**ADDRESSES, "description": "Of a comparison that is done."},
    },
    optional=("files",),
)
FACE = an_object(
    {
        "id": TEXT,
        "run_id": TEXT,
        "photo_id": TEXT,
        "index": {"type": "integer", "minimum": 1, "description": "From left to right in its photo."},
        "name": TEXT,
        "file_name": TEXT,
        "person": or_null(TEXT),
        "tags": listed(TEXT),
        "score": or_null(NUMBER),
        "network": TEXT,
        "created": TIME,
        "kept": YES_OR_NO,
        "doubtful": YES_OR_NO,
        "doubts": listed(TEXT),
        "files": ADDRESSES,
    }
)
STORED = an_object(
    {
        "photos": listed(
            an_object({"id": TEXT, "name": TEXT, "width": COUNT, "height": COUNT, "warnings": listed(TEXT)})
        ),
        "errors": listed(an_object({"name": TEXT, "error": TEXT})),
    }
)
CHANGES = an_object(
    {
        "version": TEXT,
        "busy": YES_OR_NO,
        "running": listed(an_object({"id": TEXT, "stage": TEXT, "progress": NUMBER})),
    }
)
NUMBERS = an_object(
    {
        "face": TEXT,
        "unit": one_of("mm", "ipd"),
        "meaning": TEXT,
        "parts": {"type": "object", "additionalProperties": {"type": "object"}},
        "histogram": an_object(
            {"part": TEXT, "edges": listed(NUMBER), "counts": listed(COUNT), "density": listed(NUMBER)}
        ),
    }
)

COMPONENTS: dict[str, Schema] = {
    "Error": an_object({"error": {**TEXT, "description": "What was wrong and what to do, in one sentence."}}),
    "Run": RUN,
    "Face": FACE,
    "Stored": STORED,
    "Changes": CHANGES,
    "Numbers": NUMBERS,
    "Deleted": an_object({"deleted": TEXT, "undo": TEXT, "undo_s": NUMBER}, optional=("undo", "undo_s")),
    "Options": options(Options),
    "SolidOptions": options(SolidOptions),
    "Printer": options(Printer),
    "Recompute": options(Options, tuple(CHANGEABLE)),
}
