"""Faces read and named many at a time, and how pages hear of a change of any of them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from core.errors import OptionError
from dashboard.library import faces
from dashboard.library.deletion import delete_faces, undo
from dashboard.library.finding import find
from dashboard.library.library import Library
from tests.stock import stock


@pytest.fixture
def many(library: Library, tmp_path: Path) -> Callable[[int], tuple[str, list[str]]]:
    """Make a workspace with so many faces, whose folders are all but empty."""
    written = tmp_path / "written"
    written.mkdir()
    (written / "thumbnail.jpg").write_bytes(b"small")
    return lambda count: stock(library, written, [f"photo {number}.jpg" for number in range(count)])


@pytest.mark.parametrize("few", [True, False])
def test_faces_are_read_by_ids_photos_person_and_number(
    library: Library, many: Callable[[int], tuple[str, list[str]]], monkeypatch: pytest.MonkeyPatch, few: bool
) -> None:
    if not few:  # more ids than one question names
        monkeypatch.setattr(faces, "MOST_NAMED", 1)
    workspace, ids = many(5)
    other, strange = many(1)
    everyone = library.faces(workspace)
    assert [face.id for face in everyone] == ids
    assert everyone == [library.face(workspace, face_id) for face_id in ids]
    assert [face.id for face in library.faces(workspace, most=2)] == ids[:2]
    assert [face.id for face in library.faces(workspace, [ids[3], strange[0], "none", ids[1]])] == [ids[3], ids[1]]
    assert library.faces(workspace, []) == library.faces(workspace, photos=[]) == []
    assert [face.id for face in library.faces(workspace, ids[1:], most=2)] == ids[1:3]
    photos = [face.photo_id for face in everyone]
    assert [face.id for face in library.faces(workspace, photos=[photos[4], photos[2]])] == [ids[2], ids[4]]
    assert (library.count_faces(workspace), library.count_faces(other), library.count_faces("nobody")) == (5, 1, 0)

    library.label_all(workspace, [ids[1], ids[4], strange[0], "none"], person=" Ada ", more_tags=["1843", "left"])
    library.label_all(workspace, ids[4:], more_tags=["Left", "alone"])
    assert [face.id for face in library.faces(workspace, person="Ada")] == [ids[1], ids[4]]
    found = {face.id: (face.person, face.tags) for face in library.faces(workspace)}
    assert found == {
        ids[0]: (None, ()),
        ids[1]: ("Ada", ("1843", "left")),
        ids[2]: (None, ()),
        ids[3]: (None, ()),
        ids[4]: ("Ada", ("1843", "alone", "left")),
    }
    assert (library.persons(workspace), library.tags(workspace)) == (["Ada"], ["1843", "alone", "left"])
    assert library.persons(other) == library.tags(other) == []
    assert [face.id for face in find(library.faces(workspace), "ada ALONE")] == [ids[4]]


def test_faces_are_named_together_or_not_at_all(library: Library, many: Callable[[int], tuple[str, list[str]]]) -> None:
    workspace, ids = many(2)
    library.label_all(workspace, ids[1:], more_tags=[str(number) for number in range(20)])
    before = library.faces(workspace)
    with pytest.raises(OptionError, match="21 tags were given"):
        library.label_all(workspace, ids, person="Ada", more_tags=["one more"])
    assert library.faces(workspace) == before
    library.label_all(workspace, ids[:1], person="Ada")
    library.label_all(workspace, ids[:1], person=" ")  # an empty one is none
    assert library.faces(workspace) == before


def test_the_version_differs_with_each_change_of_a_face_and_with_no_other(
    library: Library, many: Callable[[int], tuple[str, list[str]]]
) -> None:
    workspace, ids = many(3)
    seen = [library.version(workspace)]

    def has_changed() -> bool:
        seen.append(library.version(workspace))
        return seen[-1] not in seen[:-1]

    library.label(workspace, ids[0], name="Ada")
    assert has_changed()
    library.label(workspace, ids[0], person="Ada")
    assert has_changed()
    library.label(workspace, ids[0], tags=["a"])
    assert has_changed()
    library.label_all(workspace, ids, more_tags=["b"])
    assert has_changed()
    library.label_all(workspace, ids, person="Grace")
    assert has_changed()
    library.keep_face(workspace, ids[2])
    assert has_changed()
    first = delete_faces(library, workspace, ids[:1])
    assert has_changed()
    # as many faces as a moment ago, but others
    undo(library, workspace, first.id)
    delete_faces(library, workspace, ids[1:2])
    assert has_changed()
    many(1)  # somebody else's
    assert library.version(workspace) == seen[-1]


def test_what_pages_ask_again_and_again_is_answered_from_indexes(
    library: Library, many: Callable[[int], tuple[str, list[str]]]
) -> None:
    workspace, _ = many(1)
    asked = (
        ("SELECT count(*), sum(mark) FROM faces WHERE workspace_id = :w", "COVERING INDEX faces_marks"),
        (
            "SELECT state, count(*), max(ended) FROM runs WHERE workspace_id = :w GROUP BY state",
            "COVERING INDEX runs_of",
        ),
        ("SELECT id FROM faces WHERE workspace_id = :w ORDER BY created DESC LIMIT 24", "INDEX faces_newest"),
        ("SELECT id FROM runs WHERE photo_id = :w", "INDEX ix_runs_photo_id"),
        ("SELECT id FROM runs WHERE face_id = :w", "INDEX ix_runs_face_id"),
        ("SELECT id FROM photos WHERE created < 3", "INDEX ix_photos_created"),
    )
    with library.session() as session:
        for query, index in asked:
            values = {"w": workspace} if ":w" in query else {}
            plan = " ".join(row[3] for row in session.execute(text(f"EXPLAIN QUERY PLAN {query}"), values))
            assert index in plan, query
            assert "SCAN" not in plan, query
