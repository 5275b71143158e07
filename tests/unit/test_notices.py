"""Folding: whatever order the sources speak in, and however often, the same facts stand."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cec_plugin.domain.notices import Folded, Heard, Kind, Via, counts_for, fold
from tests.unit.examples import day, earned, stints, withdrawn

days = st.integers(min_value=0, max_value=6)
# A certificate's notice carries no date of finishing of its own accord, and what it carries is
# told for one instant in one way: the platform has one certificate for a learner and a run.
certificates = st.builds(
    lambda at, is_earned: earned(at, grade=f"0.{at}", mode="honor") if is_earned else withdrawn(at),
    days,
    st.booleans(),
)


@st.composite
def shuffled_twice(draw: st.DrawFn) -> tuple[list[Heard], list[Heard]]:
    """Draw notices, and the same ones repeated and in another order."""
    notices = draw(st.lists(certificates, max_size=8))
    repeats = draw(st.lists(st.sampled_from(notices), max_size=6)) if notices else []
    return notices, draw(st.permutations(notices + repeats))


@given(shuffled_twice())
@settings(max_examples=150)
def test_any_order_and_any_repetition_of_certificate_notices_folds_to_the_same(
    told: tuple[list[Heard], list[Heard]],
) -> None:
    once, again = told
    assert fold(again) == fold(once)


@given(st.lists(certificates, max_size=10))
def test_stints_are_numbered_from_one_and_follow_each_other(notices: list[Heard]) -> None:
    folded = fold(notices)
    assert [one.number for one in folded.stints] == list(range(1, len(folded.stints) + 1))
    ends: list[datetime] = []
    for number, one in enumerate(folded.stints, start=1):
        assert not ends or ends[-1] < one.began_at
        if one.ended_at is None:
            assert number == len(folded.stints)
        else:
            assert one.began_at <= one.ended_at
            ends.append(one.ended_at)


@given(st.lists(certificates, max_size=10))
def test_what_stands_is_what_was_told_last(notices: list[Heard]) -> None:
    last = max((one.occurred_at for one in notices), default=None)
    kinds = {one.kind for one in notices if one.occurred_at == last}
    assert fold(notices).stands == (kinds == {Kind.EARNED})


@given(st.lists(certificates, min_size=1, max_size=8), days)
def test_an_older_notice_never_overturns_a_newer_one(notices: list[Heard], at: int) -> None:
    last = max(notices, key=lambda one: one.occurred_at)
    late = [one for one in (earned(at), withdrawn(at)) if one.occurred_at < last.occurred_at]
    assert fold([*notices, *late]).stands == fold(notices).stands


def test_nothing_heard_stands_for_nothing() -> None:
    assert fold([]) == Folded(
        stints=(),
        first_earned_at=None,
        finished_at=None,
        grade="",
        mode="",
        service_hundredths=None,
    )
    assert not fold([]).stands


def test_a_withdrawal_of_what_was_never_earned_changes_nothing() -> None:
    assert fold([withdrawn(1), withdrawn(2)]) == fold([])
    assert fold([withdrawn(1), earned(2)]) == fold([earned(2)])


def test_the_same_completion_ten_times_is_one() -> None:
    assert fold([earned(1)] * 10).stints == stints(1, None)
    assert fold([earned(at) for at in range(1, 11)]).stints == stints(1, None)


def test_a_second_withdrawal_does_not_move_the_end() -> None:
    assert fold([earned(1), withdrawn(2), withdrawn(5)]).stints == stints(1, 2)


def test_pass_fail_pass_is_two_stints_whenever_it_is_heard() -> None:
    told = [earned(1), withdrawn(2), earned(3)]
    assert fold(told).stints == fold(told[::-1]).stints == stints(1, 2, 3, None)
    assert fold(told).stands


def test_pass_fail_no_longer_stands() -> None:
    folded = fold([earned(1), withdrawn(2)])
    assert folded.stints == stints(1, 2)
    assert not folded.stands


def test_at_the_very_same_instant_the_withdrawal_is_read_last() -> None:
    for told in ([earned(1), withdrawn(1)], [withdrawn(1), earned(1)]):
        assert fold(told).stints == stints(1, 1)
        assert not fold(told).stands


def test_the_latest_completion_gives_grade_mode_and_hours_of_service() -> None:
    told = [
        earned(1, grade="0.6", mode="audit", service=100),
        withdrawn(2),
        earned(3, grade="0.9", mode="verified", service=250),
        withdrawn(4),
    ]
    folded = fold(told[::-1])
    assert (folded.grade, folded.mode, folded.service_hundredths) == ("0.9", "verified", 250)


def test_a_second_completion_keeps_the_first_date() -> None:
    folded = fold([earned(5), withdrawn(6), earned(7)])
    assert folded.first_earned_at == day(5)
    assert folded.finished_at is None


def test_of_several_dates_of_finishing_the_earliest_holds() -> None:
    told = [earned(5, finished=4), earned(6), earned(7, finished=2), earned(8, finished=3)]
    assert fold(told).finished_at == fold(told[::-1]).finished_at == day(2)


def test_a_corrected_entry_gives_its_latest_date() -> None:
    told = [
        earned(5, via=Via.ENTRY, finished=2),
        earned(6, via=Via.ENTRY, finished=4),
        earned(7, via=Via.ENTRY),
    ]
    assert fold(told).finished_at == fold(told[::-1]).finished_at == day(4)


def test_a_correction_without_hours_takes_the_hours_back() -> None:
    told = [earned(5, via=Via.ENTRY, service=300), earned(6, via=Via.ENTRY)]
    assert fold(told).service_hundredths is None


@pytest.mark.parametrize("via", list(Via))
@pytest.mark.parametrize("earned_by", list(Via))
def test_what_is_no_learners_evidence_counts_everywhere_and_the_rest_for_its_own_kind(
    via: Via, earned_by: Via
) -> None:
    assert counts_for(via, earned_by) == (via in (Via.ENTRY, Via.TEAM) or via is earned_by)


def test_two_corrections_of_the_very_same_instant_fold_to_the_same_in_either_order() -> None:
    told = [
        earned(1, via=Via.ENTRY, finished=0, service=100, grade="0.5", mode="audit"),
        earned(1, via=Via.ENTRY, finished=1, service=300, grade="0.7", mode="honor"),
    ]
    assert fold(told) == fold(told[::-1])


def test_no_hours_and_zero_hours_told_at_the_very_same_instant_fold_to_the_same() -> None:
    told = [earned(1, via=Via.ENTRY, service=0), earned(1, via=Via.ENTRY)]
    assert fold(told) == fold(told[::-1])
