"""The page of one's own credits in a real browser."""

from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from cec_plugin import models
from cec_plugin.domain.delivery import Result
from tests import factories as make
from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MAY = datetime(2026, 5, 4, 15, 0, tzinfo=UTC)
LONG = "Introductiontotheprofessionaldevelopmentofcareerpractitioners" * 2
FRAMES = ("main_django.html", "cec_plugin/base.html")


@pytest.fixture
def learner(settings: Any) -> Any:
    """Give somebody a credit that is recorded, one that is being sent, and one that is refused."""
    settings.CEC_PLATFORM = "tests.factories.SmallPlatform"
    user = make.user("ann")
    subject = str(user.pk)
    guild, lake = make.organization(), make.organization("lake", "Lakeshore")
    make.registry(guild)
    make.table(guild, [make.rule("ethics", "7.5")])
    make.table(lake, [make.rule("long", "1")])
    for activity in ("ethics", "long", "nowhere"):
        make.finish(subject, activity, MAY)
    make.settle(subject, platform=make.titled(ethics="Ethics", long=LONG, nowhere="Nowhere"))
    make.link(subject, guild, "M-1")
    return user


def test_signing_in_leads_to_ones_own_credits(
    browser: Browser, live_server: Any, learner: Any
) -> None:
    page = browser.new_page()
    page.goto(f"{live_server.url}/cec/")
    expect(page.get_by_text("Ethics")).to_have_count(0)
    page.locator("[name=username]").fill("ann")
    page.locator("[name=password]").fill("a long password")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cec/")
    expect(page.get_by_role("heading", level=1)).to_have_text("My continuing education credits")
    expect(page.get_by_role("rowheader", name="Ethics", exact=True)).to_be_visible()


def test_why_opens_in_place_by_the_keyboard(open_page: Open) -> None:
    page = open_page()
    why = page.get_by_text("why: Ethics")
    step = page.get_by_text("It gives a learner 7.5\u00a0hours.")
    expect(step).to_be_hidden()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").startswith("why: Ethics"):
            break
    expect(why).to_be_focused()
    assert why.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(step).to_be_visible()


def test_the_page_is_complete_without_javascript(open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    row = page.get_by_role("row").filter(has_text="Ethics").first
    expect(row).to_contain_text("7.5\u00a0hours")
    expect(row).to_contain_text("being sent")
    page.get_by_text("why: Ethics").click()
    expect(page.get_by_text("It is on its way to Guild register.")).to_be_visible()
    expect(page.get_by_text("does not name this activity").first).to_be_visible()


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("width", [320, 600, 960, 1200])
def test_nothing_makes_the_page_scroll_sideways(
    open_page: Open, settings: Any, frame: str, width: int
) -> None:
    settings.CEC_BASE_TEMPLATE = frame
    page = open_page(viewport={"width": width, "height": 640})
    for closed in page.locator("summary").all():
        closed.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [320, 1200])
def test_a_table_is_a_table_at_any_width(open_page: Open, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 640})
    table = page.get_by_role("table", name="2026")
    expect(table.get_by_role("columnheader", name="State")).to_have_count(1)
    expect(table.get_by_role("rowheader", name="Ethics", exact=True)).to_be_visible()
    expect(table.get_by_role("cell", name="7.5\u00a0hours", exact=True)).to_be_visible()


def test_a_state_has_an_icon_and_a_word(open_page: Open) -> None:
    page = open_page()
    states = page.locator(".cec-state")
    assert states.count() == 2
    for state in states.all():
        expect(state.locator("svg")).to_be_visible()
        expect(state).to_have_text(("being sent", "recorded")[state.inner_text() == "recorded"])


def test_what_is_being_sent_is_seen_to_arrive(open_page: Open) -> None:
    page = open_page()
    page.clock.install()
    page.reload()
    page.get_by_text("why: Ethics").click()
    row = page.get_by_role("row").filter(has_text="Ethics").first
    expect(row).to_contain_text("being sent")
    make.answer(models.Registry.objects.get(), Result.DELIVERED)
    page.clock.fast_forward(5000)
    expect(row).to_contain_text("in your association's records")
    expect(page.get_by_text("Guild register confirmed it.")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("Ethics: in your association's records")


def test_a_site_may_forbid_whatever_is_inline(
    browser: Browser, live_server: Any, open_page: Open
) -> None:
    page = open_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))

    def strictly(route: Route) -> None:
        answer = route.fetch()
        policy = {
            "content-security-policy": "default-src 'self'; require-trusted-types-for 'script'"
        }
        route.fulfill(response=answer, headers={**answer.headers, **policy})

    page.route("**/cec/", strictly)
    page.clock.install()
    page.reload()
    make.answer(models.Registry.objects.get(), Result.DELIVERED)
    page.clock.fast_forward(5000)
    expect(page.locator(".cec-state-in_records")).to_be_visible()
    assert [text for text in said if "favicon" not in text and "404" not in text] == []
