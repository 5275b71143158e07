"""The learner's own word, given in a real browser: with a script or without, by keyboard, narrow."""

from typing import Any

import pytest
from playwright.sync_api import expect

from cec_plugin import models
from cec_plugin.services.activate import activate
from tests import factories as make
from tests.browser.conftest import Open
from tests.integration.test_my_credits import MAY

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SENTENCE = "I declare that “Ethics” relates to the work that I do or pursue."


@pytest.fixture
def learner(settings: Any) -> Any:
    """Give somebody two activities, on one of which two organizations ask for their word."""
    settings.CEC_PLATFORM = "tests.factories.SmallPlatform"
    settings.CEC_BASE_TEMPLATE = "cec_plugin/base.html"
    user = make.user("ann")
    for code, name in (("guild", "Guild of Coaches"), ("lake", "Lakeshore")):
        schedule = make.table(
            make.organization(code, name), [make.rule("ethics"), make.rule("lmi")], active=False
        )
        schedule.rules.filter(pattern="ethics").update(related=True)
        activate(schedule.pk, by="tester", now=make.NOW)
    for activity in ("ethics", "lmi"):
        make.finish(str(user.pk), activity, MAY)
    make.settle(str(user.pk), platform=make.titled(ethics="Ethics", lmi="Labour Market"))
    return user


def test_the_word_is_given_without_javascript(open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    page.get_by_role("link", name="Read the sentence and give it below.").click()
    expect(page.get_by_text(SENTENCE)).to_be_in_viewport()
    page.get_by_role("button", name="Give my word").click()
    expect(page.get_by_text("Thank you for your word.")).to_be_visible()
    expect(page.get_by_text("You gave your word on")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    assert models.Relation.objects.get().wording == SENTENCE


def test_the_credits_appear_by_themselves_when_they_are_worked_out(
    open_page: Open, learner: Any
) -> None:
    page = open_page()
    page.get_by_role("button", name="Give my word").click()
    expect(page.get_by_text("Thank you for your word.")).to_be_visible()
    make.settle(str(learner.pk), platform=make.titled(ethics="Ethics"))
    row = page.get_by_role("rowheader", name="Ethics", exact=True)
    expect(row).to_have_count(2, timeout=15_000)
    expect(page.get_by_text("Finished, not credited")).to_have_count(0)


def test_the_button_is_reached_by_the_keyboard_and_says_on_what(open_page: Open) -> None:
    page = open_page()
    button = page.get_by_role("button", name="Give my word")
    expect(button).to_have_accessible_description(SENTENCE)
    for _ in range(30):
        page.keyboard.press("Tab")
        if button.evaluate("one => one === document.activeElement"):
            break
    assert button.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_text("Thank you for your word.")).to_be_visible()


@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_it_fits_a_narrow_screen(open_page: Open, width: int, language: str) -> None:
    page = open_page(viewport={"width": width, "height": 800}, locale=language)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
