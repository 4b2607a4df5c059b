"""Every path that programs may use: what it does, takes and answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.files.catalog import FILES
from core.options.run import CHANGEABLE
from dashboard.readings import comparison_files
from dashboard.web.description.schemas import (
    COUNT,
    TEXT,
    YES_OR_NO,
    Schema,
    an_object,
    listed,
    one_of,
    or_null,
    ref,
)

BYTES: Schema = {"type": "string", "format": "binary"}
WAITS, BUSY, FULL = 503, 429, 507
JSON = "application/json"


@dataclass(frozen=True)
class Operation:
    """A method of a path.

    path : in the form of OpenAPI, such as /api/faces/{face_id}. shown : as the README writes it, with an example of
    its parameters. summary : one line. query : parameters with their schemas, all optional. sent, form : the JSON
    object, or the multipart form, that it takes. answer : of 200, by media type. fails : further statuses of errors.
    refused : what those answer.
    """

    method: str
    path: str
    shown: str
    summary: str
    query: Mapping[str, Schema] = field(default_factory=dict)
    sent: Schema | None = None
    form: Schema | None = None
    answer: Mapping[str, Schema] = field(default_factory=dict)
    fails: tuple[int, ...] = ()
    refused: Schema = field(default_factory=lambda: ref("Error"))


@dataclass(frozen=True)
class Row:
    """A row of the README's table: its operations, and what they do."""

    operations: tuple[Operation, ...]
    text: str

    @property
    def line(self) -> str:
        """The row in Markdown."""
        cells = ", ".join(f"`{one.method} {one.shown}`" for one in self.operations)
        return f"| {cells} | {self.text} |"


def _json(name: str) -> dict[str, Schema]:
    return {JSON: ref(name)}


def _of_face(
    method: str, end: str, summary: str, answer: Mapping[str, Schema], shown: str | None = None, **more: Any
) -> Operation:
    return Operation(
        method, f"/api/faces/{{face_id}}{end}", f"/api/faces/<id>{shown or end}", summary, answer=answer, **more
    )


