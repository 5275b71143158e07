"""The desk of a registry's sync in a real browser, without a script: narrow, named, and by keyboard.

Without one a page asks for one thing at a time, as the one connection to SQLite in memory needs.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from cec_plugin import models
from cec_plugin.models.reconciliation import Difference, Reconciliation
from tests import factories as make
from tests.integration.admin_visits import page as address
from tests.integration.test_my_credits import MAY

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CUT_OFF = """() => {
  const wide = document.documentElement.clientWidth;
  const scrolls = (one) => one && one !== document.body
    && (/auto|scroll/.test(getComputedStyle(one).overflowX) || scrolls(one.parentElement));
  const found = document.documentElement.scrollWidth > wide ? ['the page itself'] : [];
  for (const one of document.querySelectorAll('#content *')) {
    const box = one.getBoundingClientRect();
    if (box.width && box.right > wide + 1 && !scrolls(one)) found.push(one.outerHTML.slice(0, 80));
  }
  return found;
}"""
"""What reaches beyond the screen, and cannot be scrolled to."""

NAMELESS = """() => [...document.querySelectorAll('#content input, #content select, textarea')]
  .filter((one) => !['hidden', 'submit'].includes(one.type))
  .filter((one) => !one.closest('.action-checkbox, .action-checkbox-column'))
  .filter((one) => !(one.labels.length || one.getAttribute('aria-label') || one.title))
  .map((one) => one.outerHTML.slice(0, 80))"""
"""Fields without a name; the boxes before the rows have one only from Django 5.0 on."""


@pytest.fixture
def guild(settings: Any) -> models.Organization:
    """Make an organization with one of everything that the desk shows."""
    settings.CEC_PLATFORM = "cec_plugin.adapters.platform.LmsPlatform"
    settings.CEC_SECRETS = {"guild": {"key": "hush"}}
    of = make.organization()
    make.table(of, [make.rule("ethics")])
    registry = make.registry(of)
    models.Registry.objects.create(
        organization=of, name="State board", adapter="roster", paused=False
    )
    learner = str(make.user("avery").pk)
    make.finish(learner, "ethics", MAY)
    make.settle(learner, platform=make.titled(ethics="Ethics for Career Practitioners"))
    make.link(learner, of, "M-1")
    now = datetime.now(UTC)
    delivery = models.Delivery.objects.get(registry=registry)
    delivery.state, delivery.reason = "parked", "HTTP 422: E_TYPE the credit type is unknown"
    delivery.save()
    models.Attempt.objects.create(
        delivery=delivery, lease=1, at=now, result="refused", milliseconds=9, reason=delivery.reason
    )
    report = Reconciliation.objects.create(
        registry=registry, asked_by="root", asked_at=now, began_at=now, ended_at=now,
        outcome="differs", counts={"missing": 1},
    )  # fmt: skip
    Difference.objects.create(
        reconciliation=report, kind="missing", reference=delivery.reference, delivery=delivery
    )
    blake = str(make.user("blake").pk)
    make.finish(blake, "ethics", MAY)
    make.settle(blake)
    models.Claim.objects.create(
        person_id=make.person_of(blake), organization=of, number="M-2", number_key="2" * 64,
        asked_at=now, found="there",
    )  # fmt: skip
    models.RosterFile.objects.create(
        registry=models.Registry.objects.get(adapter="roster"),
        number=1,
        closed_at=now,
        closed_by="root",
    )
    return of


@pytest.fixture
def desk(browser: Browser, live_server: Any, guild: models.Organization) -> Iterator[Page]:
    """Sit down as an officer of the guild, at a screen of 360 pixels."""
    officer = make.user("desk", is_staff=True)
    rows = Permission.objects.filter(content_type__app_label="cec_plugin")
    officer.user_permissions.set(rows.exclude(codename="answer_everywhere"))
    make.officer(str(officer.pk), guild)
    client = Client()
    client.force_login(officer)
    context = browser.new_context(
        java_script_enabled=False,
        locale="fr",
        viewport={"width": 360, "height": 800},
        base_url=live_server.url,
    )
    session = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    yield context.new_page()
    context.close()


STEPS = {
    "registry": ("try", "reconcile", "pause", "requeue"),
    "delivery": ("requeue", "done", "drop"),
    "reconciliation": ("repair",),
    "difference": ("repair",),
    "claim": ("confirm", "decline"),
    "membership": ("correct", "unlink"),
    "person": ("merge",),
    "rosterfile": ("withdraw",),
}


def places() -> Iterator[str]:
    of: dict[str, Any] = {"reconciliation": Reconciliation, "difference": Difference}
    for model, steps in STEPS.items():
        rows = of.get(model) or next(
            getattr(models, name) for name in dir(models) if name.lower() == model
        )
        pk = rows.objects.earliest("pk").pk
        yield address(model)
        yield address(model, pk)
        yield from (address(model, pk, f"step/{step}") for step in steps)
    yield address("registry", models.Registry.objects.get(adapter="roster").pk)
    yield address("registry", models.Registry.objects.get(adapter="roster").pk, "step/close")
    yield address("rosterfile", models.RosterFile.objects.get().pk, "receipts")
    for what in ("add", "import", "suggested"):
        yield address("membership", what=what)


def test_every_page_fits_a_narrow_screen_and_names_its_fields(desk: Page) -> None:
    for place in places():
        answer = desk.goto(place)
        assert answer is not None
        assert answer.status == 200, place
        assert desk.evaluate(CUT_OFF) == [], place
        assert desk.evaluate(NAMELESS) == [], place
        assert desk.locator("h1").count() >= 1, place


def test_members_are_imported_by_keyboard_alone(desk: Page, guild: models.Organization) -> None:
    desk.goto(address("membership", what="import"))
    desk.get_by_label("Organisme").select_option(label="Guild of Coaches")
    desk.get_by_label("Fichier (CSV)").set_input_files(
        {
            "name": "members.csv",
            "mimeType": "text/csv",
            "buffer": "account;member_number\nblake;M-9\nnobody;M-3\n".encode("utf-8-sig"),
        }
    )
    desk.get_by_role("button", name="Aperçu").press("Enter")
    expect(desk.get_by_role("row")).to_have_count(3)
    assert desk.evaluate(CUT_OFF) == []
    desk.get_by_role("button", name="Lier les lignes valides").press("Enter")
    assert models.Membership.objects.filter(number="M-9", organization=guild).exists()


def test_links_are_suggested_and_chosen(desk: Page) -> None:
    desk.goto(address("membership", what="suggested"))
    desk.get_by_label("Organisme").select_option(label="Guild of Coaches")
    desk.get_by_label("Fichier (CSV)").set_input_files(
        {
            "name": "members.csv",
            "mimeType": "text/csv",
            "buffer": b"member_number,email\nM-9,blake@example.org\n",
        }
    )
    desk.get_by_role("button", name="Aperçu").press("Enter")
    assert desk.evaluate(CUT_OFF) == []
    assert desk.evaluate(NAMELESS) == []


def test_chosen_differences_are_repaired_only_when_that_is_confirmed(desk: Page) -> None:
    desk.goto(address("difference"))
    desk.locator("input[name=_selected_action]").check()
    desk.locator("select[name=action]").select_option("repair_chosen")
    desk.locator("button[name=index]").press("Enter")
    assert desk.evaluate(CUT_OFF) == []
    assert Difference.objects.get().repair_asked_at is None
    desk.get_by_role("button", name="Réparer").press("Enter")
    expect(desk.locator(".messagelist")).to_be_visible()
    assert Difference.objects.get().repair_asked_at is not None
