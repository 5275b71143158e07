"""After an attempt: what each class of outcome does to the delivery, and when it is tried again."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cec_plugin.domain.delivery import (
    Decision,
    Outcome,
    Policy,
    Presence,
    Result,
    State,
    after,
)
from tests.unit.examples import START as NOW

POLICY = Policy(
    base_s=10, cap_s=100, grace_s=30, max_failures=4, member_wait_s=1000, member_looks=3
)

outcomes = st.builds(
    Outcome,
    result=st.sampled_from(Result),
    reason=st.sampled_from(["", "HTTP 500"]),
    status=st.none() | st.integers(min_value=200, max_value=599),
    remote_id=st.sampled_from(["", "r-1"]),
    retry_after_s=st.none() | st.floats(min_value=0, max_value=10_000),
    found_nothing=st.booleans(),
)
counts = st.integers(min_value=0, max_value=200)
dice = st.floats(min_value=0, max_value=1)


def _after(
    outcome: Outcome | Result,
    *,
    failures: int = 0,
    looks: int = 0,
    lease: int = 1,
    presence: Presence = Presence.ABSENT,
    jitter: float = 0,
    policy: Policy = POLICY,
) -> Decision:
    if isinstance(outcome, Result):
        outcome = Outcome(result=outcome, reason="why")
    return after(
        outcome,
        failures=failures,
        looks=looks,
        lease=lease,
        presence=presence,
        now=NOW,
        jitter=jitter,
        policy=policy,
    )


def _wait_s(decision: Decision) -> float:
    assert decision.due_at is not None
    return (decision.due_at - NOW).total_seconds()


def test_delivered_is_done_with_the_registrys_own_id() -> None:
    outcome = Outcome(result=Result.DELIVERED, remote_id="r-1", reason="read back")
    assert _after(outcome, failures=2, lease=5, presence=Presence.UNKNOWN) == Decision(
        state=State.DELIVERED, presence=Presence.PRESENT, failures=2, remote_id="r-1"
    )


def test_what_can_be_retried_waits_and_is_not_the_credits_fault() -> None:
    assert _after(Result.RETRYABLE, failures=2) == Decision(
        state=State.PENDING,
        presence=Presence.ABSENT,
        failures=2,
        due_at=NOW + timedelta(seconds=10),
        reason="why",
    )


def test_what_can_be_retried_is_never_parked_however_long_it_lasts() -> None:
    decisions = [_after(Result.RETRYABLE, failures=99, lease=lease) for lease in (1, 50, 10**6)]
    assert {(one.state, one.failures) for one in decisions} == {(State.PENDING, 99)}


def test_an_ambiguous_write_is_pending_until_it_was_looked_up() -> None:
    assert _after(Outcome(result=Result.AMBIGUOUS, reason="why", remote_id="r-1")) == Decision(
        state=State.PENDING,
        presence=Presence.UNKNOWN,
        failures=1,
        due_at=NOW + timedelta(seconds=30),
        remote_id="r-1",
        reason="why",
    )


def test_an_ambiguous_write_is_parked_when_patience_ends() -> None:
    states = [_after(Result.AMBIGUOUS, failures=failures).state for failures in range(5)]
    assert states == [State.PENDING] * 3 + [State.PARKED] * 2
    assert _after(
        Outcome(result=Result.AMBIGUOUS, reason="why", remote_id="r-1"), failures=3
    ) == Decision(
        state=State.PARKED, presence=Presence.UNKNOWN, failures=4, remote_id="r-1", reason="why"
    )


def test_an_ambiguous_write_is_unknown_even_where_a_read_showed_nothing_before() -> None:
    outcome = Outcome(result=Result.AMBIGUOUS, found_nothing=True)
    assert _after(outcome, presence=Presence.ABSENT).presence is Presence.UNKNOWN


def test_a_wrong_configuration_pauses_the_registry_and_burns_no_attempt() -> None:
    assert _after(Result.CONFIGURATION, failures=3, lease=9) == Decision(
        state=State.PENDING,
        presence=Presence.ABSENT,
        failures=3,
        due_at=NOW,
        reason="why",
        pause=True,
    )


def test_what_the_registry_refuses_is_parked_with_its_own_words() -> None:
    outcome = Outcome(result=Result.REFUSED, reason="HTTP 422: hours", status=422)
    assert _after(outcome, failures=1) == Decision(
        state=State.PARKED, presence=Presence.ABSENT, failures=1, reason="HTTP 422: hours"
    )


@pytest.mark.parametrize("result", [Result.CONFLICT, Result.UNREADABLE])
def test_what_only_a_person_can_judge_is_parked_as_unknown(result: Result) -> None:
    outcome = Outcome(result=result, reason="why", remote_id="r-1", found_nothing=True)
    assert _after(outcome, failures=1) == Decision(
        state=State.PARKED, presence=Presence.UNKNOWN, failures=1, remote_id="r-1", reason="why"
    )


def test_an_unknown_member_is_held_and_looked_up_again_daily_for_some_days() -> None:
    assert _after(Result.MEMBER) == Decision(
        state=State.HELD,
        presence=Presence.ABSENT,
        failures=0,
        looks=1,
        due_at=NOW + timedelta(seconds=1000),
        reason="why",
    )
    looks = [_after(Result.MEMBER, looks=looked) for looked in range(4)]
    assert [one.due_at is not None for one in looks] == [True, True, False, False]
    assert {one.state for one in looks} == {State.HELD}


def test_days_of_an_unknown_member_do_not_use_up_the_patience_for_ambiguous_writes() -> None:
    failures = 0
    for _ in range(POLICY.member_looks):
        failures = _after(Result.MEMBER, failures=failures).failures
    assert _after(Result.AMBIGUOUS, failures=failures).state is State.PENDING


@pytest.mark.parametrize(
    "result", [Result.RETRYABLE, Result.CONFIGURATION, Result.REFUSED, Result.MEMBER]
)
@pytest.mark.parametrize("presence", list(Presence))
@pytest.mark.parametrize("found_nothing", [True, False])
def test_what_wrote_nothing_leaves_a_record_absent_only_where_that_is_proven(
    result: Result, presence: Presence, *, found_nothing: bool
) -> None:
    decision = _after(Outcome(result=result, found_nothing=found_nothing), presence=presence)
    proven = found_nothing or presence is Presence.ABSENT
    assert decision.presence is (Presence.ABSENT if proven else Presence.UNKNOWN)


def test_an_outcome_that_tells_of_no_read_proves_nothing() -> None:
    decision = _after(Result.RETRYABLE, presence=Presence.UNKNOWN)
    assert decision.presence is Presence.UNKNOWN


@given(outcomes, counts, counts, st.sampled_from(Presence), dice)
def test_every_outcome_leads_to_a_state_that_somebody_ends(
    outcome: Outcome, failures: int, lease: int, presence: Presence, jitter: float
) -> None:
    decision = _after(outcome, failures=failures, lease=lease, presence=presence, jitter=jitter)
    if decision.state is State.PENDING:
        assert decision.due_at is not None  # or no worker would ever claim it again
        assert decision.due_at >= NOW
    if decision.state in (State.DELIVERED, State.PARKED):
        assert decision.due_at is None
    assert decision.state is not State.VOID  # that is for a reversal to say, never an answer
    assert decision.pause == (outcome.result is Result.CONFIGURATION)
    assert (decision.state is State.DELIVERED) == (outcome.result is Result.DELIVERED)
    assert (decision.presence is Presence.PRESENT) == (outcome.result is Result.DELIVERED)
    assert decision.failures == failures + (outcome.result is Result.AMBIGUOUS)
    assert decision.looks == (outcome.result in (Result.MEMBER, Result.TAKEN))


def test_the_wait_doubles_with_every_attempt_up_to_the_cap() -> None:
    waits = [_wait_s(_after(Result.RETRYABLE, lease=lease)) for lease in range(1, 8)]
    assert waits == [10, 20, 40, 80, 100, 100, 100]


def test_the_wait_after_an_ambiguous_write_doubles_from_the_grace_period_to_the_cap() -> None:
    patient = Policy(base_s=10, cap_s=100, grace_s=30, max_failures=20)
    waits = [
        _wait_s(_after(Result.AMBIGUOUS, failures=failures, lease=50, policy=patient))
        for failures in range(7)
    ]
    assert waits == [30, 30, 40, 80, 100, 100, 100]


@pytest.mark.parametrize("lease", [0, 10**4, 10**9])
def test_no_number_of_attempts_is_too_large_to_wait_for(lease: int) -> None:
    assert _wait_s(_after(Result.RETRYABLE, lease=lease)) == (100 if lease else 10)


def test_a_cap_below_the_base_holds_from_the_first_attempt_on() -> None:
    assert _wait_s(_after(Result.RETRYABLE, policy=Policy(base_s=10, cap_s=3))) == 3


@given(counts, st.floats(min_value=0, max_value=10_000), dice)
def test_the_registrys_retry_after_is_never_cut_short(
    lease: int, retry_after_s: float, jitter: float
) -> None:
    outcome = Outcome(result=Result.RETRYABLE, retry_after_s=retry_after_s)
    wait_s = _wait_s(_after(outcome, lease=lease, jitter=jitter))
    assert wait_s >= retry_after_s - 1e-6  # instants are whole microseconds
    assert wait_s <= max(retry_after_s, POLICY.cap_s) * 1.5 + 1e-6


@pytest.mark.parametrize("result", [Result.RETRYABLE, Result.AMBIGUOUS, Result.MEMBER])
def test_jitter_lengthens_a_wait_by_up_to_half_and_never_shortens_it(result: Result) -> None:
    none, some, most = (_wait_s(_after(result, jitter=jitter)) for jitter in (0, 0.5, 1))
    assert (some, most) == (none * 1.25, none * 1.5)


def test_a_paused_registry_is_due_at_once_whatever_the_jitter() -> None:
    assert {_after(Result.CONFIGURATION, jitter=jitter).due_at for jitter in (0, 0.5, 1)} == {NOW}


@given(outcomes, counts, counts, st.sampled_from(Presence), dice)
def test_the_same_outcome_always_leads_to_the_same_decision(
    outcome: Outcome, failures: int, lease: int, presence: Presence, jitter: float
) -> None:
    def decide(now: datetime) -> Decision:
        return after(
            outcome,
            failures=failures,
            lease=lease,
            presence=presence,
            now=now,
            jitter=jitter,
            policy=POLICY,
        )

    first, later = decide(NOW), decide(NOW + timedelta(days=1))
    assert first == decide(NOW)
    assert (first.due_at is None) == (later.due_at is None)
    if first.due_at and later.due_at:
        assert later.due_at - first.due_at == timedelta(days=1)


def test_the_usual_policy_looks_for_a_member_for_a_week_and_waits_an_hour_at_most() -> None:
    usual = Policy()
    days = usual.member_looks * timedelta(seconds=usual.member_wait_s)
    assert days == timedelta(days=7)
    assert _wait_s(_after(Result.RETRYABLE, lease=99, policy=usual)) == 3600
    assert _wait_s(_after(Result.RETRYABLE, policy=usual)) == 15
    assert _wait_s(_after(Result.AMBIGUOUS, policy=usual)) == 60


def test_the_usual_policy_calls_an_administrator_at_the_sixth_ambiguous_attempt() -> None:
    fifth, sixth = (_after(Result.AMBIGUOUS, failures=n, policy=Policy()) for n in (4, 5))
    assert (fifth.state, sixth.state) == (State.PENDING, State.PARKED)


def test_what_may_have_been_written_before_we_were_refused_is_not_proven_absent() -> None:
    outcome = Outcome(result=Result.CONFIGURATION, maybe_written=True, remote_id="7")
    decision = _after(outcome, presence=Presence.ABSENT)
    assert (decision.presence, decision.pause, decision.remote_id) == (Presence.UNKNOWN, True, "7")


def test_a_full_rate_limit_of_ours_is_waited_for_and_not_backed_off_from() -> None:
    crowded = Outcome(result=Result.RETRYABLE, retry_after_s=7, crowded=True)
    assert _wait_s(_after(crowded, lease=9)) == 7
    assert _wait_s(_after(Outcome(result=Result.RETRYABLE, retry_after_s=7), lease=9)) == 100


class TestTaken:
    """What a registry took to confirm later is looked for, and parked when nothing ever came."""

    @staticmethod
    def _after(looks: int, *, told_later: bool = False) -> Decision:
        return after(
            Outcome(result=Result.TAKEN, reason="taken", told_later=told_later),
            failures=0, looks=looks, lease=1, presence=Presence.ABSENT, now=NOW, jitter=0,
            policy=Policy(receipt_wait_s=60, receipt_looks=2),
        )  # fmt: skip

    def test_it_waits_and_is_looked_for_again(self) -> None:
        first = self._after(0)
        assert (first.state, first.presence) == (State.HELD, Presence.UNKNOWN)
        assert first.due_at == NOW + timedelta(seconds=60)
        assert (first.looks, first.failures) == (1, 0)

    def test_where_nobody_can_look_it_waits_for_the_receipt(self) -> None:
        assert self._after(0, told_later=True).due_at is None

    def test_when_no_receipt_ever_comes_somebody_looks_into_it(self) -> None:
        assert self._after(2).state is State.PARKED
