"""A find that may be no face: the app asks, and takes the answer."""

from pathlib import Path
from typing import Any

from PIL import Image

PATIENCE_MS = 300_000
ASKED = "Doubtful: is this a face?"


def test_a_doubtful_find_asks_and_is_kept_or_deleted(page: Any, astronaut: Path, tmp_path: Path, press: Any) -> None:
    with Image.open(astronaut) as photo:
        large = photo.convert("RGB").resize((1024, 1024), Image.Resampling.LANCZOS)  # a buckle is then found, too
    for name in ("one.png", "two.png"):
        large.save(tmp_path / name)
    page.goto("/")
    page.locator("#photo-input").set_input_files([tmp_path / "one.png", tmp_path / "two.png"])
    page.locator(".card-face").nth(3).wait_for(timeout=PATIENCE_MS)
    asked = page.locator(".card-face").filter(has_text=ASKED)
    assert asked.count() == 2
    assert asked.first.locator(".doubt-badge").first.inner_text().startswith("doubtful")
    deleted = asked.first.get_attribute("data-face")
    card = page.locator(f".card-face[data-face='{deleted}']")
    press(card.get_by_role("button", name="Delete"), card, "hidden")
    left = page.request.get("/api/faces").json()["faces"]
    assert len(left) == 3
    assert deleted not in [face["id"] for face in left]

    (doubtful,) = [face for face in left if face["doubtful"]]
    page.goto(f"/face/{doubtful['id']}")
    press(page.get_by_role("button", name="Keep it"), page.locator(".doubt"), "hidden")
    assert page.request.get(f"/api/faces/{doubtful['id']}").json()["doubtful"] is False
    page.goto("/library")
    page.locator(".thumb .doubt-badge").filter(has_text="turned").first.wait_for()
    assert page.locator(".thumb .doubt-badge").filter(has_text="doubtful").count() == 0
