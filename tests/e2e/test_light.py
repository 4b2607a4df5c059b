"""The light on plaster shows form: in the browser, on both pages and in both themes, nothing is blown out or flat."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

BLOWN_OUT, MOST_BLOWN_OUT, LEAST_SPREAD = 254, 0.01, 60
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # ITU-R BT.709
MARK = (255, 0, 255)


def picture_of(stage: Any) -> np.ndarray:
    """(H, W, 3): the stage once two pictures of it, taken one after the other, are the same."""
    last = None
    for _ in range(60):
        taken = np.array(Image.open(io.BytesIO(stage.screenshot(animations="disabled"))).convert("RGB")).astype(int)
        if last is not None and last.shape == taken.shape and (taken == last).all():
            return taken
        last = taken
        stage.page.wait_for_timeout(300)
    raise AssertionError("the view does not come to rest")


def middle_of_the_face(stage: Any) -> np.ndarray:
    """(n, 3): pixels of the model in the middle of what it takes up, where eyes, nose and mouth are."""
    shown = picture_of(stage)
    stage.evaluate(
        """(stage, colour) => {
            for (const part of [stage, stage.parentElement]) part.style.background = colour;
        }""",
        f"rgb{MARK}",
    )
    rows, columns = np.nonzero((np.abs(picture_of(stage) - MARK) > 8).any(-1))
    assert len(rows) > 0.1 * shown[..., 0].size
    (top, bottom), (left, right) = (
        np.percentile(rows, [30, 75]).astype(int),
        np.percentile(columns, [20, 75]).astype(int),
    )
    return shown[top:bottom, left:right].reshape(-1, 3)


@pytest.mark.parametrize("view", ["face", "print"])
def test_plaster_is_neither_blown_out_nor_flat(open_page: Any, two_faces: dict[str, Any], view: str) -> None:
    seen = []
    for theme in ("light", "dark"):
        page = open_page(two_faces["state"], color_scheme=theme)
        page.goto(f"/{view}/{two_faces['ids'][0]}")
        page.locator(".viewer[data-loaded]").first.wait_for()
        if view == "face":
            page.get_by_role("button", name="Plaster").click()
            page.locator(".viewer[data-shown=plaster]").wait_for()
        page.evaluate("document.querySelectorAll('.viewer-hint').forEach(hint => hint.remove())")
        pixels = middle_of_the_face(page.locator(".stage > .viewer").first)
        low, high = np.percentile(pixels @ LUMINANCE, [5, 95])
        blown_out = (pixels >= BLOWN_OUT).any(-1).mean()
        print(f"{view}, {theme}: {100 * blown_out:.2f} % blown out, levels {low:.0f} to {high:.0f}")
        assert blown_out <= MOST_BLOWN_OUT
        assert high - low >= LEAST_SPREAD
        seen.append(pixels)
    assert np.abs(seen[0] - seen[1]).max() <= 2  # plaster looks the same in both themes
