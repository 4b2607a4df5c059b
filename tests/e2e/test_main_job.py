"""From a photo on the page to a file that prints, and the ways it can go wrong."""

from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from PIL import Image

PATIENCE_MS = 300_000  # for a photo to become files on a busy machine


def downloaded(page: Any, click: Any) -> Path:
    with page.expect_download() as waiting:
        click()
    return Path(waiting.value.path())


def test_a_photo_becomes_a_file_that_prints(page: Any, live: Any, astronaut: Path, eventually: Any) -> None:
    photo_to_print(page, live.url, astronaut, eventually)


def photo_to_print(page: Any, url: str, astronaut: Path, eventually: Any) -> None:
    """The main job from end to end, on the server at an address."""
    page.goto(f"{url}/")
    page.locator("#photo-input").set_input_files(astronaut)
    card = page.locator(".card-face")
    card.wait_for(timeout=PATIENCE_MS)
    pictures = "[...document.querySelectorAll('.card-face img')]"
    eventually(page, f"{pictures}.length && {pictures}.every(img => img.complete && img.naturalWidth > 0)")
    page.reload()  # what was made is in the library, not in the page
    card.get_by_text("Everything about it").click()

    page.locator("#face-depth .heatmaplayer image").wait_for()
    page.locator("#face-histogram .bars .point").nth(31).wait_for(state="attached")
    assert "63 mm between the eyes assumed" in page.locator(".lead").inner_text()
    for shown in ("textured", "cloud"):  # beside each other
        page.locator(f".viewer[data-shown={shown}]").wait_for()
    page.get_by_role("button", name="Plaster").click()
    page.locator(".viewer[data-shown=plaster]").wait_for()

    file = downloaded(page, page.get_by_role("link", name="STL · printable solid").click)
    solid = trimesh.load_mesh(file, file_type="stl")
    assert solid.is_watertight
    assert solid.is_volume
    assert abs(solid.extents[0] - 80) < 0.1

    page.goto(f"{url}/library")
    page.get_by_role("button", name="Delete everything").first.click()
    page.locator("#library-delete-all-yes").click()
    page.get_by_text("Nothing here yet").wait_for()


def test_a_sample_is_one_click_away(page: Any) -> None:
    page.goto("/")
    page.get_by_role("button", name="Grace Hopper").click()
    page.locator(".run, .card-face").filter(has_text="grace-hopper.jpg").first.wait_for()


def test_a_file_that_is_no_picture_says_so_and_harms_no_other(open_page: Any, tmp_path: Path, press: Any) -> None:
    page = open_page(expected="status of 422")
    broken = tmp_path / "broken.jpg"
    broken.write_text("this is not a picture")
    page.goto("/")
    page.locator("#photo-input").set_input_files(broken)
    page.locator(".run-error").wait_for()
    said = "broken.jpg is not a picture that can be read. Use a JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP or GIF file."
    assert page.locator(".run-error").inner_text() == said
    press(page.get_by_role("button", name="Dismiss"), page.locator(".run"), "detached")


def test_waiting_photos_can_be_cancelled_one_by_one(
    page: Any, astronaut: Path, tmp_path: Path, eventually: Any, press: Any
) -> None:
    with Image.open(astronaut) as photo:
        for i in range(3):
            photo.convert("RGB").crop((i, 0, 512, 512)).save(tmp_path / f"photo{i}.png")
    page.goto("/")
    page.locator("#photo-input").set_input_files(sorted(tmp_path.glob("*.png")))
    rows = page.locator("#studio-runs .run")
    eventually(page, "document.querySelectorAll('#studio-runs .run').length >= 2")
    last = rows.filter(has_text="photo2.png")
    press(last.get_by_role("button", name="Cancel"), last.get_by_text("Cancelled."), "visible")
    press(last.get_by_role("button", name="Dismiss"), last, "detached")


def test_a_photo_without_a_face_can_be_processed_whole(page: Any, tmp_path: Path) -> None:
    y, x = np.mgrid[0:240, 0:320]
    plain = np.stack([x * 255 // 320, y * 255 // 240, (x + y) % 256], -1).astype(np.uint8)
    Image.fromarray(plain).save(tmp_path / "sky.png")
    page.goto("/")
    page.locator("#photo-input").set_input_files(tmp_path / "sky.png")
    page.get_by_text("No face found in sky.png").wait_for(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Process the whole photo").click()
    page.locator(".card-face").get_by_text("Everything about it").click(timeout=PATIENCE_MS)
    page.locator("#face-depth .heatmaplayer image").wait_for()
    assert "An assumed range of distances" in page.locator(".lead").inner_text()
