"""Signing in, out, and what somebody who is no operator sees."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import argon2
import pytest

from dashboard.settings import Settings
from tests.conftest import serving
from tests.e2e.axe import violations

PASSWORD = "correct horse"
HASH = argon2.PasswordHasher(1, 8, 1).hash(PASSWORD)
UNAUTHORISED = "status of 401"
LOOKS = [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")]


@contextmanager
def served(settings: Settings, **changes: Any) -> Iterator[str]:
    from dashboard.app import create_app

    app = create_app(replace(settings, **changes))
    with serving(app) as port:
        yield f"http://127.0.0.1:{port}"
    app.server.config["LIBRARY"].close()


@pytest.fixture
def shut(settings: Settings) -> Iterator[str]:
    with served(settings, password=HASH) as url:
        yield url


def test_a_page_asks_for_the_password_once(shut: str, open_page: Any) -> None:
    page = open_page(base_url=shut, expected=UNAUTHORISED)
    page.goto(f"{shut}/statistics")
    page.wait_for_url(f"{shut}/sign-in?next=*")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").get_by_text("This is not the password.").wait_for()
    assert violations(page) == []
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{shut}/statistics")
    page.get_by_text("No numbers").first.wait_for()
    other = page.context.new_page()
    other.goto(f"{shut}/library")
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url(f"{shut}/sign-in")
    page.wait_for_url(f"{shut}/sign-in?next=*")  # a page that was open says so, too


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_form_fits_and_can_be_used_by_all(shut: str, open_page: Any, width: int, scheme: str) -> None:
    page = open_page(base_url=shut, viewport={"width": width, "height": 800}, color_scheme=scheme, locale="de")
    page.goto(f"{shut}/sign-in")
    assert page.get_by_role("heading").inner_text() == "Anmelden"
    page.locator("input[name=password]:focus").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.documentElement.dataset.bsTheme") == scheme
    assert violations(page) == []
    page.get_by_label("Passwort").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Abmelden").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.wait_for_load_state("networkidle")
    assert violations(page) == []


def test_who_is_no_operator_sees_the_networks_and_changes_none(open_page: Any, settings: Settings) -> None:
    with served(settings, trusted_proxies="127.0.0.1") as url:
        page = open_page(base_url=url)
        page.goto(f"{url}/models")
        page.get_by_text("its operator alone changes them").wait_for()
        assert page.locator("#models-rows button").count() == 0
        assert page.locator("#models-rows tbody tr").count() > 10
        page.close()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_a_library_opens_on_another_device(
    open_page: Any, settings: Settings, astronaut: Path, width: int, scheme: str
) -> None:
    look = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    with served(settings) as url:
        computer = open_page(base_url=url, **look)
        phone = open_page(base_url=url, expected="status of 404", **look)
        computer.goto(f"{url}/")
        photo = {"name": "me.png", "mimeType": "image/png", "buffer": astronaut.read_bytes()}
        sent = computer.request.post(f"{url}/api/photos", multipart={"photo": photo}).json()["photos"][0]["id"]
        computer.goto(f"{url}/library")
        computer.get_by_role("button", name="Open on another device").click()
        code = computer.locator(".code").inner_text()
        computer.locator(".qr").wait_for()
        computer.wait_for_timeout(500)  # the dialog fades in
        assert computer.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(computer) == []
        address = computer.locator("#device-shown a").get_attribute("href")
        computer.get_by_role("button", name="Close").click()
        computer.locator(".modal.show").wait_for(state="detached")

        phone.goto(address)
        assert phone.request.get(f"{url}/photos/{sent}/photo.png").status == 404
        assert phone.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(phone) == []
        phone.get_by_role("button", name="Open it here").click()
        phone.wait_for_url(f"{url}/library")
        assert phone.request.get(f"{url}/photos/{sent}/photo.png").status == 200

        phone.get_by_role("link", name="Type a code").click()
        phone.get_by_label("Code").fill(code)
        with phone.expect_response(f"{url}/device") as answer:
            phone.get_by_role("button", name="Open it here").click()
        assert answer.value.status == 404
        phone.get_by_role("alert").get_by_text("This code opens nothing").wait_for()
        for page in (computer, phone):
            page.close()
