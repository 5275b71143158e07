"""From a row in the outbox to the registry's own data: what every failure leaves behind.

Each test reads three sides: the delivery and its attempts, the registry's row, and what the
sandbox registry itself holds.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db.models.signals import pre_save
from pytest_django import Settings

from cec_plugin import models
from cec_plugin.adapters.couriers import deliver_registry
from cec_plugin.adapters.registries.build import _limit, build
from cec_plugin.domain.delivery import Policy, Presence, Result, State
from cec_plugin.domain.ports import Posting, Retraction
from cec_plugin.exceptions import CecError
from cec_plugin.models.outbox import HoldCode
from cec_plugin.sandbox.control import Control
from cec_plugin.sandbox.records import Member
from cec_plugin.sandbox.records import State as Standing
from cec_plugin.sandbox.server import Sandbox, running_sandbox
from cec_plugin.services.deliver import deliver_due
from cec_plugin.services.go_round import Courier, step_reached
from cec_plugin.services.link import NumberTakenError
from cec_plugin.services.pause import resume
from cec_plugin.services.requeue import requeue, requeue_all
from cec_plugin.services.sweep import look_again
from tests import factories
from tests.events import ETHICS
from tests.threads import Step, beside, together

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NUMBER = "M-1001"
PATIENT = {"base_s": 0.0, "cap_s": 0.0, "grace_s": 0.0, "member_wait_s": 0.0}
"""A policy under which everything is due again at once, so that no test waits."""

pytestmark = pytest.mark.django_db


@dataclass(slots=True)
class Clock:
    """A clock that a test moves; ``tick`` is how far it goes by itself at each look."""

    now: datetime
    tick: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        self.now += self.tick
        return self.now

    def goes_on(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(members=[Member(number=NUMBER, name="Ada Byron")]) as sandbox:
        yield sandbox


@pytest.fixture
def control(sandbox: Sandbox) -> Control:
    return sandbox.control


@pytest.fixture
def registry(sandbox: Sandbox, settings: Settings) -> models.Registry:
    """Make an organization that gives 10 hours for Ethics and tells the sandbox of it."""
    settings.CEC_SECRETS = {"guild": {"key": "sandbox-key"}}
    settings.CEC_POLICY = PATIENT
    guild = factories.organization()
    factories.table(guild, [factories.rule(ETHICS, "10")])
    registry = factories.registry(guild)
    registry.base_url = sandbox.url
    registry.calls_per_minute = 60_000_000
    registry.options = {"batch_path": ""}  # one by one: each has an answer of its own
    registry.save()
    return registry


@pytest.fixture
def clock() -> Clock:
    """Make a clock that is ahead of whatever the test earns by the real one."""
    return Clock(datetime.now(UTC) + HOUR)


def _earn(registry: models.Registry, *, subject: str = "7", number: str = NUMBER) -> None:
    """Let somebody finish Ethics; without a number nobody has linked them."""
    factories.finish(subject, ETHICS, T0)
    factories.settle(subject, now=datetime.now(UTC))
    if number:
        factories.link(subject, registry.organization, number, now=datetime.now(UTC))


def _earn_each(registry: models.Registry, control: Control, people: int) -> None:
    for number in range(people):
        control.add_member(f"N-{number}00", f"Member {number}")
        _earn(registry, subject=str(number), number=f"N-{number}00")


def _withdraw(after: timedelta = HOUR, *, subject: str = "7") -> None:
    factories.withdraw(subject, ETHICS, T0 + after)
    factories.settle(subject, now=datetime.now(UTC))


def _finish_again(after: timedelta = 2 * HOUR) -> None:
    factories.finish("7", ETHICS, T0 + after)
    factories.settle("7", now=datetime.now(UTC))


def _courier(
    registry: models.Registry, clock: Clock, *, policy: Policy | None = None, lease_s: int = 120
) -> Courier:
    return Courier(
        registry_id=registry.pk,
        registry=build(registry),
        clock=clock,
        dice=lambda: 0.0,
        policy=policy or Policy(),
        lease_s=lease_s,
    )


def _the(place: int = 0) -> models.Delivery:
    return models.Delivery.objects.order_by("pk")[place]


def _states() -> list[str]:
    return list(models.Delivery.objects.order_by("pk").values_list("state", flat=True))


def _results() -> list[str]:
    return list(models.Attempt.objects.order_by("pk").values_list("result", flat=True))


def _is_there_once(control: Control) -> None:
    """Say that the registry holds our one credit, under the reference that we stored."""
    (credit,) = control.data().credits
    delivery = _the()
    assert (credit.reference, str(credit.id)) == (delivery.reference, delivery.remote_id)
    assert (credit.hundredths, credit.member_number) == (1000, NUMBER)
    assert {call.reference for call in control.calls() if call.reference} == {delivery.reference}


@contextmanager
def _at(step: str, act: Callable[[], None]) -> Iterator[None]:
    """Do something once, in mid-delivery, when it reaches a step."""
    left = [act]

    def reached(*, step: str, **_: Any) -> None:
        if step == wanted and left:
            left.pop()()

    wanted = step
    step_reached.connect(reached, weak=False)
    try:
        yield
    finally:
        step_reached.disconnect(reached)
    assert not left, f"the step {wanted!r} was never reached"


class TestDelivered:
    def test_a_credit_is_told_once_with_all_that_it_is(
        self, registry: models.Registry, control: Control
    ) -> None:
        _earn(registry)
        assert deliver_registry(registry.pk).sent == 1
        delivery = _the()
        assert (delivery.state, delivery.presence) == (State.DELIVERED, Presence.PRESENT)
        assert (delivery.lease, delivery.failures, delivery.due_at) == (1, 0, None)
        assert delivery.settled_at is not None
        attempt = models.Attempt.objects.get()
        assert (attempt.result, attempt.status, attempt.lease) == (Result.DELIVERED, 201, 1)
        _is_there_once(control)
        (credit,) = control.data().credits
        assert (credit.activity_code, credit.credit_type) == (ETHICS, "cec")
        assert (credit.unit, credit.earned_on) == ("hours", date(2026, 3, 1))
        assert deliver_registry(registry.pk).sent == 0

    def test_a_paused_registry_is_left_alone(
        self, registry: models.Registry, control: Control, clock: Clock
    ) -> None:
        models.Registry.objects.update(paused=True)
        _earn(registry)
        assert deliver_registry(registry.pk).sent == 0
        assert not deliver_due(_courier(registry, clock))
        assert (_the().lease, control.calls()) == (0, ())

    def test_no_more_than_the_limit_is_taken_and_the_longest_due_first(
        self, registry: models.Registry, control: Control
    ) -> None:
        _earn_each(registry, control, 3)
        assert deliver_registry(registry.pk, limit=2).sent == 2
        assert _states() == ["delivered", "delivered", "pending"]
        assert _the(2).lease == 0


class TestTryAgain:
    def test_a_500_is_looked_up_after_a_grace_and_then_written(
        self, registry: models.Registry, control: Control, clock: Clock
    ) -> None:
        control.set_faults(server_error={"times": 1})
        _earn(registry)
        courier = _courier(registry, clock, policy=Policy(grace_s=60))
        deliver_due(courier)
        delivery = _the()
        assert (delivery.state, delivery.presence) == (State.PENDING, Presence.UNKNOWN)
        assert (delivery.failures, delivery.due_at) == (1, clock.now + timedelta(seconds=60))
        assert control.data().credits == ()
        clock.goes_on(seconds=59)
        assert not deliver_due(courier)
        clock.goes_on(seconds=1)
        deliver_due(courier)
        assert _results() == ["ambiguous", "delivered"]
        assert [call.method for call in control.calls()] == ["PUT", "GET", "PUT"]
        _is_there_once(control)

    def test_a_500_without_end_is_parked_and_nothing_is_lost(
        self, registry: models.Registry, control: Control
    ) -> None:
        control.set_faults(opaque_500=True)
        _earn(registry)
        for _ in range(10):
            deliver_registry(registry.pk)
        delivery = _the()
        assert (delivery.state, delivery.presence) == (State.PARKED, Presence.UNKNOWN)
        assert _results() == ["ambiguous"] * Policy().max_failures
        assert delivery.reason == "HTTP 500"
        assert control.data().credits == ()
        control.clear_faults()
        assert requeue([delivery.pk], now=datetime.now(UTC)) == 1
        deliver_registry(registry.pk)
        assert _the().state == State.DELIVERED
        _is_there_once(control)

    @pytest.mark.parametrize("switch", ["too_many", "unavailable"])
    def test_a_wait_that_the_registry_asks_for_is_kept(
        self, registry: models.Registry, control: Control, clock: Clock, switch: str
    ) -> None:
        control.set_faults(**{switch: {"times": 1, "value": 1200}})
        _earn(registry)
        courier = _courier(registry, clock)
        deliver_due(courier)
        delivery = _the()
        assert (delivery.state, delivery.presence) == (State.PENDING, Presence.ABSENT)
        assert (delivery.failures, delivery.due_at) == (0, clock.now + timedelta(seconds=1200))
        clock.goes_on(seconds=1199)
        assert not deliver_due(courier)
        clock.goes_on(seconds=1)
        _limit.cache_clear()  # its clock is the real one
        deliver_due(_courier(registry, clock))
        assert _results() == ["retryable", "delivered"]
        _is_there_once(control)

    def test_a_registry_that_is_down_for_days_burns_no_patience(
        self, registry: models.Registry, control: Control, clock: Clock
    ) -> None:
        control.set_faults(unavailable=True)
        _earn(registry)
        courier = _courier(registry, clock)
        for _ in range(30):
            clock.goes_on(hours=2)
            assert deliver_due(courier) == {Result.RETRYABLE: 1}
        assert (_the().state, _the().failures) == (State.PENDING, 0)
        control.clear_faults()
        clock.goes_on(hours=2)
        deliver_due(courier)
        _is_there_once(control)

    @pytest.mark.parametrize(
        ("name", "switch"),
        [
            ("commit_then_timeout", True),
            ("commit_then_reset", True),
            ("truncated", {"on": "write"}),
            ("slow_drip", {"on": "write", "value": 20}),
        ],
    )
    def test_a_write_that_went_unanswered_is_found_and_not_repeated(
        self, registry: models.Registry, control: Control, name: str, switch: Any
    ) -> None:
        models.Registry.objects.update(timeout_s=1)
        control.set_faults(**{name: switch})
        _earn(registry)
        deliver_registry(registry.pk)
        assert (_the().state, _the().presence) == (State.PENDING, Presence.UNKNOWN)
        assert len(control.data().credits) == 1
        deliver_registry(registry.pk)  # the switch is still on: only a read gets through
        assert _the().state == State.DELIVERED
        assert list(models.Attempt.objects.values_list("reason", flat=True))[1] == "found in place"
        assert [call.method for call in control.calls()] == ["PUT", "GET"]
        _is_there_once(control)

    def test_a_worker_that_dies_after_sending_leaves_nothing_stuck_and_nothing_double(
        self, registry: models.Registry, control: Control, clock: Clock
    ) -> None:
        def die() -> None:
            raise SystemExit

        _earn(registry)
        courier = _courier(registry, clock)
        with _at("sent", die), pytest.raises(SystemExit):
            deliver_due(courier)
        assert (_the().state, _the().presence) == (State.PENDING, Presence.UNKNOWN)
        assert not deliver_due(courier)  # the lease lasts
        clock.goes_on(seconds=courier.lease_s)
        deliver_due(courier)
        assert _the().state == State.DELIVERED
        _is_there_once(control)


class TestOurConfiguration:
    @pytest.mark.parametrize("switch", ["unauthorized", "login_redirect", "html"])
    def test_the_registry_is_paused_once_and_no_patience_is_burnt(
        self,
        registry: models.Registry,
        control: Control,
        caplog: pytest.LogCaptureFixture,
        switch: str,
    ) -> None:
        control.set_faults(**{switch: True})
        _earn_each(registry, control, 3)
        assert deliver_registry(registry.pk).sent == 1
        registry.refresh_from_db()
        assert registry.paused
        assert registry.paused_at is not None
        assert registry.paused_reason.startswith("HTTP ")
        assert _states() == ["pending"] * 3
        assert set(models.Delivery.objects.values_list("failures", flat=True)) == {0}
        # A page of HTML may be a warning that was printed ahead of the answer: it is looked up.
        first = "unknown" if switch == "html" else "absent"
        assert [one.presence for one in (_the(0), _the(1), _the(2))] == [first, "absent", "absent"]
        assert deliver_registry(registry.pk).sent == 0
        writes = [call for call in control.calls() if call.method == "PUT"]
        assert len(writes) == models.Attempt.objects.count() == 1
        assert [r.levelname for r in caplog.records if "is paused" in r.message] == ["ERROR"]
        control.clear_faults()
        assert resume(registry.pk)
        assert not resume(registry.pk)
        assert deliver_registry(registry.pk).sent == 3
        assert _states() == ["delivered"] * 3
        assert len(control.data().credits) == 3

    def test_a_secret_that_is_not_there_pauses_without_a_call(
        self,
        registry: models.Registry,
        control: Control,
        settings: Settings,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        settings.CEC_SECRETS = {"another": {"key": "ochre-zebra"}}
        _earn(registry)
        assert deliver_registry(registry.pk).sent == 0
        registry.refresh_from_db()
        assert "secret: there is no 'guild'" in registry.paused_reason
        assert (_the().lease, control.calls()) == (0, ())
        assert "ochre-zebra" not in caplog.text

    def test_an_empty_200_under_a_wrong_key_is_not_taken_for_a_missing_credit(
        self, registry: models.Registry, control: Control, settings: Settings
    ) -> None:
        control.set_faults(server_error={"times": 1})
        _earn(registry)
        deliver_registry(registry.pk)
        settings.CEC_SECRETS = {"guild": {"key": "revoked"}}
        control.set_faults(empty_without_credentials=True)
        deliver_registry(registry.pk)
        registry.refresh_from_db()
        assert registry.paused
        assert (_the().state, _the().presence) == (State.PENDING, Presence.UNKNOWN)
        assert control.data().credits == ()


class TestParked:
    def test_a_refused_record_is_parked_with_the_registrys_words(
        self, registry: models.Registry, control: Control
    ) -> None:
        models.Registry.objects.update(options={"batch_path": "", "constants": {"colour": "red"}})
        _earn(registry)
        deliver_registry(registry.pk)
        delivery = _the()
        assert (delivery.state, delivery.presence) == (State.PARKED, Presence.ABSENT)
        assert delivery.due_at is None
        assert delivery.reason == (
            "HTTP 422: invalid The request is not valid. colour: is not a field of this registry"
        ).replace("request", "credit")
        assert control.data().credits == ()
        assert deliver_registry(registry.pk).sent == 0
        models.Registry.objects.update(options={"batch_path": ""})
        assert requeue([delivery.pk], now=datetime.now(UTC)) == 1
        deliver_registry(registry.pk)
        assert _the().state == State.DELIVERED
        _is_there_once(control)

    def test_a_faulty_member_number_is_named_by_its_field_only(
        self, registry: models.Registry
    ) -> None:
        number = "4711" * 20
        _earn(registry, number=number)
        deliver_registry(registry.pk)
        assert _the().state == State.PARKED
        assert "member_number: must have at most" in _the().reason
        assert "4711" not in _the().reason

    def test_a_lost_reference_is_parked_and_never_written_twice(
        self, registry: models.Registry, control: Control
    ) -> None:
        control.set_faults(lost_reference=True)
        _earn(registry)
        deliver_registry(registry.pk)
        for _ in range(3):
            (row,) = control.data().credits
            delivery = _the()
            assert (delivery.state, delivery.presence) == (State.PARKED, Presence.UNKNOWN)
            assert (row.reference, str(row.id)) == (None, delivery.remote_id)
            assert "does not show it" in delivery.reason
            requeue([delivery.pk], now=datetime.now(UTC))
            deliver_registry(registry.pk)
        assert _results() == ["conflict"] * 4
        assert [call.method for call in control.calls()] == ["PUT"] + ["GET"] * 4

    @pytest.mark.parametrize(
        ("other", "requeued", "reason"),
        [
            ({"hundredths": 900}, False, "HTTP 409"),
            ({"hundredths": 900}, True, "another amount"),
            ({"member_number": "M-2002"}, False, "HTTP 409"),
            ({"member_number": "M-2002"}, True, "another member"),
        ],
    )
    def test_what_stands_under_our_reference_is_never_overwritten(
        self,
        registry: models.Registry,
        control: Control,
        other: dict[str, Any],
        requeued: bool,
        reason: str,
    ) -> None:
        control.add_member("M-2002", "Grace Hopper")
        _earn(registry)
        theirs = replace(
            Posting(
                reference=_the().reference,
                member_number=NUMBER,
                activity=ETHICS,
                title="Ethics",
                credit_type="cec",
                hundredths=1000,
                unit="hours",
                earned_on=date(2026, 3, 1),
                role="",
            ),
            **other,
        )
        assert build(registry).post(theirs).result is Result.DELIVERED
        before = control.data().credits
        deliver_registry(registry.pk)
        if requeued:
            requeue([_the().pk], now=datetime.now(UTC))
            deliver_registry(registry.pk)
        assert (_the().state, _the().presence) == (State.PARKED, Presence.UNKNOWN)
        assert reason in _the().reason
        assert "2002" not in _the().reason
        assert control.data().credits == before

    def test_an_award_that_the_registry_reversed_by_itself_is_a_conflict(
        self, registry: models.Registry, control: Control
    ) -> None:
        control.set_faults(commit_then_reset=True)
        _earn(registry)
        deliver_registry(registry.pk)
        control.clear_faults()
        _reverse_over_there(registry, _the().reference)
        deliver_registry(registry.pk)
        assert (_the().state, _the().reason) == (State.PARKED, "the registry has it as reversed")

    def test_an_answer_without_end_is_parked_and_found_when_a_person_says_so(
        self, registry: models.Registry, control: Control
    ) -> None:
        control.set_faults(huge=100)
        _earn(registry)
        deliver_registry(registry.pk)
        delivery = _the()
        assert (delivery.state, delivery.presence) == (State.PARKED, Presence.UNKNOWN)
        assert delivery.reason == "the answer is larger than 1000000 bytes"
        control.clear_faults()
        requeue([delivery.pk], now=datetime.now(UTC))
        deliver_registry(registry.pk)
        assert _the().state == State.DELIVERED
        _is_there_once(control)


def _reverse_over_there(registry: models.Registry, reference: str) -> None:
    retraction = Retraction(
        reference=reference, own_reference="by-hand", on=date(2026, 4, 1), reason="by hand"
    )
    assert build(registry).reverse(retraction).result is Result.DELIVERED


class TestMembers:
    def test_an_unknown_member_is_held_looked_up_again_and_delivered_once_known(
        self, registry: models.Registry, control: Control, clock: Clock
    ) -> None:
        courier = _courier(registry, clock, policy=Policy(member_wait_s=3600))
        _earn(registry, number="M-2002")
        for looks in (1, 2):
            deliver_due(courier)
            delivery = _the()
            assert (delivery.state, delivery.hold_code) == (State.HELD, HoldCode.MEMBER_UNKNOWN)
            assert (delivery.presence, delivery.failures) == (Presence.ABSENT, 0)
            assert delivery.looks == looks
            assert delivery.due_at == clock.now + HOUR
            assert look_again(now=clock.now) == 0
            clock.goes_on(hours=1)
            assert look_again(now=clock.now) == 1
        control.add_member("M-2002", "Grace Hopper")
        deliver_due(courier)
        assert _the().state == State.DELIVERED
        (credit,) = control.data().credits
        assert (credit.reference, credit.member_number) == (_the().reference, "M-2002")

    def test_after_a_week_of_looking_a_person_has_to_look(
        self, registry: models.Registry, control: Control, clock: Clock
    ) -> None:
        courier = _courier(registry, clock)
        _earn(registry, number="M-2002")
        for _ in range(10):
            deliver_due(courier)
            clock.goes_on(days=1)
            look_again(now=clock.now)
        assert (_the().state, _the().due_at, _the().failures) == (State.HELD, None, 0)
        assert _results() == ["member"] * Policy().member_looks
        factories.link("7", registry.organization, NUMBER, now=clock.now)
        deliver_due(courier)
        _is_there_once(control)

    def test_without_a_member_number_nobody_is_called_until_a_link_is_made(
        self, registry: models.Registry, control: Control, clock: Clock
    ) -> None:
        _earn(registry, number="")
        assert (_the().state, _the().hold_code) == (State.HELD, HoldCode.NO_MEMBER_NUMBER)
        assert deliver_registry(registry.pk).sent == 0
        assert look_again(now=clock.now) == 0
        assert control.calls() == ()
        factories.link("7", registry.organization, f" {NUMBER} ", now=datetime.now(UTC))
        assert deliver_registry(registry.pk).sent == 1
        _is_there_once(control)

    def test_a_number_that_is_gone_by_now_holds_the_delivery_without_a_call(
        self, registry: models.Registry, control: Control
    ) -> None:
        _earn(registry)
        models.Membership.objects.all().delete()
        deliver_registry(registry.pk)
        delivery = _the()
        assert (delivery.state, delivery.hold_code) == (State.HELD, HoldCode.NO_MEMBER_NUMBER)
        assert (delivery.presence, delivery.reason) == (Presence.ABSENT, "no member number")
        assert control.calls() == ()

    def test_a_link_leaves_alone_what_waits_for_something_else(
        self, registry: models.Registry, control: Control
    ) -> None:
        control.set_faults(commit_then_reset=True)
        _earn(registry)
        deliver_registry(registry.pk)
        _withdraw()
        factories.link("7", registry.organization, NUMBER, now=datetime.now(UTC))
        assert _the(1).hold_code == HoldCode.PREDECESSOR


class TestRequeue:
    def test_only_what_waits_for_a_person_is_due_again(
        self, registry: models.Registry, control: Control
    ) -> None:
        _earn(registry)  # delivered
        deliver_registry(registry.pk)
        _earn(registry, subject="8", number="M-2002")  # unknown there
        _earn(registry, subject="9", number="")  # unknown here
        deliver_registry(registry.pk)
        every = list(models.Delivery.objects.values_list("pk", flat=True))
        assert _states() == ["delivered", "held", "held"]
        assert requeue(every, now=datetime.now(UTC)) == 2
        assert _states() == ["delivered", "pending", "pending"]
        assert requeue(every, now=datetime.now(UTC)) == 0
        deliver_registry(registry.pk)
        assert _states() == ["delivered", "held", "held"]
        assert len(control.data().credits) == 1

    def test_all_that_is_parked_at_one_registry_is_due_again_page_by_page(
        self, registry: models.Registry, control: Control
    ) -> None:
        _earn_each(registry, control, 6)
        models.Delivery.objects.exclude(pk=_the(5).pk).update(state=State.PARKED.value)
        elsewhere = factories.registry(registry.organization, "elsewhere")
        models.Delivery.objects.filter(pk=_the(4).pk).update(registry=elsewhere)
        parked = registry.deliveries.filter(state=State.PARKED.value)
        pages: list[int] = []
        now, follow = datetime.now(UTC), lambda ids: pages.append(len(ids))
        assert requeue_all(parked, now=now, follow=follow) == 4
        assert pages == [4]
        assert _states() == ["pending"] * 4 + ["parked", "pending"]

    def test_however_many_are_requeued_their_registry_is_woken_once(
        self, registry: models.Registry, django_capture_on_commit_callbacks: Any
    ) -> None:
        _earn(registry)
        entry, others = _the().entry, range(1, 600)
        models.Delivery.objects.bulk_create(
            models.Delivery(entry=entry, registry=registry, reference=f"cec-{other}", round=other)
            for other in others
        )
        models.Delivery.objects.update(state=State.PARKED.value, due_at=None)
        told: list[int] = []
        with django_capture_on_commit_callbacks() as woken:
            count = requeue_all(
                models.Delivery.objects.all(),
                now=datetime.now(UTC),
                follow=lambda ids: told.append(len(ids)),
            )
        assert set(_states()) == {"pending"}
        assert told == [500, 100]
        assert (count, len(woken)) == (600, 1)

    def test_the_failures_begin_anew_and_the_fencing_number_goes_on(
        self, registry: models.Registry, control: Control
    ) -> None:
        control.set_faults(opaque_500=True)
        _earn(registry)
        for _ in range(6):
            deliver_registry(registry.pk)
        assert (_the().state, _the().failures, _the().lease) == (State.PARKED, 6, 6)
        requeue([_the().pk], now=datetime.now(UTC))
        delivery = _the()
        assert (delivery.failures, delivery.lease, delivery.settled_at) == (0, 6, None)
        assert (delivery.state, delivery.hold_code) == (State.PENDING, "")

    def test_what_waits_for_the_delivery_before_it_goes_on_waiting(
        self, registry: models.Registry, control: Control
    ) -> None:
        control.set_faults(commit_then_reset=True)
        _earn(registry)
        deliver_registry(registry.pk)
        _withdraw()
        assert requeue([_the(1).pk], now=datetime.now(UTC)) == 0
        assert _the(1).hold_code == HoldCode.PREDECESSOR


class TestTakenBack:
    def test_before_anything_was_sent_both_are_void(
        self, registry: models.Registry, control: Control
    ) -> None:
        _earn(registry)
        _withdraw()
        assert _states() == ["void", "void"]
        assert set(models.Delivery.objects.values_list("due_at", "presence")) == {(None, "absent")}
        assert deliver_registry(registry.pk).sent == 0
        assert control.calls() == ()

    @pytest.mark.parametrize(
        "trouble",
        [{"too_many": True}, {"unavailable": True}, {"unauthorized": True}],
        ids=lambda trouble: next(iter(trouble)),
    )
    def test_while_it_is_proven_absent_both_are_void(
        self, registry: models.Registry, control: Control, trouble: dict[str, Any]
    ) -> None:
        control.set_faults(**trouble)
        _earn(registry)
        deliver_registry(registry.pk)
        _withdraw()
        assert _states() == ["void", "void"]
        control.clear_faults()
        resume(registry.pk)
        assert deliver_registry(registry.pk).sent == 0
        assert control.data().credits == ()

    @pytest.mark.parametrize("number", ["", "M-2002"])
    def test_while_it_is_held_for_a_member_both_are_void(
        self, registry: models.Registry, control: Control, number: str
    ) -> None:
        _earn(registry, number=number)
        deliver_registry(registry.pk)
        _withdraw()
        assert _states() == ["void", "void"]
        factories.link("7", registry.organization, NUMBER, now=datetime.now(UTC))
        assert deliver_registry(registry.pk).sent == 0
        assert control.data().credits == ()

    def test_a_parked_award_that_was_refused_is_void_with_its_reversal(
        self, registry: models.Registry, control: Control
    ) -> None:
        models.Registry.objects.update(options={"batch_path": "", "constants": {"colour": "red"}})
        _earn(registry)
        deliver_registry(registry.pk)
        _withdraw()
        assert _states() == ["void", "void"]
        assert requeue([_the().pk], now=datetime.now(UTC)) == 0

    def test_a_reversal_goes_out_after_its_award(
        self, registry: models.Registry, control: Control
    ) -> None:
        control.set_faults(commit_then_reset={"times": 1})
        _earn(registry)
        deliver_registry(registry.pk)
        _withdraw()
        award, reversal = _the(0), _the(1)
        assert _states() == ["pending", "held"]
        assert (reversal.hold_code, reversal.after_id) == (HoldCode.PREDECESSOR, award.pk)
        assert reversal.award_reference == award.reference
        deliver_registry(registry.pk)
        assert _states() == ["delivered", "pending"]
        deliver_registry(registry.pk)
        assert _states() == ["delivered", "delivered"]
        data = control.data()
        (credit,) = data.credits
        assert (credit.reference, credit.state) == (award.reference, Standing.REVERSED)
        assert [row.reference for row in data.reversals] == [reversal.reference]

    def test_an_award_that_was_delivered_is_reversed_at_once(
        self, registry: models.Registry, control: Control
    ) -> None:
        _earn(registry)
        deliver_registry(registry.pk)
        _withdraw()
        assert _states() == ["delivered", "pending"]
        deliver_registry(registry.pk)
        (row,) = control.data().reversals
        assert row.reason == "withdrawn"
        assert abs(row.reversed_on - datetime.now(UTC).date()) <= timedelta(days=1)

    @pytest.mark.parametrize(
        ("switch", "calls"),
        [
            ({"server_error": {"times": 1}}, ["POST", "GET", "POST"]),
            ({"commit_then_reset": {"times": 1}}, ["POST", "GET"]),
        ],
        ids=["not written", "written"],
    )
    def test_a_reversal_that_may_have_been_written_is_looked_up_first(
        self, registry: models.Registry, control: Control, switch: Any, calls: list[str]
    ) -> None:
        _earn(registry)
        deliver_registry(registry.pk)
        _withdraw()
        control.set_faults(**switch)
        deliver_registry(registry.pk)
        assert (_the(1).state, _the(1).presence) == (State.PENDING, Presence.UNKNOWN)
        deliver_registry(registry.pk)
        assert _the(1).state == State.DELIVERED
        assert [call.method for call in control.calls()][1:] == calls
        assert len(control.data().reversals) == 1

    def test_a_reversal_that_cannot_be_looked_up_waits(
        self, registry: models.Registry, control: Control
    ) -> None:
        _earn(registry)
        deliver_registry(registry.pk)
        _withdraw()
        control.set_faults(unavailable=True)
        for _ in range(3):
            deliver_registry(registry.pk)
        assert (_the(1).state, _the(1).failures) == (State.PENDING, 0)
        control.clear_faults()
        deliver_registry(registry.pk)
        assert len(control.data().reversals) == 1

    def test_a_new_award_waits_for_the_reversal_and_has_a_new_reference(
        self, registry: models.Registry, control: Control
    ) -> None:
        _earn(registry)
        deliver_registry(registry.pk)
        _withdraw()
        control.set_faults(server_error={"times": 1})
        deliver_registry(registry.pk)
        _finish_again()
        first, reversal, second = _the(0), _the(1), _the(2)
        assert _states() == ["delivered", "pending", "held"]
        assert (second.hold_code, second.after_id) == (HoldCode.PREDECESSOR, reversal.pk)
        assert second.reference != first.reference
        deliver_registry(registry.pk)
        assert _states() == ["delivered", "delivered", "pending"]
        deliver_registry(registry.pk)
        assert [(credit.reference, credit.state) for credit in control.data().credits] == [
            (first.reference, Standing.REVERSED),
            (second.reference, Standing.ACTIVE),
        ]

    def test_a_new_award_without_a_link_still_waits_for_the_reversal_first(
        self, registry: models.Registry, control: Control
    ) -> None:
        _earn(registry)
        deliver_registry(registry.pk)
        _withdraw()
        models.Membership.objects.all().delete()
        _finish_again()
        assert _the(2).hold_code == HoldCode.PREDECESSOR
        deliver_registry(registry.pk)
        deliver_registry(registry.pk)
        assert (_the(2).state, _the(2).hold_code) == (State.HELD, HoldCode.NO_MEMBER_NUMBER)
        assert len(control.data().credits) == 1

    def test_an_award_that_turns_out_absent_voids_itself_and_its_reversal(
        self, registry: models.Registry, control: Control
    ) -> None:
        """It is taken back while a courier carries it, and the registry then refuses it."""
        models.Registry.objects.update(options={"batch_path": "", "constants": {"colour": "red"}})
        _earn(registry)
        with _at("claimed", _withdraw):
            deliver_registry(registry.pk)
        assert _states() == ["void", "void"]
        assert _results() == ["refused"]
        assert (control.data().credits, control.data().reversals) == ((), ())

    def test_what_waits_for_such_a_reversal_goes_on(
        self, registry: models.Registry, control: Control
    ) -> None:
        def take_back_and_finish_again() -> None:
            _withdraw()
            _finish_again()
            assert _states() == ["pending", "held", "held"]
            models.Registry.objects.update(options={"batch_path": ""})

        models.Registry.objects.update(options={"batch_path": "", "constants": {"colour": "red"}})
        _earn(registry)
        with _at("claimed", take_back_and_finish_again):
            deliver_registry(registry.pk)
        assert _states() == ["void", "void", "pending"]
        deliver_registry(registry.pk)
        assert [credit.reference for credit in control.data().credits] == [_the(2).reference]

    def test_an_award_that_is_taken_back_while_it_is_carried_is_reversed(
        self, registry: models.Registry, control: Control
    ) -> None:
        _earn(registry)
        with _at("claimed", _withdraw):
            deliver_registry(registry.pk)
        assert _states() == ["delivered", "pending"]
        deliver_registry(registry.pk)
        assert [credit.state for credit in control.data().credits] == [Standing.REVERSED]


class TestLeases:
    def test_a_late_settle_is_fenced_and_logged(
        self,
        registry: models.Registry,
        control: Control,
        clock: Clock,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """The first worker froze past its lease; the second found the credit in place."""
        first, second = _courier(registry, clock), _courier(registry, clock)

        def second_takes_over() -> None:
            clock.goes_on(seconds=first.lease_s)
            assert deliver_due(second) == {Result.DELIVERED: 1}
            models.Delivery.objects.update(remote_id="the second's")

        _earn(registry)
        with _at("sent", second_takes_over):
            deliver_due(first)
        delivery = _the()
        assert (delivery.state, delivery.lease) == (State.DELIVERED, 2)
        assert delivery.remote_id == "the second's"
        assert list(models.Attempt.objects.order_by("pk").values_list("lease", "fenced")) == [
            (2, False),
            (1, True),
        ]
        assert f"Delivery {delivery.pk} was settled by another worker" in caplog.text
        assert len(control.data().credits) == 1

    def test_a_late_refusal_does_not_pause_or_park_what_is_delivered(
        self, registry: models.Registry, control: Control, clock: Clock
    ) -> None:
        first, second = _courier(registry, clock), _courier(registry, clock)

        def second_takes_over() -> None:
            control.clear_faults()
            clock.goes_on(seconds=first.lease_s)
            deliver_due(second)

        control.set_faults(unauthorized=True)
        _earn(registry)
        with _at("sent", second_takes_over):
            deliver_due(first)
        registry.refresh_from_db()
        assert (_the().state, registry.paused) == (State.DELIVERED, False)
        _is_there_once(control)

    def test_half_of_the_lease_over_the_rest_is_given_back(
        self, registry: models.Registry, control: Control, clock: Clock
    ) -> None:
        _earn_each(registry, control, 4)
        clock.tick = timedelta(seconds=6)  # at each look at the clock, five for a delivery
        assert deliver_due(_courier(registry, clock, lease_s=120)) == {Result.DELIVERED: 2}
        assert _states() == ["delivered", "delivered", "pending", "pending"]
        for place in (2, 3):
            back = _the(place)
            assert (back.lease, back.failures, back.presence) == (1, 0, Presence.ABSENT)
            assert back.due_at is not None
            assert back.due_at <= clock.now
        assert models.Attempt.objects.count() == 2
        clock.tick = timedelta(0)
        assert deliver_due(_courier(registry, clock)) == {Result.DELIVERED: 2}
        assert len(control.data().credits) == 4

    def test_what_was_given_back_can_still_be_void(
        self, registry: models.Registry, control: Control, clock: Clock
    ) -> None:
        _earn_each(registry, control, 2)
        clock.tick = timedelta(seconds=20)
        deliver_due(_courier(registry, clock, lease_s=120))
        _withdraw(subject="1")
        assert _states() == ["delivered", "void", "void"]

    def test_paused_in_mid_batch_the_rest_is_given_back(
        self, registry: models.Registry, control: Control
    ) -> None:
        def revoke_the_key() -> None:
            control.set_faults(unauthorized=True)

        _earn_each(registry, control, 4)
        with _at("sent", revoke_the_key):
            assert deliver_registry(registry.pk).sent == 2
        registry.refresh_from_db()
        assert registry.paused
        assert _states() == ["delivered", "pending", "pending", "pending"]
        assert list(models.Delivery.objects.order_by("pk").values_list("presence", "failures")) == [
            ("present", 0),
            *[("absent", 0)] * 3,
        ]
        assert models.Attempt.objects.count() == 2
        control.clear_faults()
        resume(registry.pk)
        assert deliver_registry(registry.pk).sent == 3
        assert len(control.data().credits) == 4

    @pytest.mark.concurrency
    @pytest.mark.django_db(transaction=True)
    def test_couriers_that_claim_at_once_send_nothing_twice(
        self, registry: models.Registry, control: Control
    ) -> None:
        people, sent = 12, list[int]()

        def work() -> None:
            while delivered := deliver_registry(registry.pk, limit=2).sent:
                sent.append(delivered)

        _earn_each(registry, control, people)
        together([work] * 4)
        assert sum(sent) == people
        assert _states() == ["delivered"] * people
        assert set(models.Attempt.objects.values_list("lease", "fenced")) == {(1, False)}
        assert models.Attempt.objects.count() == people
        references = [call.reference for call in control.calls()]
        assert len(references) == len(set(references)) == people
        assert len(control.data().credits) == people


A_MOMENT_S = 0.5


def _while_it_settles(registry: models.Registry, change: Callable[[], None]) -> None:
    """Let a change decide on a delivery, but not write it, while a courier settles the one before.

    Where the courier has to wait for the change, the change goes on after a moment.
    """
    decided, settled = Step(), threading.Event()

    def before_it_is_written(**_: Any) -> None:
        decided.reach()
        settled.wait(A_MOMENT_S)

    with ExitStack() as stack:

        def begin() -> None:
            stack.enter_context(beside(change))
            decided.wait()

        pre_save.connect(before_it_is_written, sender=models.Delivery)
        stack.callback(pre_save.disconnect, before_it_is_written, sender=models.Delivery)
        with _at("sent", begin):
            deliver_registry(registry.pk)
        settled.set()


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
class TestAtTheSameMoment:
    def test_a_reversal_does_not_miss_that_its_award_was_delivered(
        self, registry: models.Registry, control: Control
    ) -> None:
        _earn(registry)
        _while_it_settles(registry, _withdraw)
        assert _states() == ["delivered", "pending"]
        deliver_registry(registry.pk)
        assert [credit.state for credit in control.data().credits] == [Standing.REVERSED]

    def test_a_new_award_does_not_miss_that_the_reversal_was_delivered(
        self, registry: models.Registry, control: Control
    ) -> None:
        _earn(registry)
        deliver_registry(registry.pk)
        _withdraw()
        _while_it_settles(registry, _finish_again)
        assert _states() == ["delivered", "delivered", "pending"]
        deliver_registry(registry.pk)
        assert [credit.state for credit in control.data().credits] == [
            Standing.REVERSED,
            Standing.ACTIVE,
        ]

    def test_a_reversal_does_not_miss_that_its_award_was_refused(
        self, registry: models.Registry, control: Control
    ) -> None:
        models.Registry.objects.update(options={"batch_path": "", "constants": {"colour": "red"}})
        _earn(registry)
        _while_it_settles(registry, _withdraw)
        assert _states() == ["void", "void"]

    def test_of_two_who_are_linked_to_one_number_one_gets_it(
        self, registry: models.Registry, control: Control
    ) -> None:
        refused: list[str] = []

        def link(subject: str) -> None:
            try:
                factories.link(subject, registry.organization, NUMBER, now=datetime.now(UTC))
            except NumberTakenError as error:
                refused.append(str(error))

        _earn(registry, subject="7", number="")
        _earn(registry, subject="8", number="")
        together([partial(link, "7"), partial(link, "8")])
        assert refused == ["this member number is linked to somebody else already"]
        assert sorted(_states()) == ["held", "pending"]


class TestLink:
    @pytest.mark.parametrize("number", ["", "  \t"])
    def test_an_empty_number_is_no_number(self, registry: models.Registry, number: str) -> None:
        _earn(registry, number="")
        with pytest.raises(CecError, match="empty"):
            factories.link("7", registry.organization, number)
        assert _the().state == State.HELD

    def test_a_number_belongs_to_one_person(self, registry: models.Registry) -> None:
        _earn(registry)
        _earn(registry, subject="8", number="")
        with pytest.raises(NumberTakenError) as refused:
            factories.link("8", registry.organization, NUMBER)
        assert NUMBER not in str(refused.value)
        assert _states() == ["pending", "held"]

    def test_a_link_that_was_made_while_a_courier_looked_is_not_missed(
        self, registry: models.Registry, control: Control, clock: Clock
    ) -> None:
        """The courier had read that there is no number, and holds what the link would release."""

        def link() -> None:
            factories.link("7", registry.organization, NUMBER, now=clock.now)

        _earn(registry)
        models.Membership.objects.all().delete()
        courier = _courier(registry, clock)
        with _at("sent", link):
            deliver_due(courier)
        assert (_the().state, _the().hold_code) == (State.HELD, HoldCode.NO_MEMBER_NUMBER)
        clock.goes_on(days=1)
        assert look_again(now=clock.now) == 1
        deliver_due(courier)
        _is_there_once(control)


class TestSeveralRegistries:
    def test_each_hears_of_its_own_organization_only(
        self, registry: models.Registry, control: Control
    ) -> None:
        with running_sandbox(members=[Member(number="S-1", name="Ada Byron")]) as elsewhere:
            society = factories.organization("society", "Society of Mentors")
            factories.table(society, [factories.rule(ETHICS, "4")])
            theirs = factories.registry(society, "Society register")
            theirs.base_url = elsewhere.url
            theirs.save()
            _earn(registry)
            factories.link("7", society, "S-1", now=datetime.now(UTC))
            assert [deliver_registry(one.pk).sent for one in (registry, theirs)] == [1, 1]
            assert [credit.hundredths for credit in control.data().credits] == [1000]
            assert [credit.hundredths for credit in elsewhere.control.data().credits] == [400]
            references = models.Delivery.objects.values_list("reference", flat=True)
            assert len(set(references)) == 2

    def test_two_registries_of_one_organization_both_hear(
        self, registry: models.Registry, control: Control
    ) -> None:
        with running_sandbox(members=[Member(number=NUMBER, name="Ada Byron")]) as mirror:
            second = factories.registry(registry.organization, "Mirror")
            second.base_url = mirror.url
            second.save()
            control.set_faults(unauthorized=True)
            _earn(registry)
            assert [deliver_registry(one.pk).sent for one in (registry, second)] == [1, 1]
            assert _states() == ["pending", "delivered"]
            assert len(mirror.control.data().credits) == 1


class TestSilence:
    """Names, e-mail addresses, member numbers and secrets stay where they belong."""

    def test_nobody_is_named_in_any_log_attempt_or_reason(
        self,
        registry: models.Registry,
        control: Control,
        settings: Settings,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        user = factories.user("octavia.q", first_name="Octavia", last_name="Quill")
        number, subject = "QUILL/O", str(user.pk)
        control.add_member(number, "Octavia Quill")
        for trouble in (
            {"too_many": {"times": 1}},
            {"server_error": {"times": 1}},
            {"opaque_500": {"times": 1}},
            {"unauthorized": {"times": 1}},
            {"login_redirect": {"times": 1}},
            {"html": {"times": 1}},
            {"huge": {"times": 1, "value": 2}},
            {"truncated": {"times": 1}},
            {"commit_then_reset": {"times": 1}},
        ):
            control.set_faults(**trouble)
            if not models.Delivery.objects.exists():
                _earn(registry, subject=subject, number=number)
            deliver_registry(registry.pk)
            resume(registry.pk)
            requeue([_the().pk], now=datetime.now(UTC))
        deliver_registry(registry.pk)
        _withdraw(subject=subject)
        deliver_registry(registry.pk)
        for other, broken in (
            ("1001", {"constants": {"colour": "red"}}),
            ("1002", {"credit_path": "/elsewhere/{reference}"}),
            ("1003", {}),
        ):
            models.Registry.objects.update(options=broken)
            _earn(registry, subject=other, number=f"{number}/{other}")
            deliver_registry(registry.pk)
        settings.CEC_SECRETS = {}
        deliver_registry(registry.pk)
        assert set(_results()) == {result.value for result in Result} - {
            "conflict",
            "taken",
            "unable",
        }
        said = [
            *caplog.messages,
            *(str(record.args) for record in caplog.records),
            *models.Attempt.objects.values_list("reason", flat=True),
            *models.Delivery.objects.values_list("reason", flat=True),
            *models.Registry.objects.values_list("paused_reason", flat=True),
        ]
        for word in ("octavia", "quill", "example.org", "sandbox-key"):
            assert not [line for line in said if word in line.lower()]
