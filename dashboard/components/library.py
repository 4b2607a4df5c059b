"""The parts of the Library page: what is searched and chosen, the faces of a page, the way to the others."""

from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html

from dashboard.components import faces, labels, page, uploads
from dashboard.components.missing import no_faces
from dashboard.components.wanted import ANY, PAGE, SORTS, Wanted, pages
from dashboard.library.finding import by_number
from dashboard.library.labels import LONGEST_NAME
from dashboard.library.library import MOST_COMPARED
from dashboard.library.records import FaceRecord
from dashboard.web.prefix import at
from dashboard.words import say, word

HIDDEN = {"display": "none"}
EXPORTS = (
    (word("To print: STL and 3MF"), ("solid.stl", "solid.3mf")),
    (word("Meshes and clouds"), ("mesh.glb", "mesh.zip", "mesh.ply", "mesh.stl", "cloud.ply")),
    (word("Depth maps"), ("depth.png", "depth.npy", "inverse_depth.npy", "crop.png", "reconstruction.json")),
    (word("Numbers: CSV and JSON"), ("statistics.csv", "statistics.json", "reconstruction.json", "solid.json")),
    (word("All files"), ()),
)
FILTERS = {
    "person": (word("Person"), word("Any person")),
    "tag": (word("Tag"), word("Any tag")),
    "network": (word("Network"), word("Any network")),
}
INVITATION = word("Choose faces to compare, name, export or delete them.")


def parts(wanted: Wanted, all_faces: Sequence[FaceRecord]) -> dict[str, Any]:
    """Return all that changes with what is wanted, or with what is there."""
    found = wanted.among(all_faces)
    wanted = wanted.within(len(found))
    shown = wanted.page_of(found)
    choices = {
        "person": sorted({face.person for face in all_faces if face.person}, key=by_number),
        "tag": sorted({tag for face in all_faces for tag in face.tags}, key=by_number),
        "network": sorted({face.network for face in all_faces}, key=uploads.title),
    }
    return {
        "list": _list(shown, found, all_faces, wanted),
        "count": _count(found, all_faces),
        "wanted": wanted.query,
        "shown": [face.id for face in shown],
        "tools": {} if all_faces else HIDDEN,
        "page": {} if pages(len(found)) > 1 else HIDDEN,
        **{
            name: [
                {"label": say(FILTERS[name][1]), "value": ANY},
                *({"label": uploads.title(one) if name == "network" else one, "value": one} for one in several),
            ]
            for name, several in choices.items()
        },
    }


def _list(
    shown: Sequence[FaceRecord], found: Sequence[FaceRecord], all_faces: Sequence[FaceRecord], wanted: Wanted
) -> html.Div:
    if not all_faces:
        return no_faces(say("Nothing here yet"), say("Every face that you make is kept here until you delete it."))
    if not found:
        return html.Div(
            [
                html.P(say("No face is like this."), className="soft"),
                page.link_button(say("Show all"), "/library", small=True),
            ],
            className="row-of",
        )
    same = labels.of_person(found, wanted.person)[:MOST_COMPARED] if wanted.person else []
    compare = at(f"/compare?faces={','.join(face.id for face in same)}")
    return html.Div(
        [
            html.P(dcc.Link(say(f"Compare {len(same)} of {wanted.person}"), href=compare)) if len(same) > 1 else None,
            _pager(wanted, len(found), say("Pages of the Library, above the faces")),
            html.Div(
                [faces.thumb(face) for face in shown],
                id="library-faces",
                className="thumbs",
                **page.marks(data_faces=",".join(face.id for face in found), data_page=str(wanted.page)),
            ),
            _pager(wanted, len(found), say("Pages of the Library, below the faces")),
        ]
    )


def _pager(wanted: Wanted, count: int, label: str) -> html.Nav | None:
    """Return the way to other pages; they are links, and assets/library.js turns without loading anew."""
    last, now = pages(count), wanted.page
    if last == 1:
        return None
    first, end = (now - 1) * PAGE + 1, min(now * PAGE, count)
    return html.Nav(
        [
            html.Span(say(f"{first} to {end} of {count}"), className="pager-said soft"),
            _turn(wanted, now - 1, last, say("Previous"), "previous"),
            html.Span([_number(wanted, one) for one in numbers(now, last)], className="pager-numbers"),
            _turn(wanted, now + 1, last, say("Next"), "next"),
        ],
        className="pager",
        **page.marks(aria_label=label),
    )


def _turn(wanted: Wanted, to: int, last: int, text: str, turn: str) -> html.A | html.Span:
    look = "btn btn-quiet btn-sm"
    if not 1 <= to <= last:
        return html.Span(text, className=f"{look} disabled", **page.marks(aria_disabled="true"))
    return html.A(text, href=wanted.address(to), className=look, **page.marks(data_page=str(to), data_turn=turn))


def _number(wanted: Wanted, to: int | None) -> html.A | html.Span:
    if to is None:
        return html.Span("…", className="pager-gap soft")
    now = page.marks(aria_current="page") if to == wanted.page else {}
    return html.A(
        str(to),
        href=wanted.address(to),
        className="btn btn-plain btn-sm",
        **page.marks(data_page=str(to), aria_label=say(f"Page {to}")),
        **now,
    )


