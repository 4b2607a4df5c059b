"""Signing in, out, and what somebody who is no operator sees."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
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


def test_a_page_asks_for_the_password_once(open_page: Any, shut: str) -> None:
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
def test_the_form_fits_and_can_be_used_by_all(open_page: Any, shut: str, width: int, scheme: str) -> None:
    page = open_page(base_url=shut, viewport={"width": width, "height": 800}, color_scheme=scheme, locale="de")
    page.goto(f"{shut}/sign-in")
    assert page.get_by_role("heading").inner_text() == "Anmelden"
    assert page.evaluate("document.activeElement.name") == "password"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.documentElement.dataset.bsTheme") == scheme
    assert violations(page) == []


def test_who_is_no_operator_sees_the_networks_and_changes_none(open_page: Any, settings: Settings) -> None:
    with served(settings, trusted_proxies="127.0.0.1") as url:
        page = open_page(base_url=url)
        page.goto(f"{url}/models")
        page.get_by_text("its operator alone changes them").wait_for()
        assert page.locator("#models-rows button").count() == 0
        assert page.locator("#models-rows tbody tr").count() > 10
        page.close()
