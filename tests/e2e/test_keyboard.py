"""Without a mouse: shortcuts, a ring round what has the focus, and the way from the Studio to a file."""

from typing import Any

import pytest

MOST_TABS = 12
FOCUSED = """() => {
    const place = document.activeElement;
    if (!place || place === document.body) return null;
    const seen = (one) => one && (({outlineStyle, outlineWidth, opacity}) =>
        outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && opacity !== '0')(getComputedStyle(one));
    // a box that is drawn by its label wears the ring there; the file input's place is the drop zone
    const rings = [place, place.nextElementSibling, place.closest('.drop')];
    return {
        what: place.outerHTML.slice(0, 160), text: place.innerText || '', ring: rings.some(seen),
        inside: Boolean(place.closest('.js-plotly-plot, .viewer')),
        first: window.firstFocused ? place === window.firstFocused : ((window.firstFocused = place), false),
    };
}"""


@pytest.mark.parametrize(
    "address",
    ["/", "/library", "/compare?faces={0},{1}", "/statistics?faces={0}", "/models", "/face/{0}", "/print/{0}"],
)
def test_every_control_shows_that_it_has_the_focus(page_of_two: Any, two_faces: dict[str, Any], address: str) -> None:
    page = page_of_two
    page.goto(address.format(*two_faces["ids"]))
    page.locator("main h1, main h2").first.wait_for()
    page.wait_for_load_state("networkidle")
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    reached = 0
    for _ in range(150):
        page.keyboard.press("Tab")
        now = page.evaluate(FOCUSED)
        if now is None or (now["first"] and reached):
            break
        reached += 1
        assert now["inside"] or now["ring"], now["what"]
    assert reached > 8


def test_from_the_studio_to_an_stl_in_a_few_tabs(page_of_two: Any) -> None:
    page = page_of_two
    page.goto("/")
    page.locator(".card-face").first.wait_for()
    page.wait_for_timeout(500)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to the content"
    page.keyboard.press("Enter")
    tabs = 1
    while "STL" not in page.evaluate(
        "document.activeElement.matches('a, button') && document.activeElement.innerText || ''"
    ):
        page.keyboard.press("Tab")
        tabs += 1
        assert tabs <= MOST_TABS
    assert page.evaluate("document.activeElement.innerText") == "Relief STL, 80 mm"
    with page.expect_download() as waiting:
        page.keyboard.press("Enter")
    assert waiting.value.suggested_filename.endswith("solid.stl")
    print(f"{tabs} tabs")


def test_keys_go_to_pages_and_the_sheet_lists_them(page: Any) -> None:
    page.goto("/")
    page.locator(".drop").wait_for()
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard")
    sheet.wait_for()
    assert "Choose files" in sheet.inner_text()
    page.keyboard.press("Escape")
    sheet.wait_for(state="hidden")
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.get_by_role("heading", name="Networks").or_(page.get_by_role("heading", name="Models")).first.wait_for()
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.locator(".drop").wait_for()
    page.keyboard.press("u")
    assert page.evaluate("document.activeElement.id") == "photo-input"


def test_no_key_acts_while_somebody_types(page_of_two: Any) -> None:
    page = page_of_two
    page.goto("/library")
    page.locator("#library-find").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("g?s/u")
    assert page.locator("#library-find").input_value() == "g?s/u"
    assert page.get_by_role("dialog").count() == 0
