"""A find that may be no face: the app asks, and takes the answer."""

from pathlib import Path
from typing import Any

from PIL import Image

PATIENCE_MS = 300_000
ASKED = "Doubtful: is this a face?"


def test_a_doubtful_find_asks_and_is_kept_or_deleted(page: Any, astronaut: Path, tmp_path: Path, press: Any) -> None:
    with Image.open(astronaut) as photo:
        large = photo.convert("RGB").resize((1024, 1024), Image.Resampling.LANCZOS)  # a buckle is then found, too
    large.save(tmp_path / "one.png")
    page.goto("/")
    page.locator("#photo-input").set_input_files(tmp_path / "one.png")
    page.locator(".card-face").nth(1).wait_for(timeout=PATIENCE_MS)
    asked = page.locator(".card-face").filter(has_text=ASKED)
    assert asked.count() == 1
    assert asked.locator(".doubt-badge").first.inner_text().startswith("doubtful")
    doubtful = asked.get_attribute("data-face")
    card = page.locator(f".card-face[data-face='{doubtful}']")
    press(card.get_by_role("button", name="Delete"), card, "hidden")
    (left,) = page.request.get("/api/faces").json()["faces"]
    assert left["id"] != doubtful

    press(page.get_by_role("button", name="Undo"), card)
    page.goto(f"/face/{doubtful}")
    press(page.get_by_role("button", name="Keep it"), page.locator(".doubt"), "hidden")
    assert page.request.get(f"/api/faces/{doubtful}").json()["doubtful"] is False
    page.goto("/library")
    page.locator(".thumb .doubt-badge").filter(has_text="turned").first.wait_for()
    assert page.locator(".thumb .doubt-badge").filter(has_text="doubtful").count() == 0