ADD_PHOTOS = Operation(
    "POST", "/api/photos", "/api/photos", "Store photos and scans",
    form=an_object({"photos": listed(BYTES), "photo": listed(BYTES), "depth_map": listed(BYTES)},
                   optional=("photos", "photo", "depth_map")),
    answer=_json("Stored"), fails=(413, 422, FULL), refused={"anyOf": [ref("Error"), ref("Stored")]},
)  # fmt: skip
START_RUN = Operation(
    "POST", "/api/runs", "/api/runs", "Start the run of a photo",
    sent=an_object({"photo_id": TEXT, "options": or_null(ref("Options"))}, optional=("options",), closed=True),
    answer=_json("Run"), fails=(404, BUSY, FULL),
)  # fmt: skip
RUNS = Operation(
    "GET", "/api/runs", "/api/runs?ids=a,b", "Runs, newest first, or those of these ids", query={"ids": TEXT},
    answer={JSON: an_object({"runs": listed(ref("Run"))})},
)  # fmt: skip
CANCEL, RETRY = (
    Operation(
        "POST", f"/api/runs/{{run_id}}/{what}", f"/api/runs/<id>/{what}", summary, answer=_json("Run"), fails=(404,)
    )
    for what, summary in (("cancel", "Cancel a run"), ("retry", "Start a run again that failed or was cancelled"))
)
CHANGES = Operation(
    "GET", "/api/changes", "/api/changes", "Whether anything has changed, and how far work is", answer=_json("Changes")
)
FACES = Operation(
    "GET", "/api/faces", "/api/faces?limit=100&after=…", "Faces, newest first: all, or so many after a place",
    query={"limit": {"type": "integer", "minimum": 1, "maximum": 1000}, "after": TEXT},
    answer={JSON: an_object({"faces": listed(ref("Face")), "next": or_null(TEXT)})},
)  # fmt: skip
FACES_ZIP = Operation(
    "GET", "/api/faces.zip", "/api/faces.zip?ids=a,b&files=solid.stl,solid.3mf", "Files of several faces as one zip",
    query={"ids": TEXT, "files": TEXT}, answer={"application/zip": BYTES}, fails=(404, WAITS),
)  # fmt: skip
FACES_ZIP_SENT = Operation(
    "POST", "/api/faces.zip", "/api/faces.zip", "The same for any number of faces",
    sent=an_object({"ids": listed(TEXT), "files": or_null(listed(TEXT))}, optional=("files",), closed=True),
    answer={"application/zip": BYTES}, fails=(404, WAITS),
)  # fmt: skip
FACE = _of_face("GET", "", "One face", _json("Face"), fails=(404,))
DELETE_FACE = _of_face("DELETE", "", "Delete a face", _json("Deleted"), fails=(404,))
KEEP = _of_face("POST", "/keep", "Say that a doubtful find is a face", _json("Face"), fails=(404,))
LABEL = _of_face(
    "PATCH", "", "Name a face", _json("Face"), fails=(404,),
    sent=an_object({"name": or_null(TEXT), "person": or_null(TEXT), "tags": or_null(listed(TEXT))},
                   optional=("name", "person", "tags"), closed=True),
)  # fmt: skip
POINTS = _of_face(
    "GET", "/points", "All points, packed for the viewer", {"application/octet-stream": BYTES}, fails=(404,)
)
OPENNESS = _of_face("GET", "/openness", "The shade of hollows in plaster", {"image/jpeg": BYTES}, fails=(404,))
STATISTICS = _of_face(
    "GET", "/statistics", "Numbers of a face by part", {JSON: ref("Numbers"), "text/csv": TEXT},
    "/statistics?part=nose&unit=ipd&bins=64", fails=(404,),
    query={"part": TEXT, "unit": one_of("mm", "ipd"), "bins": COUNT, "format": one_of("json", "csv"), "download": TEXT},
)  # fmt: skip
RECOMPUTE = _of_face(
    "POST", "/recompute", "Compute a face again without a network", _json("Run"), fails=(404, BUSY, FULL),
    sent=an_object({"options": or_null(ref("Recompute"))}, optional=("options",), closed=True),
)  # fmt: skip
SOLID = _of_face(
    "POST", "/solid", "Make a face's solid again", _json("Run"), fails=(404, BUSY, FULL),
    sent=an_object({"options": or_null(ref("SolidOptions")), "printer": or_null(ref("Printer"))},
                   optional=("options", "printer"), closed=True),
)  # fmt: skip
HEAD = _of_face("POST", "/head", "Make a face's whole head", _json("Run"), fails=(404, BUSY, FULL))
OPEN = _of_face(
    "GET", "/open", "Hand a solid to a slicer", {}, "/open?in=orcaslicer", fails=(404,),
    query={"in": one_of("orcaslicer", "cura")},
)  # fmt: skip
COMPARE = Operation(
    "POST", "/api/comparisons", "/api/comparisons", "Compare two to eight faces",
    sent=an_object(
        {"faces": listed(TEXT, minItems=2, maxItems=8), "reference": or_null(TEXT), "with_scale": or_null(YES_OR_NO),
         "heads": or_null(YES_OR_NO), "neutral": or_null(YES_OR_NO)},
        optional=("reference", "with_scale", "heads", "neutral"), closed=True,
    ),
    answer=_json("Run"), fails=(404, BUSY, FULL),
)  # fmt: skip
COMPARISON_FILE = Operation(
    "GET", "/comparisons/{run_id}/{name}", "/comparisons/<id>/<name>?download=1", "A file of a comparison",
    query={"download": TEXT}, answer={"*/*": BYTES}, fails=(404,),
)  # fmt: skip
DELETE_PHOTO = Operation(
    "DELETE",
    "/api/photos/{photo_id}",
    "/api/photos/<id>",
    "Delete a photo and all made from it",
    answer=_json("Deleted"),
    fails=(404,),
)
DELETE_ALL = Operation("DELETE", "/api/workspace", "/api/workspace", "Delete everything", answer=_json("Deleted"))
UNDO = Operation(
    "POST", "/api/deletions/{deletion_id}/undo", "/api/deletions/<id>/undo", "Bring back what was deleted",
    answer={JSON: an_object({"undone": TEXT})}, fails=(404,),
)  # fmt: skip
FACE_FILE = Operation(
    "GET", "/files/{face_id}/{name}", "/files/<face id>/<name>?download=1", "A file of a face",
    query={"download": TEXT, "width": TEXT, "look": TEXT}, answer={"*/*": BYTES}, fails=(404, WAITS),
)  # fmt: skip
PHOTO, THUMBNAIL = (
    Operation(
        "GET",
        f"/photos/{{photo_id}}/{name}",
        f"/photos/<id>/{name}",
        summary,
        query,
        answer={kind: BYTES},
        fails=(404, WAITS),
    )
    for name, summary, kind, query in (
        ("photo.png", "A stored photo, upright", "image/png", {"turn_deg": one_of("0", "90", "180", "270")}),
        ("thumbnail.jpg", "The same small", "image/jpeg", {}),
    )
)
DESCRIPTION = Operation(
    "GET", "/api/openapi.json", "/api/openapi.json", "This description", answer={JSON: {"type": "object"}}
)

NAMES: Mapping[str, tuple[str, ...]] = {
    FACE_FILE.path: tuple(FILES),
    COMPARISON_FILE.path: tuple(file.name for file in comparison_files.FILES),
}  # of files in a path, the first of which may be shown as an example

