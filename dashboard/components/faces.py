"""Faces as cards, thumbnails and chips."""

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html

from core.files.colours import DEPTH_MAPS
from dashboard.charts.figures import SERIES
from dashboard.components.page import icon, marks
from dashboard.components.uploads import title
from dashboard.components.views import address, viewer
from dashboard.library.records import FaceRecord
from dashboard.readings.results import Doubt


def card(face: FaceRecord) -> html.Article:
    """Return a result: photo, depth, and the mesh when asked for."""
    return html.Article(
        [
            html.Div(
                [
                    html.Img(src=address(face.id, "crop.png"), alt=f"Photo of {face.name}"),
                    html.Img(
                        src=address(face.id, "depth_preview.png"),
                        alt=f"Depth of {face.name}: near is bright",
                    ),
                    viewer(
                        address(face.id, "mesh.glb"),
                        f"{face.name} in 3D",
                        poster=address(face.id, "relief_preview.png"),
                        on_click=True,
                        turning=True,
                    ),
                ],
                className="card-pictures",
            ),
            html.Div(
                [
                    dcc.Link(face.name, href=f"/face/{face.id}", className="card-name"),
                    html.Span(title(face.network), className="soft small"),
                ],
                className="card-line",
            ),
            html.Div(
                [
                    dcc.Link("Everything about it", href=f"/face/{face.id}"),
                    dcc.Link("Compare", href=f"/compare?faces={face.id}"),
                    dcc.Link("Print", href=f"/print/{face.id}"),
                    html.A("STL", href=f"/files/{face.id}/solid.stl?download=1", download=""),
                    html.A("GLB", href=f"/files/{face.id}/mesh.glb?download=1", download=""),
                ],
                className="card-links",
            ),
        ],
        className="card-face",
        id={"kind": "face-card", "face": face.id},
    )


def thumb(face: FaceRecord, chosen: bool) -> html.Div:
    """Return a thumbnail with a box to choose it."""
    return html.Div(
        [
            dbc.Checkbox(
                id={"kind": "library-choose", "face": face.id},
                value=chosen,
                label=html.Span(f"Choose {face.name}", className="visually-hidden"),
            ),
            dcc.Link(
                [
                    html.Img(src=address(face.id, "thumbnail.jpg"), alt=""),
                    html.Div(face.name, className="thumb-name"),
                    html.Div(
                        f"{face.created:%d %b %Y, %H:%M} · {title(face.network)}", className="soft small thumb-name"
                    ),
                ],
                href=f"/face/{face.id}",
                className="thumb",
            ),
        ],
        className="thumb",
    )


def picker(faces: Sequence[FaceRecord], chosen: Sequence[str], page: str, *, most: int) -> html.Nav:
    """Return the library as a strip of links: each adds a face to the page's address, or takes it out."""
    return html.Nav(
        [_chip(face, chosen, page, most) for face in faces], className="strip", **marks(aria_label="Choose faces")
    )


def _chip(face: FaceRecord, chosen: Sequence[str], page: str, most: int) -> dcc.Link:
    is_chosen = face.id in chosen
    rest = [one for one in chosen if one != face.id]
    after = rest if is_chosen else [*rest[-(most - 1) :], face.id] if most > 1 else [face.id]
    return dcc.Link(
        [
            html.Img(src=address(face.id, "thumbnail.jpg"), alt=""),
            html.Span(face.name),
            html.Span(" (chosen)", className="visually-hidden") if is_chosen else None,
        ],
        href=f"{page}?faces={','.join(after)}" if after else page,
        id={"kind": "chip", "face": face.id},
        className=f"chip{' chosen' if is_chosen else ''}",
        style={"--mark": colour(chosen.index(face.id))} if is_chosen else {},
        title=face.name,
    )


def colour(order: int) -> str:
    """Return the colour of the face that was chosen as `order`-th; figures use the same."""
    return SERIES[order % len(SERIES)]


def named(face: FaceRecord, order: int) -> html.Div:
    """Return a face's name behind its colour."""
    return html.Div(
        [html.Span(className="dot", style={"--mark": colour(order)}), dcc.Link(face.name, href=f"/face/{face.id}")],
        className="side-name",
    )


def handle(face: FaceRecord, order: int, count: int) -> html.Button:
    """Return the grip by which a face is dragged, or moved by arrow keys, among those beside it."""
    data: dict[str, Any] = {"data-move": face.id, "data-name": face.name}
    return html.Button(
        icon("grip"),
        type="button",
        className="handle",
        title="Drag to another place, or press the left or right arrow key",
        **data,
        **marks(aria_label=f"Move {face.name}, {order + 1} of {count}, with the left and right arrow keys"),
    )


def badges(doubts: Sequence[Doubt]) -> html.Div | None:
    """Return what speaks against a face as badges, each with its reason; None where nothing does."""
    if not doubts:
        return None
    return html.Div(
        [
            html.Span([_badge(one), html.Span(f". {one.reason}", className="visually-hidden")], title=one.reason)
            for one in doubts
        ],
        className="badges",
    )


def _badge(doubt: Doubt) -> html.Span:
    return html.Span([icon("caution"), doubt.word], className="badge-quiet badge-caution")


def reasons(doubts: Sequence[Doubt]) -> html.Div | None:
    """Return what speaks against a face in sentences, each with its badge, where there is room for them."""
    if not doubts:
        return None
    return html.Div([html.P([_badge(one), " ", one.reason]) for one in doubts], className="doubts", role="note")


def scale(low_mm: float, high_mm: float, colours: str = "cividis", key: str | None = None) -> html.Div:
    """Return the scale of depth maps that stand beside each other."""
    named: dict[str, Any] = {"id": key} if key else {}
    bar = html.I(style={"background": _gradient(colours)}, **named)
    return html.Div(
        [html.Span(f"near, {low_mm:.0f} mm"), bar, html.Span(f"{high_mm:.0f} mm behind the nose tip")],
        className="scale",
    )


def scale_of_each(colours: str = "cividis") -> html.Div:
    """Return the scale of depth maps each of which reaches over its own head."""
    bar = html.I(style={"background": _gradient(colours)})
    return html.Div([html.Span("near"), bar, html.Span("far, of each head by itself")], className="scale")


def _gradient(colours: str) -> str:
    ends = ", ".join("rgb({}, {}, {})".format(*colour) for _, colour in DEPTH_MAPS[colours])
    return f"linear-gradient(90deg, {ends})"
