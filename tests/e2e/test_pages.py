"""Every page: opens, fits a phone, can be used without seeing colours or holding a mouse."""

from pathlib import Path
from typing import Any

import pytest

AXE = Path(__file__).parent / "axe-core" / "axe.min.js"
EMPTY = {
    "/": "Drop photos",
    "/library": "Nothing here yet",
    "/compare": "Nothing to compare",
    "/statistics": "No numbers",
}
ALL = (
    "/",
    "/library",
    "/compare?faces={0},{1}",
    "/statistics?faces={0},{1}",
    "/models",
    "/face/{0}",
    "/print/{0}",
    "/nowhere",
)


@pytest.mark.parametrize(("address", "says"), EMPTY.items())
def test_an_empty_library_says_what_to_do(page: Any, address: str, says: str) -> None:
    page.goto(address)
    page.get_by_text(says).first.wait_for()


@pytest.mark.parametrize("address", ALL)
def test_page_opens_fits_a_phone_and_is_accessible(open_page: Any, two_faces: dict[str, Any], address: str) -> None:
    page = open_page(two_faces["state"], viewport={"width": 375, "height": 720}, color_scheme="dark", has_touch=True)
    page.goto(address.format(*two_faces["ids"]))
    page.locator("main h1, main h2").first.wait_for()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert violations(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")
    page.locator("html[data-bs-theme=light]").wait_for(state="attached")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
    assert violations(page) == []


def violations(page: Any) -> list[str]:
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE.read_text())
    # Plotly's and the grid's insides are theirs to mend
    found = page.evaluate("axe.run({exclude: ['.js-plotly-plot', '.numbers-grid', 'model-viewer']})")
    return [f"{one['id']}: {node['html'][:160]}" for one in found["violations"] for node in one["nodes"]]


def test_faces_are_compared_on_one_scale_with_their_table(page_of_two: Any, two_faces: dict[str, Any]) -> None:
    page = page_of_two
    page.goto("/library")
    boxes = page.locator(".thumbs input[type=checkbox]")
    for i in range(2):
        boxes.nth(i).check()
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url("**/compare?faces=*")
    page.locator(".map .heatmaplayer image").nth(1).wait_for()
    scales = page.evaluate(
        "[...document.querySelectorAll('.map .js-plotly-plot')].map(g => [g.data[0].zmin, g.data[0].zmax])"
    )
    assert scales[0] == scales[1]
    assert page.locator("#compare-profile .scatterlayer .trace").count() == 2
    page.locator(".ag-row").first.wait_for()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV").click()
    lines = Path(waiting.value.path()).read_text("utf-8-sig").splitlines()
    assert "median, mm" in lines[0]
    assert len(lines) == 3


def test_views_of_a_comparison_turn_together(page_of_two: Any, two_faces: dict[str, Any], eventually: Any) -> None:
    page = page_of_two
    page.goto("/compare?faces=" + ",".join(two_faces["ids"]))
    views = page.locator(".viewer[data-loaded] model-viewer")
    views.nth(1).wait_for()
    views.nth(0).scroll_into_view_if_needed()
    box = views.nth(0).bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 180, box["y"] + 100, steps=5)
    page.mouse.up()
    eventually(
        page,
        "(() => { const [a, b] = [...document.querySelectorAll('model-viewer')].map(v => v.getCameraOrbit().theta);"
        " return Math.abs(a + 20 * Math.PI / 180) > 0.1 && Math.abs(a - b) < 0.01; })()",
    )


def test_bins_and_density_change_the_histogram(page_of_two: Any, eventually: Any) -> None:
    page = page_of_two
    page.goto("/statistics")
    page.locator("#statistics-histogram .bars .point").first.wait_for()
    page.get_by_label("Bins").fill("32")
    eventually(page, "document.querySelectorAll('#statistics-histogram .bars .point').length === 32")
    page.get_by_text("Density", exact=True).click()
    page.get_by_text("share of pixels per mm").wait_for()


def test_the_theme_is_kept(page: Any) -> None:
    page.goto("/")
    switch = page.locator("#theme[aria-label]")
    switch.click()
    switch.click()  # auto -> light -> dark
    page.locator("html[data-bs-theme=dark]").wait_for(state="attached")
    page.reload()
    page.locator("html[data-bs-theme=dark] #theme[aria-label*=dark]").wait_for()


def test_another_browser_does_not_see_a_face(page: Any, two_faces: dict[str, Any]) -> None:
    page.goto(f"/face/{two_faces['ids'][0]}")
    page.get_by_text("This face is not in your library").wait_for()


def test_a_download_shows_its_progress_and_can_be_cancelled(page: Any, press: Any) -> None:
    page.goto("/models")
    row = page.locator("tr", has_text="MiDaS 2.1 Small")
    # the worker may still be loading its network
    press(row.get_by_role("button", name="Download"), row.get_by_text("Fetching"), patience_ms=300_000)
    row.get_by_role("progressbar").wait_for()
    press(row.get_by_role("button", name="Cancel"), row.get_by_role("button", name="Download"))
    assert row.locator(".run-error").count() == 0


def test_weights_are_fetched_then_used_and_deleted(page: Any, press: Any) -> None:
    page.goto("/models")
    row = page.locator("tr", has_text="DPT LeViT 224")
    # fetched, checked, converted; then the best that is here is used
    press(row.get_by_role("button", name="Download"), row.get_by_text("in use"), patience_ms=300_000)
    built_in = page.locator("tr", has_text="Built-in face network")
    press(built_in.get_by_role("button", name="Use"), built_in.get_by_text("in use"))
    dialog = page.get_by_role("dialog")
    press(row.get_by_role("button", name="Delete"), dialog)
    press(dialog.get_by_role("button", name="Delete"), row.get_by_role("button", name="Download"))
