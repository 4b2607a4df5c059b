"""The report of a comparison: one file, nothing from elsewhere, and the numbers that were computed."""

import re
from datetime import date
from html import escape
from html.parser import HTMLParser

import numpy as np
import pytest

from core.comparison import compare, compare_all
from core.measure.ansur import REFERENCES
from core.measure.face import face_measures
from core.measure.statistics import statistics_by_region
from core.measure.table import DEPTHS, DIFFERENCES, MEASURES, Place, chosen
from core.report import report
from core.report.charts import Curve, chart, label, ticks
from tests.core.heads import Bump, Placed, head

NAMES = ("Ada <b>", "Grace", "Marie")
FACES = (head(), head(bump=Bump(30, 45), seed=1), head(Placed(yaw=17), seed=2))
DEPTHS_OF_FACES = [statistics_by_region(face) for face in FACES]


class _Reader(HTMLParser):
    """Collects tags and addresses; every opened tag must be closed."""

    EMPTY = frozenset({"meta", "img", "path", "rect", "circle", "stop"})

    def __init__(self):
        super().__init__()
        self.open, self.addresses, self.tags, self.text = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "xlink:href", "action", "data")]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def page():
    comparisons = {0: compare(FACES[1], FACES[0]), 2: compare(FACES[1], FACES[2])}
    pairs = compare_all(FACES, NAMES)
    text = report(FACES, NAMES, comparisons, pairs, reference=1, made=date(2026, 11, 22))
    return text, comparisons, pairs


def test_it_is_one_file_that_asks_for_nothing(page) -> None:
    reader = _Reader()
    reader.feed(page[0])
    assert reader.open == []
    assert len(reader.addresses) == 2 * 3 + 3 * 2 + 3  # photos and depths, three for each other, symmetries
    assert all(
        address.startswith(("data:image/png;base64,", "data:image/jpeg;base64,")) for address in reader.addresses
    )
    assert not {"script", "link", "iframe", "object"} & set(reader.tags)
    assert "url(http" not in page[0]
    assert "@import" not in page[0]
    assert len(page[0]) < 3_000_000


def test_it_shows_the_numbers_that_were_computed(page) -> None:
    text, comparisons, pairs = page
    for found in comparisons.values():
        for one in chosen(DIFFERENCES, Place.REPORT):
            shown = one.with_unit(found.numbers()[one.key])
            assert f"<dt>{one.name}</dt><dd>{shown}</dd>" in text
        for region in ("nose", "left cheek"):
            assert f"<td>{found.by_region[region]:.2f}</td>" in text
    assert f">{pairs.rms_mm[0, 1]:.2f}</text>" in text
    for one in chosen(DEPTHS, Place.REPORT):
        cells = "".join(f"<td>{one.text(getattr(depths['head'], one.key))}</td>" for depths in DEPTHS_OF_FACES)
        assert f"<td>{one.name}</td>{cells}" in text
    for one in chosen(MEASURES, Place.REPORT):
        cells = "".join(f"<td>{one.text(getattr(face_measures(face), one.key))}</td>" for face in FACES)
        assert f"<td>{one.name}</td>{cells}" in text
        assert f"{one.name}: {escape(one.help)}" in text
    width = REFERENCES["width_mm"]
    assert f"{width.men.mean_mm:.1f} \u00b1 {width.men.std_mm:.1f}" in text
    assert "22 November 2026" in text
    assert "cannot prove" in text
    assert "Expression counts" in text
    assert "17 degrees apart" in text
    assert "nan" not in re.sub(r"base64,[^\"]*", "", text).lower()


def test_names_are_text_and_never_markup(page) -> None:
    assert "Ada <b>" not in page[0]
    assert "Ada &lt;b&gt;" in page[0]


def test_every_other_face_must_be_compared() -> None:
    faces = [head(), head(seed=1)]
    with pytest.raises(ValueError, match="comparisons"):
        report(faces, ("a", "b"), {}, compare_all(faces))


def test_axes_have_round_numbers() -> None:
    assert ticks(-3, 22, 5) == [0, 5, 10, 15, 20]
    assert ticks(0.0, 0.034, 4) == pytest.approx([0, 0.01, 0.02, 0.03])
    assert label(-0.0) == "0"
    assert label(-2.5) == "\u22122.5"
    broken = Curve(np.array([0, 1, 2, 3.0]), np.array([0, np.nan, 2, 3.0]), "#000")
    (path,) = re.findall(r'class="curve"[^>]* d="([^"]*)"', chart([broken], "x", "y"))
    assert (path.count("M"), path.count("L")) == (2, 1)
