"""Statistics and Compare without a browser: what is sent, how much of it, and who gets it."""

import csv
import gzip
import io
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import dash
import pytest
from flask import g
from plotly.io.json import to_json_plotly

from core.errors import FormatError
from dashboard.jobs.queue import Queue
from dashboard.jobs.tasks import Tasks
from dashboard.jobs.worker import step
from dashboard.library.library import Library
from dashboard.readings import comparison_folder
from tests.dashboard.faces import face, write_face
from tests.dashboard.web.test_routes import make_face


@pytest.fixture
def page(app: Any) -> Callable[[str], Any]:
    """The module of a page, as the app has it: it may be imported once the app is made."""

    def module(path: str) -> Any:
        (found,) = [page for page in dash.page_registry.values() if page["path"] == path]
        return sys.modules[found["module"]]

    return module


@pytest.fixture
def ids(client: Any) -> list[str]:
    """Two faces of the client's workspace: one face, seen by two networks."""
    library: Library = client.application.config["LIBRARY"]
    found = []
    for number, network in enumerate(("builtin", "dpt_large_384")):
        record = make_face(client, f"{number}.jpg")
        write_face(face(3.0 * number, name=network), record.folder)
        found.append(record.id)
    with library.session.begin() as session:  # both of one photo
        from dashboard.library.schema import Face

        rows = [session.get_one(Face, face_id) for face_id in found]
        rows[1].photo_id, rows[1].network = rows[0].photo_id, "dpt_large_384"
    return found


@pytest.fixture
def asked(client: Any, ids: list[str]) -> Iterator[Library]:
    """A request of the workspace that owns the faces."""
    library: Library = client.application.config["LIBRARY"]
    with library.session() as session:
        from dashboard.library.schema import Face

        workspace = session.get_one(Face, ids[0]).workspace_id
    with client.application.test_request_context("/"):
        g.workspace = workspace
        yield library


def packed(answer: Any) -> int:
    """Bytes that go to the browser."""
    return len(gzip.compress(to_json_plotly(answer).encode()))


def test_numbers_of_a_face_by_rest(client: Any, ids: list[str]) -> None:
    address = f"/api/faces/{ids[0]}/statistics"
    values = client.get(f"{address}?part=nose&unit=ipd&bins=16").json
    assert (values["unit"], values["histogram"]["part"], len(values["histogram"]["counts"])) == ("ipd", "nose", 16)
    sent = client.get(f"{address}?unit=ipd&format=csv&download=1")
    assert sent.headers["Content-Disposition"] == "attachment; filename=0-02-statistics.csv"
    rows = {(row["part"], row["name"]): row["value"] for row in csv.DictReader(io.StringIO(sent.text))}
    assert float(rows["nose", "median"]) == values["parts"]["nose"]["median"]
    for wrong in ("part=ear", "unit=inch", "bins=9999", "bins=many"):
        answer = client.get(f"{address}?{wrong}")
        assert answer.status_code == 400
        assert answer.json["error"]
    assert client.application.test_client().get(address).status_code == 404


def test_a_face_of_a_newer_version_is_a_sentence(client: Any, asked: Library, ids: list[str], page: Any) -> None:
    face = asked.face(g.workspace, ids[0])
    assert face is not None
    (face.folder / "reconstruction.json").write_text('{"format": 3}')
    os.utime(face.folder / "depth.npy")
    newer = "has format 3, which a newer version of Lifemask wrote"
    for answer in (
        client.get(f"/api/faces/{ids[0]}/statistics"),
        client.post(f"/api/faces/{ids[0]}/recompute", json={"options": {"ipd_mm": 60}}),
    ):
        assert answer.status_code == 400
        assert newer in answer.json["error"]
    assert client.get(f"/api/faces/{ids[0]}").json["id"] == ids[0]  # it is listed, and its files can be fetched
    for show in (
        lambda: page("/compare")._page(ids, ids[0], with_scale=False),
        lambda: page("/statistics")._page(ids[0]),
        lambda: page("/print/none").layout(ids[0]),
        lambda: page("/face/none").layout(ids[0]),
        lambda: page("/mark/none").layout(face.photo_id, face.id),
    ):
        with pytest.raises(FormatError, match=newer):  # which the frame shows in these words
            show()


def test_pages_of_a_face_are_small(asked: Library, ids: list[str], page: Any) -> None:
    compare, statistics = page("/compare"), page("/statistics")
    assert packed(statistics._page(ids[0])) < 600_000
    drawn = statistics.draw("nose", "ipd", 32, "density", ids[0])
    assert packed(drawn) < 30_000
    assert "part=nose&unit=ipd&bins=32" in drawn[3]
    assert packed(compare._page(ids, ids[0], with_scale=False)) < 600_000


def test_a_comparison_is_waited_for_found_and_never_another_ones(asked: Library, ids: list[str], page: Any) -> None:
    compare = page("/compare")
    started = compare.start(ids[1], "rigid", ids)
    waiting, poll_is_off, cancel_is_off = compare.follow(1, started, ids)
    assert not poll_is_off
    assert not cancel_is_off
    assert waiting.children[0].children == "Waiting"
    works: Any = {"compare": Tasks(asked).compare}
    assert step(Queue(asked), works, ["compare"])
    found, poll_is_off, cancel_is_off = compare.follow(2, started, ids)
    assert poll_is_off
    assert cancel_is_off
    assert packed(found) < 600_000
    assert compare.start(ids[1], "rigid", ids) == started  # nothing is done twice
    folder = asked.comparison(g.workspace, started["id"])
    assert folder is not None
    agreement = comparison_folder.read(folder).facts.agreement
    assert agreement is not None
    assert agreement.networks == ("builtin", "dpt_large_384")
    g.workspace = asked.new_workspace()
    assert compare.start(ids[1], "rigid", ids) == {
        "error": "A face of this comparison is not in your library; it may have been deleted."
    }
    said, poll_is_off, _ = compare.follow(3, started, [])
    assert poll_is_off
    assert "cancelled" in said[0].children[0].children


def test_networks_on_one_photo_are_offered(asked: Library, ids: list[str], page: Any) -> None:
    compare = page("/compare")
    faces = asked.faces(g.workspace)
    (link,) = compare._networks(faces, ids[:1])
    assert link.children.startswith("2 networks on ")
    assert set(link.href.removeprefix("/compare?faces=").split(",")) == set(ids)
    assert compare._networks(faces, ids) == []  # already chosen
