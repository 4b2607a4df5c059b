"""Nobody reaches what is another's: every path, page and callback of the real server is asked with the other's ids.

What is asked follows from the tables (the description of paths, the registry of pages, the map of callbacks), so that a
new one is asked, too.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import dash
import pytest
from sqlalchemy import select

from core.json_files import write_json
from dashboard.jobs.queue import Queue
from dashboard.library import deletion, schema
from dashboard.library.library import Library
from dashboard.library.records import NewFace
from dashboard.web import making
from dashboard.web.description import ROWS, Operation
from dashboard.web.description.operations import NAMES
from tests.dashboard.faces import face, write_face
from tests.dashboard.library.test_library import Wanted, jpeg
from tests.dashboard.web.test_routes import upload

NAME, PERSON, TAG = "anna-secret.jpg", "Anna Secret", "annas-tag"
OPERATIONS = [one for row in ROWS for one in row.operations]
CALLBACK = "/_dash-update-component"
HTML = {"Accept": "text/html"}


@dataclass(frozen=True)
class Theirs:
    """The one who owns things, the stranger, and what there is."""

    owner: Any
    stranger: Any
    library: Library
    workspace: str
    ids: dict[str, str]
    faces: list[str]

    @property
    def secrets(self) -> list[str]:
        """What must not come back."""
        return ["anna-secret", PERSON, TAG, self.workspace]

    def rows(self) -> list[Any]:
        """All that the owner has, as the database knows it."""
        tables = (schema.Photo, schema.Run, schema.Face)
        with self.library.session() as session:
            found = [
                sorted(
                    str(tuple(row))
                    for row in session.execute(select(*table.__table__.columns))
                    if self.workspace in row
                )
                for table in (*tables, schema.Deletion)
            ]
            return [*found, sorted(session.scalars(select(schema.Tag.tag)))]


def made(library: Library, workspace: str, photo: str, name: str) -> str:
    """Put a face in the place of a photo, as a worker would."""
    run = library.start_run(workspace, photo, Wanted())
    queue = Queue(library)
    assert queue.claim(["reconstruct"]) is not None
    face_id = run.id[::-1]
    write_face(face(name=name), library.folders.face(face_id))
    (library.folders.face(face_id) / "solid.stl").write_bytes(b"solid of anna-secret")
    queue.finish(run.id, [NewFace(face_id, 1, name, 0.97, "builtin")])
    library.label(workspace, face_id, person=PERSON, tags=[TAG])
    return face_id


@pytest.fixture
def theirs(app: Any, monkeypatch: pytest.MonkeyPatch) -> Theirs:
    """Photos, faces, a comparison, a run that waits and a deletion of one, and another who has a photo, too."""
    monkeypatch.setattr(making, "AWAITED_S", 0.2)
    monkeypatch.setattr("dashboard.web.routes.faces.ZIP_AWAITED_S", 0.2)
    library: Library = app.server.config["LIBRARY"]
    owner, stranger = app.server.test_client(), app.server.test_client()
    sent = upload(owner, *((f"{n}{NAME}", jpeg((n, 90, 90))) for n in range(4))).json["photos"]
    with library.session() as session:
        workspace = session.get_one(schema.Photo, sent[0]["id"]).workspace_id
    faces = [made(library, workspace, photo["id"], photo["name"]) for photo in sent[:3]]
    run = owner.post("/api/comparisons", json={"faces": faces[:2]}).json["id"]
    queue = Queue(library)
    assert queue.claim(["compare"]) is not None
    folder = library.folders.comparison(run)
    folder.mkdir()
    write_json({"names": [NAME]}, folder / "comparison.json")
    (folder / "report.html").write_text(f"<p>{NAME}")
    queue.finish(run, [])
    waiting = library.start_run(workspace, sent[3]["id"], Wanted())
    deleted = deletion.delete_faces(library, workspace, [faces[2]])
    assert upload(stranger, ("mine.jpg", jpeg((200, 9, 9)))).status_code == 200
    ids = {
        "photo_id": sent[0]["id"], "face_id": faces[0], "run_id": run, "deletion_id": deleted.id,
        "waiting_id": waiting.id, "deleted_id": faces[2],
    }  # fmt: skip
    return Theirs(owner, stranger, library, workspace, ids, faces)


def paths_of(operation: Operation, theirs: Theirs) -> Iterator[str]:
    """The paths of an operation with the other's ids: of each thing that it may name, and of each file."""
    for face_id in (theirs.ids["face_id"], theirs.ids["deleted_id"]):
        for run_id in (theirs.ids["run_id"], theirs.ids["waiting_id"]):
            for name in NAMES.get(operation.path, ("",)):
                given = {**theirs.ids, "face_id": face_id, "run_id": run_id, "name": name}
                yield re.sub(r"{(\w+)}", lambda found, given=given: given[found[1]], operation.path)


