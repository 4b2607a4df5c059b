"""Habits of people in the Library: find, name, choose, delete and take it back."""

import hashlib
import io
import os
import secrets
import shutil
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from itsdangerous import URLSafeSerializer
from PIL import Image

from core.files import write_face
from core.options import Options
from dashboard.library import schema
from tests.dashboard.faces import face as shape

LONG = "family-photo-at-the-lake-in-the-summer-of-2019.jpg"
NAMES = ("b 10.jpg", "b 2.jpg", f"{LONG} #2", "ندى في الحديقة مع العائلة.jpg", "a.jpg")


@pytest.fixture
def stocked(live: Any, written: Path) -> Callable[..., Any]:
    """Make a workspace with faces of these names, the first one the newest: the state of its browser, and their ids."""

    def make(names: Sequence[str] = NAMES) -> Any:
        library = live.library
        workspace, now, ids = library.new_workspace(), library.clock(), []
        with library.session.begin() as session:
            session.add(schema.Workspace(id=workspace, created=now))
            session.flush()
            for age, name in enumerate(names):
                photo, run, face = (secrets.token_hex(16) for _ in range(3))
                owned = {"workspace_id": workspace, "created": now - age}
                library.folders.photo(photo).mkdir()
                Image.new("RGB", (8, 8)).save(library.folders.photo(photo) / "photo.png")
                shutil.copytree(written, library.folders.face(face), copy_function=os.link)
                row = schema.Photo(id=photo, name=name, sha256=photo, width=8, height=8, **owned)
                session.add(row)
                session.flush()
                session.add(
                    schema.Run(
                        id=run, kind="reconstruct", photo_id=photo, options={}, equal_key=run, state="done", **owned
                    )
                )
                session.flush()
                score = 0.7 + age / 100
                session.add(
                    schema.Face(
                        id=face, run_id=run, photo_id=photo, index=1, name=name, score=score, network="builtin", **owned
                    )
                )
                ids.append(face)
        secret = library.folders.secret()
        cookie = {
            "name": f"lifemask_{hashlib.sha256(secret.encode()).hexdigest()[:8]}",
            "value": URLSafeSerializer(secret, salt="workspace").dumps(workspace),
            "domain": "127.0.0.1", "path": "/", "expires": -1, "httpOnly": True, "secure": False, "sameSite": "Lax",
        }  # fmt: skip
        return {"cookies": [cookie], "origins": []}, ids

    return make


