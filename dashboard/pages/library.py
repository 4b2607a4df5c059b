"""Library: what was made, to find, open, name, choose, compare, export and delete."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any
from urllib.parse import parse_qsl, urlencode

import dash
import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, ctx, dcc, html

from core.errors import LifemaskError
from dashboard.components import faces, labels, page, undo, uploads, views
from dashboard.components.missing import no_faces
from dashboard.library import deletion
from dashboard.library.labels import LONGEST_NAME
from dashboard.library.library import MOST_COMPARED
from dashboard.library.records import FaceRecord
from dashboard.web.context import current_library, current_workspace
from dashboard.words import say, titled, word

dash.register_page(__name__, path="/library", title=titled("Library"), name="Library")

PAGE = 96  # faces that are drawn at first, and at each 'Show more'
HIDDEN = {"display": "none"}
ANY = " "  # what a choice has for 'any': no person, tag or network is a space, and '' would be shown as nothing
EXPORTS = (
    (word("To print: STL and 3MF"), ("solid.stl", "solid.3mf")),
    (word("Meshes and clouds"), ("mesh.glb", "mesh.zip", "mesh.ply", "mesh.stl", "cloud.ply")),
    (word("Depth maps"), ("depth.png", "depth.npy", "inverse_depth.npy", "crop.png", "reconstruction.json")),
    (word("Numbers: CSV and JSON"), ("statistics.csv", "statistics.json", "reconstruction.json", "solid.json")),
    (word("All files"), ()),
)
SORTS = {
    "newest": word("Newest first"),
    "oldest": word("Oldest first"),
    "name": word("By name"),
    "network": word("By network"),
    "doubtful": word("Most doubtful first"),
}
FILTERS = {
    "person": (word("Person"), word("Any person")),
    "tag": (word("Tag"), word("Any tag")),
    "network": (word("Network"), word("Any network")),
}
INVITATION = word("Choose faces to compare, name, export or delete them.")


@dataclass(frozen=True)
class Wanted:
    """Which faces are shown, and how; each field is a part of the page's address unless it is the default."""

    find: str = ""
    sort: str = "newest"
    person: str = ""
    tag: str = ""
    network: str = ""
    shown: int = PAGE

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> "Wanted":
        """Read it from an address; what makes no sense there is as if it were not."""
        given = {f.name: str(query[f.name]) for f in fields(cls) if query.get(f.name) not in (None, ANY)}
        shown = given.pop("shown", "")
        found = cls(**given, shown=max(PAGE, int(shown)) if re.fullmatch(r"\d{1,6}", shown, re.ASCII) else PAGE)
        return found if found.sort in SORTS else cls(**{**asdict(found), "sort": "newest"})

    @property
    def query(self) -> str:
        """What stands in the address."""
        default = asdict(Wanted())
        return urlencode({name: value for name, value in asdict(self).items() if value != default[name]})

    def among(self, all_faces: Sequence[FaceRecord]) -> list[FaceRecord]:
        """Return those of the faces, newest first, that are wanted, in the order that is."""
        words = _plain(self.find).split()
        found = [
            face
            for face in all_faces
            if (not self.person or face.person == self.person)
            and (not self.tag or self.tag in face.tags)
            and (not self.network or face.network == self.network)
            and all(word in _words(face) for word in words)
        ]
        if self.sort == "oldest":
            return found[::-1]
        if self.sort == "name":
            return sorted(found, key=lambda face: _by_number(face.name))
        if self.sort == "network":
            return sorted(found, key=lambda face: uploads.title(face.network).casefold())
        if self.sort == "doubtful":  # a photo without a face has no score, and no doubt
            return sorted(found, key=lambda face: 2.0 if face.score is None else face.score)
        return found


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _words(face: FaceRecord) -> str:
    return _plain("\n".join([face.name, face.file_name, face.person or "", *face.tags]))


def _by_number(name: str) -> list[tuple[int, int, str]]:
    """Return what sorts 'photo 2' before 'photo 10'."""
    parts = re.findall(r"[0-9]+|[^0-9]+", _plain(name))
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]


def layout(**query: Any) -> html.Div:
    """Return the faces of this workspace that the address asks for."""
    wanted, all_faces = Wanted.of(query), current_library().faces(current_workspace())
    parts = _parts(wanted, all_faces)
    return html.Div(
        [
            dcc.Store(id="library-nudge"),
            dcc.Store(id="library-chosen", data=[]),
            dcc.Store(id="library-wanted", data=parts["wanted"]),
            dcc.Location(id="library-goto", refresh="callback-nav"),
            page.head(say("Library"), html.Span(parts["count"], id="library-count"), [_search(wanted)]),
            html.Div(
                [
                    html.Div(_filters(wanted, parts), className="filters"),
                    html.Div(_bar(), className="row-of library-bar"),
                ],
                id="library-tools",
                style=parts["tools"],
            ),
            html.Div(parts["list"], id="library-list"),
            html.Div(page.button(say("Show more"), "library-more"), id="library-more-row", style=parts["more"]),
            html.Div(_everything(), id="library-everything", style=parts["tools"]),
            _label_dialog(),
            page.ask(
                "library-delete-all",
                say("Delete everything?"),
                html.Div(id="library-all-says"),
                say("Delete everything"),
                look="danger",
            ),
        ]
    )


