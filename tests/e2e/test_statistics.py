"""Reading the depth of one face: parts, brush, lines."""

import csv
from pathlib import Path
from typing import Any

import pytest

from core.measure.table import DEPTHS, Place, chosen
from tests.e2e.axe import violations

MAP = "document.querySelector('.reading-map.active .js-plotly-plot')"
MARKED = f"{MAP}._fullData[2].z.reduce((sum, row) => sum + row.reduce((a, b) => a + b, 0), 0)"


@pytest.fixture
def read(open_page: Any, four_faces: dict[str, Any], eventually: Any) -> Any:
    """The Statistics page of a face, drawn."""
    page = open_page(four_faces["state"])
    page.goto(f"/statistics?faces={four_faces['ids'][0]}")
    page.locator("#statistics-histogram .bars .point").first.wait_for()
    page.locator("#statistics-numbers td").first.wait_for()
    page.locator(".reading-map.active .heatmaplayer image").first.wait_for(state="attached")
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
        read.locator(".reading-map.active .dash-graph").scroll_into_view_if_needed()
        return read.locator(".reading-map.active .nsewdrag").first.bounding_box()

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
    read.locator(".reading-map.active .scatterlayer path.js-line").first.wait_for(state="attached")
    assert violations(read) == []


@pytest.fixture
def several(open_page: Any, four_faces: dict[str, Any]) -> Any:
    """The Statistics page of four faces, drawn."""
    page = open_page(four_faces["state"])
    page.goto("/statistics?faces=" + ",".join(four_faces["ids"]))
    page.locator(".reading-map[data-face] .heatmaplayer image").nth(3).wait_for(state="attached")
    page.locator("#statistics-numbers td").first.wait_for()
    page.locator("#statistics-histogram .scatterlayer .trace").nth(3).wait_for(state="attached")
    return page


def marked(page: Any) -> list[list[int]]:
    """Of each map how many pixels are lit up, and how many wrongly so or not, by the depths in the fields."""
    low, high = (float(page.get_by_label(name, exact=True).input_value()) for name in ("from", "to"))
    return page.evaluate(
        f"[...document.querySelectorAll('.reading-map[data-face] .js-plotly-plot')].map(plot => {{"
        " const z = plot._fullData[0].z, mark = plot._fullData[2].z; let on = 0, wrong = 0;"
        " for (let y = 0; y < z.length; y++) for (let x = 0; x < z[y].length; x++) {"
        f" const inside = z[y][x] >= {low} && z[y][x] <= {high};"
        " if (mark[y][x]) on++; if (Boolean(mark[y][x]) !== inside) wrong++; }"
        " return [on, wrong]; })"
    )


