"""Every page in German: no English is left, and the choice of a language stays."""

import re
from typing import Any

import pytest

ENGLISH = re.compile(
    r"(?<![\w/-])(the|of|and|is|are|with|not|from|this|what|to|at|by|it|its|that|for|or|on|one|no)(?![\w/-])", re.I
)
WORDS = """() => {
    const said = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ALL);
    for (let place = walker.currentNode; place; place = walker.nextNode()) {
        if (place.nodeType === Node.TEXT_NODE && !place.parentElement.closest('script, style, noscript')) {
            said.push(place.data);
        }
        for (const name of ['alt', 'title', 'placeholder', 'aria-label', 'aria-valuetext', 'data-label']) {
            if (place.getAttribute && place.getAttribute(name)) said.push(place.getAttribute(name));
        }
    }
    return [document.title, ...said.map((text) => text.trim()).filter(Boolean)];
}"""


@pytest.fixture
def german(open_page: Any, two_faces: dict[str, Any]) -> Any:
    return open_page(two_faces["state"], locale="de-DE")


@pytest.mark.parametrize(
    ("address", "there"),
    [
        ("/", ".card-face"),
        ("/library", "#library-faces img"),
        ("/compare?faces={0},{1}", "#compare-differences table, #compare-pairs table, .differences"),
        ("/statistics?faces={0},{1}", ".js-plotly-plot .main-svg"),
        ("/models", "table"),
        ("/face/{0}", ".viewer[data-loaded]"),
        ("/print/{0}", ".viewer[data-loaded]"),
        ("/mark/{photo}?face={0}", ".js-plotly-plot .main-svg"),
        ("/nowhere", "main h1, main h2"),
    ],
)
def test_no_english_is_left(open_page: Any, two_faces: dict[str, Any], address: str, there: str) -> None:
    page = open_page(two_faces["state"], locale="de-DE", expected="404")
    photo = page.request.get("/api/faces").json()["faces"][0]["photo_id"]
    page.goto(address.format(*two_faces["ids"], photo=photo))
    page.locator(there).first.wait_for(state="attached")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.lang") == "de"
    said = page.evaluate(WORDS)
    assert len(said) > 20
    left = sorted({text for text in said if ENGLISH.search(text.replace("CORE One", ""))})  # a printer's name
    assert left == []


def test_the_language_is_chosen_and_stays(open_page: Any, two_faces: dict[str, Any]) -> None:
    page = open_page(two_faces["state"], locale="en-GB")
    page.goto("/library")
    page.get_by_role("heading", name="Library").wait_for()
    page.get_by_role("button", name="Deutsch").click()
    page.get_by_role("heading", name="Bibliothek").wait_for()
    page.goto("/")
    page.get_by_role("link", name="Vergleich").first.wait_for()
    page.get_by_role("button", name="English").click()
    page.get_by_role("link", name="Compare").first.wait_for()


def test_a_sentence_that_is_kept_in_english_is_shown_in_german(open_page: Any) -> None:
    page = open_page(locale="de-DE", expected="422")
    page.goto("/")
    page.locator(".drop").wait_for()
    page.locator("#photo-input").set_input_files({"name": "leer.jpg", "mimeType": "image/jpeg", "buffer": b""})
    page.get_by_text("leer.jpg ist leer (0 Byte). Die Datei noch einmal wählen.").first.wait_for()
