"""Service in a role, typed in by an administrator, becomes notices like any other."""

from datetime import date
from typing import Any

import pytest

from cec_plugin import models
from cec_plugin.domain.keys import activity_key
from cec_plugin.domain.notices import Kind, Via
from tests import factories
from tests.integration.admin_visits import (
    administrator,
    errors_of,
    fields_of,
    page,
    submit,
    superuser,
    take,
    text_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _accounts_of_the_site(settings: Any) -> None:
    settings.CEC_PLATFORM = "cec_plugin.adapters.platform.LmsPlatform"


def activity(site: str = "tests", key: str = "webinar-1") -> models.Activity:
    return models.Activity.objects.create(
        site=site, key=key, title="Webinar", key_digest=activity_key(site=site, key=key)
    )


def typed(**others: Any) -> dict[str, Any]:
    role = factories.role("presenter", "presenter")
    fields = {
        "account": "avery",
        "role": role.pk,
        "hours_hundredths": "1,5",
        "served_on": "2026-11-05",
    }
    return {**fields, **others}


def entered() -> models.Service:
    """Let an administrator enter 1.5 hours of avery's, worth two an hour, and settle it."""
    guild = factories.organization()
    factories.table(guild, [factories.rule("webinar-1", "1", per_hour={"presenter": "2"})])
    user = factories.user("avery")
    answer = submit(
        superuser("enterer"), page("service", what="add"), **typed(activity=activity().pk)
    )
    assert not errors_of(answer)
    factories.settle(str(user.pk))
    return models.Service.objects.get()


def credited() -> list[int]:
    return list(models.CreditEntry.objects.order_by("id").values_list("hundredths", flat=True))


def test_service_that_is_entered_earns_credit() -> None:
    service = entered()
    assert (service.hours_hundredths, service.served_on) == (150, date(2026, 11, 5))
    assert service.entered_by == "enterer"
    assert service.person == service.identity.person
    notice = models.Notice.objects.get()
    assert (notice.kind, notice.via, notice.role) == (Kind.EARNED, Via.ENTRY, "presenter")
    assert credited() == [300]


@pytest.mark.parametrize("name", ["avery", "AVERY@example.org", "id"])
def test_the_account_is_named_as_people_know_it(name: str) -> None:
    user = factories.user("avery")
    text = str(user.pk) if name == "id" else name
    submit(
        superuser(),
        page("service", what="add"),
        **typed(account=text, activity=activity().pk),
    )
    assert models.Service.objects.get().identity.subject == str(user.pk)


def test_an_unknown_account_is_said_to_be_unknown() -> None:
    answer = submit(
        superuser(), page("service", what="add"), **typed(account="nobody", activity=activity().pk)
    )
    assert "There is no account with this user name" in errors_of(answer)
    assert not models.Person.objects.exists()


def test_an_activity_of_another_site_is_refused_with_both_names() -> None:
    factories.user("avery")
    there = activity(site="moodle")
    answer = submit(superuser(), page("service", what="add"), **typed(activity=there.pk))
    assert "This activity is on the site moodle, the account on tests." in errors_of(answer)
    assert not models.Service.objects.exists()
    assert not models.Person.objects.exists()


def test_hours_that_are_no_amount_are_refused() -> None:
    factories.user("avery")
    answer = submit(
        superuser(),
        page("service", what="add"),
        **typed(activity=activity().pk, hours_hundredths="-2"),
    )
    assert "negative" in errors_of(answer)


def test_a_correction_replaces_the_credit() -> None:
    service = entered()
    client = superuser()
    offered = fields_of(client, page("service", service.pk))
    assert offered["hours_hundredths"] == "1.5"
    assert offered.keys().isdisjoint({"account", "activity", "role", "identity"})
    answer = submit(client, page("service", service.pk), hours_hundredths="2")
    assert not errors_of(answer)
    factories.settle(service.identity.subject)
    assert credited() == [300, -300, 400]
    assert models.Service.objects.get().entered_by == "enterer"


def test_withdrawing_takes_the_credit_back_and_ends_the_entry() -> None:
    service = entered()
    client = superuser()
    assert "reversed" in text_of(client.get(page("service", service.pk, "step/withdraw")))
    take(client, "service", service.pk, "withdraw")
    factories.settle(service.identity.subject)
    assert credited() == [300, -300]
    assert models.Service.objects.get().withdrawn_at is not None
    assert "_save" not in text_of(client.get(page("service", service.pk)))
    assert "1.5" in text_of(client.get(page("service", service.pk)))
    assert "cannot be done any more" in text_of(take(client, "service", service.pk, "withdraw"))
    assert models.Notice.objects.count() == 2


def test_service_is_withdrawn_by_permission_and_never_deleted() -> None:
    service = entered()
    reader = administrator("view_service")
    assert take(reader, "service", service.pk, "withdraw").status_code == 403
    remover = administrator("view_service", "delete_service", name="remover")
    assert remover.post(page("service", service.pk, "delete"), {"post": "yes"}).status_code == 403
    assert models.Service.objects.get().withdrawn_at is None
