"""Faces as cards, thumbnails and chips."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from babel.dates import format_datetime
from dash import dcc, html

from core.files import catalog
from core.files.colours import DEPTH_MAPS, DIVERGING
from core.geometry.facts import BEHIND_NOSE
from dashboard.charts.figures import SERIES
from dashboard.components import doubt
from dashboard.components.names import cut_name
from dashboard.components.page import icon, lazily, marks
from dashboard.components.uploads import title
from dashboard.components.views import address, modified_ns, solid_name, viewer
from dashboard.library.records import FaceRecord
from dashboard.web.prefix import at
from dashboard.words import say
from dashboard.words.language import current_language


def card(face: FaceRecord) -> html.Article:
    """Return a result: photo, depth, and the mesh when asked for. What is not made yet says so in its place."""
    solid = solid_name(face.folder)
    present = catalog.present(face.folder)
    return html.Article(
        [
            html.Div(
                [
                    _picture(face, "crop.png", say(f"Photo of {face.name}"), 400, 400),
                    _picture(face, "depth_preview.png", say(f"Depth of {face.name}: near is bright"), 400, 400),
                    viewer(
                        address(face.id, "mesh.glb", face.folder),
                        say(f"{face.name} in 3D"),
                        poster=address(face.id, "relief_preview.png", face.folder, width=800),
                        on_click=True,
                        turning=True,
                    )
                    if "mesh.glb" in present
                    else _picture(face, "relief_preview.png", say(f"Relief of {face.name}"), 800, 600),
                ],
                id=_part("card-pictures", face),
                className="card-pictures",
            ),
            html.Div(
                [
                    dcc.Link(cut_name(face.name), href=at(f"/face/{face.id}"), className="card-name"),
                    html.Span(title(face.network), className="soft small"),
                ],
                className="card-line",
            ),
            doubt.badges(face),
            doubt.question(face, on_card=True),
            html.Div(
                [
                    html.A(solid, href=at(f"/files/{face.id}/solid.stl?download=1"), download="")
                    if solid
                    else html.Span(
                        say(
                            "The solid is being made"
                            if catalog.SOLID_STL in catalog.coming(face.folder)
                            else "No solid"
                        ),
                        className="soft",
                    ),
                    html.A(say("Mesh GLB"), href=at(f"/files/{face.id}/mesh.glb?download=1"), download="")
                    if "mesh.glb" in present
                    else html.Span(say("The mesh is being made"), className="soft"),
                    dcc.Link(say("Everything about it"), href=at(f"/face/{face.id}")),
                    dcc.Link(say("Compare"), href=at(f"/compare?faces={face.id}")),
                    dcc.Link(say("Print"), href=at(f"/print/{face.id}")),
                ],
                id=_part("card-links", face),
                className="card-links",
            ),
        ],
        className="card-face",
        id=_part("face-card", face),
        **marks(data_face=face.id, data_made=face.run_id),
    )


CHANGING = {"card-pictures": ("depth_preview.png", "mesh.glb"), "card-links": ("mesh.glb", "solid.json")}
"""Parts of a card, with the files that they are drawn anew for."""


def card_state(face: FaceRecord) -> dict[str, str]:
    """Return what a card shows of its face: its name, whether it asks, and the files of each part that changes."""
    files = {part: " ".join(str(modified_ns(face.folder / name)) for name in names) for part, names in CHANGING.items()}
    return {"face": face.id, "name": face.name, "asks": str(face.is_doubtful), **files}


def parts_anew(face: FaceRecord, before: Mapping[str, str]) -> list[tuple[dict[str, str], Any]]:
    """Return the parts of a card whose files changed since its state was `before`: their ids and what they now show."""
    now = card_state(face)
    changed = [_part(part, face) for part in CHANGING if now[part] != before[part]]
    drawn = card(face).children if changed else []
    return [(one.id, one.children) for one in drawn if getattr(one, "id", None) in changed]


def _part(kind: str, face: FaceRecord) -> dict[str, str]:
    return {"kind": kind, "face": face.id}


def _picture(face: FaceRecord, name: str, alt: str, width: int, height: int) -> html.Img | html.Div:
    """Return a picture that keeps its place while it comes, or that place where it is not made yet."""
    if not (face.folder / name).is_file():
        return html.Div(className="skeleton", role="img", **marks(aria_label=f"{alt}: {say('being made')}"))
    src = address(face.id, name, face.folder, width=width)
    return lazily(html.Img(src=src, alt=alt, width=width, height=height))


def thumb(face: FaceRecord) -> html.Div:
    """Return a thumbnail with a box to choose it, which is assets/library.js's."""
    words = " · ".join([*([face.person] if face.person else []), *face.tags])
    box = html.Button(
        html.Span(className="box"),
        type="button",
        role="checkbox",
        className="choose",
        **marks(aria_checked="false", aria_label=say(f"Choose {face.name}")),
    )
    return html.Div(
        [
            box,
            dcc.Link(
                [
                    lazily(html.Img(src=address(face.id, "thumbnail.jpg"), alt="", width=256, height=256)),
                    html.Div(cut_name(face.name), className="thumb-name"),
                    doubt.badges(face),
                    html.Div(f"{_moment(face.created)} · {title(face.network)}", className="soft small thumb-name"),
                    html.Div(words, className="soft small thumb-name", title=words) if words else None,
                ],
                href=at(f"/face/{face.id}"),
                className="thumb-link",
            ),
        ],
        key=face.id,
        className="thumb",
        **marks(data_face=face.id),
    )


