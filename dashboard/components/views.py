"""Views of a face: in 3D, graphs, pictures, files to download."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import dash_bootstrap_components as dbc
import numpy as np
from dash import dcc, html

from core.errors import FormatError
from core.files import catalog
from core.files.catalog import FILES
from core.files.facts import SolidFacts
from core.geometry.facts import MEASURED
from core.json_files import read_object, typed
from core.options.run import DRAWN
from dashboard.charts import figures
from dashboard.components import printing
from dashboard.components.page import icon, lazily, marks
from dashboard.library.records import FaceRecord
from dashboard.readings.results import Result
from dashboard.web.prefix import at
from dashboard.words import say, word
from dashboard.words.language import current_language

if TYPE_CHECKING:
    from core.geometry.facts import Facts

Look = Literal["textured", "plaster", "cloud", "seen"]  # of a face in 3D; assets/viewer knows the names
LOOKS: tuple[Look, ...] = ("textured", "plaster", "cloud")  # of its surface
HEAD_LOOKS: tuple[Look, ...] = ("textured", "plaster", "seen")
MARGIN = 1.12  # round a face in 3D, as in assets/viewer/turning.js

USUAL = (("mesh.glb", word("Mesh GLB")), ("mesh.zip", word("Mesh OBJ")))  # beside the solid, what most people take
TO_DOWNLOAD = tuple(file.name for file in FILES.values() if file.subject != "picture")


def address(face_id: str, name: str, folder: Path | None = None, *, width: int | None = None) -> str:
    """Return the address of a face's file; with its folder the address changes when the file does.

    width : of a picture, how small it shall come, px; one of `dashboard.web.small.WIDTHS`.
    """
    file = catalog.source(folder, name) if folder else None
    stamp = f"v={file.stat().st_mtime_ns:x}" if file and file.is_file() else ""
    query = "&".join(filter(None, (f"width={width}" if width else "", stamp)))
    return at(f"/files/{face_id}/{name}{'?' if query else ''}{query}")


def viewer(
    src: str, alt: str, *, poster: str | None = None, on_click: bool = False, group: str | None = None,
    turning: bool = False, name: str | None = None, scaled: str | None = None, **more: Any,
) -> html.Div:  # fmt: skip
    """Return the place of a view in 3D, which assets/viewer.js fills: at once, or when a person asks for it.

    group : views of one name turn, zoom and move together, and keep their camera while the page stays. name : what
    its pictures are called. scaled : what its millimetres are, in words.
    """
    data: dict[str, Any] = {"data-src": src, "data-alt": alt}
    if on_click:
        data["data-on"] = "click"
    if group:
        data["data-group"] = group
    if turning:
        data["data-turning"] = "1"
    if name:
        data["data-name"] = name
    if scaled:
        data["data-scaled"] = scaled
    picture = lazily(html.Img(src=poster, alt="", width=800, height=600)) if poster else None
    return html.Div(picture, className="viewer", **data, **more)


def face_viewer(result: Result, alt: str, *, group: str, look: Look = "textured", always: bool = False) -> html.Div:
    """Return the place of a view of a face in all its looks; always : it keeps this look, whatever its group shows."""
    face, folder = result.face, result.face.folder
    data = {
        "data-src": address(face.id, "mesh.glb", folder),
        "data-points": _shape(face, "points"),
        "data-openness": _shape(face, "openness"),
        "data-name": face.name,
        "data-look": look,
        "data-scaled": scaled(result.facts),
        "data-alt": alt,
        "data-group": group,
    }
    if always:
        data["data-always"] = "1"
    return html.Div(_poster(result, look), className="viewer", **cast(Any, data))


def scaled(about: "Facts") -> str:
    """Return what a face's millimetres are, in words."""
    if about.is_measured:
        return say(MEASURED)
    return say("scaled to the assumed IPD" if about.ipd_mm else "scaled by an assumed range")


def _poster(result: Result, look: Look) -> html.Img:
    """Return what the first picture in 3D will show, where it will show it."""
    face, folder, mask = result.face, result.face.folder, result.measured.reconstruction.mask
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    (top, bottom), (left, right) = ((line[0], line[-1] + 1) for line in (rows, columns))
    side = len(mask)
    scale = side / (MARGIN * max(bottom - top, right - left))
    x, y = (100 * (0.5 - (low + high) / 2 / side) for low, high in ((left, right), (top, bottom)))
    style = {"transform": f"translate(-50%, -50%) scale({scale:.4f}) translate({x:.2f}%, {y:.2f}%)"}
    plaster = address(face.id, "relief_preview.png", folder, width=800)
    if look == "plaster":
        return html.Img(src=plaster, alt="", className="poster", style=style)
    # the photo within the outline of the plaster
    style |= {"maskImage": f"url({plaster})", "WebkitMaskImage": f"url({plaster})"}
    return html.Img(src=address(face.id, "crop.png", folder, width=800), alt="", className="poster", style=style)


def _shape(face: FaceRecord, name: str) -> str:
    """Return the address of what the viewer draws from a face's depth; it changes when the depth does."""
    depth = catalog.depth_file(face.folder)
    return at(f"/api/faces/{face.id}/{name}") + (f"?v={depth.stat().st_mtime_ns:x}" if depth.is_file() else "")


