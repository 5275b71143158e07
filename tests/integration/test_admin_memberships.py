"""Member numbers typed in by an administrator release what waited for them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cec_plugin import models
from cec_plugin.domain.delivery import Result, State
from tests import factories
from tests.integration.admin_visits import (
    administrator,
    errors_of,
    fields_of,
    page,
    submit,
    superuser,
    text_of,
)

pytestmark = pytest.mark.django_db

FINISHED = datetime(2026, 10, 3, 15, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _accounts_of_the_site(settings: Any) -> None:
    settings.CEC_PLATFORM = "cec_plugin.adapters.platform.LmsPlatform"


@pytest.fixture
def guild() -> models.Organization:
    guild = factories.organization()
    factories.table(guild, [factories.rule("ethics")])
    factories.registry(guild)
    return guild


def add(guild: models.Organization, account: str, number: str) -> Any:
    return submit(
        administrator("add_membership", "view_membership", name=f"desk-{account}-{number.strip()}"),
        page("membership", what="add"),
        account=account,
        organization=guild.pk,
        number=number,
    )


def test_a_new_membership_releases_the_credits_that_waited(guild: models.Organization) -> None:
    subject = str(factories.user("avery").pk)
    factories.finish(subject, "ethics", FINISHED)
    factories.settle(subject)
    assert models.Delivery.objects.get().state == State.HELD
    assert not errors_of(add(guild, "avery", " M-77 "))
    membership = models.Membership.objects.get()
    assert (membership.number, membership.verified_by) == ("M-77", "desk-avery-M-77")
    assert membership.person_id == factories.person_of(subject)
    assert models.Delivery.objects.get().state == State.PENDING


def test_somebody_who_earned_nothing_yet_can_be_linked(guild: models.Organization) -> None:
    factories.user("avery")
    assert not errors_of(add(guild, "avery", "M-77"))
    assert models.Membership.objects.count() == 1


def test_a_number_that_is_taken_is_refused(guild: models.Organization) -> None:
    factories.user("avery")
    factories.user("blair")
    add(guild, "avery", "M-77")
    assert "linked to somebody else" in errors_of(add(guild, "blair", "M-77"))
    assert models.Membership.objects.count() == 1


def test_a_number_of_nothing_but_spaces_is_refused(guild: models.Organization) -> None:
    factories.user("avery")
    assert "required" in errors_of(add(guild, "avery", "  "))
    assert not models.Membership.objects.exists()


def test_an_account_that_is_not_there_is_said_to_be_unknown(guild: models.Organization) -> None:
    assert "There is no account" in errors_of(add(guild, "nobody", "M-77"))
    assert not models.Person.objects.exists()


def test_a_second_number_is_not_added_but_corrected(guild: models.Organization) -> None:
    factories.user("avery")
    add(guild, "avery", "M-77")
    assert "correct it there" in errors_of(add(guild, "avery", "M-78"))
    assert models.Membership.objects.get().number == "M-77"
    membership = models.Membership.objects.get()
    editor = administrator("change_membership", "view_membership")
    shown = fields_of(editor, page("membership", membership.pk))
    assert shown.keys().isdisjoint({"organization", "number"})
    step = page("membership", membership.pk, "step/correct")
    assert "No credit was sent under this number yet." in text_of(editor.get(step))
    submit(editor, step, number="M-78")
    corrected = models.Membership.objects.get()
    assert (corrected.number, corrected.verified_by) == ("M-78", "desk")


def test_a_correction_to_a_number_that_is_taken_is_refused(guild: models.Organization) -> None:
    for name, number in (("avery", "M-77"), ("blair", "M-78")):
        factories.user(name)
        add(guild, name, number)
    membership = models.Membership.objects.get(number="M-78")
    answer = submit(superuser(), page("membership", membership.pk, "step/correct"), number="M-77")
    assert "linked to somebody else" in text_of(answer)
    assert set(models.Membership.objects.values_list("number", flat=True)) == {"M-77", "M-78"}


def test_the_days_of_a_membership_are_corrected_without_its_number(
    guild: models.Organization,
) -> None:
    factories.user("avery")
    add(guild, "avery", "M-77")
    membership = models.Membership.objects.get()
    assert not errors_of(
        submit(superuser(), page("membership", membership.pk), valid_from="2026-01-01")
    )
    membership.refresh_from_db()
    assert (membership.number, str(membership.valid_from)) == ("M-77", "2026-01-01")


@pytest.mark.parametrize("step", ["correct", "unlink"])
def test_a_step_says_how_many_credits_it_takes_back_and_takes_them(
    guild: models.Organization, step: str
) -> None:
    subject = str(factories.user("avery").pk)
    factories.finish(subject, "ethics", FINISHED)
    factories.settle(subject)
    add(guild, "avery", "M-77")
    registry = models.Registry.objects.get()
    assert factories.answer(registry, Result.DELIVERED, now=datetime.now(UTC)) == 1
    editor = administrator("change_membership", "view_membership")
    address = page("membership", models.Membership.objects.get().pk, f"step/{step}")
    said = text_of(editor.get(address))
    assert "1 credit was sent under this number" in said
    submit(editor, address, **({"number": "M-78"} if step == "correct" else {}))
    assert models.Membership.objects.count() == (step == "correct")
    errands = models.Delivery.objects.order_by("pk").values_list("errand", "state")
    assert list(errands) == [("tell", "delivered"), ("retract", "pending"), ("tell", "held")]


def test_only_whoever_may_change_memberships_takes_the_steps(guild: models.Organization) -> None:
    factories.user("avery")
    add(guild, "avery", "M-77")
    reader = administrator("view_membership")
    address = page("membership", models.Membership.objects.get().pk, "step/unlink")
    assert reader.post(address).status_code == 403
    assert models.Membership.objects.exists()


def test_a_membership_is_never_deleted(guild: models.Organization) -> None:
    factories.user("avery")
    add(guild, "avery", "M-77")
    membership = models.Membership.objects.get()
    answer = superuser().post(page("membership", membership.pk, "delete"), {"post": "yes"})
    assert answer.status_code == 403
