"""A face that is in another place than was found: shown by hand, and read there."""

from pathlib import Path
from typing import Any

PATIENCE_MS = 300_000
# as when a phone's address bar goes away just as the finger lifts
DRAWN_AND_RESIZED = """async () => {
  const plot = document.querySelector("#mark-figure .js-plotly-plot");
  const drawn = { ...plot.layout.shapes[0], x0: 174, x1: 274, y0: 60, y1: 160 };
  await window.Plotly.relayout(plot, { shapes: [...plot.layout.shapes, drawn] });
  plot.emit("plotly_relayout", { autosize: true });
}"""


def test_a_face_is_shown_by_hand(page: Any, astronaut: Path, eventually: Any, press: Any) -> None:
    page.goto("/")
    page.locator("#photo-input").set_input_files(astronaut)
    page.locator(".card-face").get_by_text("Everything about it").click(timeout=PATIENCE_MS)
    page.get_by_role("link", name="Show where the face is").click()

    page.locator("#mark-figure .shapelayer path").first.wait_for()
    assert abs(float(page.locator("#mark-x").input_value()) - 224) < 12  # where the face was found
    assert abs(float(page.locator("#mark-y").input_value()) - 126) < 12
    photo = page.locator("#mark-figure .nsewdrag").first.bounding_box()
    scale = photo["width"] / 512
    page.mouse.move(photo["x"] + 340 * scale, photo["y"] + 60 * scale)  # outside the box that stands there already
    page.mouse.down()
    for x, y in ((380, 100), (420, 140), (440, 160)):
        page.mouse.move(photo["x"] + x * scale, photo["y"] + y * scale)
    page.mouse.up()
    eventually(page, "Math.abs(document.querySelector('#mark-x').value - 390) < 8")
    assert abs(float(page.locator("#mark-side").input_value()) - 100) < 12
    assert abs(float(page.locator("#mark-y").input_value()) - 110) < 8
    page.evaluate(DRAWN_AND_RESIZED)
    eventually(page, "document.querySelector('#mark-x').value === '224'")
    page.locator("#mark-side").fill("120")
    right = float(page.locator("#mark-x").input_value()) + 60
    eventually(page, f"document.querySelector('#mark-figure .js-plotly-plot').layout.shapes[0].x1 === {right}")
    press(page.get_by_role("button", name="Read this face"), page.locator(".drop"))
    page.locator(".card-face").nth(1).wait_for(timeout=PATIENCE_MS)
