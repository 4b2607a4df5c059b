"""Every page: opens, fits a phone, can be used without seeing colours or holding a mouse."""

from typing import Any

import pytest

from tests.e2e.axe import violations

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
    "/statistics?faces={0}",
    "/models",
    "/face/{0}",
    "/print/{0}",
    "/mark/{photo}",
    "/nowhere",
)


@pytest.mark.parametrize(("address", "says"), EMPTY.items())
def test_an_empty_library_says_what_to_do(page: Any, address: str, says: str) -> None:
    page.goto(address)
    page.get_by_text(says).first.wait_for()


@pytest.mark.parametrize("address", ALL)
def test_page_opens_fits_a_phone_and_is_accessible(open_page: Any, two_faces: dict[str, Any], address: str) -> None:
    expected = "status of 404" if address == "/nowhere" else ()
    look = {"viewport": {"width": 375, "height": 720}, "color_scheme": "dark", "has_touch": True}
    page = open_page(two_faces["state"], expected, **look)
    photo = page.request.get("/api/faces").json()["faces"][0]["photo_id"]
    page.goto(address.format(*two_faces["ids"], photo=photo))
    page.locator("main h1, main h2").first.wait_for()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert violations(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")
    page.locator("html[data-bs-theme=light]").wait_for(state="attached")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
    assert violations(page) == []


def test_links_within_still_parts_change_the_page_without_loading_it_anew(
    open_page: Any, two_faces: dict[str, Any]
) -> None:
    page = open_page(two_faces["state"])
    page.goto("/")
    link = page.locator(".card-face .card-name[data-link]").first
    link.wait_for()
    address = link.get_attribute("href")
    page.evaluate("window.same = true")
    link.click()
    page.locator("#face-body").wait_for()
    page.wait_for_url(f"**{address}")
    assert page.evaluate("window.same")
    page.go_back()
    page.locator(".card-face").first.wait_for()


def test_the_theme_is_kept(page: Any) -> None:
    page.goto("/")
    switch = page.locator("#theme[aria-label]")
    switch.click()
    switch.click()  # auto -> light -> dark
    page.locator("html[data-bs-theme=dark]").wait_for(state="attached")
    page.reload()
    page.locator("html[data-bs-theme=dark] #theme[aria-label*=dark]").wait_for()


OF_FACES = ("/face/{0}", "/print/{0}", "/mark/{0}", "/compare?faces={0},{1}", "/statistics?faces={0}")


@pytest.mark.parametrize("address", OF_FACES)
def test_another_browser_does_not_see_a_face(open_page: Any, two_faces: dict[str, Any], address: str) -> None:
    page = open_page(expected="status of 404")
    assert page.goto(address.format(*two_faces["ids"])).status == 404
    page.get_by_text("not in your library").wait_for()


def test_a_download_shows_its_progress_and_can_be_cancelled(page: Any, press: Any, eventually: Any) -> None:
    page.goto("/models")
    row = page.locator("tr", has_text="MiDaS 2.1 Small")
    # the worker may still be loading its network
    press(row.get_by_role("button", name="Download"), row.get_by_text("Fetching"), patience_ms=300_000)
    row.get_by_role("progressbar").wait_for()
    row.get_by_role("button", name="Cancel").evaluate("button => { button.dataset.same = '1'; }")
    first = row.get_by_role("progressbar").get_attribute("aria-valuenow")
    eventually(page, lambda: row.get_by_role("progressbar").get_attribute("aria-valuenow") != first)
    assert row.locator("button[data-same]").count() == 1  # progress leaves the button as it is
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
