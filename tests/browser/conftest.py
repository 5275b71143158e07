"""A real Chromium, and pages opened in it as somebody: each module says who, by ``learner``."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.fail(f"no Chromium: install one of {', '.join(CHROMIUM)}")
    # Playwright keeps an event loop running in this thread, in which Django refuses the database.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        chromium = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser, live_server: Any, learner: Any) -> Iterator[Open]:
    """Open the page as the learner, each time in a browser that knows nothing of the others."""
    client = Client()
    client.force_login(learner)
    session = client.cookies["sessionid"].value

    def opened(**how: Any) -> Page:
        context = browser.new_context(**how)
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page = context.new_page()
        page.goto(f"{live_server.url}/cec/")
        return page

    yield opened
    for context in browser.contexts:
        context.close()
