"""Cycles: they follow one another without a gap, whatever day they began on."""

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cec_plugin.domain.cycles import Cycle, CycleKind, Cycles, Leave, cycles_until, shrunk, windows

days = st.dates(min_value=date(1980, 1, 1), max_value=date(2060, 12, 31))
kinds = st.sampled_from([CycleKind.ANNIVERSARY, CycleKind.CALENDAR, CycleKind.FIXED])


def _bounds(cycles: Cycles, conferred_on: date, on: date) -> list[tuple[date, date | None]]:
    return [(one.starts_on, one.ends_on) for one in cycles_until(cycles, conferred_on, on)]


@given(kinds, days, days, st.integers(1, 60))
def test_cycles_follow_without_a_gap_and_the_last_holds_the_day(
    kind: CycleKind, conferred_on: date, on: date, months: int
) -> None:
    assume(conferred_on <= on)
    cycles = Cycles(kind=kind, months=months, anchor=date(2000, 2, 29))
    found = list(cycles_until(cycles, conferred_on, on))
    assert found[0].holds(conferred_on)
    assert found[-1].holds(on)
    for one, following in itertools.pairwise(found):
        assert one.ends_on is not None
        assert following.starts_on == one.ends_on + timedelta(days=1)


def test_an_anniversary_cycle_runs_to_the_day_before() -> None:
    year = Cycles(kind=CycleKind.ANNIVERSARY, grace_days=30)
    (first, second) = cycles_until(year, date(2025, 6, 15), date(2026, 6, 15))
    assert (first.starts_on, first.ends_on) == (date(2025, 6, 15), date(2026, 6, 14))
    assert first.grace_until == date(2026, 7, 14)
    assert second.starts_on == date(2026, 6, 15)


def test_what_was_conferred_on_a_leap_day_has_its_anniversary_back_in_leap_years() -> None:
    year = Cycles(kind=CycleKind.ANNIVERSARY)
    assert _bounds(year, date(2024, 2, 29), date(2028, 3, 1)) == [
        (date(2024, 2, 29), date(2025, 2, 27)),
        (date(2025, 2, 28), date(2026, 2, 27)),
        (date(2026, 2, 28), date(2027, 2, 27)),
        (date(2027, 2, 28), date(2028, 2, 28)),
        (date(2028, 2, 29), date(2029, 2, 27)),
    ]


def test_cycles_of_some_years_from_a_leap_day_end_on_the_day_before_it_comes_back() -> None:
    three = Cycles(kind=CycleKind.ANNIVERSARY, months=36)
    assert _bounds(three, date(2024, 2, 29), date(2030, 2, 28)) == [
        (date(2024, 2, 29), date(2027, 2, 27)),
        (date(2027, 2, 28), date(2030, 2, 27)),
        (date(2030, 2, 28), date(2033, 2, 27)),
    ]
    four = Cycles(kind=CycleKind.ANNIVERSARY, months=48)
    assert _bounds(four, date(2024, 2, 29), date(2028, 2, 28)) == [
        (date(2024, 2, 29), date(2028, 2, 28))
    ]


@pytest.mark.parametrize(
    ("begins", "days", "leave", "away"),
    [
        # The cycle from a leap day has 365 days, of which the leap day is one.
        (date(2024, 2, 29), 365, (date(2024, 2, 29), date(2024, 2, 29)), 1),
        # In a calendar year of 366 days, the leap day is one of them.
        (date(2024, 1, 1), 366, (date(2024, 2, 29), date(2024, 2, 29)), 1),
        (date(2024, 1, 1), 366, (date(2024, 2, 28), date(2024, 3, 1)), 3),
        # The cycle that ends on the leap day: a leave into the next one takes that day alone.
        (date(2023, 3, 1), 366, (date(2024, 2, 29), date(2024, 6, 1)), 1),
    ],
)
def test_a_leave_over_a_leap_day_counts_it_as_a_day(
    begins: date, days: int, leave: tuple[date, date], away: int
) -> None:
    (cycle,) = cycles_until(Cycles(kind=CycleKind.ANNIVERSARY), begins, begins)
    left = shrunk(100 * days, cycle, [Leave(starts_on=leave[0], ends_on=leave[1])])
    assert left == 100 * (days - away)


