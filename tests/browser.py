"""A real headless Chromium, and a page of somebody who is logged in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support import CHROMIUM

expect.set_options(timeout=20_000)  # ms; a condition that holds at once on a machine with nothing else to do

Enter = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # the driver's event loop runs in this thread
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest.fixture
def enter(browser: Browser, live_server: object) -> Iterator[Enter]:
    """Log a user in through the form, whose password is pw; an error in the browser fails the test."""
    errors: list[str] = []
    contexts = []

    def log_in(user: User, **options: Any) -> Page:
        settings = {"viewport": {"width": 1280, "height": 800}, **options}
        contexts.append(browser.new_context(base_url=str(live_server), **settings))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto("/login")
        page.get_by_label("Name").fill(user.get_username())
        page.get_by_label("Password").fill("pw")
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("heading", name="Machines", exact=True).wait_for()
        return page

    yield log_in
    for context in contexts:
        context.close()
    assert errors == []
