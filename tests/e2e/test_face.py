"""A face's page: what it rests on is shown and can be changed, without the network."""

from typing import Any

from tests.e2e.axe import violations

HEAD = "#head-stage .viewer"
CAMERA = "(({turn, raise, zoom, pan}) => [turn, raise, zoom, ...pan])(document.querySelector('.viewer').viewer.group)"


def test_assumptions_are_changed_and_all_follows(page_of_two: Any, two_faces: dict[str, Any], press: Any) -> None:
    page, face = page_of_two, two_faces["ids"][0]
    page.goto(f"/face/{face}")
    page.get_by_text("Change them").click()
    before = page.request.get(f"/files/{face}/reconstruction.json").json()
    network_map = page.request.get(f"/files/{face}/inverse_depth.npy").body()
    page.locator("#recompute-lens").get_by_text("Field of view", exact=True).click()
    page.locator("#recompute-fov_deg").fill("20")
    page.get_by_text("Orthographic", exact=True).click()
    assert page.locator("#recompute-focal_mm").is_hidden()
    assert violations(page) == []
    page.locator(".viewer[data-loaded]").nth(1).wait_for()
    page.locator(".viewer canvas").first.focus()
    for key in ("ArrowLeft", "ArrowUp", "+"):
        page.keyboard.press(key)
    page.get_by_role("button", name="Plaster").click()
    page.locator(".viewer[data-shown=plaster]").wait_for()
    turned, shown = page.evaluate(CAMERA), page.locator(".viewer").first.get_attribute("data-loaded")
    press(page.get_by_role("button", name="Compute anew"), page.get_by_text("Computed anew in"), patience_ms=300_000)
    page.get_by_text("given field of view").wait_for()
    # the new surface, in the same look from the same place
    page.locator(f".viewer[data-shown=plaster]:not([data-loaded='{shown}'])").wait_for()
    assert page.evaluate(CAMERA) == turned
    page.get_by_text("orthographic", exact=True).wait_for()
    after = page.request.get(f"/files/{face}/reconstruction.json").json()
    assert after["camera"]["fov_deg"] == 20
    assert after["distance_mm"] > 2 * before["distance_mm"]
    assert after["options"]["projection"] == "orthographic"
    assert page.request.get(f"/files/{face}/inverse_depth.npy").body() == network_map
    for picture in page.locator(".closer img").all():
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 512
    # as it was, for the tests that come after
    page.locator("#recompute-lens").get_by_text("Automatic", exact=True).click()
    page.get_by_text("Perspective", exact=True).click()
    press(
        page.get_by_role("button", name="Compute anew"), page.get_by_text("assumed field of view"), patience_ms=300_000
    )
    restored = page.request.get(f"/files/{face}/reconstruction.json").json()
    assert restored["distance_mm"] == before["distance_mm"]


def test_a_whole_head_is_made_and_seen_all_round(page_of_two: Any, two_faces: dict[str, Any], press: Any) -> None:
    page, face = page_of_two, two_faces["ids"][1]
    page.goto(f"/face/{face}")
    button = page.get_by_role("button", name="Make the head")
    press(button, page.locator(f"{HEAD}[data-loaded]"), patience_ms=120_000)
    page.locator(HEAD).scroll_into_view_if_needed()
    drawn = {}
    for look in ("textured", "plaster", "seen"):
        page.locator(f"#head-stage .look-{look}").click()
        page.locator(f"{HEAD}[data-shown={look}]").wait_for()
        drawn[look] = page.locator(f"{HEAD} canvas").screenshot()
    page.locator("#head-stage").get_by_role("button", name="From the back").click()
    page.locator("#head-stage .look-textured").click()
    page.wait_for_timeout(500)
    drawn["behind"] = page.locator(f"{HEAD} canvas").screenshot()
    assert len(set(drawn.values())) == len(drawn)
    front = page.get_by_alt_text("Front view of")
    front.scroll_into_view_if_needed()
    assert front.evaluate("image => image.decode().then(() => image.naturalWidth)") == 768
    page.get_by_text("Seen in the photo", exact=True).wait_for()
    assert page.request.get(f"/files/{face}/head.json").json()["volume"]
    assert violations(page) == []
