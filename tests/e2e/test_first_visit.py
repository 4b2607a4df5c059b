"""What a first visit of a page takes: bytes on the way and requests, scripts included."""

from typing import Any

import pytest

MB = 1e6


@pytest.mark.parametrize(
    ("address", "most_mb", "most_requests"),
    [("/", 0.8, 30), ("/library", 0.65, 25), ("/face/{0}", 2.0, 30), ("/models", 0.5, 18)],
)
def test_a_first_visit_is_small(
    open_page: Any, two_faces: dict[str, Any], address: str, most_mb: float, most_requests: int
) -> None:
    page = open_page(two_faces["state"])
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    asked: dict[str, str] = {}
    took: dict[str, float] = {}
    wire.on("Network.requestWillBeSent", lambda said: asked.update({said["requestId"]: said["request"]["url"]}))
    wire.on("Network.loadingFinished", lambda said: took.update({said["requestId"]: said["encodedDataLength"]}))
    page.goto(address.format(*two_faces["ids"]))
    page.locator("main h1, main h2").first.wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    ours = {key: url for key, url in asked.items() if url.startswith("http") and not url.endswith("/api/changes")}
    total = sum(took.get(key, 0) for key in ours)
    assert total <= most_mb * MB, f"{total / MB:.2f} MB"
    assert len(ours) <= most_requests, sorted(ours.values())
    if "/face/" not in address:
        assert not [url for url in ours.values() if "plotly" in url]
