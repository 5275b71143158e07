"""Terms, conditions and periods: every contradiction is told, and dates hold at the edges."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cec_plugin.domain.conditions import Conditions, Repeat, parse_grade
from cec_plugin.domain.periods import Period
from cec_plugin.domain.tables import faults
from cec_plugin.domain.terms import Cap, Measure, Per, Terms
from tests.unit.examples import rule

days = st.dates(min_value=date(1950, 1, 1), max_value=date(2150, 12, 31))


@given(days, days, st.integers(1, 120))
def test_every_day_lies_in_exactly_one_period(anchor: date, on: date, months: int) -> None:
    period = Period(months=months, anchor=anchor)
    number = period.number(on)
    assert period.begins(number) <= on < period.begins(number + 1)


@given(days, st.integers(1, 120))
def test_a_period_begins_on_its_anchor_and_the_day_before_belongs_to_the_last(
    anchor: date, months: int
) -> None:
    period = Period(months=months, anchor=anchor)
    assert (period.number(anchor), period.begins(0)) == (0, anchor)
    assert period.number(anchor - timedelta(days=1)) == -1


def test_a_period_from_a_leap_day_is_back_on_it_in_the_next_leap_year() -> None:
    period = Period(months=12, anchor=date(2024, 2, 29))
    assert [period.begins(n) for n in range(5)] == [
        date(2024, 2, 29),
        date(2025, 2, 28),
        date(2026, 2, 28),
        date(2027, 2, 28),
        date(2028, 2, 29),
    ]
    assert period.number(date(2025, 2, 27)) == 0
    assert period.number(date(2028, 2, 28)) == 3


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ("0.85", 8500),
        ("0,85", 8500),
        ("1.0", 10000),
        ("1", 10000),
        ("1%", 100),
        ("85", 8500),
        ("85 %", 8500),
        ("0.69999", 6999),
        ("100", 10000),
        ("0", 0),
        ("", None),
        ("Pass", None),
        ("-0.1", None),
        ("NaN", None),
        ("1e999999", None),
        ("99999", None),
    ],
)
def test_a_grade_is_read_as_it_was_written_and_never_rounded_up(
    text: str, grade: int | None
) -> None:
    assert parse_grade(text) == grade


def test_a_table_that_contradicts_itself_tells_every_fault() -> None:
    wrong = replace(
        rule(),
        conditions=Conditions(
            minimum_grade=10_001,
            counts_from=date(2026, 2, 1),
            counts_until=date(2026, 1, 1),
            repeat=Repeat.ONCE_A_PERIOD,
        ),
    )
    caps = (
        Cap(code="a", roles=frozenset({"juggler"}), per=Per.PERIOD, hundredths=-1),
        Cap(code="a", roles=frozenset(), per=Per.ACTIVITY, hundredths=1),
    )
    terms = Terms(measure=Measure(units=0, increment=50, smallest=70), caps=caps)
    found = faults([wrong, rule(code="twin")], terms, roles=["learner"])
    assert found == [
        "unit: 0 for 1 hours is no ratio; both are 1 or more",
        "smallest: 0.7 is not a multiple of the increment 0.5, so no figure is ever that",
        "cap 'a': -0.01 is negative",
        "cap 'a': it is for each period, and the table has none",
        "cap 'a': there is no role 'juggler'",
        "cap 'a': the code is used twice",
        f"rule {wrong.code!r}, minimum grade: 100.01 per cent is not between 0 and 100",
        (
            f"rule {wrong.code!r}, counts from 2026-02-01 until 2026-01-01: the end lies before "
            "the beginning"
        ),
        f"rule {wrong.code!r}, once a period: the table has no period",
        found[-1],
    ]
    assert "tie" in found[-1]


@pytest.mark.parametrize(
    ("terms", "fault"),
    [
        (Terms(period=Period(months=0, anchor=date(2026, 1, 1))), "period: 0 months"),
        (Terms(period=Period(months=121, anchor=date(2026, 1, 1))), "period: 121 months"),
        (Terms(measure=Measure(increment=0)), "increment: 0 is none"),
        (Terms(measure=Measure(smallest=-1)), "smallest: -0.01 is negative"),
    ],
)
def test_terms_that_mean_nothing_are_refused(terms: Terms, fault: str) -> None:
    (found,) = faults([rule()], terms)
    assert found.startswith(fault)
