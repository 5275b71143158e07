"""A wrong member number corrected, taken away and put back: what the registry's own data says.

Each credit counts there once, under the right number, whatever the wrong one had got by then.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from cec_plugin import models
from cec_plugin.adapters.couriers import deliver_registry
from cec_plugin.domain.delivery import Errand, Presence, State
from cec_plugin.domain.keys import digest
from cec_plugin.models.outbox import HoldCode
from cec_plugin.sandbox.control import Control
from cec_plugin.sandbox.records import Member
from cec_plugin.sandbox.server import Sandbox, running_sandbox
from cec_plugin.selectors.receipts import Shown
from cec_plugin.selectors.sent import sent_credits
from cec_plugin.selectors.transcript import transcript
from cec_plugin.services import adjust
from cec_plugin.services import link as linking
from cec_plugin.services.activate import activate
from cec_plugin.services.enqueue import enqueue
from cec_plugin.services.go_round import step_reached
from cec_plugin.services.settle_by_hand import settle_by_hand
from cec_plugin.services.sweep import settle_due
from tests import factories
from tests.events import ETHICS
from tests.integration.test_by_hand import OFFICER
from tests.threads import together

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WRONG, RIGHT, THIRD = "M-1001", "M-2002", "M-3003"
PATIENT = {"base_s": 0.0, "cap_s": 0.0, "grace_s": 0.0, "member_wait_s": 0.0}

pytestmark = pytest.mark.django_db


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    members = [Member(number=number, name="Ada Byron") for number in (WRONG, RIGHT, THIRD)]
    with running_sandbox(members=members) as sandbox:
        yield sandbox


@pytest.fixture
def control(sandbox: Sandbox) -> Control:
    return sandbox.control


@pytest.fixture
def registry(sandbox: Sandbox, settings: Settings) -> models.Registry:
    """Make an organization that tells the sandbox of 10 hours, earned under a wrong number."""
    settings.CEC_SECRETS = {"guild": {"key": "sandbox-key"}}
    settings.CEC_POLICY = PATIENT
    guild = factories.organization()
    factories.table(guild, [factories.rule(ETHICS, "10")])
    registry = factories.registry(guild)
    registry.base_url = sandbox.url
    registry.calls_per_minute = 60_000_000
    registry.save()
    factories.finish("7", ETHICS, T0)
    factories.settle("7", now=_now())
    _link(WRONG)
    return registry


def _now() -> datetime:
    return datetime.now(UTC)


def _link(number: str) -> None:
    factories.link("7", models.Organization.objects.get(), number, now=_now())


def _unlink() -> int:
    guild = models.Organization.objects.get()
    return linking.unlink(person_id=factories.person_of("7"), organization_id=guild.pk, now=_now())


def _withdraw() -> None:
    factories.withdraw("7", ETHICS, T0 + timedelta(hours=1))
    factories.settle("7", now=_now())


def _deliver(times: int = 6) -> None:
    registry = models.Registry.objects.get()
    for _ in range(times):
        deliver_registry(registry.pk)


def _there(control: Control) -> list[tuple[str, str]]:
    """Return what the registry has, in the order in which it came: member and state."""
    return [(one.member_number, one.state.value) for one in control.data().credits]


def _steps() -> list[tuple[str, int, str]]:
    rows = models.Delivery.objects.order_by("pk")
    return list(rows.values_list("errand", "round", "state"))


def _each_reference_is_used_once() -> None:
    references = list(models.Delivery.objects.values_list("reference", flat=True))
    assert len(references) == len(set(references))
    assert all(len(one) <= 36 for one in references)


class _Once:
    """Something to do when a delivery reaches a step, the first time alone."""

    def __init__(self, step: str, act: Callable[[], object]) -> None:
        self._step, self._left = step, [act]

    def __enter__(self) -> None:
        step_reached.connect(self._reached, weak=False)

    def __exit__(self, *_: object) -> None:
        step_reached.disconnect(self._reached)
        assert not self._left, f"the step {self._step!r} was never reached"

    def _reached(self, *, step: str, **_: Any) -> None:
        if step == self._step and self._left:
            self._left.pop()()


class TestCorrected:
    def test_what_was_sent_is_taken_back_there_and_told_again_under_the_right_number(
        self, registry: models.Registry, control: Control
    ) -> None:
        _deliver()
        assert models.Delivery.objects.get().number_key == digest("number", WRONG)
        _link(RIGHT)
        assert _steps() == [
            ("tell", 0, "delivered"),
            ("retract", 1, "pending"),
            ("tell", 1, "held"),
        ]
        _deliver()
        assert _there(control) == [(WRONG, "reversed"), (RIGHT, "active")]
        (taken_back,) = control.data().reversals
        assert taken_back.reason == "another_number"
        calls = [call.method for call in control.calls()]
        assert calls == ["PUT", "POST", "PUT"]
        _each_reference_is_used_once()

    def test_what_was_never_sent_just_goes_out_under_the_right_number(
        self, registry: models.Registry, control: Control
    ) -> None:
        _link(RIGHT)
        assert _steps() == [("tell", 0, "pending")]
        _deliver()
        assert _there(control) == [(RIGHT, "active")]

    def test_the_same_number_again_changes_nothing(
        self, registry: models.Registry, control: Control
    ) -> None:
        _deliver()
        _link(f" {WRONG} ")
        assert _steps() == [("tell", 0, "delivered")]

    def test_what_was_proven_absent_goes_out_under_the_right_number(
        self, registry: models.Registry, control: Control
    ) -> None:
        control.set_faults(unavailable=True)
        _deliver(1)
        assert models.Delivery.objects.get().number_key == digest("number", WRONG)
        _link(RIGHT)
        control.clear_faults()
        _deliver()
        assert _steps() == [("tell", 0, "delivered")]
        assert _there(control) == [(RIGHT, "active")]

    def test_what_was_sent_before_numbers_were_noted_counts_as_sent_under_the_number_before(
        self, registry: models.Registry, control: Control
    ) -> None:
        _deliver()
        models.Delivery.objects.update(number_key="")
        _link(RIGHT)
        _deliver()
        assert _there(control) == [(WRONG, "reversed"), (RIGHT, "active")]

    def test_each_correction_takes_back_what_the_one_before_told(
        self, registry: models.Registry, control: Control
    ) -> None:
        for number in (RIGHT, THIRD):
            _deliver()
            _link(number)
        _deliver()
        assert _there(control) == [(WRONG, "reversed"), (RIGHT, "reversed"), (THIRD, "active")]
        _each_reference_is_used_once()

    def test_a_correction_of_the_correction_before_it_was_told_goes_straight_to_the_last(
        self, registry: models.Registry, control: Control
    ) -> None:
        _deliver()
        _link(RIGHT)
        _link(THIRD)
        _deliver()
        assert _there(control) == [(WRONG, "reversed"), (THIRD, "active")]

    def test_a_correction_that_is_undone_before_it_was_told_tells_nobody(
        self, registry: models.Registry, control: Control
    ) -> None:
        _deliver()
        _link(RIGHT)
        _link(WRONG)
        assert _steps() == [("tell", 0, "delivered"), ("retract", 1, "void"), ("tell", 1, "void")]
        _deliver()
        assert _there(control) == [(WRONG, "active")]
        _link(RIGHT)
        _deliver()
        assert _there(control) == [(WRONG, "reversed"), (RIGHT, "active")]
        _each_reference_is_used_once()

    def test_credit_by_hand_is_told_again_too(
        self, registry: models.Registry, control: Control
    ) -> None:
        adjust.award(
            person_id=factories.person_of("7"),
            organization_id=registry.organization_id,
            hundredths=500,
            earned_on=T0.date(),
            reason="opening balance",
            by=OFFICER,
            now=_now(),
            activity_id=models.Activity.objects.get().pk,
        )
        _deliver()
        _link(RIGHT)
        _deliver()
        assert sorted(_there(control)) == [(WRONG, "reversed")] * 2 + [(RIGHT, "active")] * 2

    def test_the_page_tells_of_the_telling_that_counts(
        self, registry: models.Registry, control: Control
    ) -> None:
        def shown() -> list[tuple[Shown, int]]:
            told = transcript(factories.person_of("7"), now=_now()).credits
            return [(one.state, len(one.receipts)) for one in told]

        _deliver()
        _link(RIGHT)
        assert shown() == [(Shown.BEING_SENT, 1)]
        _deliver()
        assert shown() == [(Shown.IN_RECORDS, 1)]

    def test_the_right_owner_of_the_number_keeps_their_own_credit_there(
        self, registry: models.Registry, control: Control
    ) -> None:
        _deliver()
        _unlink()
        factories.finish("8", ETHICS, T0)
        factories.settle("8", now=_now())
        factories.link("8", registry.organization, WRONG, now=_now())
        _link(RIGHT)
        _deliver()
        assert sorted(_there(control)) == [
            (WRONG, "active"),
            (WRONG, "reversed"),
            (RIGHT, "active"),
        ]


class TestMaybeSent:
    def test_what_was_written_in_spite_of_a_reset_is_ours_and_is_taken_back(
        self, registry: models.Registry, control: Control
    ) -> None:
        control.set_faults(commit_then_reset={"times": 1})
        _deliver(1)
        _link(RIGHT)
        assert _steps() == [("tell", 0, "pending"), ("retract", 1, "held"), ("tell", 1, "held")]
        _deliver()
        assert _steps() == [
            ("tell", 0, "delivered"),
            ("retract", 1, "delivered"),
            ("tell", 1, "delivered"),
        ]
        assert _there(control) == [(WRONG, "reversed"), (RIGHT, "active")]

    def test_what_was_not_written_is_void_with_its_taking_back_and_the_next_goes_on(
        self, registry: models.Registry, control: Control
    ) -> None:
        control.set_faults(server_error={"times": 1})
        _deliver(1)
        assert models.Delivery.objects.get().presence == Presence.UNKNOWN
        _link(RIGHT)
        _deliver()
        assert _steps() == [("tell", 0, "void"), ("retract", 1, "void"), ("tell", 1, "delivered")]
        assert _there(control) == [(RIGHT, "active")]

    @pytest.mark.parametrize("fault", ["commit_then_reset", "server_error"])
    def test_without_another_number_it_is_looked_up_and_taken_back_where_it_is(
        self, registry: models.Registry, control: Control, fault: str
    ) -> None:
        control.set_faults(**{fault: {"times": 1}})
        _deliver(1)
        assert _unlink() == 1
        _deliver()
        last = models.Delivery.objects.latest("pk")
        assert (last.state, last.hold_code) == (State.HELD, HoldCode.NO_MEMBER_NUMBER)
        written = fault == "commit_then_reset"
        assert _there(control) == ([(WRONG, "reversed")] if written else [])
        _link(RIGHT)
        _deliver()
        assert _there(control)[-1] == (RIGHT, "active")
        assert len(_there(control)) == 1 + written

    def test_it_is_not_taken_back_where_the_number_is_right_again_and_nothing_was_written(
        self, registry: models.Registry, control: Control
    ) -> None:
        control.set_faults(server_error={"times": 1})
        _deliver(1)
        _link(RIGHT)
        _link(WRONG)
        _deliver()
        assert _there(control) == [(WRONG, "active")]

    def test_what_waits_for_a_receipt_may_have_been_taken(
        self, registry: models.Registry, control: Control
    ) -> None:
        _deliver()
        models.Delivery.objects.update(
            state=State.HELD.value, hold_code=HoldCode.RECEIPT, presence=Presence.UNKNOWN.value
        )
        _link(RIGHT)
        assert [(errand, state) for errand, _, state in _steps()] == [
            ("tell", "held"),
            ("retract", "held"),
            ("tell", "held"),
        ]

    def test_what_parked_undecided_holds_up_the_rest_until_an_administrator_says_so(
        self, registry: models.Registry, control: Control
    ) -> None:
        control.set_faults(server_error=True)
        _deliver()
        tell = models.Delivery.objects.get()
        assert tell.state == State.PARKED
        _link(RIGHT)
        control.clear_faults()
        _deliver()
        assert _there(control) == []
        assert settle_by_hand(tell.pk, done=False, by="omar", now=_now())
        _deliver()
        assert _there(control) == [(RIGHT, "active")]

    @pytest.mark.parametrize("step", ["claimed", "sent"])
    def test_a_number_corrected_while_a_courier_carries_it_is_never_missed(
        self, registry: models.Registry, control: Control, step: str
    ) -> None:
        with _Once(step, lambda: _link(RIGHT)):
            _deliver(1)
        _deliver()
        there = _there(control)
        assert there[-1] == (RIGHT, "active")
        assert there[:-1] == ([] if step == "claimed" else [(WRONG, "reversed")])

    def test_a_number_taken_away_while_a_courier_carries_it_sends_nothing(
        self, registry: models.Registry, control: Control
    ) -> None:
        with _Once("claimed", _unlink):
            _deliver(1)
        _deliver()
        assert _there(control) == []
        _link(RIGHT)
        _deliver()
        assert _there(control) == [(RIGHT, "active")]


class TestUnlinked:
    def test_what_was_sent_is_taken_back_and_waits_for_a_number(
        self, registry: models.Registry, control: Control
    ) -> None:
        _deliver()
        assert sent_credits(factories.person_of("7"), registry.organization_id) == 1
        assert _unlink() == 1
        assert not models.Membership.objects.exists()
        _deliver()
        assert _there(control) == [(WRONG, "reversed")]
        last = models.Delivery.objects.latest("pk")
        assert (last.state, last.hold_code) == (State.HELD, HoldCode.NO_MEMBER_NUMBER)
        assert sent_credits(factories.person_of("7"), registry.organization_id) == 0
        _link(RIGHT)
        _deliver()
        assert _there(control) == [(WRONG, "reversed"), (RIGHT, "active")]

    def test_a_number_put_back_after_it_was_told_makes_a_new_credit(
        self, registry: models.Registry, control: Control
    ) -> None:
        _deliver()
        _unlink()
        _deliver()
        _link(WRONG)
        _deliver()
        assert _there(control) == [(WRONG, "reversed"), (WRONG, "active")]

    def test_where_nobody_is_linked_nothing_happens(self, registry: models.Registry) -> None:
        _unlink()
        assert _unlink() == 0
        assert _steps() == [("tell", 0, "pending")]

    def test_an_organization_that_awards_to_members_takes_the_credit_back_once(
        self, registry: models.Registry, control: Control
    ) -> None:
        rules = [factories.rule(ETHICS, "10")]
        draft = factories.table(registry.organization, rules, active=False)
        models.Schedule.objects.filter(pk=draft.pk).update(awards_to="members")
        activate(draft.pk, by="tester", now=_now(), resettle=False)
        _deliver()
        _unlink()
        assert models.Participation.objects.get().settle_at is not None
        settle_due(platform=factories.SmallPlatform(), now=_now())
        _deliver()
        assert _there(control) == [(WRONG, "reversed")]
        assert sum(models.CreditEntry.objects.values_list("hundredths", flat=True)) == 0


class TestTakenBackLater:
    def test_a_reversal_takes_back_the_last_telling_alone(
        self, registry: models.Registry, control: Control
    ) -> None:
        _deliver()
        _link(RIGHT)
        _deliver()
        _withdraw()
        _deliver()
        assert _there(control) == [(WRONG, "reversed"), (RIGHT, "reversed")]
        assert [one.reason for one in control.data().reversals] == ["another_number", "withdrawn"]

    def test_a_reversal_before_the_new_telling_went_out_leaves_only_the_taking_back(
        self, registry: models.Registry, control: Control
    ) -> None:
        _deliver()
        _link(RIGHT)
        _withdraw()
        _deliver()
        assert _there(control) == [(WRONG, "reversed")]
        assert {state for *_, state in _steps()} == {"delivered", "void"}

    def test_a_reversal_after_a_correction_that_was_undone_takes_back_what_stands(
        self, registry: models.Registry, control: Control
    ) -> None:
        _deliver()
        _link(RIGHT)
        _link(WRONG)
        _withdraw()
        _deliver()
        assert _there(control) == [(WRONG, "reversed")]

    def test_a_new_award_waits_for_the_taking_back(
        self, registry: models.Registry, control: Control
    ) -> None:
        _deliver()
        _link(RIGHT)
        _withdraw()
        factories.finish("7", ETHICS, T0 + timedelta(hours=2))
        factories.settle("7", now=_now())
        last = models.Delivery.objects.latest("pk")
        taking_back = models.Delivery.objects.get(errand=Errand.RETRACT, round=1)
        assert (last.state, last.after_id) == (State.HELD, taking_back.pk)
        _deliver()
        assert _there(control) == [(WRONG, "reversed"), (RIGHT, "active")]

    def test_what_was_reversed_under_the_wrong_number_is_not_told_again(
        self, registry: models.Registry, control: Control
    ) -> None:
        _deliver()
        _withdraw()
        _link(RIGHT)
        _deliver()
        assert _there(control) == [(WRONG, "reversed")]
        assert len(_steps()) == 2

    def test_a_correction_by_hand_waits_for_the_taking_back(
        self, registry: models.Registry, control: Control
    ) -> None:
        adjust.award(
            person_id=factories.person_of("7"),
            organization_id=registry.organization_id,
            hundredths=500,
            earned_on=T0.date(),
            reason="opening balance",
            by=OFFICER,
            now=_now(),
            activity_id=models.Activity.objects.get().pk,
        )
        _deliver()
        _link(RIGHT)
        entry = models.CreditEntry.objects.get(kind="adjustment")
        adjust.correct(entry_id=entry.pk, hundredths=700, reason="more", by=OFFICER, now=_now())
        last = models.Delivery.objects.latest("pk")
        assert last.after is not None
        assert (last.after.errand, last.after.entry_id) == (Errand.RETRACT, entry.pk)
        _deliver()
        there = [
            (one.member_number, one.hundredths)
            for one in control.data().credits
            if one.state.value == "active"
        ]
        assert sorted(there) == [(RIGHT, 700), (RIGHT, 1000)]


def test_a_second_registry_that_never_heard_of_it_hears_the_right_number_alone(
    registry: models.Registry, control: Control
) -> None:
    other = factories.registry(registry.organization, "Mirror")
    entry = models.CreditEntry.objects.get()
    deliver_registry(registry.pk)
    enqueue(
        [entry],
        organization_by_account={entry.account_id: registry.organization_id},
        person_id=factories.person_of("7"),
        now=_now(),
        registry_id=other.pk,
    )
    _link(RIGHT)
    assert models.Delivery.objects.filter(registry=other).count() == 1
    assert models.Delivery.objects.filter(registry=registry).count() == 3


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_numbers_corrected_while_couriers_deliver_end_under_the_last_of_each(
    registry: models.Registry, control: Control
) -> None:
    """Every member's credit counts once, under the number that is right in the end."""
    for number in range(6):
        factories.finish(f"p{number}", ETHICS, T0)
        factories.settle(f"p{number}", now=_now())
        for wrong in "abc":
            control.add_member(f"{wrong}{number}", f"Member {number}")

    def correct() -> None:
        for wrong in "abc":
            for number in range(6):
                factories.link(f"p{number}", registry.organization, f"{wrong}{number}", now=_now())

    def deliver() -> None:
        for _ in range(12):
            deliver_registry(registry.pk)

    together([correct, deliver, deliver])
    _deliver(12)
    active = sorted(
        one.member_number for one in control.data().credits if one.state.value == "active"
    )
    assert active == [WRONG, *(f"c{number}" for number in range(6))]
    taken_back = [one for one in control.data().credits if one.state.value == "reversed"]
    assert len(taken_back) == len(control.data().reversals)
    assert {state for *_, state in _steps()} <= {"delivered", "void"}
    _each_reference_is_used_once()


def test_a_registry_that_takes_nothing_back_leaves_it_to_an_administrator(
    registry: models.Registry, control: Control
) -> None:
    _deliver()
    _link(RIGHT)
    retraction = models.Delivery.objects.get(errand=Errand.RETRACT)
    models.Delivery.objects.filter(pk=retraction.pk).update(
        state=State.PARKED.value,
        reason="the registry has no way to take a credit back",
        due_at=None,
    )
    _deliver()
    assert _there(control) == [(WRONG, "active")]
    assert settle_by_hand(retraction.pk, done=True, by="omar", now=_now())
    _deliver()
    assert _there(control) == [(WRONG, "active"), (RIGHT, "active")]
