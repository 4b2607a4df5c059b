"""An installed page says so when its server does not answer."""

from typing import Any


def test_a_page_says_that_the_server_is_gone(browser: Any, live: Any, eventually: Any) -> None:
    context = browser.new_context(base_url=live.url)
    page = context.new_page()
    page.goto("/")
    eventually(page, "navigator.serviceWorker.controller !== null")
    kept = page.evaluate("caches.open('lifemask-3').then(c => c.keys()).then(all => all.map(r => r.url))")
    assert kept == [f"{live.url}/assets/not-running.html"]
    context.set_offline(True)
    page.goto("/library")
    assert "Lifemask is not running" in page.locator("h1").inner_text()
    eventually(page, "document.images[0].complete && document.images[0].naturalWidth > 0")
    context.set_offline(False)
    page.get_by_role("link", name="Try again").click()
    page.get_by_text("Nothing here yet").wait_for()  # where one was
    context.close()