def numbers(now: int, last: int) -> list[int | None]:
    """Return the pages that are offered: the first, the last, and those beside this one; None stands for a gap."""
    near = sorted({1, last, *range(max(1, now - 1), min(last, now + 1) + 1)})
    found: list[int | None] = []
    for one in near:
        before = found[-1] if found else 0
        if before is not None and one - before == 2:
            found.append(one - 1)  # a gap of one is no gap
        elif before is not None and one - before > 2:
            found.append(None)
        found.append(one)
    return found


def _count(found: Sequence[FaceRecord], all_faces: Sequence[FaceRecord]) -> str:
    if not all_faces:
        return ""
    count, total, photos = len(found), len(all_faces), len({face.photo_id for face in all_faces})
    if count < total:
        return say(f"{count} of 1 face." if total == 1 else f"{count} of {total} faces.")
    if photos == 1:
        return say("1 face from 1 photo." if count == 1 else f"{count} faces from 1 photo.")
    return say(f"{count} faces from {photos} photos.")


def search(wanted: Wanted) -> html.Div:
    """Return the field that finds faces by words."""
    words = say("Find by name, tag or person")
    return html.Div(
        [
            html.Label(words, htmlFor="library-find", className="visually-hidden"),
            dbc.Input(id="library-find", type="search", placeholder=words, debounce=0.2, value=wanted.find),
        ],
        className="grows find",
    )


def filters(wanted: Wanted, parts: Mapping[str, Any]) -> list[Any]:
    """Return the choices of order, person, tag and network."""
    sort = [{"label": say(text), "value": name} for name, text in SORTS.items()]
    return [
        _select("sort", say("Order"), sort, wanted.sort),
        *(_select(name, say(label), parts[name], getattr(wanted, name)) for name, (label, _) in FILTERS.items()),
    ]


def _select(name: str, label: str, options: Sequence[Mapping[str, str]], value: str) -> html.Div:
    """Return a choice; it is hidden while there is nothing to choose."""
    return html.Div(
        [
            html.Label(label, htmlFor=f"library-{name}", className="visually-hidden"),
            dbc.Select(id=f"library-{name}", options=list(options), value=value or ANY),
        ],
        id=f"library-{name}-field",
        style=if_a_choice(name, options, value),
    )


def if_a_choice(name: str, options: Sequence[Mapping[str, str]], value: str) -> dict[str, str]:
    """Return the style of a choice, which is hidden while there is nothing to choose."""
    least = 3 if name == "network" else 2  # with the first one, which is 'any'; every face has a network
    return {} if value or len(options) >= least else HIDDEN


def bar(parts: Mapping[str, Any]) -> list[Any]:
    """Return the buttons that choose faces, and those that do something with the chosen ones."""
    return [
        page.button(say("Select this page"), "library-page-all", "plain", style=parts["page"]),
        page.button(say("Select all"), "library-all", "plain"),
        page.button(say("Compare"), "library-compare", disabled=True),
        page.button(say("Statistics"), "library-statistics", disabled=True),
        page.button(say("Name"), "library-label-open", disabled=True),
        dbc.DropdownMenu(
            id="library-export",
            label=[page.icon("download"), say("Export")],
            disabled=True,
            toggleClassName="btn-quiet btn-sm",
        ),
        page.button(say("Delete"), "library-delete", "danger-quiet", sign="trash", disabled=True),
        html.Span(say(INVITATION), id="library-said", className="soft small", role="status"),
    ]


def exports(chosen: Sequence[str]) -> list[Any]:
    """Return a form that asks for a zip of the chosen faces, with a button for each choice of files.

    It is sent, not followed: the ids of thousands of faces fit no address.
    """
    buttons = [
        html.Button(say(title), type="submit", name="files", value=",".join(names), className="dropdown-item")
        for title, names in EXPORTS
    ]
    ids = dcc.Input(type="hidden", name="ids", value=",".join(chosen))
    return [html.Form([ids, *buttons], action=at("/api/faces.zip"), method="post")]


def label_dialog() -> dbc.Modal:
    """Return the dialog that puts a person and tags on the chosen faces."""
    fields_ = (
        ("person", say("Person"), "library-persons"),
        ("tags", say("Tags to add, with commas between"), "library-tags"),
    )
    return dbc.Modal(
        [
            dbc.ModalHeader(dbc.ModalTitle(say("Name the chosen faces")), close_button=False),
            dbc.ModalBody(
                [
                    html.Div(
                        [
                            page.field(title, dbc.Input(id=f"library-label-{name}", maxlength=LONGEST_NAME, list=words))
                            for name, title, words in fields_
                        ],
                        className="stacked-fields",
                    ),
                    html.Div(id="library-words"),
                    html.P(say("A field left empty changes nothing."), className="note"),
                    html.Div(id="library-label-said", role="status"),
                ]
            ),
            dbc.ModalFooter(
                [
                    page.button(say("Cancel"), "library-label-no", small=False),
                    page.button(say("Save"), "library-label-yes", "primary", small=False),
                ]
            ),
        ],
        id="library-label",
        is_open=False,
        centered=True,
    )


def said(count: int, elsewhere: int) -> str:
    """Return how many are chosen, of them `elsewhere` on other pages, and what that does not allow."""
    if not count:
        return say(INVITATION)
    if count > MOST_COMPARED and elsewhere:
        return say(f"{count} chosen, {elsewhere} of them on other pages; at most {MOST_COMPARED} compare at a time")
    if count > MOST_COMPARED:
        return say(f"{count} chosen; at most {MOST_COMPARED} compare at a time")
    return say(f"{count} chosen, {elsewhere} of them on other pages" if elsewhere else f"{count} chosen")
