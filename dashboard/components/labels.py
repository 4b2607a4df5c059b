"""What a person calls a face: its name, tags and person, to be seen and to be changed."""

from collections.abc import Iterable, Sequence
from urllib.parse import urlencode

import dash_bootstrap_components as dbc
from dash import dcc, html

from dashboard.components import page
from dashboard.library.labels import LONGEST_NAME
from dashboard.library.library import MOST_COMPARED
from dashboard.library.records import FaceRecord
from dashboard.web.prefix import at
from dashboard.words import say


def shown(face: FaceRecord, same: Sequence[FaceRecord]) -> html.Div:
    """Return what is known of a face by its words: its file, its person, its tags; each leads to the like.

    same : the faces of its person, itself among them.
    """
    parts: list[page.Child] = []
    if face.name != face.file_name:
        parts.append(html.Span(face.file_name, className="soft"))
    if face.person:
        parts.append(_link(face.person, person=face.person))
        if len(same) > 1:
            chosen = [face.id, *(one.id for one in same if one.id != face.id)][:MOST_COMPARED]
            text = say(f"Compare {len(chosen)} of this person")
            parts.append(dcc.Link(text, href=at(f"/compare?faces={','.join(chosen)}")))
    parts += [_link(tag, tag=tag) for tag in face.tags]
    return html.Div(parts, className="labels")


def _link(text: str, **query: str) -> dcc.Link:
    return dcc.Link(text, href=at(f"/library?{urlencode(query)}"), className="label-link")


def of_person(faces: Iterable[FaceRecord], person: str) -> list[FaceRecord]:
    """Return the faces of a person, in the order in which they are given."""
    return [face for face in faces if face.person == person]


def form(face: FaceRecord, persons: Sequence[str]) -> html.Details:
    """Return the fields that change them."""
    return html.Details(
        [
            html.Summary(say("Name, person and tags")),
            html.Div(
                [
                    page.field(say("Name"), _input("face-name", face.name, face.file_name)),
                    page.field(say("Person"), _input("face-person", face.person, list="face-persons")),
                    page.field(say("Tags, with commas between"), _input("face-tags", ", ".join(face.tags))),
                    datalist("face-persons", persons),
                    html.Div(page.button(say("Save"), "face-label", "primary", small=False), className="label-save"),
                ],
                className="fold-body",
            ),
            html.Div(id="face-label-said", role="status"),
        ],
        className="fold",
    )


def datalist(key: str, words: Sequence[str]) -> html.Datalist:
    """Return words that a field offers."""
    return html.Datalist([html.Option(value=word) for word in words], id=key)


def _input(key: str, value: str | None, placeholder: str = "", **more: str) -> dbc.Input:
    return dbc.Input(id=key, value=value or "", placeholder=placeholder, maxlength=LONGEST_NAME, **more)


def split(text: str | None) -> list[str]:
    """Return the tags of a text with commas between them."""
    return [tag.strip() for tag in (text or "").split(",") if tag.strip()]
