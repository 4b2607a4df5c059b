"""`GET /api/faces` in pages: each face once, in one order, whatever is added and deleted meanwhile."""

from pathlib import Path
from typing import Any

import pytest

from dashboard.library import deletion
from dashboard.library.library import Library
from tests.stock import browser_of, stock, write_one


@pytest.fixture
def many(app: Any, tmp_path: Path) -> tuple[Any, Library, str, list[str]]:
    """A browser that has 25 faces, some of them of the same moment; newest first."""
    library: Library = app.server.config["LIBRARY"]
    write_one(tmp_path / "face")
    workspace, ids = stock(library, tmp_path / "face", [f"{n}.jpg" for n in range(25)])
    with library.session.begin() as session:
        session.connection().exec_driver_sql("UPDATE faces SET created = 5000.1234567 WHERE name LIKE '1%'")
    client = app.server.test_client()
    (cookie,) = browser_of(library, workspace)["cookies"]
    client.set_cookie(cookie["name"], cookie["value"], domain="127.0.0.1")
    client.set_cookie(cookie["name"], cookie["value"])
    return client, library, workspace, ids


def walked(client: Any, limit: int) -> list[list[str]]:
    pages, after = [], ""
    while True:
        answer = client.get(f"/api/faces?limit={limit}{after}").json
        pages.append([face["id"] for face in answer["faces"]])
        assert len(pages) <= 25, answer["next"]
        if answer["next"] is None:
            return pages
        after = f"&after={answer['next']}"


@pytest.mark.parametrize("limit", [1, 4, 5, 24, 25, 26, 1000])
def test_pages_together_are_all_in_the_same_order(many: Any, limit: int) -> None:
    client, _, _, ids = many
    whole = client.get("/api/faces").json
    assert whole["next"] is None
    every = [face["id"] for face in whole["faces"]]
    assert sorted(every) == sorted(ids)
    pages = walked(client, limit)
    assert [one for page in pages for one in page] == every
    assert all(len(page) == limit for page in pages[:-1])
    assert 0 < len(pages[-1]) <= limit


def test_a_place_holds_where_its_face_is_deleted(many: Any) -> None:
    client, library, workspace, _ = many
    every = [face["id"] for face in client.get("/api/faces").json["faces"]]
    first = client.get("/api/faces?limit=10").json
    assert [face["id"] for face in first["faces"]] == every[:10]
    deletion.delete_faces(library, workspace, every[8:12])
    rest = client.get(f"/api/faces?after={first['next']}").json["faces"]
    assert [face["id"] for face in rest] == every[12:]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("limit=0", "limit is '0', but must be a whole number from 1 to 1000."),
        ("limit=1001", "limit is '1001', but must be a whole number from 1 to 1000."),
        ("limit=%C2%B2", "but must be a whole number from 1 to 1000."),
        ("limit=", "limit is '', but must be"),
        ("limit=99999999999999999999", "but must be a whole number"),
        ("after=anna", "after is 'anna', but must be what an answer has as next."),
        ("after=", "after is '', but must be"),
        ("after=1.0_" + "f" * 32 + "_99999999999999999999", "but must be what an answer has as next."),
    ],
)
def test_what_is_no_page_is_one_sentence(client: Any, query: str, said: str) -> None:
    answer = client.get(f"/api/faces?{query}")
    assert answer.status_code == 400
    assert said in answer.json["error"]
