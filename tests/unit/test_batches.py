"""In which company credits are sent, and how a bad one is found in it."""

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cec_plugin.domain.batches import companies
from cec_plugin.domain.delivery import Outcome, Policy, Result
from cec_plugin.domain.ports import Posting
from cec_plugin.services.write import write


def test_what_never_failed_goes_as_many_as_one_call_takes() -> None:
    assert companies([0] * 5, 2) == [[0, 1], [2, 3], [4]]


def test_the_more_it_failed_the_fewer_go_with_it() -> None:
    assert companies([0, 1, 0, 1, 1], 8) == [[0, 2], [1, 3], [4]]
    assert companies([2, 2], 8) == [[0], [1]]


def test_one_at_a_time_where_the_registry_takes_no_more() -> None:
    assert companies([0, 3, 0], 1) == [[0], [2], [1]]


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 1000))
def test_everybody_goes_once(failures: list[int], bulk: int) -> None:
    together = companies(failures, bulk)
    assert sorted(at for one in together for at in one) == list(range(len(failures)))
    assert all(0 < len(one) <= bulk for one in together)


def test_a_bad_one_is_alone_before_it_is_given_up() -> None:
    last = Policy().max_failures - 1
    assert all(len(one) == 1 for one in companies([last] * 10, 1000))


class AllOrNothing:
    """A registry that writes a batch as a whole or refuses it as a whole."""

    def __init__(self, bad: set[str], result: Result) -> None:
        self.bad, self.result = bad, result
        self.written: list[str] = []
        self.calls = 0

    def post(self, posting: Posting) -> Outcome:
        return self._take([posting])

    def post_many(self, postings: Sequence[Posting]) -> list[Outcome] | Outcome:
        outcome = self._take(postings)
        return [outcome] * len(postings) if outcome.result is Result.DELIVERED else outcome

    def _take(self, postings: Sequence[Posting]) -> Outcome:
        self.calls += 1
        if any(one.reference in self.bad for one in postings):
            return Outcome(result=self.result, status=422)
        self.written += [one.reference for one in postings]
        return Outcome(result=Result.DELIVERED)


def _postings(count: int) -> list[Posting]:
    return [
        Posting(
            reference=str(number), member_number="M-1", activity="a", title="A",
            credit_type="cec", hundredths=100, unit="hours", earned_on=date(2026, 3, 1),
            role="learner",
        )
        for number in range(count)
    ]  # fmt: skip


@given(st.sets(st.integers(0, 15), max_size=16))
def test_every_bad_record_stands_alone_and_every_other_is_written_once(bad: set[int]) -> None:
    registry = AllOrNothing({str(one) for one in bad}, Result.REFUSED)
    came_to = {
        at: outcome.result
        for positions, outcomes in write(_postings(16), registry)
        for at, outcome in zip(positions, outcomes, strict=True)
    }
    assert {at for at, result in came_to.items() if result is Result.REFUSED} == bad
    assert sorted(map(int, registry.written)) == sorted(set(range(16)) - bad)


@pytest.mark.parametrize("result", [Result.AMBIGUOUS, Result.RETRYABLE, Result.CONFIGURATION])
def test_a_batch_that_may_have_been_written_is_not_sent_again(result: Result) -> None:
    registry = AllOrNothing({"3"}, result)
    ((positions, outcomes),) = write(_postings(8), registry)
    assert list(positions) == list(range(8))
    assert {one.result for one in outcomes} == {result}
    assert registry.calls == 1