def test_calendar_and_fixed_cycles_are_the_same_for_everybody() -> None:
    calendar = Cycles(kind=CycleKind.CALENDAR, months=24)
    assert _bounds(calendar, date(2025, 6, 15), date(2025, 6, 15)) == [
        (date(2025, 1, 1), date(2026, 12, 31))
    ]
    fixed = Cycles(kind=CycleKind.FIXED, months=24, anchor=date(2024, 9, 1))
    for conferred_on in (date(2022, 9, 1), date(2023, 1, 1), date(2024, 8, 31)):
        assert _bounds(fixed, conferred_on, date(2024, 8, 31)) == [
            (date(2022, 9, 1), date(2024, 8, 31))
        ]


def test_a_rolling_window_ends_today_and_has_its_whole_length() -> None:
    rolling = Cycles(kind=CycleKind.ROLLING, months=36)
    assert _bounds(rolling, date(2015, 1, 1), date(2026, 5, 9)) == [
        (date(2023, 5, 10), date(2026, 5, 9))
    ]
    assert _bounds(rolling, date(2015, 1, 1), date(2024, 2, 29)) == [
        (date(2021, 3, 1), date(2024, 2, 29))
    ]


def test_before_it_was_conferred_there_is_no_cycle() -> None:
    for kind in CycleKind:
        cycles = Cycles(kind=kind, anchor=date(2020, 1, 1))
        assert _bounds(cycles, date(2025, 1, 2), date(2025, 1, 1)) == []


@given(days, st.sampled_from([(36, 12), (36, 6), (24, 12), (12, 1), (12, 12)]))
def test_windows_divide_their_cycle(conferred_on: date, months: tuple[int, int]) -> None:
    long, short = months
    (cycle,) = cycles_until(
        Cycles(kind=CycleKind.ANNIVERSARY, months=long), conferred_on, conferred_on
    )
    found = list(windows(cycle, short))
    assert len(found) == long // short
    assert (found[0].starts_on, found[-1].ends_on) == (cycle.starts_on, cycle.ends_on)
    for one, following in itertools.pairwise(found):
        assert one.ends_on is not None
        assert following.starts_on == one.ends_on + timedelta(days=1)


YEAR = Cycle(starts_on=date(2025, 1, 1), ends_on=date(2025, 12, 31), grace_until=None)


@pytest.mark.parametrize(
    ("leaves", "left"),
    [
        ([], 36500),
        ([(date(2025, 1, 1), date(2025, 1, 10))], 35500),
        ([(date(2024, 1, 1), date(2025, 1, 10))], 35500),
        ([(date(2025, 1, 1), date(2025, 1, 10)), (date(2025, 1, 5), date(2025, 1, 20))], 34500),
        ([(date(2025, 12, 31), date(2030, 1, 1))], 36400),
        ([(date(2024, 1, 1), date(2030, 1, 1))], 0),
        ([(date(2026, 1, 1), date(2026, 2, 1))], 36500),
    ],
)
def test_a_leave_shrinks_the_target_by_its_days(leaves: list[tuple[date, date]], left: int) -> None:
    away = [Leave(starts_on=begins, ends_on=ends) for begins, ends in leaves]
    assert shrunk(36500, YEAR, away) == left


def test_a_target_without_an_end_is_not_shrunk() -> None:
    open_ = Cycle(starts_on=date.min, ends_on=None, grace_until=None)
    leave = Leave(starts_on=date(2025, 1, 1), ends_on=date(2025, 6, 1))
    assert shrunk(1000, open_, [leave]) == 1000
    assert list(windows(open_, 12)) == []
