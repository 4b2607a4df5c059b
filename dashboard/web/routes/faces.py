"""Faces: their facts, numbers and files; computed anew, made into a solid, deleted."""

import gzip
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from flask import Blueprint, Response, abort, jsonify, request

from core.files import catalog
from core.files.catalog import FILES
from core.options import Printer, SolidOptions
from core.options.table import shown
from dashboard import readings
from dashboard.library import deletion
from dashboard.library.faces import Place
from dashboard.library.records import FaceRecord, NotInLibraryError
from dashboard.web import making, opening
from dashboard.web.archive import Made, zipped
from dashboard.web.context import current_library, current_workspace
from dashboard.web.downloads import as_download, shortened
from dashboard.web.prefix import at
from dashboard.web.routes.answers import as_dict, body, deleted, listed, member, parts, send
from dashboard.web.small import WIDTHS, small

blueprint = Blueprint("faces", __name__)
SLICERS = ("orcaslicer", "cura")  # those that fetch a file from any address, see ../decisions/requests.md
OPENED = "solid.3mf"
ZIP_AWAITED_S = 120.0  # of each part of a face that a zip of many waits for
MOST_LISTED = 1000
PLACE = re.compile(r"(\d{1,12}\.\d{1,17})_([0-9a-f]{32})_(\d{1,6})")  # time, run and number of a face
STEM_BYTES = 160  # leaves room for what follows it in the name of a file or of a folder of a zip


@blueprint.get("/api/faces")
def faces() -> Response:
    """Faces of the workspace, newest first; ?limit=100 of them, those after ?after=, the `next` of an answer."""
    limit, after = request.args.get("limit"), request.args.get("after")
    if limit is not None and not (limit.isascii() and limit.isdecimal() and 1 <= int(limit[:9]) <= MOST_LISTED):
        abort(400, f"limit is {shown(limit)}, but must be a whole number from 1 to {MOST_LISTED}.")
    most = None if limit is None else int(limit)
    found = current_library().faces(
        current_workspace(), most=most and most + 1, after=None if after is None else _place(after)
    )
    page = found[:most]
    last = current_library().place_of_face(page[-1].id) if len(found) > len(page) else None
    following = None if last is None else "_".join(map(str, last))  # of a float all digits
    return jsonify(faces=[as_dict(face) for face in page], next=following)


def _place(text: str) -> Place:
    """Return the place in the order of faces that a `next` names; it holds where that face is deleted meanwhile."""
    found = PLACE.fullmatch(text)
    if found is None:
        abort(400, f"after is {shown(text)}, but must be what an answer has as next.")
    return float(found[1]), found[2], int(found[3])


@blueprint.get("/api/faces.zip")
def faces_zip() -> Response:
    """Send files of several faces, ?ids=a,b, as one zip with a folder for each; ?files=solid.stl,solid.3mf or all."""
    return _zip(listed("ids"), listed("files"))


@blueprint.post("/api/faces.zip")
def many_faces_zip() -> Response:
    """Send the same for {ids, files}, two lists, or for a form with these fields: thousands of ids fit no address."""
    if request.form:
        return _zip(*(parts(",".join(request.form.getlist(name))) for name in ("ids", "files")))
    asked = body("ids", "files")
    ids, names = (member(asked, name, list, "a list of texts") if name in asked else [] for name in ("ids", "files"))
    if not all(isinstance(one, str) for one in (*ids, *names)):
        abort(400, "ids and files must be lists of texts.")
    return _zip(list(dict.fromkeys(ids)), list(dict.fromkeys(names)))


def _zip(ids: list[str], wanted: list[str]) -> Response:
    names = wanted or list(FILES)
    if not ids:
        abort(400, "No face is named: give their ids, as in ?ids=a,b.")
    unknown = [name for name in names if name not in FILES]
    if unknown:
        abort(404, f"There is no file of the name '{unknown[0]}'. Choose from: {', '.join(FILES)}.")
    own = {face.id: face for face in current_library().faces(current_workspace())}
    missing = [face_id for face_id in ids if face_id not in own]
    if missing:
        raise NotInLibraryError(f"The face '{missing[0][:40]}' is not in your library; it may have been deleted.")
    chosen = [own[face_id] for face_id in ids]
    library = current_library()
    files: list[tuple[str, Path | Made]] = []
    for folder, face in zip(folder_names(chosen), chosen, strict=True):
        present, coming = catalog.present(face.folder), catalog.coming(face.folder)
        if wanted:
            coming += catalog.on_request(face.folder)
        for name in dict.fromkeys(catalog.name_today(face.folder, name) for name in names):
            if name in present and present[name].name not in catalog.KEPT:
                files.append((f"{folder}/{name}", present[name]))
            elif name in present or name in coming:
                files.append((f"{folder}/{name}", making.later(library, face, name, ZIP_AWAITED_S)))
    if not files:
        raise NotInLibraryError(f"None of these faces has a file '{names[0]}'. Make it first.")
    response = Response(zipped(files), mimetype="application/zip")
    response.headers["Cache-Control"] = "private, no-store"
    return as_download(response, f"lifemask-{len(chosen)}-faces.zip")


