"""Habits of people in the Library: find, name, choose, delete and take it back."""

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from dashboard.library import schema
from tests.stock import browser_of, stock, write_one

LONG = "family-photo-at-the-lake-in-the-summer-of-2019.jpg"
NAMES = ("b 10.jpg", "b 2.jpg", f"{LONG} #2", "ندى في الحديقة مع العائلة.jpg", "a.jpg")


@pytest.fixture
def stocked(live: Any, written: Path) -> Callable[..., Any]:
    """Make a workspace with faces of these names, the first one the newest: the state of its browser, and their ids."""

    def make(names: Sequence[str] = NAMES) -> Any:
        workspace, ids = stock(live.library, written, names)
        return browser_of(live.library, workspace), ids

    return make


def shown(page: Any) -> list[str]:
    """Ids of the faces that are drawn."""
    return list(page.evaluate("[...document.querySelectorAll('#library-faces [data-face]')].map(f => f.dataset.face)"))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a face in closed form, with all that pages show of it."""
    folder = tmp_path_factory.mktemp("written") / "face"
    write_one(folder)
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


def test_a_link_that_is_drawn_anew_under_the_pointer_is_followed(open_page: Any, stocked: Any) -> None:
    state, _ = stocked([f"photo {k}.jpg" for k in range(97)])
    page = open_page(state)
    page.goto("/library")
    link = page.locator(".pager").first.get_by_role("link", name="Next")
    link.hover()
    page.mouse.down()
    link.evaluate("link => link.replaceWith(link.cloneNode(true))")
    page.mouse.up()
    page.wait_for_url("**/library?page=2")


@pytest.mark.parametrize("width", [1440, 390])
def test_three_hundred_faces_come_in_pages_and_their_pictures_when_they_are_near(
    open_page: Any, stocked: Any, eventually: Any, width: int
) -> None:
    state, ids = stocked([f"photo {k}.jpg" for k in range(300)])
    page = open_page(state, viewport={"width": width, "height": 900})
    fetched: list[str] = []
    page.on("request", lambda request: request.url.endswith("thumbnail.jpg") and fetched.append(request.url))
    page.goto("/library")
    eventually(page, lambda: len(fetched) >= 6)
    assert shown(page) == ids[:96]
    page.wait_for_load_state("networkidle")
    assert len(fetched) < 60
    above, below = page.locator(".pager").first, page.locator(".pager").last
    above.get_by_text("1 to 96 of 300").wait_for()
    below.get_by_role("link", name="Next").click()
    eventually(page, lambda: shown(page) == ids[96:192])
    eventually(page, lambda: page.url.endswith("/library?page=2"))
    above.get_by_text("97 to 192 of 300").wait_for()
    assert above.get_by_role("link", name="Next").evaluate("link => link === document.activeElement")
    assert 0 <= above.bounding_box()["y"] < 400  # the page begins at its top, in sight
    page.keyboard.press("Enter")
    eventually(page, lambda: shown(page) == ids[192:288])
    above.get_by_role("link", name="Page 4").click()
    eventually(page, lambda: shown(page) == ids[288:])
    assert above.get_by_role("link", name="Next").count() == 0
    assert above.locator("[aria-current=page]").inner_text() == "4"
    page.goto("/library?page=9&sort=oldest")  # there are four
    eventually(page, lambda: shown(page) == ids[11::-1])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_is_chosen_stays_on_other_pages_and_a_search_begins_at_the_first(
    open_page: Any, stocked: Any, eventually: Any, live: Any
) -> None:
    state, ids = stocked([f"photo {k}.jpg" for k in range(200)])
    page = open_page(state)
    page.goto("/library")
    said, above = page.locator("#library-said"), page.locator(".pager").first
    ticked = page.locator(".choose[aria-checked=true]")
    box(page, ids[1]).click()
    above.get_by_role("link", name="Next").click()
    eventually(page, lambda: shown(page) == ids[96:192])
    said.get_by_text("1 chosen, 1 of them on other pages").wait_for()
    box(page, ids[100]).click()
    said.get_by_text("2 chosen, 1 of them on other pages").wait_for()
    page.get_by_role("button", name="Select this page").click()
    said.get_by_text("97 chosen, 1 of them on other pages; at most 8 compare at a time").wait_for()
    page.get_by_role("button", name="Deselect this page").click()
    said.get_by_text("1 chosen, 1 of them on other pages").wait_for()
    page.get_by_role("button", name="Select all 200").click()
    said.get_by_text("200 chosen, 104 of them on other pages; at most 8 compare at a time").wait_for()
    assert ticked.count() == 96
    page.get_by_label("Find by name, tag or person").fill("photo 1")  # 119 names have a 1
    eventually(page, lambda: page.url.endswith("/library?find=photo+1"))
    said.get_by_text("119 chosen, 23 of them on other pages; at most 8 compare at a time").wait_for()
    assert len(shown(page)) == 96
    above.get_by_role("link", name="Next").click()
    eventually(page, lambda: len(shown(page)) == 23)
    eventually(page, lambda: page.url.endswith("/library?find=photo+1&page=2"))
    page.reload()
    eventually(page, lambda: len(shown(page)) == 23)
    page.get_by_role("button", name="Select this page").click()
    said.get_by_text("23 chosen; at most 8").wait_for()
    page.get_by_role("button", name="Delete", exact=True).click()  # the page goes, and the one before it is shown
    eventually(page, lambda: len(shown(page)) == 96)
    page.get_by_role("button", name="Undo").click()
    eventually(page, lambda: above.get_by_text("1 to 96 of 119").count() == 1)


def test_faces_that_the_strip_does_not_show_are_found_there(open_page: Any, stocked: Any, eventually: Any) -> None:
    state, ids = stocked([f"photo {k}.jpg" for k in range(60)])
    page = open_page(state)
    chips = page.locator("#picker .chip")
    page.goto(f"/compare?faces={ids[59]}")
    page.get_by_text("The newest 24 of 60", exact=True).wait_for()
    assert chips.count() == 25
    assert chips.first.get_attribute("href") == "/compare"  # the chosen one is there, to be taken out
    page.get_by_label("Find by name, tag or person").fill("photo 47")
    page.get_by_text("1 face is like this.").wait_for()
    assert chips.count() == 1
    chips.first.click()
    page.wait_for_url(f"**/compare?faces={ids[59]},{ids[47]}*")
    page.goto(f"/statistics?faces={ids[59]}&part=nose")
    page.get_by_label("Find by name, tag or person").fill("photo 3")
    page.get_by_text("15 faces are like this.").wait_for()
    assert chips.count() == 15
    eventually(page, lambda: "part=nose" in (chips.first.get_attribute("href") or ""))
    page.get_by_label("Find by name, tag or person").fill("nobody")
    page.get_by_text("No face is like this.").wait_for()
