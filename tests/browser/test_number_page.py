"""One's own member number, given in a real browser: without a script, by keyboard, narrow."""

from typing import Any

import pytest
from playwright.sync_api import expect

from cec_plugin import models
from tests import factories as make
from tests.browser.conftest import Open
from tests.integration.test_my_credits import MAY

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def learner(settings: Any) -> Any:
    """Give somebody a credit that waits for their member number."""
    settings.CEC_PLATFORM = "tests.factories.SmallPlatform"
    settings.CEC_BASE_TEMPLATE = "cec_plugin/base.html"
    user = make.user("ann")
    guild = make.organization()
    make.table(guild, [make.rule("ethics")])
    make.registry(guild)
    make.finish(str(user.pk), "ethics", MAY)
    make.settle(str(user.pk), platform=make.titled(ethics="Ethics"))
    return user


def test_the_number_is_given_and_taken_back_without_javascript(open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    page.get_by_role("link", name="Say which number is yours").click()
    page.get_by_label("Your member number").fill("M-1")
    page.get_by_role("button", name="This number is mine").click()
    expect(page.get_by_text("Your number: M-1")).to_be_visible()
    assert models.Claim.objects.get().state == "waiting"
    page.get_by_role("link", name="My continuing education credits").click()
    expect(page.get_by_text("1 credit waits until your member number")).to_be_visible()
    page.get_by_role("link", name="See how it stands, or take it back.").click()
    page.get_by_role("button", name="Take the number back").click()
    expect(page.get_by_label("Your member number")).to_have_value("")
    assert models.Claim.objects.get().state == "withdrawn"


def test_by_keyboard_alone_a_number_is_given_and_an_error_is_read_with_the_field(
    open_page: Open,
) -> None:
    page = open_page()
    page.get_by_role("link", name="Say which number is yours").press("Enter")
    field = page.get_by_label("Your member number")
    field.focus()
    page.keyboard.type("   ")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This is no member number")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.focus()
    assert field.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
    field.fill("M-2")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your number: M-2")).to_be_visible()


@pytest.mark.parametrize("width", [320, 1200])
def test_it_fits_a_narrow_screen(open_page: Open, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 800})
    page.get_by_role("link", name="Say which number is yours").click()
    expect(page.get_by_label("Your member number")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