def _parts(wanted: Wanted, all_faces: Sequence[FaceRecord]) -> dict[str, Any]:
    """Return all that changes with what is wanted, or with what is there."""
    found = wanted.among(all_faces)
    shown = found[: wanted.shown]
    choices = {
        "person": sorted({face.person for face in all_faces if face.person}, key=_by_number),
        "tag": sorted({tag for face in all_faces for tag in face.tags}, key=_by_number),
        "network": sorted({face.network for face in all_faces}, key=uploads.title),
    }
    return {
        "list": _list(shown, found, all_faces, wanted),
        "count": _count(found, all_faces),
        "wanted": wanted.query,
        "tools": {} if all_faces else HIDDEN,
        "more": {} if len(shown) < len(found) else HIDDEN,
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
    compare = f"/compare?faces={','.join(face.id for face in same)}"
    return html.Div(
        [
            html.P(dcc.Link(say(f"Compare {len(same)} of {wanted.person}"), href=compare)) if len(same) > 1 else None,
            html.Div(
                [faces.thumb(face) for face in shown],
                id="library-faces",
                className="thumbs",
                **page.marks(data_faces=",".join(face.id for face in found)),
            ),
        ]
    )


def _count(found: Sequence[FaceRecord], all_faces: Sequence[FaceRecord]) -> str:
    if not all_faces:
        return ""
    count, total, photos = len(found), len(all_faces), len({face.photo_id for face in all_faces})
    if count < total:
        return say(f"{count} of 1 face." if total == 1 else f"{count} of {total} faces.")
    if photos == 1:
        return say("1 face from 1 photo." if count == 1 else f"{count} faces from 1 photo.")
    return say(f"{count} faces from {photos} photos.")


def _search(wanted: Wanted) -> html.Div:
    words = say("Find by name, tag or person")
    return html.Div(
        [
            html.Label(words, htmlFor="library-find", className="visually-hidden"),
            dbc.Input(id="library-find", type="search", placeholder=words, debounce=0.2, value=wanted.find),
        ],
        className="grows find",
    )


def _filters(wanted: Wanted, parts: Mapping[str, Any]) -> list[Any]:
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
        style=_if_a_choice(name, options, value),
    )


def _if_a_choice(name: str, options: Sequence[Mapping[str, str]], value: str) -> dict[str, str]:
    least = 3 if name == "network" else 2  # with the first one, which is 'any'; every face has a network
    return {} if value or len(options) >= least else HIDDEN


