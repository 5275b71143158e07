"""The cards of certifications and the request to print, in a real browser."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests import factories as make
from tests.browser.conftest import Open
from tests.certified import certified

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FRAMES = ("main_django.html", "cec_plugin/base.html")


@pytest.fixture
def learner(settings: Any) -> Any:
    settings.CEC_PLATFORM = "tests.factories.SmallPlatform"
    user = make.user("ann", first_name="Ann", last_name="Tremblay")
    certified(user)
    return user


def test_a_card_opens_into_its_steps_by_the_keyboard_without_javascript(open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    card = page.get_by_role("listitem").filter(
        has=page.get_by_role("heading", name="Prior learning")
    )
    step = card.get_by_text("Ethics for Career Practitioners, Aug. 4, 2026: 10\u00a0hours.")
    expect(card).to_contain_text("75\u00a0hours in the dossier")
    expect(step).to_be_hidden()
    card.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(step).to_be_visible()


def test_a_meter_has_the_name_of_its_certification(open_page: Open) -> None:
    page = open_page()
    expect(page.get_by_role("progressbar", name="Guild of Coaches, Master")).to_be_visible()
    for state in page.locator(".cec-certification .cec-state").all():
        expect(state.locator("svg")).to_be_visible()
        assert state.inner_text().strip()


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("language", ["en", "fr-CA"])
def test_nothing_scrolls_sideways_on_a_telephone(
    open_page: Open, settings: Any, frame: str, language: str
) -> None:
    settings.CEC_BASE_TEMPLATE = frame
    page = open_page(viewport={"width": 390, "height": 800}, locale=language)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator(".cec-estimate a").click()
    expect(page.locator(".cec-request h1")).to_contain_text("Lakeshore")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_request_on_paper_has_the_facts_and_nothing_of_the_screen(open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    page.get_by_role("link", name="Prepare my request").click()
    expect(page.get_by_text("Nothing is sent by itself.")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_text("Ann Tremblay")).to_be_visible()
    expect(page.get_by_text("Reckoned as 1\u00a0CEU for 10\u00a0hours")).to_be_visible()
    expect(page.get_by_text("Nothing is sent by itself.")).to_be_hidden()
    expect(page.get_by_role("link", name="My continuing education credits")).to_be_hidden()