def value_of(name: str, about: dict[str, Any], theirs: Theirs) -> Any:
    """What to send for a parameter or a member: the other's ids where it names something."""
    named = {"ids": ",".join(theirs.faces[:2]), "faces": theirs.faces[:2], "reference": theirs.faces[0]}
    given = {**named, **theirs.ids, "files": "solid.stl", "after": theirs.faces[0]}
    kinds = {one.get("type") for one in about.get("anyOf", [about])}
    if name in given:
        return given[name].split(",") if "array" in kinds and isinstance(given[name], str) else given[name]
    if "enum" in about:
        return about["enum"][0]
    values = {"integer": 8, "boolean": True, "array": ["changed"], "string": "changed"}
    return next((value for kind, value in values.items() if kind in kinds), {})


def assert_nothing_of(theirs: Theirs, said: str, about: Any) -> None:
    assert [secret for secret in theirs.secrets if secret in said] == [], (about, said[:500])


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method} {one.path}")
def test_no_path_gives_or_changes_what_is_anothers(theirs: Theirs, operation: Operation) -> None:
    before = theirs.rows()
    names_it = "{" in operation.path
    sent = {name: value_of(name, about, theirs) for name, about in (operation.sent or {}).get("properties", {}).items()}
    names_it |= any(json.dumps(one).find(theirs.faces[0]) >= 0 for one in sent.values()) or "photo_id" in sent
    query = {name: value_of(name, about, theirs) for name, about in operation.query.items()}
    for path in dict.fromkeys(paths_of(operation, theirs)):
        for asked in ({}, query) if query else ({},):
            more: dict[str, Any] = {"json": sent} if operation.sent is not None else {}
            if operation.form is not None:  # the same photo, of which the stranger's is another
                answer = upload(theirs.stranger, (f"0{NAME}", jpeg((0, 90, 90))))
                assert answer.json["photos"][0]["id"] != theirs.ids["photo_id"]
                continue
            answer = theirs.stranger.open(f"{path}?{urlencode(asked)}", method=operation.method, **more)
            if names_it:
                refused = {404} if asked or not query else {400, 404}  # without what must be said of it
                assert answer.status_code in refused, (path, asked, answer.text[:300])
            else:
                assert answer.status_code < 500, (path, answer.text[:300])
                for one in (*theirs.ids.values(), *theirs.faces):
                    assert answer.status_code != 200 or one not in answer.text, (path, answer.text[:300])
            assert_nothing_of(theirs, answer.text, path)
            assert b"solid of" not in answer.data
    assert theirs.rows() == before


def test_the_owner_has_all_of_it(theirs: Theirs) -> None:
    """What the test above asks for is there."""
    got = 0
    for operation in OPERATIONS:
        if operation.method == "GET":
            for path in dict.fromkeys(paths_of(operation, theirs)):
                got += any(secret in theirs.owner.get(path).data for secret in (b"anna-secret", PERSON.encode()))
    assert got >= 3, got


def addresses(theirs: Theirs) -> list[str]:
    """The address of every page, with the other's ids in its path and in its query."""
    found = []
    named = {**theirs.ids}
    for page in dash.page_registry.values():
        template = page["path_template"]
        if template is None:
            faces = ",".join(theirs.faces[:2])
            found += [page["path"], f"{page['path']}?faces={faces}&reference={theirs.faces[1]}&find=anna"]
        else:
            for one in named.values():
                found.append(re.sub(r"<\w+>", one, template))
    return found


def part(of: Any, value: Any) -> dict[str, Any]:
    return {"id": of["id"], "property": of["property"], "value": value}


def rendered(client: Any, address: str) -> Any:
    """What the callback of Dash's pages answers for an address."""
    path, _, search = address.partition("?")
    place = {"id": "_pages_location"}
    return client.post(
        CALLBACK,
        json={
            "output": ".._pages_content.children..._pages_store.data..",
            "outputs": [
                {"id": "_pages_content", "property": "children"}, {"id": "_pages_store", "property": "data"}
            ],
            "inputs": [
                part({**place, "property": "pathname"}, path),
                part({**place, "property": "search"}, f"?{search}" if search else ""),
            ],
            "changedPropIds": ["_pages_location.pathname"],
        },
    )  # fmt: skip


def test_no_page_shows_what_is_anothers(theirs: Theirs) -> None:
    shown = 0
    for address in addresses(theirs):
        for answer in (theirs.stranger.get(address, headers=HTML), rendered(theirs.stranger, address)):
            assert answer.status_code in (200, 404), address
            assert_nothing_of(theirs, answer.text.replace("find=anna", ""), address)
        shown += "anna-secret" in rendered(theirs.owner, address).text
    assert shown >= 5  # to its owner


Known = dict[str, dict[str, Any]]


def components(of: Any, known: Known) -> None:
    """Collect what the components of a page are called, with their properties."""
    if isinstance(of, list):
        for one in of:
            components(one, known)
    elif isinstance(of, dict):
        if isinstance(of.get("props"), dict) and "id" in of["props"]:
            known[key(of["props"]["id"])] = of["props"]
        for one in of.values():
            components(one, known)


