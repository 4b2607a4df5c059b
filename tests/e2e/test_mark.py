"""A face that is in another place than was found: shown by hand, and read there."""

from pathlib import Path
from typing import Any

from PIL import Image

PATIENCE_MS = 300_000
# as when a phone's address bar goes away just as the finger lifts
DRAWN_AND_RESIZED = """async () => {
  const plot = document.querySelector("#mark-figure .js-plotly-plot");
  const drawn = { ...plot.layout.shapes[0], x0: 174, x1: 274, y0: 60, y1: 160 };
  await window.Plotly.relayout(plot, { shapes: [...plot.layout.shapes, drawn] });
  plot.emit("plotly_relayout", { autosize: true });
}"""
SIZE = """() => {
  const shape = document.querySelector("#mark-figure .js-plotly-plot").layout.shapes[0];
  return [Math.abs(shape.x1 - shape.x0), Math.abs(shape.y1 - shape.y0)];
}"""


def test_a_face_is_shown_by_hand(page: Any, astronaut: Path, eventually: Any, press: Any) -> None:
    page.goto("/")
    page.locator("#photo-input").set_input_files(astronaut)
    page.locator(".card-face").get_by_text("Everything about it").click(timeout=PATIENCE_MS)
    page.get_by_role("link", name="Mark", exact=True).click()

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


def test_a_box_stays_as_it_was_drawn_and_a_photo_is_turned(
    page: Any, astronaut: Path, tmp_path: Path, eventually: Any, press: Any
) -> None:
    with Image.open(astronaut) as photo:
        photo.convert("RGB").transpose(Image.Transpose.ROTATE_90).save(tmp_path / "sideways.png")
    page.goto("/")
    page.locator("#photo-input").set_input_files(tmp_path / "sideways.png")
    page.locator(".card-face").get_by_text("Everything about it").click(timeout=PATIENCE_MS)
    page.get_by_role("link", name="Mark", exact=True).click()
    image = page.locator("#mark-figure .layer-below image, #mark-figure .imagelayer image").first
    image.wait_for()
    assert "turn_deg=90" in image.get_attribute("href")  # its face lies, and is shown upright
    assert abs(float(page.locator("#mark-x").input_value()) - 224) < 12
    assert abs(float(page.locator("#mark-y").input_value()) - 126) < 12
    press(page.get_by_role("link", name="Turn left"), page.locator('#mark-figure image[*|href*="turn_deg=0"]').first)
    assert abs(float(page.locator("#mark-x").input_value()) - 126) < 12
    assert abs(float(page.locator("#mark-y").input_value()) - (511 - 224)) < 12
    press(page.get_by_role("link", name="Turn right"), page.locator('#mark-figure image[*|href*="turn_deg=90"]').first)

    place = page.locator("#mark-figure .nsewdrag").first.bounding_box()
    scale = place["width"] / 512
    page.mouse.move(place["x"] + 330 * scale, place["y"] + 60 * scale)
    page.mouse.down()
    for x, y in ((380, 100), (420, 110), (480, 130)):
        page.mouse.move(place["x"] + x * scale, place["y"] + y * scale)
    page.mouse.up()
    eventually(page, "Math.abs(document.querySelector('#mark-side').value - 150) < 8")
    page.wait_for_timeout(1000)  # what would make a square of it has had its time
    wide, high = page.evaluate(SIZE)
    assert abs(wide - 150) < 8
    assert abs(high - 70) < 8
    page.locator("#mark-side").fill("150.5")
    eventually(page, f"(() => {{ const [wide, high] = ({SIZE})(); return wide === 150.5 && high === 150.5 }})()")

    press(page.get_by_role("button", name="Find faces again"), page.locator(".drop"))
    page.locator(".card-face").nth(1).wait_for(timeout=PATIENCE_MS)
    faces = page.request.get("/api/faces").json()["faces"]
    first, again = (page.request.get(f"/files/{face['id']}/reconstruction.json").json() for face in reversed(faces))
    assert (first["options"]["turn_deg"], again["options"]["turn_deg"]) == (None, 90)
    assert again["crop"]["crop_to_photo"] == first["crop"]["crop_to_photo"]  # both of the photo as it is stored
    assert abs(again["face"]["roll_deg"] + 90) < 10