def brush(page: Any, start: float, end: float) -> None:
    """Drag over the histogram, from and to a share of its width."""
    page.locator("#statistics-histogram").scroll_into_view_if_needed()
    box = page.locator("#statistics-histogram .nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + start * box["width"], box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], box["y"] + 70, steps=6)
    page.mouse.up()


def test_a_brush_lights_up_its_pixels_in_every_map(several: Any, eventually: Any) -> None:
    brush(several, 0.2, 0.4)
    eventually(several, lambda: several.get_by_label("to", exact=True).input_value() != "")
    eventually(several, lambda: all(on > 50 and wrong == 0 for on, wrong in marked(several)))
    several.locator("#statistics-said dd").nth(3).wait_for()
    said = several.locator("#statistics-said dd").all_inner_texts()
    for text, (on, _) in zip(said, marked(several), strict=True):
        assert int(text.split(" of ")[0].replace(",", "")) == pytest.approx(
            9 * on, rel=0.1
        )  # one pixel of nine is shown
    low, high = (float(several.get_by_label(name, exact=True).input_value()) for name in ("from", "to"))
    several.reload()  # the address keeps it, and it is drawn on the histogram, too
    several.locator("#statistics-histogram .selectionlayer path").first.wait_for(state="attached")
    eventually(several, lambda: all(on > 50 and wrong == 0 for on, wrong in marked(several)))
    assert (low, high) == tuple(float(several.get_by_label(n, exact=True).input_value()) for n in ("from", "to"))
    assert several.locator("#statistics-said dd").all_inner_texts() == said
    assert violations(several) == []


COLOURS = (
    "(() => { const colours = (place, index) => [...document.querySelectorAll(place + ' .js-plotly-plot')]"
    ".map(plot => plot._fullData.filter(trace => index.includes(trace.name))"
    ".map(trace => (trace.colorscale || trace.marker.colorscale)[0][1])).flat();"
    " return [colours('.reading-map[data-face]', ['depth']), colours('#statistics-histogram', ['bars', 'strip'])]; })()"
)


WHITE = ["rgb(255, 255, 255)"]


def test_maps_and_bars_change_their_colours_together(read: Any, several: Any, eventually: Any) -> None:
    for page, maps in ((read, 1), (several, 4)):
        before = page.evaluate(COLOURS)
        assert [len(part) for part in before] == [maps, 1]
        page.get_by_text("Gray", exact=True).click()
        eventually(page, lambda page=page, maps=maps: page.evaluate(COLOURS) == [WHITE * maps, WHITE])
        page.locator("#statistics-part").get_by_text("Nose").click()  # a histogram drawn anew keeps them
        page.locator("#statistics-numbers h3", has_text="Nose").first.wait_for()
        assert page.evaluate(COLOURS) == [WHITE * maps, WHITE]
        eventually(page, lambda page=page: "&colours=gray" in page.url)
        page.reload()
        eventually(page, lambda page=page, maps=maps: page.evaluate(COLOURS) == [WHITE * maps, WHITE])
        page.get_by_text("Cividis", exact=True).click()
        eventually(page, lambda page=page, before=before: page.evaluate(COLOURS) == before)
        eventually(page, lambda page=page: "colours=" not in page.url)


def test_a_shared_address_shows_the_same_and_back_leaves_the_page(
    several: Any, open_page: Any, four_faces: dict[str, Any], eventually: Any
) -> None:
    second = four_faces["ids"][1]
    several.locator(f".reading-map[data-face='{second}'] .activates").click()
    several.locator("#statistics-numbers h3", has_text="Part by part, ").wait_for()
    several.locator("#statistics-part").get_by_text("Cheeks").click()
    several.get_by_text("IPD", exact=True).first.click()
    several.get_by_text("Pixels", exact=True).first.click()
    several.get_by_label("Bins").fill("32")
    several.get_by_label("from", exact=True).fill("0.2")
    several.get_by_label("to", exact=True).fill("0.6")
    several.get_by_label("Measure between").select_option("Tip of the nose")
    several.locator("#statistics-there").select_option("Chin")
    several.get_by_text("over the surface").wait_for()
    for part in (
        f"active={second}",
        "part=cheeks",
        "unit=ipd",
        "height=count",
        "bins=32",
        "from=0.2",
        "to=0.6",
        "line=",
    ):
        eventually(several, lambda part=part: f"&{part}" in several.url)
    said = several.locator("#statistics-line-said").inner_text()
    numbers = several.locator("#statistics-numbers").inner_text()
    shared = open_page(four_faces["state"])
    shared.goto("/library")
    shared.goto(several.url)
    shared.locator("#statistics-line-said", has_text="over the surface").wait_for()
    assert shared.locator("#statistics-line-said").inner_text() == said
    eventually(shared, lambda: shared.locator("#statistics-numbers").inner_text() == numbers)
    assert shared.get_by_label("Bins").input_value() == "32"
    assert shared.locator(".reading-map.active").get_attribute("data-face") == second
    eventually(shared, lambda: sum(on for on, _ in marked_in_ipd(shared)) > 100)
    shared.get_by_label("Bins").fill("16")  # what is chosen on the page is no step back
    eventually(shared, lambda: "bins=16" in shared.url)
    shared.go_back()
    shared.locator("h1", has_text="Library").wait_for()
    shared.go_forward()
    shared.locator("#statistics-line-said", has_text="over the surface").wait_for()
    assert shared.get_by_label("Bins").input_value() == "16"


def marked_in_ipd(page: Any) -> list[list[int]]:
    """Of each map how many pixels are lit up."""
    return page.evaluate(
        "[...document.querySelectorAll('.reading-map[data-face] .js-plotly-plot')]"
        ".map(plot => [plot._fullData[2].z.reduce((sum, row) => sum + row.reduce((a, b) => a + b, 0), 0), 0])"
    )


def test_the_face_that_is_clicked_is_the_one_that_is_measured(
    several: Any, four_faces: dict[str, Any], eventually: Any
) -> None:
    several.get_by_label("Measure between").select_option("Right eye, outer corner")
    several.locator("#statistics-there").select_option("Left eye, outer corner")
    several.get_by_text("over the surface").wait_for()
    third = four_faces["ids"][2]
    several.locator(f".reading-map[data-face='{third}'] .nsewdrag").first.click()
    several.locator(f".reading-map.active[data-face='{third}']").wait_for()
    # the line is of the face that it was drawn on
    eventually(several, lambda: several.locator("#statistics-line-said").inner_text() == "")
    eventually(several, f"({MAP}.layout.shapes || []).length === 0")
    csv = several.locator("#statistics-csv")
    eventually(several, lambda: f"/faces/{third}/" in csv.get_attribute("href"))
    several.get_by_text("Draw a line", exact=True).click()
    dragged = (
        "[...document.querySelectorAll('.reading-map[data-face] .js-plotly-plot')].map(plot => plot.layout.dragmode)"
    )
    eventually(several, f"JSON.stringify({dragged}) === '[false,false,\"drawline\",false]'")
    pressed = several.locator(".reading-map [aria-pressed=true]")
    assert pressed.count() == 1
    # by the heading of its column, too, and without a mouse
    several.locator(f"#statistics-numbers [data-activate='{four_faces['ids'][3]}']").press("Enter")
    several.locator(f".reading-map.active[data-face='{four_faces['ids'][3]}']").wait_for()
    several.get_by_text("Level lines").click()
    several.locator(".reading-map[data-face] .scatterlayer path.js-line").nth(3).wait_for(state="attached")


def test_a_face_more_or_less_keeps_what_is_chosen(read: Any, four_faces: dict[str, Any], eventually: Any) -> None:
    read.locator("#statistics-part").get_by_text("Nose").click()
    read.get_by_text("Viridis", exact=True).click()
    eventually(read, lambda: "part=nose" in read.url and "colours=viridis" in read.url)
    chips = read.locator(".strip .chip")
    eventually(read, lambda: "part=nose" in (chips.nth(1).get_attribute("href") or ""))
    chips.nth(1).click()
    read.locator(".reading-map[data-face]").nth(1).wait_for()
    both = f"faces={four_faces['ids'][0]},{four_faces['ids'][1]}"
    eventually(read, lambda: "part=nose" in read.url and both in read.url)
    read.locator("#statistics-numbers h3", has_text="Nose").wait_for()
    read.go_back()
    eventually(read, lambda: read.locator(".reading-map[data-face]").count() == 1)


def test_eight_faces_are_read_without_scrolling_sideways(
    open_page: Any, eight_faces: dict[str, Any], eventually: Any
) -> None:
    page = open_page(eight_faces["state"])
    page.goto("/statistics?faces=" + ",".join(eight_faces["ids"]))
    page.locator(".reading-map[data-face] .heatmaplayer image").nth(7).wait_for(state="attached")
    page.locator("#statistics-numbers th").nth(8).wait_for()
    page.locator("#statistics-sides .maps .heatmaplayer image").nth(7).wait_for(state="attached")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
    wide = "(place => place.scrollWidth - place.clientWidth)(document.querySelector('#statistics-numbers .table-wrap'))"
    assert page.evaluate(wide) == 0
    page.set_viewport_size({"width": 390, "height": 844})
    eventually(page, "document.documentElement.scrollWidth <= 390")
    assert violations(page) == []
