"""Comparing four faces: turned together, laid onto each other, in a table that sorts and leaves as it is shown."""

import csv
import json
import os
import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from dashboard.charts.names import cut
from tests.e2e.axe import violations

# where 30 mm between two points of the mesh frame are seen in each view
PROJECTED = (
    "[...document.querySelectorAll('.viewer')].map(({viewer}) =>"
    " [[0, 0, 0], [0, 0, 30], [30, 0, 0], [0, -30, -40]].map(point => viewer.project(point)))"
)
FOUND_MS = 120_000  # for the worker to compare them on a busy machine


@pytest.fixture
def compared(open_page: Any, four_faces: dict[str, Any]) -> Any:
    """The page of four faces with its comparison done."""
    page = open_page(four_faces["state"])
    page.goto("/compare?faces=" + ",".join(four_faces["ids"]))
    page.locator("#compare-pairs").wait_for(timeout=FOUND_MS)
    page.locator("#compare-table tbody tr").nth(3).wait_for()
    return page


def rows(page: Any) -> list[list[str]]:
    """The table's cells as shown, the face first, from top to bottom."""
    return page.evaluate(
        "[...document.querySelectorAll('#compare-table tbody tr')]"
        ".map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )


def column(page: Any, heading: str) -> list[str]:
    """A column's cells from top to bottom."""
    headings = [text.strip() for text in page.locator("#compare-table th").all_inner_texts()]
    return [row[headings.index(heading)] for row in rows(page)]


def test_the_library_leads_to_a_comparison_on_one_scale(
    open_page: Any, four_faces: dict[str, Any], eventually: Any
) -> None:
    page = open_page(four_faces["state"])
    page.goto("/library")
    boxes = page.locator(".thumbs [role=checkbox]")
    for i in range(2):
        boxes.nth(i).check()
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url("**/compare?faces=*")
    page.locator(".map .heatmaplayer image").nth(1).wait_for()
    scales = page.evaluate(
        "[...document.querySelectorAll('.map .js-plotly-plot')].map(g => [g.data[0].zmin, g.data[0].zmax])"
    )
    assert scales[0] == scales[1]
    eventually(page, lambda: page.locator("#compare-profile .scatterlayer .trace").count() == 2)


def test_all_cameras_move_with_one(compared: Any, eventually: Any) -> None:
    views = compared.locator(".viewer[data-loaded] canvas")
    views.nth(3).wait_for()
    views.nth(0).scroll_into_view_if_needed()
    box = views.nth(0).bounding_box()
    compared.mouse.move(box["x"] + 60, box["y"] + 60)
    compared.mouse.down()
    compared.mouse.move(box["x"] + 140, box["y"] + 60, steps=5)
    compared.mouse.up()
    eventually(
        compared,
        f"(() => {{ const all = {PROJECTED}; return all.length === 4 && Math.abs(all[0][1][0] - all[0][0][0]) > 5"
        " && all.every(one => JSON.stringify(one) === JSON.stringify(all[0])); })()",
    )


def test_a_length_is_equally_long_in_all_views_however_large_the_faces_are(compared: Any) -> None:
    compared.locator(".viewer[data-loaded]").nth(3).wait_for()
    at_first = compared.evaluate(PROJECTED)
    assert all(one == at_first[0] for one in at_first)  # before anybody has touched them
    canvas = compared.locator(".viewer canvas").nth(2)
    canvas.focus()
    for key in ("Shift+ArrowRight", "Shift+ArrowUp", "+", "ArrowLeft"):
        compared.keyboard.press(key)
    moved = compared.evaluate(PROJECTED)
    assert moved != at_first
    assert all(one == moved[0] for one in moved)


def test_one_switch_changes_the_look_of_the_whole_row(compared: Any) -> None:
    for name in ("Plaster", "Cloud", "Textured"):
        compared.get_by_role("button", name=name).click()
        compared.locator(f".viewer[data-shown={name.lower()}]").nth(3).wait_for()


def test_the_table_sorts_and_its_file_holds_the_numbers_shown(compared: Any, eventually: Any) -> None:
    header = compared.get_by_role("button", name="Face width, mm")
    first = rows(compared)
    for order, said in ((1, "ascending"), (-1, "descending")):
        header.press("Enter")
        compared.locator(f"th[aria-sort={said}]", has_text="Face width").wait_for()
        values = [float(value) for value in column(compared, "Face width, mm")]
        assert values == sorted(values, reverse=order < 0)
    # the reference has no difference, and stands last whichever way
    for _ in range(2):
        compared.get_by_role("button", name="RMS from reference").click()
        eventually(compared, lambda: column(compared, "RMS from reference, mm")[-1] == "")
    assert sorted(rows(compared)) == sorted(first)
    assert violations(compared) == []
    with compared.expect_download() as waiting:
        compared.locator("#compare-found").get_by_role("link", name="CSV").click()
    lines = list(csv.reader(Path(waiting.value.path()).read_text("utf-8").splitlines()))
    assert len(lines) == 5
    # a size that does not change has no column
    kept = [i for i, name in enumerate(lines[0]) if not name.startswith("Size changed")]
    lines = [[line[i] for i in kept] for line in lines[1:]]
    by_face = {name: [name, millimetres, *numbers] for name, *numbers, millimetres in lines}
    shown = rows(compared)
    assert {row[0]: row for row in shown} == by_face


def test_another_reference_and_scale_are_compared_and_kept_in_the_address(
    compared: Any, four_faces: dict[str, Any], eventually: Any
) -> None:
    before = rows(compared)
    assert before[0][2] == ""  # the reference itself
    compared.get_by_label("Reference").select_option(four_faces["ids"][2])
    compared.get_by_text("Scaled to fit", exact=True).click()
    compared.get_by_role("button", name="Size changed by").wait_for(timeout=FOUND_MS)
    scales = column(compared, "Size changed by, times")
    assert sum(map(bool, scales)) == 3  # of all faces but the reference
    after = rows(compared)
    assert after[2][2] == ""
    assert float(after[0][2]) > 0
    eventually(compared, lambda: compared.url.endswith(f"&reference={four_faces['ids'][2]}&scale=1"))
    compared.reload()
    eventually(compared, lambda: rows(compared) == after, patience_s=FOUND_MS / 1000)


def test_heads_are_compared_point_by_point_when_that_is_asked_for(
    open_page: Any, two_faces: dict[str, Any], eventually: Any
) -> None:
    page = open_page(two_faces["state"])
    page.goto("/compare?faces=" + ",".join(two_faces["ids"]))
    page.locator("#compare-pair").wait_for(timeout=FOUND_MS)
    page.get_by_role("button", name="Compare point by point").click()
    found = page.locator("#compare-heads-found")
    found.locator("#compare-head-pair").wait_for(timeout=FOUND_MS)
    eventually(page, lambda: page.url.endswith("&heads=1"))
    cells = found.locator("tbody tr").nth(1).locator("td").all_inner_texts()
    assert all(float(cell) > 0 for cell in cells[1:])  # of the nearest points, too
    views = found.locator(".viewer")
    for i in range(3):
        views.nth(i).scroll_into_view_if_needed()
        found.locator(".viewer[data-loaded]").nth(i).wait_for(timeout=FOUND_MS)
    canvas = "document.querySelector('figure:has(.morph-share) canvas').toDataURL()"
    views.nth(1).scroll_into_view_if_needed()
    first = page.evaluate(canvas)
    share = page.get_by_role("slider", name="From ")
    share.focus()
    share.press("End")
    eventually(page, lambda: page.evaluate(canvas) != first)
    assert share.get_attribute("aria-valuetext").startswith("100 %")
    assert violations(page) == []
    before = found.locator("tbody").first.inner_text()
    page.get_by_label("Expression taken out").check()
    eventually(page, lambda: found.locator("tbody").first.inner_text() != before, patience_s=FOUND_MS / 1000)
    eventually(page, lambda: page.url.endswith("&heads=neutral"))
    with page.expect_download() as waiting:
        found.get_by_role("link", name="STL").click()
    assert Path(waiting.value.path()).stat().st_size > 1_000_000
    page.reload()  # all of it is there already, in whatever order it comes
    found.locator("#compare-head-pair").wait_for(timeout=FOUND_MS)
    cells = found.locator("tbody tr").nth(1).locator("td").all_inner_texts()
    assert all(float(cell) > 0 for cell in cells[1:])


@contextmanager
def halted(live: Any) -> Iterator[None]:
    """The worker stands still, but not while it holds the database's lock."""
    worker, database = live.supervisor.process.pid, live.library.folders.root / "library.sqlite"
    while True:
        os.kill(worker, signal.SIGSTOP)
        with closing(sqlite3.connect(database, timeout=0)) as free, suppress(sqlite3.OperationalError):
            free.execute("BEGIN IMMEDIATE")
            break
        os.kill(worker, signal.SIGCONT)
    try:
        yield
    finally:
        os.kill(worker, signal.SIGCONT)


def test_a_comparison_that_waits_is_cancelled_and_done_later(
    open_page: Any, four_faces: dict[str, Any], live: Any, press: Any
) -> None:
    page = open_page(four_faces["state"])
    cancelled = page.get_by_text("This comparison was cancelled.")
    with halted(live):
        page.goto(f"/compare?faces={four_faces['ids'][0]},{four_faces['ids'][3]}&scale=1")
        press(page.get_by_role("button", name="Cancel"), cancelled)
    # the numbers that need no comparing are there
    page.locator("#compare-table tbody tr").nth(1).wait_for()
    press(page.get_by_role("button", name="Compare again"), cancelled, "detached")
    page.locator("#compare-pair").wait_for(timeout=FOUND_MS)


def order_of(page: Any) -> list[str]:
    """Ids of the faces as they stand beside each other, from left to right."""
    return page.evaluate(
        "[...document.querySelectorAll('.side')].map(side => [side.getBoundingClientRect().x, side.dataset.face])"
        ".sort((a, b) => a[0] - b[0]).map(([, face]) => face)"
    )


def test_faces_are_dragged_into_another_order_which_the_address_keeps(
    compared: Any, four_faces: dict[str, Any], eventually: Any
) -> None:
    ids = four_faces["ids"]
    table, runs = rows(compared), len(compared.request.get("/api/runs").json()["runs"])
    first, third = (compared.locator(f".handle[data-move='{ids[i]}']").bounding_box() for i in (0, 2))
    compared.mouse.move(first["x"] + 5, first["y"] + 5)
    compared.mouse.down()
    compared.mouse.move(third["x"] + 60, third["y"] + 5, steps=6)
    moved = [ids[1], ids[2], ids[0], ids[3]]
    eventually(compared, lambda: order_of(compared) == moved)  # while it is held
    compared.mouse.up()
    eventually(compared, lambda: f"faces={','.join(moved)}&" in compared.url)
    eventually(compared, lambda: order_of(compared) == moved)
    # all that is drawn follows: colours, curves, table; nothing is compared anew, and the reference stays
    eventually(compared, lambda: [row[0] for row in rows(compared)] == [table[i][0] for i in (1, 2, 0, 3)])
    assert sorted(rows(compared)) == sorted(table)
    assert len(compared.request.get("/api/runs").json()["runs"]) == runs
    names = "document.querySelector('#compare-histogram .js-plotly-plot').data.map(trace => trace.name)"
    eventually(compared, f"JSON.stringify({names}) === JSON.stringify({[cut(table[i][0]) for i in (1, 2, 0, 3)]!r})")
    compared.reload()
    compared.locator(".side").nth(3).wait_for()
    assert order_of(compared) == moved
    compared.go_back()
    eventually(compared, lambda: order_of(compared) == ids)


def test_faces_are_moved_by_keys(compared: Any, four_faces: dict[str, Any], eventually: Any) -> None:
    ids = four_faces["ids"]
    handle = compared.locator(f".handle[data-move='{ids[3]}']")
    handle.focus()
    compared.keyboard.press("ArrowRight")  # there is no place there
    for moved, said in (([ids[0], ids[1], ids[3], ids[2]], "3 of 4"), ([ids[0], ids[3], ids[1], ids[2]], "2 of 4")):
        compared.keyboard.press("ArrowLeft")
        compared.locator("#compare-moved", has_text=said).wait_for(state="attached")
        assert order_of(compared) == moved
        assert compared.evaluate("document.activeElement.dataset.move") == ids[3]  # one keeps hold of it
    eventually(compared, lambda: f"faces={','.join(moved)}&" in compared.url)


def test_each_head_has_its_own_depth_range_on_request(compared: Any, eventually: Any) -> None:
    ranges = (
        "[...document.querySelectorAll('.map .js-plotly-plot')].map(plot => [plot.data[0].zmin, plot.data[0].zmax])"
    )
    eventually(compared, f"{ranges}.length === 4")
    shared = compared.evaluate(ranges)
    assert shared == [shared[0]] * 4
    compared.get_by_text("Each its own", exact=True).click()
    compared.get_by_text("far, of each head by itself").wait_for()
    eventually(compared, f"new Set({ranges}.map(String)).size > 1")
    own = compared.evaluate(ranges)
    assert shared[0] == [min(low for low, _ in own), max(high for _, high in own)]
    eventually(compared, lambda: compared.url.endswith("&range=own"))
    compared.reload()
    compared.get_by_text("far, of each head by itself").wait_for()
    eventually(compared, f"JSON.stringify({ranges}) === '{json.dumps(own, separators=(',', ':'))}'")


def test_eight_faces_stand_beside_each_other(open_page: Any, eight_faces: dict[str, Any], eventually: Any) -> None:
    page = open_page(eight_faces["state"])
    page.goto("/compare?faces=" + ",".join(eight_faces["ids"]))
    page.locator(".map .heatmaplayer image").nth(7).wait_for(state="attached")
    boxes = page.evaluate("[...document.querySelectorAll('.side')].map(side => side.getBoundingClientRect().toJSON())")
    assert len(boxes) == 8
    assert all(box["left"] >= 0 and box["right"] <= 1440 and box["width"] >= 120 for box in boxes)
    assert len({box["top"] for box in boxes}) == 1
    scrolled = "(place => place.scrollWidth - place.clientWidth)(document.querySelector('.side-by-side'))"
    assert page.evaluate(scrolled) == 0
    page.set_viewport_size({"width": 390, "height": 844})
    eventually(page, f"{scrolled} > 0")  # on a phone they are scrolled, and the page is not
    eventually(page, "document.documentElement.scrollWidth <= 390")
    assert violations(page) == []


def test_a_mirror_image_is_more_alike_than_another_person(compared: Any) -> None:
    compared.locator("#compare-pairs .heatmaplayer image").wait_for(state="attached")
    values = compared.evaluate(
        "(() => { const g = document.querySelector('#compare-pairs .js-plotly-plot');"
        " return [g.layout.xaxis.ticktext, g._fullData[0].z.map(row => [...row])]; })()"
    )
    names, rms = values
    people = [name.removeprefix("mirrored-")[:5] for name in names]
    pairs = [(i, j) for i in range(4) for j in range(i)]
    own = [rms[i][j] for i, j in pairs if people[i] == people[j]]
    across = [rms[i][j] for i, j in pairs if people[i] != people[j]]
    assert (len(own), len(across)) == (2, 4)
    assert max(own) < min(across)


def test_photos_slide_and_blink_over_each_other(compared: Any, eventually: Any) -> None:
    compared.get_by_text("Slide", exact=True).click()
    slider = compared.get_by_role("slider")
    slider.wait_for()
    slider.fill("20")
    over = compared.locator(".photo-pair .over")
    eventually(compared, lambda: "80%" in over.evaluate("img => img.style.clipPath"))
    eventually(
        compared, "[...document.querySelectorAll('.photo-pair img')].every(i => i.complete && i.naturalWidth > 0)"
    )
    compared.get_by_text("Blink", exact=True).first.click()
    compared.get_by_role("button", name="The other one").wait_for()
    hidden = over.is_hidden()
    compared.get_by_role("button", name="The other one").click()  # nothing blinks by itself: motion is reduced
    over.wait_for(state="visible" if hidden else "hidden")
    assert violations(compared) == []


def test_the_report_needs_nothing_but_itself(compared: Any) -> None:
    with compared.expect_download() as waiting:
        compared.get_by_role("link", name="Report").click()
    text = Path(waiting.value.path()).read_text("utf-8")
    assert "4 faces" in text or "Four faces" in text
    assert re.findall(r"<(?:script|link|iframe)", text) == []
    assert [
        found for found in re.findall(r"(?:src|href)=\"([^\"]{0,40})", text) if not found.startswith(("data:", "#"))
    ] == []
