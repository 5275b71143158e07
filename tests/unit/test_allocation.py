"""Allocation: one line of credit for what an organization recognizes, or the reason for none."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cec_plugin.domain.allocation import (
    Finished,
    Line,
    Organization,
    Refusal,
    RefusalCode,
    local_date,
)
from cec_plugin.domain.basis import replay
from cec_plugin.domain.selectors import ActivityRef, Selector
from cec_plugin.domain.tables import Bonus, CreditTable, Rule, Version
from cec_plugin.domain.weigh import allocate
from tests.unit.examples import CPC, ETHICS, START, VERSION, day, finished, flat, per_hour, rule


def _decide(one: Finished, *rules: Rule, bonuses: dict[str, Bonus] | None = None) -> Line | Refusal:
    (decided,) = allocate([one], CPC, {VERSION.id: CreditTable(rules, bonuses or {})}.__getitem__)
    return decided


def test_a_learner_gets_the_rules_own_figure() -> None:
    given_line = _decide(finished(), rule(code="ethics"))
    assert isinstance(given_line, Line)
    assert (given_line.participation, given_line.rule, given_line.credit_type) == (
        "p1",
        "ethics",
        "cec",
    )
    assert (given_line.hundredths, given_line.earned_at) == (1000, START)
    assert given_line.version == VERSION.id  # the row, where the basis tells the number


def test_the_basis_of_a_line_tells_when_by_which_rule_of_which_version_and_how_much() -> None:
    given_line = _decide(finished(), rule("CPC", selector=Selector.ORGANIZATION, code="all"))
    assert isinstance(given_line, Line)
    assert given_line.basis == (
        {
            "step": "finished",
            "at": "2026-03-01T12:00:00+00:00",
            "from": "certificate_created",
            "steps": 2,
        },
        {
            "step": "rule",
            "version": 3,
            "rule": "all",
            "selector": "organization",
            "pattern": "CPC",
            "hundredths": 1000,
        },
    )


def test_another_role_gets_its_bonus_and_not_the_learners_figure() -> None:
    given_line = _decide(finished(role="presenter"), rule(), bonuses={"presenter": flat(250)})
    assert isinstance(given_line, Line)
    assert given_line.hundredths == 250
    assert given_line.basis[-1] == {
        "step": "bonus",
        "role": "presenter",
        "kind": "flat",
        "hundredths": 250,
    }


def test_a_role_is_credited_where_the_learner_has_no_figure_yet() -> None:
    given_line = _decide(finished(role="presenter"), rule(hundredths=None, bonuses={
        "presenter": flat(250)
    }))  # fmt: skip
    assert isinstance(given_line, Line)
    assert given_line.hundredths == 250


def test_a_bonus_for_each_hour_is_multiplied_by_the_hours_of_service() -> None:
    given_line = _decide(
        finished(role="volunteer", service=750), rule(), bonuses={"volunteer": per_hour(33)}
    )
    assert isinstance(given_line, Line)
    assert given_line.hundredths == 248  # 7.5 hours at 0.33: 2.475, half a hundredth up


def test_a_flat_bonus_does_not_ask_for_hours() -> None:
    given_line = _decide(
        finished(role="volunteer", service=750), rule(), bonuses={"volunteer": flat(33)}
    )
    assert isinstance(given_line, Line)
    assert given_line.hundredths == 33


TOLD = {"rule": "ethics", "version": "3"}


REFUSED: list[tuple[Finished, list[Rule], dict[str, Bonus], RefusalCode, dict[str, str]]] = [
    (finished(on=-90), [rule()], {}, RefusalCode.NO_TABLE, {"on": "2025-12-01"}),
    (finished(), [rule("other")], {}, RefusalCode.NO_RULE, {"version": "3"}),
    (
        finished(),
        [rule(hundredths=None, code="ethics")],
        {"learner": flat(500)},  # a learner's credit is the rule's own, never a bonus
        RefusalCode.NO_FIGURE,
        {**TOLD, "role": "learner"},
    ),
    (
        finished(role="presenter"),
        [rule(code="ethics")],
        {"overseer": flat(500)},
        RefusalCode.ROLE_NOT_CREDITED,
        {**TOLD, "role": "presenter"},
    ),
    (
        finished(role="presenter"),
        [rule(code="ethics")],
        {"presenter": flat(None)},
        RefusalCode.NO_FIGURE,
        {**TOLD, "role": "presenter"},
    ),
    (
        finished(role="presenter"),
        [rule(code="ethics")],
        {"presenter": per_hour(100)},
        RefusalCode.NO_HOURS,
        {**TOLD, "role": "presenter"},
    ),
    (
        finished(role="presenter"),
        [rule(code="ethics")],
        {"presenter": per_hour(None)},  # hours would not help: there is no figure
        RefusalCode.NO_FIGURE,
        {**TOLD, "role": "presenter"},
    ),
    (finished(), [rule(hundredths=0, code="ethics")], {}, RefusalCode.ZERO, TOLD),
    (
        finished(role="presenter", service=0),
        [rule(code="ethics")],
        {"presenter": per_hour(100)},
        RefusalCode.ZERO,
        TOLD,
    ),
    (
        finished(counts_from=day(30), counting=False),
        [rule(code="ethics")],
        {},
        RefusalCode.RUN_NOT_ENDED,
        {**TOLD, "until": "2026-03-31T12:00:00+00:00"},
    ),
    (
        finished(counting=False),
        [rule(code="ethics")],
        {},
        RefusalCode.RUN_NOT_ENDED,
        {**TOLD, "until": ""},
    ),
]


@pytest.mark.parametrize(
    ("one", "rules", "bonuses", "code", "details"), REFUSED, ids=[case[3] for case in REFUSED]
)
def test_what_earns_no_credit_says_why(
    one: Finished,
    rules: list[Rule],
    bonuses: dict[str, Bonus],
    code: RefusalCode,
    details: dict[str, str],
) -> None:
    refusal = _decide(one, *rules, bonuses=bonuses)
    assert refusal == Refusal(participation="p1", code=code, details=details)


def test_a_run_that_would_earn_nothing_anyway_does_not_ask_for_patience() -> None:
    refusal = _decide(finished(counts_from=day(30), counting=False), rule(hundredths=0))
    assert isinstance(refusal, Refusal)
    assert refusal.code is RefusalCode.ZERO


def test_what_waits_for_nothing_counts_at_once() -> None:
    one = Finished(
        key="p1",
        activity=ETHICS,
        role="learner",
        stints=(),
        earned_at=START,
        earned_from="notice",
    )
    assert isinstance(_decide(one, rule()), Line)


def test_what_counts_from_a_day_that_has_come_earns_its_credit() -> None:
    given_line = _decide(finished(counts_from=day(30)), rule())
    assert isinstance(given_line, Line)
    assert given_line.earned_at == START  # earned when it was finished, not when it began to count


def test_the_most_specific_rule_speaks_even_where_it_gives_nothing() -> None:
    refusal = _decide(finished(), rule(hundredths=0), rule("*", selector=Selector.GLOB))
    assert isinstance(refusal, Refusal)
    assert refusal.code is RefusalCode.ZERO


@pytest.mark.parametrize(
    ("instant", "where", "on"),
    [
        (datetime(2026, 1, 1, 4, 59, tzinfo=UTC), "America/Toronto", date(2025, 12, 31)),
        (datetime(2026, 1, 1, 5, 0, tzinfo=UTC), "America/Toronto", date(2026, 1, 1)),
        (datetime(2026, 7, 1, 4, 0, tzinfo=UTC), "America/Toronto", date(2026, 7, 1)),
        (datetime(2026, 1, 1, 3, 29, tzinfo=UTC), "America/St_Johns", date(2025, 12, 31)),
        (datetime(2025, 12, 31, 11, 0, tzinfo=UTC), "Pacific/Auckland", date(2026, 1, 1)),
    ],
)
def test_the_day_is_the_day_where_the_organization_is(
    instant: datetime, where: str, on: date
) -> None:
    assert local_date(instant, where) == on


def test_the_version_in_force_is_that_of_the_organizations_own_new_year() -> None:
    new = Version(id=72, number=4, effective_from=date(2027, 1, 1))
    toronto = Organization(id=5, code="cpc", time_zone="America/Toronto", versions=(VERSION, new))
    tables = {
        VERSION.id: CreditTable([rule(hundredths=1000)], {}),
        new.id: CreditTable([rule(hundredths=1200)], {}),
    }
    eve = datetime(2027, 1, 1, 4, 59, 59, tzinfo=UTC)
    at = [(eve - START).total_seconds() / 86400, (eve - START).total_seconds() / 86400 + 1 / 86400]
    lines = allocate(
        [finished("old", on=at[0]), finished("new", on=at[1])], toronto, tables.__getitem__
    )
    assert [(one.participation, one.hundredths, one.version) for one in lines] == [  # type: ignore[union-attr]
        ("old", 1000, 71),
        ("new", 1200, 72),
    ]


def test_only_the_tables_that_are_needed_are_asked_for() -> None:
    asked: list[int] = []

    def table_of(version: int) -> CreditTable:
        asked.append(version)
        return CreditTable([rule()], {})

    allocate([finished(on=-90)], CPC, table_of)
    assert asked == []
    allocate([finished()], CPC, table_of)
    assert asked == [VERSION.id]


participations = st.lists(
    st.builds(
        finished,
        st.uuids().map(str),
        activity=st.sampled_from([ETHICS, ActivityRef(key="webinar:1"), ActivityRef(key="gone")]),
        role=st.sampled_from(["learner", "presenter", "volunteer", "overseer"]),
        on=st.integers(min_value=-70, max_value=10),
        service=st.none() | st.integers(min_value=0, max_value=5000),
        counting=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda one: one.key,
)
figures = st.none() | st.integers(min_value=0, max_value=20000)


@given(participations, figures, figures, st.randoms(use_true_random=False))
def test_each_participation_gets_one_answer_in_the_order_of_date_and_key(
    some: list[Finished], hundredths: int | None, bonus: int | None, chance: Any
) -> None:
    table = CreditTable(
        [rule(hundredths=hundredths), rule("web*", 55, selector=Selector.GLOB)],
        {"presenter": flat(bonus), "volunteer": per_hour(bonus)},
    )
    shuffled = list(some)
    chance.shuffle(shuffled)
    answers = allocate(shuffled, CPC, lambda _: table)
    in_order = sorted(some, key=lambda one: (one.earned_at, one.key))
    assert [one.participation for one in answers] == [one.key for one in in_order]
    assert answers == allocate(some, CPC, lambda _: table)
    for answer in answers:
        if isinstance(answer, Line):
            assert answer.hundredths > 0
            assert replay(answer.basis) == answer.hundredths
