"""The report of a comparison in a browser without a network, on screen and on paper."""

from pathlib import Path
from typing import Any

import pytest

from core.comparison import compare, compare_all
from core.report import report
from tests.core.heads import Bump, head


@pytest.mark.parametrize("width", [1280, 390])
def test_it_opens_offline_and_prints(browser: Any, tmp_path: Path, width: int) -> None:
    faces = [head(), head(bump=Bump(30, 45), seed=1), head(bump=Bump(-30, 45), seed=2)]
    names = ("Ada", "Grace of a long name that goes on and on", "Marie")
    file = tmp_path / "report.html"
    found = {i: compare(faces[0], faces[i]) for i in (1, 2)}
    file.write_text(report(faces, names, found, compare_all(faces, names)), "utf-8")
    context = browser.new_context(offline=True, viewport={"width": width, "height": 900})
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(file.as_uri())
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("[...document.images].every(picture => picture.naturalWidth > 100)")
    drawn = page.evaluate(
        "[...document.querySelectorAll('svg')].map(drawing => drawing.getBoundingClientRect().height)"
    )
    assert len(drawn) == 8  # three scales, the pairs, the histogram, three profiles
    assert min(drawn) > 30
    paper = page.pdf(prefer_css_page_size=True)
    assert paper.startswith(b"%PDF")
    assert 3 <= paper.count(b"/Type /Page\n") <= 9
    context.close()