def viewing(
    group: str, views: Any, looks: Sequence[Look] = (), *, label: str, staged: bool = True, **more: Any
) -> html.Div:
    """Return views of one group with their tools: a choice of looks, cameras, light, full screen, picture, measure.

    staged : on one stage, with the tools above; else they are parts of what stands above the tools.
    """
    marked = {"data-group": group, "data-looks": " ".join(looks), "data-label": label}
    tools = html.Div(className="viewer-tools", **cast(Any, marked))
    parts = [tools, html.Div(views, className="stage")] if staged else [views, tools]
    return html.Div(parts, className="viewing", **more)


def drawn_note(about: "Facts") -> html.P | None:
    """Return the line under a view of what carries a face's fine relief; None where it has none."""
    return html.P(say(f"Fine relief is {say(DRAWN)}."), className="note") if about.fine_relief else None


def graph(figure: Any, key: Any = None, *, height: int | str | None = None, still: bool = False) -> dcc.Graph:
    """Return a graph with the one configuration that all graphs share."""
    named = {"id": key} if key is not None else {}
    return dcc.Graph(
        figure=figure,
        config=cast(Any, {**(figures.STILL_CONFIG if still else figures.GRAPH_CONFIG), "locale": current_language()}),
        responsive=True,
        style={"height": height} if height else {},
        **named,
    )


def picture(src: str, alt: str, caption: Any = None) -> html.Figure:
    """Return a picture with a caption."""
    return html.Figure(
        [html.Img(src=src, alt=alt), html.Figcaption(caption)] if caption else [html.Img(src=src, alt=alt)]
    )


def size(count: int) -> str:
    """Return a file size in decimal units: 1,234,567 -> '1.2 MB'."""
    if count < 1_000:
        return f"{count} B"
    if count < 1_000_000:
        return f"{count / 1e3:.0f} kB"
    if count < 1_000_000_000:
        return f"{count / 1e6:.1f} MB"
    return f"{count / 1e9:.2f} GB"


def solid_name(folder: Path) -> str | None:
    """Return what the solid's STL is, 'Relief STL, 80 mm'; None where there is no solid."""
    file = folder / "solid.json"
    solid = _solid(file, modified_ns(file)) if catalog.SOLID_STL in catalog.present(folder) else None
    return printing.named(solid) if solid else None


@lru_cache(maxsize=1024)
def _solid(file: Path, _modified_ns: int) -> SolidFacts | None:
    try:
        return typed(SolidFacts, read_object(file), file)
    except (FileNotFoundError, FormatError):  # its page says what is wrong
        return None


def modified_ns(file: Path) -> int:
    """Return when a file was changed, 0 where there is none."""
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def offer(face: FaceRecord) -> html.Div:
    """Return the usual files as buttons, the first of them the main one; then a menu of the others and all as a zip."""
    can_be_had = catalog.offered(face.folder)
    solid = solid_name(face.folder) or say(FILES[catalog.SOLID_STL].title)
    others = [(name, say(text)) for name, text in USUAL]
    usual = [(name, text) for name, text in ((catalog.SOLID_STL, solid), *others) if name in can_be_had]
    buttons = [
        html.A(
            [icon("download"), text],
            href=at(f"/files/{face.id}/{name}?download=1"),
            download="",
            className=f"btn btn-{'primary' if place == 0 else 'quiet'}",
        )
        for place, (name, text) in enumerate(usual)
    ]
    rest = [
        dbc.DropdownMenuItem(say(FILES[name].title), href=at(f"/files/{face.id}/{name}?download=1"), external_link=True)
        for name in TO_DOWNLOAD
        if name in can_be_had and name not in dict(usual)
    ]
    everything = dbc.DropdownMenuItem(say("All as zip"), href=at(f"/api/faces.zip?ids={face.id}"), external_link=True)
    menu = dbc.DropdownMenu(
        [everything, dbc.DropdownMenuItem(divider=True), *rest], label=say("More files"), toggleClassName="btn-quiet"
    )
    return html.Div([*buttons, menu], className="row-of offer", role="group", **marks(aria_label=say("Download")))


def downloads(face_id: str, folder: Path, names: Sequence[str] = TO_DOWNLOAD) -> html.Ul:
    """Return links to the files that there are or will be, with what they hold and how large those are that lie there.

    One that is still to be made comes when it is asked for, a moment later.
    """
    rows, present = [], catalog.present(folder)
    lies = {name: present.get(name, folder / name) for name in catalog.offered(folder)}
    for name in (name for name in names if name in lies):
        about = FILES[name]
        rows.append(
            html.Li(
                html.A(
                    [
                        icon("download"),
                        html.Span(
                            [
                                html.Strong(say(about.title)),
                                html.Span(f" · {say(about.holds)}", className="soft small"),
                            ]
                        ),
                        html.Span(_size_of(lies[name]), className="soft small"),
                    ],
                    href=at(f"/files/{face_id}/{name}?download=1"),
                    download="",
                )
            )
        )
    return html.Ul(rows, className="files")


def _size_of(place: Path) -> str | None:
    """Return the size of a file that lies there; None of one that is made when it is asked for."""
    is_made = place.name in catalog.KEPT or not place.is_file()
    return None if is_made else size(place.stat().st_size)
