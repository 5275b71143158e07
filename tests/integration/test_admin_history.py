"""History is read in the admin, by those who may, and never changed there."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cec_plugin import models
from cec_plugin.domain.delivery import Result
from cec_plugin.models.export import Export
from cec_plugin.services.export import export
from tests import factories
from tests.integration.admin_visits import administrator, page, superuser, text_of

pytestmark = pytest.mark.django_db

FINISHED = datetime(2026, 10, 3, 15, 0, tzinfo=UTC)

HISTORY = {
    "notice": models.Notice,
    "participation": models.Participation,
    "refusal": models.Refusal,
    "creditentry": models.CreditEntry,
    "delivery": models.Delivery,
    "jobrun": models.JobRun,
    "account": models.Account,
    "identity": models.Identity,
    "person": models.Person,
    "export": Export,
}


@pytest.fixture(autouse=True)
def _accounts_of_the_site(settings: Any) -> None:
    settings.CEC_PLATFORM = "cec_plugin.adapters.platform.LmsPlatform"


@pytest.fixture
def learner() -> str:
    """Let somebody earn 7.5 hours, have a delivery retried, and be refused for another course."""
    guild = factories.organization()
    factories.table(guild, [factories.rule("ethics", "7.5")])
    factories.registry(guild)
    subject = str(factories.user("avery", first_name="Avery", last_name="Quill").pk)
    for course in ("ethics", "theory"):
        factories.finish(subject, course, FINISHED)
    factories.settle(subject, platform=factories.titled(ethics="Ethics", theory="Theory"))
    factories.link(subject, guild, "M-77")
    factories.answer(models.Registry.objects.get(), Result.RETRYABLE)
    models.JobRun.objects.create(job="sweep")
    export(guild.pk, by="desk", now=factories.NOW)
    return subject


@pytest.mark.parametrize("model", HISTORY)
def test_history_is_shown_and_offers_no_change(model: str, learner: str) -> None:
    client = superuser()
    row = HISTORY[model].objects.first()
    assert row is not None
    assert client.get(page(model)).status_code == 200
    shown = client.get(page(model, row.pk))
    assert shown.status_code == 200
    assert "_save" not in text_of(shown)
    assert client.get(page(model, what="add")).status_code == 403
    assert client.post(page(model, row.pk), {}).status_code == 403
    assert client.post(page(model, row.pk, "delete"), {"post": "yes"}).status_code == 403
    assert HISTORY[model].objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", [*HISTORY, "organization", "schedule", "service", "registry"])
def test_staff_without_permission_sees_nothing(model: str) -> None:
    assert administrator().get(page(model)).status_code == 403


def test_a_persons_page_tells_everything_about_them(learner: str) -> None:
    shown = text_of(superuser().get(page("person", factories.person_of(learner))))
    for fact in ("avery · Avery Quill", "M-77", "Ethics", "no rule names the activity"):
        assert fact in shown
    assert models.Delivery.objects.get().reference in shown
    assert "<td>7.5</td>" in shown


def test_a_persons_page_keeps_what_the_reader_may_not_see(learner: str) -> None:
    client = administrator("view_person", "view_participation")
    shown = text_of(client.get(page("person", factories.person_of(learner))))
    assert "Ethics" in shown
    for fact in ("M-77", "avery", "<td>7.5</td>", "no rule names the activity"):
        assert fact not in shown


@pytest.mark.parametrize("text", ["avery", "avery@example.org", "M-77", " M-77 "])
def test_a_person_is_found_by_account_and_by_member_number(text: str, learner: str) -> None:
    factories.finish("4711", "theory", FINISHED)
    factories.settle("4711")
    found = superuser().get(page("person"), {"q": text})
    assert [person.pk for person in found.context["cl"].result_list] == [
        factories.person_of(learner)
    ]
    assert "avery · Avery Quill" in text_of(found)


def test_the_list_of_people_asks_the_platform_once(learner: str) -> None:
    client = superuser()
    client.get(page("person"))

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(page("person"))
        return len(seen)

    before = queries()
    for number in range(5):
        subject = str(factories.user(f"more{number}").pk)
        factories.finish(subject, "theory", FINISHED)
        factories.settle(subject)
    assert queries() == before


def test_a_finished_activity_shows_what_was_heard_and_what_came_of_it(learner: str) -> None:
    client = superuser()
    credited = models.Participation.objects.get(activity__key="ethics")
    shown = text_of(client.get(page("participation", credited.pk)))
    for fact in ("openedx", "certificate", "7.5", "Guild of Coaches"):
        assert fact in shown
    refused = models.Participation.objects.get(activity__key="theory")
    shown = text_of(client.get(page("participation", refused.pk)))
    assert "no rule names the activity" in shown


def test_a_credits_page_shows_the_figure_and_the_delivery(learner: str) -> None:
    entry = models.CreditEntry.objects.get()
    shown = text_of(superuser().get(page("creditentry", entry.pk)))
    assert "7.5" in shown
    assert models.Delivery.objects.get().reference in shown


def test_an_account_shows_its_balance(learner: str) -> None:
    account = models.Account.objects.get()
    assert "7.5 cec" in text_of(superuser().get(page("account", account.pk)))


def test_notices_that_nobody_settled_can_be_listed(learner: str) -> None:
    factories.finish(learner, "history", FINISHED)
    listed = superuser().get(page("notice"), {"settled": "no"})
    assert [one.activity for one in listed.context["cl"].result_list] == ["history"]
    listed = superuser("root2").get(page("notice"), {"settled": "yes"})
    assert len(listed.context["cl"].result_list) == 2


def test_courses_without_a_rule_can_be_listed_for_one_organization(learner: str) -> None:
    other = factories.organization("lakeshore", "Lakeshore Practitioner")
    factories.table(other, [factories.rule("theory", "3")], effective_from=date(2021, 1, 1))
    factories.settle_everybody()
    guild = models.Organization.objects.get(code="guild")
    listed = superuser().get(
        page("refusal"), {"code": "no_rule", "organization__id__exact": guild.pk}
    )
    found = listed.context["cl"].result_list
    assert [str(one.participation.activity) for one in found] == ["Theory"]