def key(component: Any) -> str:
    return component if isinstance(component, str) else json.dumps(component, sort_keys=True, separators=(",", ":"))


def matching(component: str, known: Known) -> list[Any]:
    """The components that a pattern, as {"kind":"chip","face":["ALL"]}, is about."""
    pattern = json.loads(component)
    found = []
    for one in known:
        there = json.loads(one) if one.startswith("{") else {}
        if there.keys() == pattern.keys() and all(
            value in (["ALL"], ["MATCH"]) or there[name] == value for name, value in pattern.items()
        ):
            found.append(there)
    return found


def given(slots: list[dict[str, str]], known: Known, clicks: int | None) -> list[Any]:
    """Values of inputs or states, as the other's pages hold them."""

    def one(component: Any, prop: str) -> Any:
        value = clicks if prop in ("n_clicks", "n_intervals") else known.get(key(component), {}).get(prop)
        return {"id": component, "property": prop, "value": value}

    return [
        [one(component, slot["property"]) for component in matching(slot["id"], known)]
        if slot["id"].startswith("{")
        else one(slot["id"], slot["property"])
        for slot in slots
    ]


def is_pattern(component: str) -> bool:
    return any(value in (["ALL"], ["MATCH"]) for value in json.loads(component).values())


def outputs_of(output: str, known: Known) -> Any:
    if not output.startswith("..") and "." not in output:
        return []  # of a callback without any
    parts = output[2:-2].split("...") if output.startswith("..") else [output]
    found = []
    for one in parts:
        component, _, prop = one.rpartition(".")
        if component.startswith("{") and not is_pattern(component):
            found.append({"id": json.loads(component), "property": prop})
        elif component.startswith("{"):
            found.append([{"id": each, "property": prop} for each in matching(component, known)])
        else:
            found.append({"id": component, "property": prop})
    return found if output.startswith("..") else found[0]


def call(client: Any, output: str, about: dict[str, Any], known: Known, clicks: int | None) -> Any:
    inputs = given(about["inputs"], known, clicks)
    flat = [one for group in inputs for one in (group if isinstance(group, list) else [group])]
    body = {
        "output": output, "outputs": outputs_of(output, known), "inputs": inputs,
        "state": given(about["state"], known, clicks),
        "changedPropIds": [f"{key(one['id'])}.{one['property']}" for one in flat[:1]],
    }  # fmt: skip
    return client.post(CALLBACK, json=body)


def pages_of(theirs: Theirs) -> Iterator[tuple[str, Known]]:
    """The pages of the owner with all that their components hold, and what their callbacks have put there since."""
    shell: Known = {}
    components(theirs.owner.get("/_dash-layout").json, shell)
    for address in addresses(theirs):
        known = dict(shell)
        components(rendered(theirs.owner, address).json, known)
        yield address, known


def test_no_callback_gives_or_changes_what_is_anothers(app: Any, theirs: Theirs) -> None:
    told_to_owner, asked = set(), set()
    for address, known in pages_of(theirs):
        here = {
            output: about
            for output, about in app.callback_map.items()
            if not output.startswith(".._pages")
            and "callback" in about  # others are the browser's own
            and all(slot["id"] in known or slot["id"].startswith("{") for slot in about["inputs"])
        }
        for output, about in here.items():  # what the owner's page holds once it stands
            answer = call(theirs.owner, output, about, known, None)
            if answer.status_code == 200:
                told_to_owner |= {output} & {output for secret in theirs.secrets if secret in answer.text}
                for component, props in answer.json.get("response", {}).items():
                    known.setdefault(key(component), {}).update(props)
                components(answer.json, known)
        before = theirs.rows()  # for the owner's page has asked for work
        for output, about in here.items():
            asked.add(output)
            for clicks in (None, 1):
                answer = call(theirs.stranger, output, about, known, clicks)
                if output not in ECHOES:
                    assert_nothing_of(theirs, answer.text, (address, output))
                assert answer.status_code < 500, (address, output, answer.text[:500])
        assert theirs.rows() == before
    assert len(told_to_owner) >= 5, told_to_owner
    ours = {output for output, about in app.callback_map.items() if "callback" in about}
    left = {output for output in ours - asked if not output.startswith(".._pages")}
    assert len(left) < 5, left  # whose components come later, as those of a comparison that is done
    for output in left:
        for data in (theirs.ids["run_id"], theirs.faces, theirs.ids["face_id"]):
            for value in (1, "anna", None):
                slots = app.callback_map[output]["inputs"] + app.callback_map[output]["state"]
                whole = {slot["id"]: {"data": data, "value": value} for slot in slots}
                answer = call(theirs.stranger, output, app.callback_map[output], whole, 1)
                assert_nothing_of(theirs, answer.text, (output, data, value))
    assert theirs.rows() == before


ECHOES: set[str] = set()
"""Callbacks that answer with what they were sent, and read nothing."""