def _moment(created: datetime) -> str:
    """Return a day and its time as the language writes them: '26 Nov 2026, 20:49'."""
    return format_datetime(created, say("dd MMM y, HH:mm"), locale=current_language())


def colour(order: int) -> str:
    """Return the colour of the face that was chosen as `order`-th; figures use the same."""
    return SERIES[order % len(SERIES)]


def named(face: FaceRecord, order: int) -> html.Div:
    """Return a face's name behind its colour."""
    return html.Div(
        [
            html.Span(className="dot", style={"--mark": colour(order)}),
            dcc.Link(cut_name(face.name), href=at(f"/face/{face.id}")),
        ],
        className="side-name",
    )


def handle(face: FaceRecord, order: int, count: int) -> html.Button:
    """Return the grip by which a face is dragged, or moved by arrow keys, among those beside it."""
    place = order + 1
    data: dict[str, Any] = {"data-move": face.id, "data-name": face.name}
    return html.Button(
        icon("grip"),
        type="button",
        className="handle",
        title=say("Drag to another place, or press the left or right arrow key"),
        **data,
        **marks(aria_label=say(f"Move {face.name}, {place} of {count}, with the left and right arrow keys")),
    )


def scale(
    low_mm: float, high_mm: float, colours: str = "cividis", key: str | None = None, *, behind: str = BEHIND_NOSE
) -> html.Div:
    """Return the scale of depth maps that stand beside each other; behind : what depths are counted from, in words."""
    named: dict[str, Any] = {"id": key} if key else {}
    bar = html.I(style={"background": _gradient(colours)}, **named)
    return html.Div(
        [html.Span(f"{say('near')}, {low_mm:.0f} mm"), bar, html.Span(f"{high_mm:.0f} mm {say(behind)}")],
        className="scale",
    )


def signed_scale(limit_mm: float, ends: tuple[str, str]) -> html.Div:
    """Return the scale of maps of signed differences; ends : what its lower and its upper one mean."""
    stops = ", ".join("rgb({}, {}, {}) {:.0%}".format(*colour, place) for place, colour in DIVERGING)
    return html.Div(
        [
            html.Span(f"{ends[0]}, {-limit_mm:.0f} mm".replace("-", "\u2212")),
            html.I(style={"background": f"linear-gradient(90deg, {stops})"}),
            html.Span(f"{limit_mm:.0f} mm, {ends[1]}"),
        ],
        className="scale",
    )


def scale_of_each(colours: str = "cividis") -> html.Div:
    """Return the scale of depth maps each of which reaches over its own head."""
    bar = html.I(style={"background": _gradient(colours)})
    return html.Div([html.Span(say("near")), bar, html.Span(say("far, of each head by itself"))], className="scale")


def _gradient(colours: str) -> str:
    ends = ", ".join("rgb({}, {}, {})".format(*colour) for _, colour in DEPTH_MAPS[colours])
    return f"linear-gradient(90deg, {ends})"
