"""Deliveries in the admin: found, read with every attempt, and sent again by permission."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry

from cec_plugin import models
from cec_plugin.domain.delivery import Result, State
from cec_plugin.models.outbox import HoldCode
from tests import factories
from tests.integration.admin_visits import act, administrator, page, superuser, take, text_of

pytestmark = pytest.mark.django_db

FINISHED = datetime(2026, 10, 3, 15, 0, tzinfo=UTC)
COURSES = ("ethics", "theory")


@pytest.fixture
def guild() -> models.Organization:
    guild = factories.organization()
    factories.table(guild, [factories.rule(course) for course in COURSES])
    factories.registry(guild)
    return guild


def refused(guild: models.Organization) -> list[models.Delivery]:
    """Let the registry refuse a member's two credits; return the parked deliveries."""
    for course in COURSES:
        factories.finish("5", course, FINISHED)
    factories.settle("5")
    factories.link("5", guild, "M-77")
    factories.answer(models.Registry.objects.get(), Result.REFUSED)
    return list(models.Delivery.objects.order_by("id"))


def states() -> set[str]:
    return set(models.Delivery.objects.values_list("state", flat=True))


def test_chosen_deliveries_are_requeued_and_logged(guild: models.Organization) -> None:
    parked = refused(guild)
    client = administrator("view_delivery", "requeue_delivery")
    answer = act(client, "delivery", "requeue", [one.pk for one in parked])
    assert "2 deliveries are due again." in text_of(answer)
    assert states() == {State.PENDING}
    assert LogEntry.objects.count() == 2


def test_one_delivery_is_requeued_from_its_page(guild: models.Organization) -> None:
    first, second = refused(guild)
    client = administrator("view_delivery", "requeue_delivery")
    assert "step/requeue" in text_of(client.get(page("delivery", first.pk)))
    explained = text_of(client.get(page("delivery", first.pk, "step/requeue")))
    assert "nothing is written twice" in explained
    assert "1 delivery is due again." in text_of(take(client, "delivery", first.pk, "requeue"))
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (State.PENDING, State.PARKED)


def test_requeueing_needs_its_own_permission(guild: models.Organization) -> None:
    parked = refused(guild)
    client = administrator("view_delivery", "change_delivery")
    act(client, "delivery", "requeue", [one.pk for one in parked])
    assert take(client, "delivery", parked[0].pk, "requeue").status_code == 403
    assert states() == {State.PARKED}
    assert not LogEntry.objects.exists()


def test_what_waits_for_another_delivery_is_not_requeued(guild: models.Organization) -> None:
    one, *_ = refused(guild)
    models.Delivery.objects.filter(pk=one.pk).update(
        state=State.HELD.value, hold_code=HoldCode.PREDECESSOR
    )
    client = superuser()
    answer = act(client, "delivery", "requeue", [one.pk])
    assert "0 deliveries are due again." in text_of(answer)
    assert "cannot be done any more" in text_of(take(client, "delivery", one.pk, "requeue"))
    one.refresh_from_db()
    assert one.state == State.HELD


def test_every_attempt_is_shown_with_what_was_answered(guild: models.Organization) -> None:
    one, *_ = refused(guild)
    models.Attempt.objects.create(
        delivery=one,
        lease=2,
        at=factories.NOW,
        result=Result.CONFLICT.value,
        status=409,
        milliseconds=1250,
        reason="HTTP 409: taken",
    )
    shown = text_of(superuser().get(page("delivery", one.pk)))
    for fact in ("refused", "something else stands under the reference", "409", "HTTP 409: taken"):
        assert fact in shown


@pytest.mark.parametrize("beginning", [36, 12])
def test_a_delivery_is_found_by_its_reference(beginning: int, guild: models.Organization) -> None:
    wanted, _ = refused(guild)
    listed = superuser().get(page("delivery"), {"q": wanted.reference[:beginning]})
    assert list(listed.context["cl"].result_list) == [wanted]


def test_deliveries_are_listed_by_registry_state_and_what_they_wait_for(
    guild: models.Organization,
) -> None:
    parked = refused(guild)
    factories.finish("6", "ethics", FINISHED)
    factories.settle("6")
    held = models.Delivery.objects.get(hold_code=HoldCode.NO_MEMBER_NUMBER)
    client = superuser()

    def listed(**chosen: object) -> list[models.Delivery]:
        return list(client.get(page("delivery"), chosen).context["cl"].result_list)

    assert listed() == [held, *reversed(parked)]
    assert listed(state="parked") == parked
    assert listed(state="void") == []
    assert listed(hold_code__exact="no_member_number") == [held]
    assert listed(registry__id__exact=held.registry_id, state="held") == [held]


def test_of_what_is_not_sent_the_oldest_comes_first(guild: models.Organization) -> None:
    first, second = refused(guild)
    models.Delivery.objects.filter(pk=second.pk).update(
        created_at=first.created_at - timedelta(days=1)
    )
    listed = superuser().get(page("delivery"), {"state": "unsent"})
    assert list(listed.context["cl"].result_list) == [second, first]


@pytest.mark.parametrize(("step", "state"), [("done", State.DELIVERED), ("drop", State.VOID)])
def test_what_is_parked_is_settled_by_hand_and_says_by_whom(
    guild: models.Organization, step: str, state: State
) -> None:
    first, second = refused(guild)
    client = administrator("view_delivery", "requeue_delivery")
    explained = text_of(client.get(page("delivery", first.pk, f"step/{step}")))
    assert "You have looked at the registry" in explained
    assert "The delivery is settled." in text_of(take(client, "delivery", first.pk, step))
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.reason) == (state, "settled by hand by desk")
    assert second.state == State.PARKED
    assert LogEntry.objects.count() == 1


def test_settling_by_hand_needs_the_permission_and_a_parked_delivery(
    guild: models.Organization,
) -> None:
    parked = refused(guild)[0]
    assert take(administrator("view_delivery"), "delivery", parked.pk, "done").status_code == 403
    parked.refresh_from_db()
    assert parked.state == State.PARKED
    models.Delivery.objects.filter(pk=parked.pk).update(state=State.PENDING.value)
    client = administrator("view_delivery", "requeue_delivery", name="other")
    take(client, "delivery", parked.pk, "done")
    parked.refresh_from_db()
    assert parked.state == State.PENDING


def test_all_that_is_listed_is_requeued_and_logged(guild: models.Organization) -> None:
    refused(guild)
    client = administrator("view_delivery", "requeue_delivery")
    everything = {"action": "requeue", "select_across": "1", "_selected_action": "1"}
    answer = client.post(f"{page('delivery')}?state=parked", everything, follow=True)
    assert "2 deliveries are due again." in text_of(answer)
    assert states() == {State.PENDING}
    assert LogEntry.objects.count() == 2
