"""What limits a line: terms, conditions, roles, caps and programs; every step of it is needed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cec_plugin.domain.allocation import (
    STRANGER,
    Approval,
    Finished,
    Fixed,
    Line,
    OfParts,
    Person,
    Refusal,
    RefusalCode,
)
from cec_plugin.domain.basis import Step, replay
from cec_plugin.domain.conditions import Conditions, Repeat
from cec_plugin.domain.notices import Via
from cec_plugin.domain.periods import Period
from cec_plugin.domain.selectors import ActivityRef, Selector
from cec_plugin.domain.tables import Bonus, BonusKind, CreditTable, OfProgram, Rule
from cec_plugin.domain.terms import AwardsTo, Cap, Decides, Measure, Per, PeriodOf, Rounding, Terms
from cec_plugin.domain.weigh import allocate
from cec_plugin.exceptions import CecError
from tests.unit.examples import CPC, ETHICS, finished, flat, per_hour, rule, stints

AGAIN = replace(ETHICS, key="course-v1:CPC+Ethics+2027")
THEORY = ActivityRef(
    key="course-v1:CPC+Theory+2026", course="course-v1:CPC+Theory", organization="CPC"
)
CDP = ActivityRef(key="program:CPC+CDP")
YEAR = Period(months=12, anchor=date(2026, 1, 1))


def _weigh(
    what: Finished | Sequence[Finished],
    *rules: Rule,
    terms: Terms | None = None,
    bonuses: dict[str, Bonus] | None = None,
    person: Person = STRANGER,
) -> list[Line | Refusal]:
    table = CreditTable(rules or [rule()], bonuses or {}, terms or Terms())
    many = [what] if isinstance(what, Finished) else what
    return allocate(many, CPC, lambda _: table, person)


def _figures(decided: Sequence[Line | Refusal]) -> list[int | RefusalCode]:
    return [one.hundredths if isinstance(one, Line) else one.code for one in decided]


def _with(conditions: Conditions, hundredths: int = 1000) -> Rule:
    return replace(rule(hundredths=hundredths), conditions=conditions)


def _course(key: str, on: float, **fields: object) -> Finished:
    one = ActivityRef(key=f"course-v1:CPC+{key}+1", course=f"course-v1:CPC+{key}")
    return replace(finished(key, activity=one, on=on), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("measure", "hours", "units"),
    [
        (Measure(), 6667, 6667),
        (Measure(units=1, per_hours=10, increment=10), 1000, 100),  # IACET: 1 CEU is 10 hours
        (Measure(units=1, per_hours=10, increment=10), 149, 10),  # 0.149 CEU, to tenths
        (Measure(units=1, per_hours=10, increment=10), 150, 20),
        (Measure(units=5, per_hours=1), 150, 750),  # paramedics: 1 hour is 5 credits
        (Measure(units=6, per_hours=5, increment=20, rounding=Rounding.DOWN), 100, 120),  # NASBA
        (Measure(units=6, per_hours=5, increment=20, rounding=Rounding.DOWN), 133, 140),
        (Measure(units=6, per_hours=5, increment=50, rounding=Rounding.DOWN), 133, 150),
        (
            Measure(units=6, per_hours=5, increment=20, rounding=Rounding.DOWN, smallest=100),
            83,
            0,
        ),
        (
            Measure(units=6, per_hours=5, increment=20, rounding=Rounding.DOWN, smallest=100),
            84,
            100,
        ),
        (Measure(units=1, per_hours=3, increment=1, rounding=Rounding.UP), 100, 34),
    ],
)
def test_hours_become_the_organizations_unit(measure: Measure, hours: int, units: int) -> None:
    assert measure.reckon(hours) == units
    (decided,) = _weigh(finished(), rule(hundredths=hours), terms=Terms(measure=measure))
    assert _figures([decided]) == [units or RefusalCode.ZERO]


@given(
    st.integers(0, 10_000_000),
    st.integers(1, 60),
    st.integers(1, 60),
    st.sampled_from([1, 5, 10, 20, 25, 50, 100]),
    st.sampled_from(list(Rounding)),
)
def test_rounding_is_never_an_increment_off(
    hours: int, units: int, per_hours: int, increment: int, rounding: Rounding
) -> None:
    measure = Measure(units=units, per_hours=per_hours, increment=increment, rounding=rounding)
    off = measure.reckon(hours) * per_hours - hours * units  # in 1/per_hours of a hundredth
    assert measure.reckon(hours) % increment == 0
    match rounding:
        case Rounding.DOWN:
            assert -increment * per_hours < off <= 0
        case Rounding.UP:
            assert 0 <= off < increment * per_hours
        case _:
            assert -increment * per_hours < 2 * off <= increment * per_hours


@pytest.mark.parametrize(
    ("asked", "one", "code"),
    [
        (Conditions(modes=frozenset({"verified"})), {"mode": "audit"}, RefusalCode.MODE),
        (Conditions(minimum_grade=7000), {"grade": "0.6999"}, RefusalCode.GRADE),
        (Conditions(minimum_grade=7000), {"grade": ""}, RefusalCode.GRADE),
        (Conditions(minimum_grade=7000), {"grade": "Pass"}, RefusalCode.GRADE),
        (
            Conditions(evidence=frozenset({Via.CERTIFICATE})),
            {"via": Via.PASSING},
            RefusalCode.EVIDENCE,
        ),
        (Conditions(evidence=frozenset({Via.CERTIFICATE})), {"via": None}, RefusalCode.EVIDENCE),
        (Conditions(registered=True), {"registered": False}, RefusalCode.NOT_REGISTERED),
        (Conditions(registered=True), {"registered": None}, RefusalCode.NOT_REGISTERED),
        (Conditions(related=True), {}, RefusalCode.NEEDS_WORD),
        (Conditions(counts_from=date(2026, 3, 2)), {}, RefusalCode.OUTSIDE_DATES),
        (Conditions(counts_until=date(2026, 2, 28)), {}, RefusalCode.OUTSIDE_DATES),
    ],
)
def test_what_a_rule_asks_and_nobody_meets_is_refused(
    asked: Conditions, one: dict[str, object], code: RefusalCode
) -> None:
    what = replace(finished(), **one)  # type: ignore[arg-type]
    assert _figures(_weigh(what, _with(asked))) == [code]


ASKED = Conditions(
    modes=frozenset({"verified", "honor"}),
    minimum_grade=7000,
    evidence=frozenset({Via.CERTIFICATE}),
    registered=True,
    related=True,
    counts_from=date(2026, 3, 1),
    counts_until=date(2026, 3, 1),
)
MEETS = {
    "mode": "honor",
    "grade": "0.7",
    "via": Via.CERTIFICATE,
    "registered": True,
    "related": True,
}


def test_what_meets_every_condition_says_by_what() -> None:
    (line,) = _weigh(replace(finished(), **MEETS), _with(ASKED))  # type: ignore[arg-type]
    assert isinstance(line, Line)
    assert line.basis[2] == {
        "step": "met",
        "on": "2026-03-01",
        "mode": "honor",
        "grade": "0.7",
        "via": "certificate",
        "registered": "yes",
        "related": "yes",
    }


def test_what_is_asked_of_learners_is_not_asked_of_other_roles() -> None:
    asked = replace(ASKED, counts_from=None, counts_until=None)
    decided = _weigh(finished(role="presenter"), _with(asked), bonuses={"presenter": flat(250)})
    assert _figures(decided) == [250]


def test_the_days_that_count_hold_for_every_role() -> None:
    asked = Conditions(counts_from=date(2026, 3, 2))
    decided = _weigh(finished(role="presenter"), _with(asked), bonuses={"presenter": flat(250)})
    assert _figures(decided) == [RefusalCode.OUTSIDE_DATES]


@pytest.mark.parametrize(
    ("repeat", "days", "given_for"),
    [
        (Repeat.ALWAYS, (0, 10, 400), [1000, 1000, 1000]),
        (Repeat.ONCE, (0, 10, 400), [1000, "repeated", "repeated"]),
        (Repeat.ONCE_A_PERIOD, (0, 10, 400), [1000, "repeated", 1000]),
    ],
)
def test_the_same_course_counts_as_often_as_the_rule_says(
    repeat: Repeat, days: Sequence[int], given_for: list[int | str]
) -> None:
    course = rule(ETHICS.course, 1000)
    course = replace(course, selector=course.selector.COURSE, conditions=Conditions(repeat=repeat))
    runs = [
        finished(f"p{n}", activity=replace(ETHICS, key=f"course-v1:CPC+Ethics+{n}"), on=on)
        for n, on in enumerate(days)
    ]
    assert _figures(_weigh(runs, course, terms=Terms(period=YEAR))) == given_for


def test_what_no_longer_stands_uses_up_neither_the_first_time_nor_a_cap() -> None:
    once = replace(rule(ETHICS.course), selector=rule().selector.COURSE)
    once = replace(once, conditions=Conditions(repeat=Repeat.ONCE))
    gone = finished("p0", over=stints(0, 1))
    cap = Cap(code="c", roles=frozenset(), per=Per.PERIOD, hundredths=1000)
    terms = Terms(period=YEAR, caps=(cap,))
    assert _figures(_weigh([gone, finished("p1", activity=AGAIN, on=5)], once, terms=terms)) == [
        1000,
        1000,
    ]


def test_a_multiple_is_of_the_learners_credit() -> None:
    double = Bonus(kind=BonusKind.MULTIPLE, hundredths=200)
    decided = _weigh(finished(role="presenter"), bonuses={"presenter": double})
    assert _figures(decided) == [2000]


def test_a_multiple_of_no_figure_waits() -> None:
    double = Bonus(kind=BonusKind.MULTIPLE, hundredths=200)
    decided = _weigh(
        finished(role="presenter"), rule(hundredths=None), bonuses={"presenter": double}
    )
    assert _figures(decided) == [RefusalCode.NO_FIGURE]


def test_a_first_presentation_counts_and_no_later_run() -> None:
    first = Bonus(kind=BonusKind.FLAT, hundredths=200, first_time_only=True)
    course = replace(rule(ETHICS.course), selector=rule().selector.COURSE)
    decided = _weigh(
        [
            finished("p2", activity=AGAIN, role="presenter", on=300),
            finished("p1", role="presenter"),
        ],
        course,
        bonuses={"presenter": first},
    )
    assert _figures(decided) == [200, RefusalCode.REPEATED]


@pytest.mark.parametrize("own_on", [-5, 5])
def test_a_role_that_does_not_stack_gives_way_to_the_learners_credit(own_on: int) -> None:
    instead = Bonus(kind=BonusKind.FLAT, hundredths=200, stacks=False)
    own, served = finished("p1", on=own_on), finished("p2", role="presenter")
    for stacks, given_for in ((False, {1000, RefusalCode.NOT_STACKING}), (True, {1000, 200})):
        bonuses = {"presenter": replace(instead, stacks=stacks)}
        assert set(_figures(_weigh([own, served], bonuses=bonuses))) == given_for
    assert _figures(_weigh([served], bonuses={"presenter": instead})) == [200]


@pytest.mark.parametrize(
    ("person", "asked", "given_for"),
    [
        (
            Person(
                fixed={
                    "p1": Fixed(
                        adjustment=1,
                        on=date(2026, 5, 1),
                        hundredths=0,
                        credit_type="cec",
                        rule="ethics",
                        version=1,
                    )
                }
            ),
            Conditions(),
            [RefusalCode.BY_HAND, 200],
        ),
        (
            Person(approvals={"p1": Approval(approved=False, on=date(2026, 5, 1))}),
            Conditions(approval=True),
            [RefusalCode.DECLINED, RefusalCode.AWAITS_APPROVAL],
        ),
    ],
)
def test_a_role_gives_way_to_no_credit_that_officers_took_back_or_declined(
    person: Person, asked: Conditions, given_for: list[int | RefusalCode]
) -> None:
    instead = Bonus(kind=BonusKind.FLAT, hundredths=200, stacks=False)
    both = [finished("p1"), finished("p2", role="presenter")]
    decided = _weigh(both, _with(asked), bonuses={"presenter": instead}, person=person)
    assert _figures(decided) == given_for


def test_in_washington_an_instructor_who_attends_has_double() -> None:
    same = Bonus(kind=BonusKind.MULTIPLE, hundredths=100)
    both = [finished("p1"), finished("p2", role="presenter")]
    assert _figures(_weigh(both, bonuses={"presenter": same})) == [1000, 1000]


def test_at_bc_housing_delivering_is_worth_zero_and_developing_a_point_an_hour() -> None:
    roles = {"presenter": flat(0), "developer": per_hour(100)}
    served = [finished("p1", role="presenter"), finished("p2", role="developer", service=350)]
    assert _figures(_weigh(served, bonuses=roles)) == [RefusalCode.ZERO, 350]


def test_roles_of_a_group_share_their_cap_and_others_do_not() -> None:
    group = Cap(
        code="teaching", roles=frozenset({"presenter", "developer"}), per=Per.PERIOD, hundredths=500
    )
    roles = {"presenter": flat(300), "developer": flat(300), "volunteer": flat(300)}
    served = [
        finished("p1", role="presenter", on=0),
        finished("p2", role="developer", on=1),
        finished("p3", role="volunteer", on=2),
        finished("p4", role="presenter", activity=THEORY, on=3),
        finished("p5", role="presenter", activity=THEORY, on=330),
        finished("p6", on=4),
    ]
    decided = _weigh(
        served,
        rule(),
        rule(THEORY.key),
        bonuses=roles,
        terms=Terms(period=YEAR, caps=(group,)),
    )
    assert _figures(decided) == [300, 200, 300, RefusalCode.CAPPED, 1000, 300]
    assert isinstance(decided[1], Line)
    assert decided[1].basis[-1] == {
        "step": "cap",
        "cap": "teaching",
        "per": "period",
        "limit": 500,
        "used": 300,
        "hundredths": -100,
    }


def test_a_cap_on_an_activity_counts_each_activity_by_itself() -> None:
    each = Cap(code="each", roles=frozenset(), per=Per.ACTIVITY, hundredths=1200)
    roles = {"presenter": flat(300)}
    many = [finished("p1"), finished("p2", role="presenter", on=1), _course("Other", 2)]
    decided = _weigh(
        many,
        rule(),
        rule("course-v1:CPC+Other+1"),
        bonuses=roles,
        terms=Terms(caps=(each,)),
    )
    assert _figures(decided) == [1000, 200, 1000]


@given(
    st.lists(st.tuples(st.integers(0, 700), st.booleans()), max_size=12),
    st.integers(0, 3000),
    st.randoms(use_true_random=False),
)
def test_a_cap_holds_in_whatever_order_and_is_used_up_where_there_is_enough(
    courses: list[tuple[int, bool]], limit: int, shuffle: object
) -> None:
    cap = Cap(code="c", roles=frozenset(), per=Per.PERIOD, hundredths=limit)
    many = [
        _course(f"C{n}", on, stints=stints(0, None) if stands else stints(0, 1))
        for n, (on, stands) in enumerate(courses)
    ]
    shuffled = list(many)
    shuffle.shuffle(shuffled)  # type: ignore[attr-defined]
    every = rule("*", 700, selector=rule().selector.GLOB)
    terms = Terms(period=YEAR, caps=(cap,))
    decided = _weigh(many, every, terms=terms)
    assert decided == _weigh(shuffled, every, terms=terms)
    for year in (2026, 2027, 2028):
        here = [one for one in many if one.stands and one.earned_at.year == year]
        keys = {one.key for one in here}
        total = sum(
            one.hundredths for one in decided if isinstance(one, Line) and one.participation in keys
        )
        assert total == min(limit, 700 * len(here))


@pytest.mark.parametrize(
    ("zone", "instants", "figures"),
    [
        # The last hour of 2026 in Vancouver is in 2027 for UTC: both sides of the same edge.
        (
            "America/Vancouver",
            ["2026-12-31T20:00:00+00:00", "2027-01-01T07:59:59+00:00", "2027-01-01T08:00:00+00:00"],
            [700, 300, 700],
        ),
        (
            "UTC",
            ["2026-12-31T20:00:00+00:00", "2027-01-01T07:59:59+00:00", "2027-01-01T08:00:00+00:00"],
            [700, 700, 300],
        ),
        # In Auckland 2027 begins while UTC has eleven hours of 2026 left.
        (
            "Pacific/Auckland",
            ["2026-12-31T10:59:59+00:00", "2026-12-31T11:00:00+00:00", "2026-12-31T12:00:00+00:00"],
            [700, 700, 300],
        ),
    ],
)
def test_a_cap_adds_up_over_the_periods_of_where_the_organization_is(
    zone: str, instants: list[str], figures: list[int]
) -> None:
    cap = Cap(code="c", roles=frozenset(), per=Per.PERIOD, hundredths=1000)
    table = CreditTable(
        [rule("*", 700, selector=rule().selector.GLOB)], {}, Terms(period=YEAR, caps=(cap,))
    )
    many = [
        replace(_course(f"C{n}", 0), earned_at=datetime.fromisoformat(at))
        for n, at in enumerate(instants)
    ]
    assert _figures(allocate(many, replace(CPC, time_zone=zone), lambda _: table)) == figures


@pytest.mark.parametrize(
    ("anchor", "before", "on_the_day"),
    [
        # Clocks go forward on 8 March 2026 and back on 1 November: midnight is at 5 and 4 o'clock.
        (date(2026, 3, 8), "2026-03-08T04:59:59+00:00", "2026-03-09T03:59:59+00:00"),
        (date(2026, 11, 1), "2026-11-01T03:59:59+00:00", "2026-11-02T04:59:59+00:00"),
        # A period that begins on a leap day.
        (date(2028, 2, 29), "2028-02-29T04:59:59+00:00", "2028-03-01T04:59:59+00:00"),
    ],
)
def test_a_period_begins_at_midnight_on_the_night_the_clocks_change_too(
    anchor: date, before: str, on_the_day: str
) -> None:
    cap = Cap(code="c", roles=frozenset(), per=Per.PERIOD, hundredths=700)
    table = CreditTable(
        [rule("*", 700, selector=rule().selector.GLOB)],
        {},
        Terms(period=Period(months=12, anchor=anchor), caps=(cap,)),
    )
    last, first, again = (
        replace(_course(f"C{n}", 0), earned_at=datetime.fromisoformat(at))
        for n, at in enumerate((before, on_the_day, on_the_day))
    )
    assert _figures(allocate([last, first, again], CPC, lambda _: table)) == [
        700,
        700,
        RefusalCode.CAPPED,
    ]


def test_a_freed_cap_is_given_again() -> None:
    cap = Cap(code="c", roles=frozenset(), per=Per.PERIOD, hundredths=1500)
    terms, every = Terms(period=YEAR, caps=(cap,)), rule("*", selector=rule().selector.GLOB)
    first, second = _course("A", 0), _course("B", 1)
    assert _figures(_weigh([first, second], every, terms=terms)) == [1000, 500]
    revoked = replace(first, stints=stints(0, 9))
    assert _figures(_weigh([revoked, second], every, terms=terms))[1] == 1000


def _program(on: float, parts: Sequence[Finished]) -> Finished:
    of = OfParts(program=CDP.key, parts=frozenset(part.key for part in parts))
    return replace(finished("cdp", activity=CDP, on=on), of_parts=of)


CPC_COURSES = [
    _course("Ethics", 0),
    _course("Theory", 10),
    _course("One", 20),
    _course("Two", 30),
    _course("Three", 40),
]
CPC_RULES = [
    rule("course-v1:CPC+Ethics+1", 1000),
    rule("course-v1:CPC+Theory+1", 4000),
    rule("course-v1:CPC+One+1", 5000),
    rule("course-v1:CPC+Two+1", 5000),
    rule("course-v1:CPC+Three+1", 5000),
    rule(CDP.key, 20000),
]


def test_cpcs_program_is_what_its_courses_earned_and_the_top_up_of_zero_is_told() -> None:
    decided = _weigh([_program(40, CPC_COURSES), *CPC_COURSES], *CPC_RULES)
    assert _figures(decided) == [1000, 4000, 5000, 5000, 5000, RefusalCode.INCLUDED]
    assert isinstance(decided[-1], Refusal)
    assert decided[-1].details["included"] == decided[-1].details["figure"] == "20000"


def test_an_inclusive_program_tops_up_and_an_additional_one_adds() -> None:
    some = CPC_COURSES[:2]
    program = _program(40, some)
    (*_, line) = _weigh([program, *some], *CPC_RULES)
    assert isinstance(line, Line)
    assert line.hundredths == 15000
    assert line.basis[-1] == {"step": "included", "program": CDP.key, "hundredths": -5000}
    additional = replace(CPC_RULES[-1], of_program=OfProgram.ADDITIONAL)
    assert _figures(_weigh([program, *some], *CPC_RULES[:-1], additional))[-1] == 20000


def test_a_program_counts_once_however_often_it_is_entered() -> None:
    by_hand = replace(_program(50, []), key="again")
    decided = _weigh([_program(40, []), by_hand], *CPC_RULES)
    assert _figures(decided) == [20000, RefusalCode.REPEATED]


@pytest.mark.parametrize(
    ("member", "given_for"),
    [
        ((), RefusalCode.NOT_MEMBER),
        (((None, None),), 1000),
        (((date(2026, 3, 1), None),), 1000),
        (((date(2026, 3, 2), None),), RefusalCode.NOT_MEMBER),
        (((None, date(2026, 3, 1)),), 1000),
        (((None, date(2026, 2, 28)),), RefusalCode.NOT_MEMBER),
    ],
)
def test_members_are_members_on_the_day_of_finishing(
    member: tuple[tuple[date | None, date | None], ...], given_for: int | RefusalCode
) -> None:
    terms = Terms(awards_to=AwardsTo.MEMBERS)
    decided = _weigh(finished(), terms=terms, person=Person(member=member))
    assert _figures(decided) == [given_for]


def test_an_estimate_is_a_figure_and_no_credit() -> None:
    (refusal,) = _weigh(finished(), terms=Terms(decides=Decides.ESTIMATE))
    assert isinstance(refusal, Refusal)
    assert refusal.code is RefusalCode.ESTIMATE
    assert refusal.details["hundredths"] == "1000"


def test_a_line_waits_for_approval_and_says_under_which_code_it_came() -> None:
    asked = _with(Conditions(approval=True))
    assert _figures(_weigh(finished(), asked)) == [RefusalCode.AWAITS_APPROVAL]
    on = date(2026, 4, 1)
    yes = Person(approvals={"p1": Approval(approved=True, on=on, code="HR-17")})
    (line,) = _weigh(finished(), asked, person=yes)
    assert isinstance(line, Line)
    assert line.basis[-1] == {"step": "approved", "on": "2026-04-01", "code": "HR-17"}
    no = Person(approvals={"p1": Approval(approved=False, on=on)})
    assert _figures(_weigh(finished(), asked, person=no)) == [RefusalCode.DECLINED]


def _everything() -> Line:
    """Return a line with every step there is: rule, met, bonus, measure, cap, approved."""
    cap = Cap(code="c", roles=frozenset(), per=Per.PERIOD, hundredths=1300)
    terms = Terms(
        measure=Measure(units=5, per_hours=1, increment=50, rounding=Rounding.DOWN),
        period=YEAR,
        caps=(cap,),
    )
    asked = _with(Conditions(approval=True, counts_from=date(2026, 1, 1)))
    yes = Person(approvals={"p1": Approval(approved=True, on=date(2026, 4, 1))})
    (line,) = _weigh(
        finished(role="presenter", service=333),
        asked,
        terms=terms,
        bonuses={"presenter": per_hour(100)},
        person=yes,
    )
    assert isinstance(line, Line)
    return line


def _read(steps: Sequence[Step]) -> int | None:
    try:
        return replay(steps)
    except CecError:
        return None


def _lines() -> list[Line]:
    some = CPC_COURSES[:2]
    (*_, topped_up) = _weigh([_program(40, some), *some], *CPC_RULES)
    double = {"presenter": Bonus(kind=BonusKind.MULTIPLE, hundredths=200)}
    (multiple,) = _weigh(finished(role="presenter"), bonuses=double)
    found = [_everything(), topped_up, multiple]
    return [one for one in found if isinstance(one, Line)]


@pytest.mark.parametrize("line", _lines(), ids=["everything", "program", "multiple"])
def test_any_step_that_is_taken_out_shows(line: Line) -> None:
    assert replay(line.basis) == line.hundredths
    for at in range(len(line.basis)):
        left = [*line.basis[:at], *line.basis[at + 1 :]]
        assert _read(left) != line.hundredths, line.basis[at]


@pytest.mark.parametrize("line", _lines(), ids=["everything", "program", "multiple"])
def test_any_figure_that_is_changed_shows(line: Line) -> None:
    decisive = {
        "hundredths",
        "service_hundredths",
        "learner_hundredths",
        "units",
        "per_hours",
        "limit",
        "used",
        "steps",
    }
    (*_, bonus) = [one for one in line.basis if one["step"] in ("bonus", "rule")]
    for at, step in enumerate(line.basis):
        if step["step"] == "rule" and bonus["step"] == "bonus":
            continue  # the learner's figure is not this role's
        for name in decisive & set(step):
            changed = {**step, name: int(step[name]) + 100}
            assert _read([*line.basis[:at], changed, *line.basis[at + 1 :]]) != line.hundredths


def test_every_step_that_there_is_was_taken_out_of_some_line() -> None:
    told = {str(step["step"]) for line in _lines() for step in line.basis}
    assert told == {
        "finished", "rule", "met", "bonus", "measure", "included", "cap", "approved",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "terms", "code", "told"),
    [
        (
            Conditions(minimum_grade=6000),
            Terms(),
            RefusalCode.GRADE,
            ["finished", "rule"],
        ),
        (
            Conditions(),
            Terms(measure=Measure(per_hours=10), decides=Decides.ESTIMATE),
            RefusalCode.ESTIMATE,
            ["finished", "rule", "measure"],
        ),
    ],
)
def test_a_refusal_tells_its_steps_up_to_where_it_ended(
    asked: Conditions, terms: Terms, code: RefusalCode, told: list[str]
) -> None:
    (refusal,) = _weigh(finished(), _with(asked), terms=terms)
    assert isinstance(refusal, Refusal)
    assert refusal.code is code
    assert [step["step"] for step in refusal.steps] == told
    if "hundredths" in refusal.details:
        assert replay(refusal.steps) == int(refusal.details["hundredths"])


def test_a_persons_own_period_runs_from_their_conferral_and_the_tables_for_everybody_else() -> None:
    """A cap of 15 a year, and one course each in March and in July of 2026."""
    cap = Cap(code="year", roles=frozenset(), per=Per.PERIOD, hundredths=1500)
    terms = Terms(period=YEAR, period_of=PeriodOf.PERSON, caps=(cap,))
    courses = [_course("A", 0), _course("B", 120)]
    everything = rule("course-v1:CPC+*", selector=Selector.GLOB)
    in_june = Person(conferred_on=date(2024, 6, 1))
    assert _figures(_weigh(courses, everything, terms=terms)) == [1000, 500]
    assert _figures(_weigh(courses, everything, terms=terms, person=in_june)) == [1000, 1000]
    same = replace(terms, period_of=PeriodOf.TABLE)
    assert _figures(_weigh(courses, everything, terms=same, person=in_june)) == [1000, 500]