_CHANGEABLE = ", ".join(f"`{name}`" for name in CHANGEABLE)
ROWS: tuple[Row, ...] = (
    Row(
        (ADD_PHOTOS,),
        "photos and [scans](#scans) in the multipart field `photos` (or `photo`), several; `depth_map` for "
        "[depth maps](#depth-that-comes-with-a-photo), each of the photo that its name says: `curl -F "
        "photo=@anna.jpg -F depth_map=@anna.depth-mm.png`; answers ids, `warnings` of each photo and, for "
        "each that could not be read, why; 422 where none could",
    ),
    Row(
        (START_RUN,),
        '`{"photo_id": …, "options": {…}}` starts a run; its [options](#options) are those of `run`',
    ),
    Row(
        (RUNS,),
        "state, stage, progress, faces of runs; a photo's is done with the depth, then its `surface` and "
        "`solid` follow as runs that nobody `asked` for",
    ),
    Row(
        (CANCEL, RETRY),
        "cancels a run; starts one that failed again",
    ),
    Row(
        (CHANGES,),
        "a `version` that differs once a run's state or a face does, whether work waits, and how far the runs"
        " are that work",
    ),
    Row(
        (FACES,),
        "the faces of the workspace, newest first: all, or `limit` of them, 1 to 1000. `next` is null once there "
        "are no more, and else what to send as `after`; it holds whatever is added or deleted meanwhile",
    ),
    Row(
        (FACES_ZIP, FACES_ZIP_SENT),
        "files of several faces as one zip, a folder for each; without `files` all that there are, and heads "
        'that were made. Ids of hundreds fit no address: send `{"ids": ["a", "b"], "files": ["solid.stl"]}`, or a form '
        "with such fields",
    ),
    Row(
        (FACE, DELETE_FACE),
        "the facts of a face and its files, whether it is `doubtful`, and why it is less sure than others "
        "(`doubts`); deletes it",
    ),
    Row(
        (KEEP,),
        "says that a doubtful find is a face",
    ),
    Row(
        (LABEL,),
        '`{"name": "Ada", "person": "Ada Lovelace", "tags": ["1843"]}` names a face; what is left out stays, '
        "an empty name is that of its file again",
    ),
    Row(
        (POINTS, OPENNESS),
        "what the pages' viewer draws beside a face's files: all points, packed; the shade of hollows in plaster",
    ),
    Row(
        (STATISTICS,),
        "numbers by part (head, face, forehead, eyes, nose, cheeks, mouth, chin) in `mm` or `ipd`, the "
        "histogram of one; `&format=csv` for rows",
    ),
    Row(
        (RECOMPUTE,),
        f'`{{"options": {{…}}}}` computes it again without a network: {_CHANGEABLE}',
    ),
    Row(
        (SOLID,),
        '`{"options": {…}, "printer": {…}}` makes its solid again and checks it for that printer',
    ),
    Row(
        (HEAD,),
        "makes its whole head, which is made, too, when one of its files is asked for",
    ),
    Row(
        (OPEN,),
        "hands its solid's 3MF to a slicer (`orcaslicer` or `cura`) by a link of the slicer's own scheme, "
        "whose address `/open/<signed>/<name>` answers without a cookie for ten minutes",
    ),
    Row(
        (COMPARE,),
        '`{"faces": ["a", "b"], "reference": "a", "with_scale": false}` starts the comparison of two to eight'
        ' faces; its run, once done, names its files. With `"heads": true` their heads are compared point by '
        'point, averaged and turned into each other; with `"neutral": true` without expression',
    ),
    Row(
        (COMPARISON_FILE,),
        "a file of a comparison: `comparison.json`, `.csv`, `.png`, `report.html`, `difference-N.npy` …; of "
        "heads `heads.json`, `.csv`, `points-N.glb`, `morph-N.glb`, `mean.stl` …",
    ),
    Row(
        (DELETE_PHOTO,),
        "deletes a photo and all made from it",
    ),
    Row(
        (DELETE_ALL,),
        "deletes everything of the workspace",
    ),
    Row(
        (UNDO,),
        "brings back what a `DELETE` took, within 10 s; its answer has this address as `undo`. Until then "
        "nobody reaches it, after that it is gone for good",
    ),
    Row(
        (FACE_FILE,),
        "a file of the table above; of `solid.glb`, `?look=walls`, `overhang` or `lit` is the same in other "
        "colours; what is not made yet is made first, and after a minute is 503 with `Retry-After`",
    ),
    Row(
        (PHOTO, THUMBNAIL),
        "a stored photo; `photo.png?turn_deg=90` turned clockwise",
    ),
    Row(
        (DESCRIPTION,),
        "all of this, with the shapes of requests and answers, as OpenAPI 3.1",
    ),
)