def shown(page: Any) -> list[str]:
    """Ids of the faces that are drawn."""
    return list(page.evaluate("[...document.querySelectorAll('#library-faces [data-face]')].map(f => f.dataset.face)"))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a face in closed form, with all that pages show of it."""
    folder = tmp_path_factory.mktemp("written") / "face"
    write_face(shape(), folder, Options(max_triangles=500, solid="none", formats=("glb",)))
    (folder / "solid.stl").write_bytes(b"solid")
    return folder


def on_disk(live: Any, ids: Sequence[str]) -> int:
    return sum(live.library.folders.face(face).exists() for face in ids)


def box(page: Any, face: str) -> Any:
    return page.locator(f"[data-face='{face}'] [role=checkbox]")


def test_a_delete_is_undone_on_whatever_page_and_over_a_reload(
    open_page: Any, live: Any, stocked: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live.library, "undo_s", 120.0)
    state, ids = stocked()
    page = open_page(state, expected="status of 404")  # a picture that was still on its way when its face went
    page.goto("/library")
    box(page, ids[0]).check()
    box(page, ids[1]).check()
    page.get_by_role("button", name="Delete", exact=True).click()
    note = page.locator("#undo")
    note.get_by_text("2 faces deleted.").wait_for()
    eventually(page, lambda: shown(page) == ids[2:])
    assert page.request.get(f"/files/{ids[0]}/solid.stl").status == 404
    page.get_by_role("link", name="Models").click()
    page.locator("h1", has_text="Models").wait_for()
    note.get_by_text("2 faces deleted.").wait_for()
    page.reload()
    note.get_by_role("button", name="Undo").wait_for()
    page.get_by_role("link", name="Library").click()
    eventually(page, lambda: shown(page) == ids[2:])
    note.get_by_role("button", name="Undo").click()
    eventually(page, lambda: shown(page) == ids)
    assert note.inner_text() == ""
    assert page.request.get(f"/files/{ids[0]}/solid.stl").status == 200

    page.goto(f"/face/{ids[0]}")
    page.get_by_role("button", name="Delete", exact=True).click()  # nothing asks
    page.wait_for_url("**/library")
    eventually(page, lambda: shown(page) == ids[1:])
    page.keyboard.press("Control+z")
    eventually(page, lambda: shown(page) == ids)


def test_when_the_time_is_over_the_files_are_gone(
    open_page: Any, live: Any, stocked: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live.library, "undo_s", 3.0)
    state, ids = stocked(NAMES[:2])
    page = open_page(state)
    page.goto("/library")
    box(page, ids[0]).check()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.locator("#undo").get_by_text("Deleted.").wait_for()
    eventually(page, lambda: on_disk(live, ids) == 1)
    eventually(page, "document.getElementById('undo').childElementCount === 0")
    with live.library.session() as session:
        assert session.get(schema.Face, ids[0]) is None
    assert shown(page) == ids[1:]


def test_delete_everything_says_how_much_asks_and_can_be_undone(
    open_page: Any, live: Any, stocked: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live.library, "undo_s", 120.0)
    state, ids = stocked()
    page = open_page(state)
    page.goto("/library")
    page.get_by_role("button", name="Delete everything").click()
    said = page.locator("#library-all-says")
    said.get_by_text("5 faces of 5 photos").wait_for()
    assert "MB." in said.inner_text()
    page.get_by_role("button", name="Keep").click()
    said.wait_for(state="hidden")
    assert shown(page) == ids
    page.get_by_role("button", name="Delete everything").click()
    page.locator("#library-delete-all-yes").click()
    page.get_by_text("Nothing here yet").wait_for()
    page.locator("#undo").get_by_role("button", name="Undo").click()
    eventually(page, lambda: shown(page) == ids)


def test_a_face_is_named_and_its_files_are_called_so(open_page: Any, stocked: Any) -> None:
    state, ids = stocked()
    page = open_page(state)
    page.goto(f"/face/{ids[2]}")
    page.get_by_text("Name, person and tags").click()
    page.get_by_label("Name", exact=True).fill("Ada at the lake")
    page.get_by_label("Person").fill("Ada")
    page.get_by_label("Tags").fill("summer, 2019")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("h1", has_text="Ada at the lake").wait_for()
    page.locator("#face-labels").get_by_text(f"{LONG} #2").wait_for()
    page.locator("#face-labels").get_by_role("link", name="summer").click()
    page.wait_for_url("**/library?tag=summer")
    page.locator(".thumb-name", has_text="Ada at the lake").wait_for()
    assert shown(page) == [ids[2]]
    saved = page.request.get(f"/files/{ids[2]}/solid.stl?download=1").headers["content-disposition"]
    assert "Ada_at_the_lake-solid.stl" in saved
    packed = page.request.get(f"/api/faces.zip?ids={ids[2]}&files=solid.stl").body()
    assert zipfile.ZipFile(io.BytesIO(packed)).namelist() == ["Ada_at_the_lake/solid.stl"]
    page.goto(f"/face/{ids[2]}")
    page.get_by_text("Name, person and tags").click()
    page.get_by_label("Name", exact=True).fill("")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("h1", has_text=LONG).wait_for()


def test_faces_of_a_person_are_found_and_compared_with_one_click(open_page: Any, stocked: Any, eventually: Any) -> None:
    state, ids = stocked()
    page = open_page(state)
    page.goto("/library")
    for face in ids[1:3]:
        box(page, face).check()
    page.get_by_role("button", name="Name", exact=True).click()
    page.locator("#library-label-person").fill("Grace")
    page.locator("#library-label-tags").fill("navy")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("#library-person").select_option("Grace")
    eventually(page, lambda: shown(page) == ids[1:3])
    page.get_by_role("link", name="Compare 2 of Grace").click()
    page.wait_for_url(f"**/compare?faces={ids[1]},{ids[2]}*")
    page.go_back()
    page.wait_for_url("**/library?person=Grace")
    eventually(page, lambda: shown(page) == ids[1:3])
    page.get_by_role("link", name="Library").click()
    eventually(page, lambda: shown(page) == ids)


def test_what_is_shown_stands_in_the_address(open_page: Any, stocked: Any, eventually: Any) -> None:
    state, ids = stocked()
    page = open_page(state)
    page.goto("/library")
    page.locator("#library-sort").select_option("name")
    by_name = [ids[4], ids[1], ids[0], ids[2], ids[3]]  # 2 before 10
    eventually(page, lambda: shown(page) == by_name)
    page.get_by_label("Find by name, tag or person").fill("JPG b")
    eventually(page, lambda: page.url.endswith("/library?find=JPG+b&sort=name"))
    narrowed = [ids[1], ids[0]]
    eventually(page, lambda: shown(page) == narrowed)
    page.locator(f"[data-face='{ids[1]}'] .thumb-link").click()
    page.wait_for_url(f"**/face/{ids[1]}")
    page.go_back()
    eventually(page, lambda: shown(page) == narrowed)
    assert page.locator("#library-sort").input_value() == "name"
    page.goto("/library?sort=nonsense&shown=many&find=nobody")
    page.get_by_text("No face is like this.").wait_for()


def test_faces_are_chosen_by_ranges_keys_and_touch(open_page: Any, stocked: Any, eventually: Any) -> None:
    state, ids = stocked()
    page = open_page(state, has_touch=True)
    page.goto("/library")
    said, chosen = page.locator("#library-said"), page.locator(".choose[aria-checked=true]")
    box(page, ids[1]).click()
    page.locator(f"[data-face='{ids[3]}'] .thumb-link").click(modifiers=["Shift"])  # also on the picture
    said.get_by_text("3 chosen").wait_for()
    assert chosen.count() == 3
    assert page.url.endswith("/library")
    page.get_by_role("button", name="Select all 5").click()
    said.get_by_text("5 chosen").wait_for()
    page.get_by_role("button", name="Select none").click()
    eventually(page, lambda: chosen.count() == 0)
    box(page, ids[0]).focus()
    page.keyboard.press("Space")
    said.get_by_text("1 chosen").wait_for()
    box(page, ids[2]).focus()
    page.keyboard.press("Shift+Space")
    said.get_by_text("3 chosen").wait_for()
    page.keyboard.press("Control+a")
    said.get_by_text("5 chosen").wait_for()
    page.keyboard.press("Escape")
    eventually(page, lambda: chosen.count() == 0)
    box(page, ids[4]).tap()
    said.get_by_text("1 chosen").wait_for()
    page.get_by_label("Find by name, tag or person").fill("b 2")  # what is not shown is not chosen
    eventually(page, lambda: shown(page) == [ids[1]])
    said.get_by_text("Choose faces").wait_for()


@pytest.mark.parametrize("width", [1440, 390])
def test_the_end_of_a_long_name_stays_to_be_seen(open_page: Any, stocked: Any, width: int) -> None:
    state, ids = stocked()
    page = open_page(state, viewport={"width": width, "height": 800})
    for address, place in (
        ("/library", f"[data-face='{ids[2]}'] .name-cut"),
        (f"/compare?faces={ids[2]},{ids[0]}", ".chip .name-cut"),
    ):
        page.goto(address)
        name = page.locator(place).and_(page.locator(f"[title='{LONG} #2']")).first
        name.wait_for()
        inner, outer = name.locator(".name-tail").bounding_box(), name.bounding_box()
        assert name.locator(".name-tail").inner_text().endswith("#2")
        assert inner["width"] > 0
        assert inner["x"] + inner["width"] <= outer["x"] + outer["width"] + 1
        head = name.locator(".name-head")
        assert head.evaluate("span => span.scrollWidth > span.clientWidth")  # which gives way


def test_three_hundred_faces_come_in_parts_and_their_pictures_when_they_are_near(
    open_page: Any, stocked: Any, eventually: Any
) -> None:
    state, ids = stocked([f"photo {k}.jpg" for k in range(300)])
    page = open_page(state)
    fetched: list[str] = []
    page.on("request", lambda request: request.url.endswith("thumbnail.jpg") and fetched.append(request.url))
    page.goto("/library")
    eventually(page, lambda: len(fetched) >= 6)
    assert shown(page) == ids[:96]
    page.wait_for_load_state("networkidle")
    assert len(fetched) < 60
    page.get_by_role("button", name="Select all 300").click()
    page.locator("#library-said").get_by_text("300 chosen").wait_for()
    page.get_by_role("button", name="Show more").click()
    eventually(page, lambda: shown(page) == ids[:192])
    assert page.locator(".choose[aria-checked=true]").count() == 192
    assert page.url.endswith("?shown=192")