@blueprint.get("/api/faces/<face_id>")
def face(face_id: str) -> Response:
    """One face, with the addresses of its files."""
    return jsonify(as_dict(_face(face_id)))


@blueprint.post("/api/faces/<face_id>/keep")
def keep_face(face_id: str) -> Response:
    """Note that a doubtful find is a face."""
    return jsonify(as_dict(current_library().keep_face(current_workspace(), face_id)))


@blueprint.get("/api/faces/<face_id>/statistics")
def face_statistics(face_id: str) -> Response:
    """Numbers of a face by part, in ?unit=mm or ipd, with the histogram of ?part= in ?bins=; ?format=csv as rows."""
    record, asked = _face(face_id), request.args
    try:
        bins = int(asked.get("bins", "64"))
    except ValueError:
        abort(400, f"bins is '{asked['bins']}', but must be a whole number.")
    part, unit = asked.get("part", "head"), asked.get("unit", "mm")
    values = readings.measured.summary(readings.measured.measured(record.folder), part, unit, bins)
    if asked.get("format") == "csv":
        response = Response(readings.measured.as_csv(values), mimetype="text/csv")
    else:
        response = jsonify({"face": record.name, **values})
    if "download" in asked:
        name = download_name(record, f"statistics.{'csv' if asked.get('format') == 'csv' else 'json'}")
        as_download(response, name)
    return response


@blueprint.get("/api/faces/<face_id>/points")
def points(face_id: str) -> Response:
    """All points of a face with their colours, packed for the viewer (`dashboard.readings.shapes`)."""
    folder = _face(face_id).folder
    packed, encoded = readings.shapes.points(folder, _changed(folder)), request.accept_encodings.quality("gzip") > 0
    answer = _drawn(packed if encoded else gzip.decompress(packed), "application/octet-stream")
    if encoded:
        answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Vary"] = "Accept-Encoding"
    return answer


@blueprint.get("/api/faces/<face_id>/openness")
def openness(face_id: str) -> Response:
    """How open the sky is over each pixel of the crop, by which the viewer darkens hollows of plaster; a gray JPEG."""
    folder = _face(face_id).folder
    return _drawn(readings.shapes.openness(folder, _changed(folder)), "image/jpeg")


def _changed(folder: Path) -> int:
    depth = catalog.depth_file(folder)
    if not depth.is_file():
        raise NotInLibraryError("This face has no depth in your library; it may have been deleted.")
    return depth.stat().st_mtime_ns


def _drawn(data: bytes, media_type: str) -> Response:
    """Send what is drawn from the depth; it is asked for again each time, and answered by 304 while it is the same."""
    answer = Response(data, mimetype=media_type)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.add_etag()
    answer.make_conditional(request)  # in place
    return answer


@blueprint.post("/api/faces/<face_id>/solid")
def start_solid(face_id: str) -> Response:
    """Queue the making of the solid anew with {options}, checked for the {printer}."""
    asked = body("options", "printer")
    options = SolidOptions.from_dict(asked.get("options", {}))
    printer = Printer.from_dict(asked["printer"]) if "printer" in asked else None
    return jsonify(as_dict(current_library().start_solid(current_workspace(), face_id, options, printer)))


@blueprint.post("/api/faces/<face_id>/head")
def start_head(face_id: str) -> Response:
    """Queue the making of the whole head; it is made, too, when one of its files is asked for."""
    return jsonify(as_dict(current_library().start_head(current_workspace(), face_id)))


@blueprint.post("/api/faces/<face_id>/recompute")
def start_recompute(face_id: str) -> Response:
    """Queue the face to be computed anew with {options}, without a network."""
    changes = body("options").get("options", {})
    return jsonify(as_dict(current_library().start_recompute(current_workspace(), face_id, changes)))


@blueprint.patch("/api/faces/<face_id>")
def label_face(face_id: str) -> Response:
    """Change the {name, person, tags} of a face; what is not given stays, "" or [] takes it away."""
    asked = body("name", "person", "tags")
    name, person = (member(asked, key, str, "a text") if key in asked else None for key in ("name", "person"))
    tags = member(asked, "tags", list, "a list of texts") if "tags" in asked else None
    if not all(isinstance(tag, str) for tag in tags or ()):
        abort(400, "tags must be a list of texts.")
    return jsonify(as_dict(current_library().label(current_workspace(), face_id, name=name, person=person, tags=tags)))


