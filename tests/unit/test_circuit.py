"""When a registry is left alone as a whole."""

from datetime import UTC, datetime, timedelta

import pytest

from cec_plugin.domain.circuit import CLOSED, Circuit, after_call
from cec_plugin.domain.delivery import Outcome, Policy, Result

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
POLICY = Policy(trips_after=3, quiet_s=10, quiet_cap_s=60)
GONE = Outcome(result=Result.RETRYABLE, reason="no connection")
WELL = Outcome(result=Result.DELIVERED, status=201)


def _after(circuit: Circuit, *outcomes: Outcome, first: int = 1, jitter: float = 0) -> Circuit:
    for number, outcome in enumerate(outcomes, start=first):
        circuit = after_call(circuit, outcome, of=number, now=NOW, jitter=jitter, policy=POLICY)
    return circuit


def test_a_few_failed_calls_keep_nobody_back() -> None:
    circuit = _after(CLOSED, GONE, GONE)
    assert (circuit.troubles, circuit.is_open) == (2, False)


def test_after_several_in_a_row_nothing_is_sent_for_a_while() -> None:
    circuit = _after(CLOSED, GONE, GONE, GONE)
    assert circuit.since == NOW
    assert circuit.until == NOW + timedelta(seconds=10)
    assert circuit.reason == "no connection"
    assert circuit.is_quiet(NOW + timedelta(seconds=9))
    assert not circuit.is_quiet(NOW + timedelta(seconds=10))


def test_jitter_lengthens_the_wait_by_up_to_half() -> None:
    assert _after(CLOSED, GONE, GONE, GONE, jitter=1).until == NOW + timedelta(seconds=15)


def test_each_try_that_fails_doubles_the_wait_up_to_a_cap_and_keeps_since_when() -> None:
    circuit = _after(CLOSED, *[GONE] * 3)
    waits = []
    for number in range(4):
        circuit = after_call(
            circuit, GONE, of=3, now=NOW + timedelta(hours=number), jitter=0, policy=POLICY
        )
        assert circuit.until is not None
        waits.append((circuit.until - NOW - timedelta(hours=number)).total_seconds())
    assert waits == [20, 40, 60, 60]
    assert circuit.since == NOW


def test_one_call_that_goes_well_closes_it() -> None:
    assert _after(CLOSED, GONE, GONE, GONE, WELL) == CLOSED


def test_one_record_alone_never_opens_it() -> None:
    circuit = CLOSED
    for _ in range(20):
        circuit = after_call(circuit, GONE, of=7, now=NOW, jitter=0, policy=POLICY)
    assert not circuit.is_open


def test_a_registry_that_says_when_is_believed_at_once() -> None:
    busy = Outcome(result=Result.RETRYABLE, status=429, retry_after_s=90, reason="HTTP 429")
    circuit = _after(CLOSED, busy)
    assert circuit.until == NOW + timedelta(seconds=90)


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(result=Result.AMBIGUOUS, reason="no answer in time"),
        Outcome(result=Result.AMBIGUOUS, status=502),
        Outcome(result=Result.RETRYABLE, status=503),
        Outcome(result=Result.CONFIGURATION, status=200),
    ],
)
def test_what_may_be_the_registrys_own_trouble_counts(outcome: Outcome) -> None:
    assert _after(CLOSED, outcome).troubles == 1


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(result=Result.RETRYABLE, crowded=True),
        Outcome(result=Result.MEMBER, reason="no member number"),
        Outcome(result=Result.REFUSED, reason="the reference is too long"),
        Outcome(result=Result.UNABLE),
    ],
)
def test_what_never_reached_the_registry_says_nothing_of_it(outcome: Outcome) -> None:
    before = _after(CLOSED, GONE, GONE, GONE)
    assert _after(before, outcome, first=9) == before


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(result=Result.REFUSED, status=422),
        Outcome(result=Result.MEMBER, status=404),
        Outcome(result=Result.CONFLICT, status=409),
        Outcome(result=Result.AMBIGUOUS, status=200, reason="answered, but not found"),
    ],
)
def test_an_answer_about_one_record_is_an_answer(outcome: Outcome) -> None:
    assert _after(CLOSED, GONE, GONE, outcome) == CLOSED