def _bar() -> list[Any]:
    return [
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


def _everything() -> html.Section:
    return page.section(
        say("Delete everything"),
        html.Div(
            [
                html.P(say("All photos, faces and their files in this browser's library."), className="soft"),
                page.button(say("Delete everything …"), "library-delete-all-open", "danger", small=False),
            ],
            className="row-of",
        ),
    )


def _label_dialog() -> dbc.Modal:
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


@callback(
    output={
        "list": Output("library-list", "children"),
        "count": Output("library-count", "children"),
        "wanted": Output("library-wanted", "data"),
        "tools": Output("library-tools", "style"),
        "everything": Output("library-everything", "style"),
        "more": Output("library-more-row", "style"),
        "options": {name: Output(f"library-{name}", "options") for name in ("person", "tag", "network")},
        "fields": {name: Output(f"library-{name}-field", "style") for name in ("person", "tag", "network")},
    },
    inputs={
        "asked": {name: Input(f"library-{name}", "value") for name in ("find", "sort", "person", "tag", "network")},
        "more": Input("library-more", "n_clicks"),
        "nudge": Input("library-nudge", "data"),
        "version": Input("workspace-version", "data"),
    },
    state={"query": State("library-wanted", "data")},
    prevent_initial_call=True,
)
def show(asked: dict[str, str | None], query: str | None, **_: Any) -> Any:
    """Show what is asked for, and what is there now."""
    before = Wanted.of(dict(parse_qsl(query or "")))
    shown = PAGE if ctx.triggered_id not in ("library-more", "library-nudge", "workspace-version") else before.shown
    wanted = Wanted.of({**asked, "shown": shown + PAGE * (ctx.triggered_id == "library-more")})
    parts = _parts(wanted, current_library().faces(current_workspace()))
    names = ("person", "tag", "network")
    return {
        **{name: parts[name] for name in ("list", "count", "wanted", "tools", "more")},
        "everything": parts["tools"],
        "options": {name: parts[name] for name in names},
        "fields": {name: _if_a_choice(name, parts[name], getattr(wanted, name)) for name in names},
    }


clientside_callback(
    ClientsideFunction("library", "address"),
    Input("library-wanted", "data"),
    prevent_initial_call=True,
)


@callback(
    Output("library-compare", "disabled"),
    Output("library-statistics", "disabled"),
    Output("library-label-open", "disabled"),
    Output("library-delete", "disabled"),
    Output("library-export", "disabled"),
    Output("library-export", "children"),
    Output("library-said", "children"),
    Input("library-chosen", "data"),
    prevent_initial_call=True,
)
def choose(chosen: list[str]) -> Any:
    """Offer what can be done with so many."""
    count = len(chosen)
    said = say(f"{count} chosen" if count else INVITATION)
    if count > MOST_COMPARED:
        said = say(f"{count} chosen; at most {MOST_COMPARED} compare at a time")
    none, many = count == 0, count > MOST_COMPARED
    return count < 2 or many, none or many, none, none, none, _exports(chosen), said


def _exports(chosen: Sequence[str]) -> list[Any]:
    """Return links to a zip of the chosen faces, one for each choice of files."""
    address = f"/api/faces.zip?ids={','.join(chosen)}"
    return [
        dbc.DropdownMenuItem(
            say(title), href=address + (f"&files={','.join(names)}" if names else ""), external_link=True
        )
        for title, names in EXPORTS
    ]


@callback(
    Output("library-goto", "href"),
    Input("library-compare", "n_clicks"),
    Input("library-statistics", "n_clicks"),
    State("library-chosen", "data"),
    prevent_initial_call=True,
)
def go_on(_compare: int | None, _statistics: int | None, chosen: list[str]) -> Any:
    """Go on with the chosen faces."""
    if not ctx.triggered[0]["value"]:
        return dash.no_update
    return f"/{'compare' if ctx.triggered_id == 'library-compare' else 'statistics'}?faces={','.join(chosen)}"


@callback(
    Output("library-nudge", "data"),
    Input("library-delete", "n_clicks"),
    State("library-chosen", "data"),
    prevent_initial_call=True,
)
def delete(clicks: int | None, chosen: list[str]) -> Any:
    """Delete the chosen faces; it can be undone."""
    if not clicks or not chosen:
        return dash.no_update
    undo.offer(deletion.delete_faces(current_library(), current_workspace(), chosen))
    return f"deleted {clicks}"


@callback(
    Output("library-delete-all", "is_open"),
    Output("library-all-says", "children"),
    Output("library-nudge", "data", allow_duplicate=True),
    Input("library-delete-all-open", "n_clicks"),
    Input("library-delete-all-no", "n_clicks"),
    Input("library-delete-all-yes", "n_clicks"),
    prevent_initial_call=True,
)
def delete_all(opened: int | None, _no: int | None, clicks: int | None) -> Any:
    """Ask before everything goes, and say how much that is."""
    library, workspace = current_library(), current_workspace()
    if ctx.triggered_id == "library-delete-all-yes" and clicks:
        undo.offer(deletion.delete_all(library, workspace))
        return False, dash.no_update, f"all {clicks}"
    if ctx.triggered_id != "library-delete-all-open" or not opened:
        return False, dash.no_update, dash.no_update
    found, photos, size = library.faces(workspace), library.photos(workspace), library.size_bytes(workspace)
    undone = say(f"For {library.undo_s:g} seconds this can be undone; then all of it is gone for good.")
    says = [html.P(html.Strong(_amount(len(found), len(photos), views.size(size)))), html.P(undone)]
    return True, says, dash.no_update


def _amount(faces: int, photos: int, size: str) -> str:
    if photos == 1:
        return say(f"1 face of 1 photo, {size}." if faces == 1 else f"{faces} faces of 1 photo, {size}.")
    return say(f"1 face of {photos} photos, {size}." if faces == 1 else f"{faces} faces of {photos} photos, {size}.")


@callback(
    Output("library-label", "is_open"),
    Output("library-label-person", "value"),
    Output("library-label-tags", "value"),
    Output("library-words", "children"),
    Output("library-label-said", "children"),
    Output("library-nudge", "data", allow_duplicate=True),
    Input("library-label-open", "n_clicks"),
    Input("library-label-no", "n_clicks"),
    Input("library-label-yes", "n_clicks"),
    State("library-chosen", "data"),
    State("library-label-person", "value"),
    State("library-label-tags", "value"),
    prevent_initial_call=True,
)
def label(
    opened: int | None, _no: int | None, clicks: int | None, chosen: list[str], person: str | None, tags: str | None
) -> Any:
    """Put a person and tags on the chosen faces."""
    library, workspace = current_library(), current_workspace()
    same = dash.no_update
    if ctx.triggered_id == "library-label-yes" and clicks:
        try:
            for face in (face for face in library.faces(workspace) if face.id in chosen):
                library.label(workspace, face.id, person=person or None, tags=[*face.tags, *labels.split(tags)])
        except LifemaskError as error:
            return True, same, same, same, html.P(say(str(error)), className="run-error"), same
        return False, same, same, same, None, f"labelled {clicks}"
    if ctx.triggered_id == "library-label-open" and opened:
        found = library.faces(workspace)
        words = [
            labels.datalist("library-persons", sorted({face.person for face in found if face.person})),
            labels.datalist("library-tags", sorted({tag for face in found for tag in face.tags})),
        ]
        return True, "", "", words, None, same
    return False, same, same, same, None, same
