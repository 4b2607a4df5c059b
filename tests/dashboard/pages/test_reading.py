"""Statistics and Compare without a browser: what is sent, how much of it, and who gets it."""

import csv
import gzip
import io
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import dash
import numpy as np
import pytest
from dash.development.base_component import Component
from flask import g
from plotly.io.json import to_json_plotly

from core.errors import FormatError
from core.geometry.facts import FaceFacts
from core.measure.table import (
    AGREEMENT,
    DEPTHS,
    DIFFERENCES,
    LENGTHS,
    MEASURES,
    SCALE,
    SYMMETRY_RMS,
    Place,
    Statistic,
    chosen,
)
from dashboard.jobs.queue import Queue
from dashboard.jobs.tasks import Tasks
from dashboard.jobs.worker import step
from dashboard.library.library import Library
from dashboard.readings import comparison_folder, results
from dashboard.readings.measured import measured
from tests.core.heads import with_background
from tests.dashboard.faces import face, write_face
from tests.dashboard.web.test_routes import make_face


@pytest.fixture
def page(app: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """The module of a page, as the app has it: it may be imported once the app is made.

    Its callbacks are called here as a click on their first input calls them.
    """

    def module(path: str) -> Any:
        (found,) = [page for page in dash.page_registry.values() if page["path"] == path]
        of_page = sys.modules[found["module"]]
        monkeypatch.setattr(of_page, "ctx", SimpleNamespace(triggered_id="clicked"), raising=False)
        return of_page

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
        lambda: page("/statistics").layout(faces=ids[0]),
        lambda: page("/print/none").layout(ids[0]),
        lambda: page("/face/none").layout(ids[0]),
        lambda: page("/mark/none").layout(face.photo_id, face.id),
    ):
        with pytest.raises(FormatError, match=newer):  # which the frame shows in these words
            show()


def test_pages_of_a_face_are_small(asked: Library, ids: list[str], page: Any) -> None:
    compare, statistics = page("/compare"), page("/statistics")
    assert packed(statistics.layout(faces=ids[0])) < 100_000
    assert packed(statistics.layout(faces=",".join(ids))) < 150_000
    drawn = statistics.draw("nose", "ipd", 32, "density", ids[1], ids, "gray")
    assert packed(drawn) < 30_000
    assert f"{ids[1]}/statistics?part=nose&unit=ipd&bins=32" in drawn[3]
    assert packed(compare._page(ids, ids[0], with_scale=False)) < 150_000


def texts_of(part: Any) -> list[str]:
    """Every text of a part of a page, in order."""
    if isinstance(part, (list, tuple)):
        return [text for child in part for text in texts_of(child)]
    if isinstance(part, Component):
        return texts_of(getattr(part, "children", None))
    return [] if part is None else [str(part)]


def has(texts: list[str], one: Statistic[Any], value: float | None) -> bool:
    """Whether a statistic's name is said and its number and unit, too."""
    number = [one.text(value), *([one.unit] if one.unit and value is not None else [])]
    return one.name in texts and number in [texts[i : i + len(number)] for i in range(len(texts))]


@pytest.mark.parametrize("unit", ["mm", "ipd"])
def test_the_statistics_page_reads_the_table(asked: Library, ids: list[str], page: Any, unit: str) -> None:
    found = measured(asked.folders.face(ids[0]))
    texts = texts_of(page("/statistics").draw("nose", unit, 32, "count", ids[0], ids[:1], "cividis")[1])
    for one in chosen(DEPTHS, Place.PART):
        assert has(texts, one.in_unit(unit), one.of(found.depths("nose", unit)))
    for one in chosen(DEPTHS, Place.PARTS):
        assert has(texts, one.in_unit(unit), one.of(found.depths("cheeks", unit)))
    assert has(texts, SYMMETRY_RMS, found.symmetry_mm("cheeks"))
    texts = texts_of(page("/statistics").layout(faces=ids[0]))
    for one in chosen(MEASURES, Place.PART):
        assert has(texts, one, getattr(found.measures, one.key))
    assert has(texts_of(page("/statistics").compare_sides(ids[:1])), SYMMETRY_RMS, found.symmetry.rms_mm)


def columns_of(part: Any) -> list[list[str]]:
    """Of every row of the first table, the texts of each cell run together."""
    (table, *_) = [one for one in [part, *part._traverse()] if type(one).__name__ == "Table"]
    rows = [one for one in table._traverse() if type(one).__name__ == "Tr"]
    return [["".join(texts_of(cell)) for cell in row.children] for row in rows]


