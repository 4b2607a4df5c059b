"""Reading the depth of one face: parts, brush, lines."""

import csv
from pathlib import Path
from typing import Any

import pytest

from core.measure.table import DEPTHS, Place, chosen
from tests.e2e.axe import violations

MAP = "document.querySelector('#statistics-map .js-plotly-plot')"
MARKED = f"{MAP}._fullData[2].z.reduce((sum, row) => sum + row.reduce((a, b) => a + b, 0), 0)"


@pytest.fixture
def read(open_page: Any, four_faces: dict[str, Any], eventually: Any) -> Any:
    """The Statistics page of a face, drawn."""
    page = open_page(four_faces["state"])
    page.goto(f"/statistics?faces={four_faces['ids'][0]}")
    page.locator("#statistics-histogram .bars .point").first.wait_for()
    page.locator("#statistics-numbers td").first.wait_for()
    page.locator("#statistics-map .heatmaplayer image").first.wait_for(state="attached")
    return page


def test_bins_density_and_unit_change_the_histogram(read: Any, eventually: Any) -> None:
    read.get_by_label("Bins").fill("32")
    eventually(read, "document.querySelectorAll('#statistics-histogram .bars .point').length === 32")
    read.get_by_text("Density", exact=True).click()
    read.get_by_text("share of pixels per mm").wait_for()
    read.get_by_text("IPD", exact=True).first.click()
    read.get_by_text("share of pixels per IPD").wait_for()


def test_a_brush_lights_up_its_pixels_in_the_map(read: Any, eventually: Any) -> None:
    box = read.locator("#statistics-histogram .nsewdrag").first.bounding_box()
    read.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 60)
    read.mouse.down()
    read.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 70, steps=6)
    read.mouse.up()
    eventually(read, f"{MARKED} > 100")
    low, high = (float(read.get_by_label(name, exact=True).input_value()) for name in ("from", "to"))
    assert low < high
    marked, outside = read.evaluate(
        f"(() => {{ const z = {MAP}._fullData[0].z, mark = {MAP}._fullData[2].z; let on = 0, wrong = 0;"
        f" for (let y = 0; y < z.length; y++) for (let x = 0; x < z[y].length; x++) {{"
        f" const inside = z[y][x] >= {low} && z[y][x] <= {high};"
        " if (mark[y][x]) on++; if (Boolean(mark[y][x]) !== inside) wrong++; }"
        " return [on, wrong]; })()"
    )
    assert marked > 100
    assert outside == 0
    read.get_by_text(" pixels (").wait_for()
    said = read.locator("#statistics-said").inner_text()
    assert int(said.split(" of ")[0].replace(",", "")) == pytest.approx(
        4 * marked, rel=0.1
    )  # one pixel of four is shown
    read.get_by_label("from", exact=True).fill("")  # the same without a mouse
    eventually(read, f"{MARKED} === 0")
    read.get_by_label("from", exact=True).fill(str(low))
    eventually(read, f"{MARKED} === {marked}")


def test_another_part_has_other_numbers_and_the_rest_is_veiled(read: Any, eventually: Any) -> None:
    whole = read.locator("#statistics-numbers dd").all_inner_texts()
    read.locator("#statistics-part").get_by_text("Nose").click()
    read.locator("#statistics-numbers h3", has_text="Nose").wait_for()
    assert read.locator("#statistics-numbers dd").all_inner_texts() != whole
    eventually(read, f"{MAP}._fullData[1].z.some(row => row.some(value => value))")
    table = dict(zip(*[iter(read.locator("#statistics-numbers dl > div > *").all_inner_texts())] * 2, strict=False))
    with read.expect_download() as waiting:
        read.locator("#statistics-csv").click()
    found = {
        (row["part"], row["name"]): float(row["value"])
        for row in csv.DictReader(Path(waiting.value.path()).read_text("utf-8").splitlines())
    }
    for one in chosen(DEPTHS, Place.PART):
        assert table[one.name] == f"{one.text(found['nose', one.key])}{one.unit}"


def test_two_points_and_a_drawn_line_are_measured(read: Any, eventually: Any) -> None:
    def box() -> Any:
        read.locator("#statistics-map").scroll_into_view_if_needed()
        return read.locator("#statistics-map .nsewdrag").first.bounding_box()

    read.get_by_text("Two points", exact=True).click()
    place = box()
    for across in (0.4, 0.6):
        read.mouse.move(place["x"] + across * place["width"], place["y"] + 0.5 * place["height"], steps=4)
        # what is clicked is what the label names, which comes a moment after the mouse
        there = f"{MAP}._fullLayout.xaxis.p2d({across * place['width']})"
        eventually(read, f"Math.abs((({MAP}._hoverdata || [])[0] || {{}}).x - {there}) < 2")
        before = read.evaluate(f"JSON.stringify({MAP}.layout.shapes || [])")
        read.mouse.down()
        read.mouse.up()
        eventually(read, f"JSON.stringify({MAP}.layout.shapes || []) !== {before!r}")
    read.get_by_text("over the surface").wait_for()
    first = read.locator("#statistics-line-said").inner_text()
    straight, surface = (float(part.split("mm")[0].split()[-1]) for part in first.split("straight, "))
    assert 10 < straight < surface < 200
    read.get_by_text("Draw a line", exact=True).click()
    eventually(read, f"{MAP}.layout.dragmode === 'drawline'")
    place = box()
    read.mouse.move(place["x"] + 0.5 * place["width"], place["y"] + 0.3 * place["height"])
    read.mouse.down()
    read.mouse.move(place["x"] + 0.5 * place["width"], place["y"] + 0.6 * place["height"], steps=6)
    read.mouse.up()
    read.locator("#statistics-line-figure .scatterlayer path.js-line").wait_for()
    eventually(read, f"document.querySelector('#statistics-line-said').innerText !== {first!r}")
    before = read.locator("#statistics-line-said").inner_text()
    read.get_by_label("Measure between").select_option("Right eye, outer corner")  # the same without a mouse
    read.locator("#statistics-there").select_option("Left eye, outer corner")
    eventually(read, f"document.querySelector('#statistics-line-said').innerText !== {before!r}")
    straight = float(read.locator("#statistics-line-said").inner_text().split("mm")[0])
    assert 75 < straight < 115  # 63 mm between the pupils, and an outer corner farther out at each side
    read.get_by_text("Level lines").click()
    read.locator("#statistics-map .scatterlayer path.js-line").first.wait_for(state="attached")
    assert violations(read) == []