@blueprint.get("/api/faces/<face_id>/open")
def open_in(face_id: str) -> Response:
    """Hand the solid's 3MF over to a slicer, ?in=orcaslicer or cura, by a link of its own scheme."""
    slicer = request.args.get("in", "")
    if slicer not in SLICERS:
        abort(400, f"in is {shown(slicer)}, but must be one of {', '.join(SLICERS)}.")
    record = _face(face_id)
    if OPENED not in catalog.offered(record.folder):
        raise NotInLibraryError("This face has no 3MF of a solid. Make it first.")
    signed = opening.signed(current_workspace(), face_id)
    address = f"{request.host_url.rstrip('/')}{at(f'/open/{signed}')}/{quote(download_name(record, OPENED))}"
    link = f"{slicer}://open?file={quote(address, safe='')}"
    return Response(status=302, headers={"Location": link, "Cache-Control": "no-store"})


@blueprint.get("/open/<signed>/<name>")
def opened(signed: str, name: str) -> Response:  # noqa: ARG001 - slicers call the file by the end of its address
    """Send the 3MF that a link of `open_in` names, without a cookie, which slicers do not have."""
    workspace, face_id = opening.meant(signed)
    record = current_library().face(workspace, face_id)
    if record is None:
        raise NotInLibraryError("This face is not in your library; it may have been deleted.")
    return _sent(record, OPENED, download_name(record, OPENED))


@blueprint.delete("/api/faces/<face_id>")
def delete_face(face_id: str) -> Response:
    """Delete a face and its files; the answer says where this can be undone, and for how long."""
    return jsonify(deleted(face_id, deletion.delete_faces(current_library(), current_workspace(), [face_id])))


@blueprint.get("/files/<face_id>/<name>")
def face_file(face_id: str, name: str) -> Response:
    """Send a file of a face; with ?download=1 as STEM-NN-name, which sorts by photo and face.

    A picture with ?width=400 is sent as small as a page shows it, as WebP. Of `solid.glb`, ?look=walls, overhang or lit
    is the same in other colours. Where surface or solid are not made yet the answer waits; after a minute it is
    503 with Retry-After.
    """
    if name not in FILES:
        abort(404, f"There is no file of the name '{name}'.")
    record = _face(face_id)
    if name == "solid.glb" and "look" in request.args:
        response = Response(
            readings.solid_looks.preview(record.folder, request.args["look"]), mimetype=FILES[name].media_type
        )
        response.headers["Cache-Control"] = "private, no-cache"
        response.add_etag()
        response.make_conditional(request)
        return response
    name = catalog.name_today(record.folder, name)
    if "width" in request.args and (record.folder / name).is_file():
        return _small_picture(record.folder / name, request.args["width"])
    return _sent(record, name, download_name(record, name) if "download" in request.args else None)


def _sent(record: FaceRecord, name: str, shown_name: str | None) -> Response:
    """Send a file that lies there, or is made now: by its mark alone where the browser has it already."""
    source, media_type = making.awaited(current_library(), record, name), FILES[name].media_type
    if source.name not in catalog.KEPT:
        return send(source, media_type, shown_name)
    mark = making.mark(record, name)
    is_known = request.if_none_match.contains(mark)
    response = Response(b"" if is_known else making.made(record.folder, name), mimetype=media_type)
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(mark)
    response.make_conditional(request)
    return response if shown_name is None else as_download(response, shown_name)


def _small_picture(file: Path, width: str) -> Response:
    if FILES[file.name].subject != "picture" or width not in map(str, WIDTHS):
        abort(400, f"Pictures alone come smaller, and {', '.join(map(str, WIDTHS))} pixels wide.")
    response = Response(small(file, int(width)), mimetype="image/webp")
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(f"{file.stat().st_mtime_ns:x}-{width}")
    response.make_conditional(request)
    return response


def _face(face_id: str) -> FaceRecord:
    record = current_library().face(current_workspace(), face_id)
    if record is None:
        raise NotInLibraryError("This face is not in your library; it may have been deleted.")
    return record


def download_name(face: FaceRecord, name: str) -> str:
    """Return STEM-NN-name, or TITLE-name, from letters and digits of any script, dot, dash and underscore alone."""
    return f"{_stem(face)}-{name}"


def folder_names(faces: Sequence[FaceRecord]) -> list[str]:
    """Return STEM-NN, or TITLE, for each face; where two have one name, the later gets STEM_2-NN, or TITLE_2."""
    taken: set[str] = set()
    names = []
    for face in faces:
        name, number = _stem(face), 2
        while name.lower() in taken:
            name, number = _stem(face, number), number + 1
        taken.add(name.lower())
        names.append(name)
    return names


def _stem(face: FaceRecord, number: int = 1) -> str:
    is_titled = face.name != face.file_name
    stem = unicodedata.normalize("NFC", face.name if is_titled else Path(face.name.split(" #")[0]).stem)
    words = "".join(c if _is_of_a_word(c) else " " for c in stem).split()
    name = shortened("_".join(words).strip("._"), STEM_BYTES) or "photo"
    return f"{name}{'' if number == 1 else f'_{number}'}{'' if is_titled else f'-{face.index:02d}'}"


def _is_of_a_word(character: str) -> bool:
    """Whether it is a letter or digit of any script, a mark on one, or a dot, dash or underscore."""
    return character.isalnum() or character in "._-" or unicodedata.category(character).startswith("M")