def test_several_faces_stand_beside_each_other(asked: Library, ids: list[str], page: Any) -> None:
    statistics = page("/statistics")
    found = [measured(asked.folders.face(face_id)) for face_id in ids]
    drawn = statistics.draw("nose", "mm", 32, "density", ids[1], ids, "cividis")
    head, *rows = columns_of(drawn[1])
    assert head[1:] == ["0.jpg #2", "1.jpg #2"]
    for one, row in zip(chosen(DEPTHS, Place.PART), rows, strict=True):
        shown = [f"{one.text(one.of(face.depths('nose', 'mm')))}{one.unit}" for face in found]
        assert row == [one.name, *shown]
    figure = statistics.depth_reading.drawn_histogram(
        statistics._load(ids), statistics.View(tuple(ids), ids[1], "nose", bins=32, height="count")
    )
    lines = [trace for trace in figure.data if trace.type == "scatter" and trace.mode == "lines"]
    assert [trace.name for trace in lines] == ["0.jpg #2", "1.jpg #2"]
    np.testing.assert_array_equal(lines[0].x, lines[1].x)  # the same bins
    assert [int(trace.y.sum()) for trace in lines] == [face.depths("nose", "mm").values.size for face in found]
    assert [shape.x0 for shape in figure.layout.shapes] == list(found[1].depths("nose", "mm").percentiles.values())
    said = texts_of(statistics.say(0.0, 20.0, "head", "mm", ids))
    for one_face in found:
        values = one_face.values("head", "mm")
        count = int(((values >= 0) & (values <= 20)).sum())
        assert f"{count:,} of {values.size:,} pixels ({count / values.size:.1%})" in said
    _, *rows = columns_of(statistics.compare_sides(ids))
    assert rows[0] == [SYMMETRY_RMS.name, *[f"{SYMMETRY_RMS.text(face.symmetry_mm('face'))}mm" for face in found]]
    _, *rows = columns_of(statistics._lengths(statistics._load(ids)))
    for one, row in zip(chosen(MEASURES, Place.PART), rows, strict=True):
        assert row[1:3] == [f"{one.text(getattr(face.measures, one.key))}{one.unit}" for face in found]


def test_a_doubtful_face_says_so_and_sets_no_scale(asked: Library, ids: list[str], page: Any) -> None:
    record = asked.face(g.workspace, ids[1])
    assert record is not None
    shape = face(bump_mm=3.0)
    deeper = replace(shape, depth_mm=1.5 * shape.depth_mm - 0.5 * shape.facts.distance_mm)
    turned = replace(deeper.facts, face=FaceFacts(score=0.7, roll_deg=0.0, yaw_deg=-61.2, pitch_deg=0.0))
    write_face(replace(deeper, facts=turned), record.folder)
    found = page("/statistics")._load(ids)
    assert [results.is_reliable(one) for one in found] == [True, False]
    words = [one.word for one in results.doubts(record)]
    assert words == ["doubtful", "turned 61\u00b0"]
    assert results.doubts(found[0].face) == []
    assert results.shared_range(found) == results.shared_range(found[:1]) != results.shared_range(found[1:])
    for shown in (
        page("/compare")._page(ids, ids[0], with_scale=False),
        page("/statistics").layout(faces=",".join(ids)),
        page("/statistics").layout(faces=ids[1]),
        page("/print/none").layout(ids[1]),
    ):
        texts = texts_of(shown)
        assert [texts.count(word) for word in words] == [1, 1]
    maps = [
        part.figure.data[0]
        for part in page("/compare")._page(ids, ids[0], with_scale=False, own_range=True)._traverse()
        if isinstance(getattr(part, "id", None), dict) and part.id.get("kind") == "compare-depth"
    ]
    assert [(one.zmin, one.zmax) for one in maps] == [results.shared_range([one]) for one in found]


def test_the_face_page_reads_the_table_and_knows_the_head_from_a_kept_background(
    asked: Library, ids: list[str]
) -> None:
    record = asked.face(g.workspace, ids[0])
    assert record is not None
    (of_face,) = [one for one in dash.page_registry.values() if one.get("path_template") == "/face/<face_id>"]
    texts = {}
    for kind, shape in (("cut", face()), ("kept", with_background(face()))):
        write_face(shape, record.folder)
        result = results.load(record)
        section = sys.modules[of_face["module"]]._numbers(result)
        texts[kind] = texts_of(section)
        for one in chosen(DEPTHS, Place.FACE):
            assert has(texts[kind], one, one.of(result.measured.depths("head", "mm")))
        for one in chosen(LENGTHS, Place.FACE):
            assert has(texts[kind], one, getattr(result.measured.measures, one.key))
    assert texts["kept"] == texts["cut"]


def test_the_compare_page_reads_the_table(asked: Library, ids: list[str], page: Any) -> None:
    section = page("/compare")._numbers(ids)
    shown = [one for one in comparison_folder.COLUMNS if one is not SCALE]
    head, *rows = columns_of(section)
    assert head == ["Face", "Millimetres", *[one.heading for one in shown]]
    assert rows[1][1] == "assumed"
    depths = measured(asked.folders.face(ids[1])).depths("head", "mm")
    for one in chosen(DEPTHS, Place.TABLE):
        assert rows[1][2 + shown.index(one)] == f"{one.of(depths):.{one.digits}f}"


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
    facts = comparison_folder.read(folder).facts
    assert facts.agreement is not None
    assert facts.agreement.networks == ("builtin", "dpt_large_384")
    texts = texts_of(found)
    for one in chosen(DIFFERENCES, Place.PAIR):
        assert one is SCALE or has(texts, one, getattr(facts.differences[1], one.key))
    for one in chosen(AGREEMENT, Place.PAIR):
        assert has(texts, one, getattr(facts.agreement, one.key))
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
