"""What the pure decision for one participation costs, against the least it could cost.

The floor is a look-up in a dictionary and the construction of one frozen dataclass, the line of
credit itself.
"""

from datetime import UTC, date, datetime

from benchmarks.measure import Ratio, Rival, in_turn, ratio
from benchmarks.report import Figure, Unit
from cec_plugin.domain.allocation import Finished, Line, Organization
from cec_plugin.domain.conditions import Conditions
from cec_plugin.domain.notices import Stint, Via
from cec_plugin.domain.selectors import ActivityRef, Selector
from cec_plugin.domain.tables import CreditTable, Rule, Version
from cec_plugin.domain.terms import Cap, Measure, Per, Terms
from cec_plugin.domain.weigh import allocate

ROUNDS = 60
WARM_UP = 5
TIMES = 2000
LIMIT = 20.0

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
GUILD = Organization(
    id=1,
    code="guild",
    time_zone="America/Toronto",
    versions=(Version(id=1, number=1, effective_from=date(2020, 1, 1)),),
)


def measure() -> list[Figure]:
    """Measure a plain decision, and one under conditions, a unit of its own and a cap."""
    plain = Terms()
    full = Terms(
        measure=Measure(units=5, per_hours=1, increment=50),
        caps=(Cap(code="c", roles=frozenset(), per=Per.ACTIVITY, hundredths=3000),),
    )
    asked = Conditions(minimum_grade=7000, modes=frozenset({"verified"}))
    return [
        Figure(
            name=f"decide on one, {how} / a look-up and a dataclass",
            ratio=_measure(CreditTable(_rules(conditions), {}, terms)),
            unit=Unit.TIME,
            limit=limit,
        )
        for how, terms, conditions, limit in (
            ("plainly", plain, Conditions(), LIMIT),
            ("with conditions, unit and cap", full, asked, None),
        )
    ]


def _rules(conditions: Conditions) -> list[Rule]:
    return [
        Rule(
            code=f"rule-{number}",
            selector=Selector.RUN,
            pattern=f"course-v1:G+C{number}+1",
            credit_type="cec",
            hundredths=1000,
            conditions=conditions,
        )
        for number in range(1000)
    ]


def _finished(number: int) -> Finished:
    return Finished(
        key=f"p{number}",
        activity=ActivityRef(
            key=f"course-v1:G+C{number % 1000}+1",
            course=f"course-v1:G+C{number % 1000}",
            organization="G",
        ),
        role="learner",
        stints=(Stint(number=1, began_at=AT, ended_at=None),),
        earned_at=AT,
        earned_from="certificate_created",
        grade="0.8",
        mode="verified",
        via=Via.CERTIFICATE,
    )


def _measure(table: CreditTable) -> Ratio:
    many = [_finished(number) for number in range(TIMES)]
    known = {one.activity.key: 1000 for one in many}

    def decide(_: int) -> None:
        allocate(many, GUILD, lambda _: table)

    def floor(_: int) -> None:
        for one in many:
            Line(
                participation=one.key,
                credit_type="cec",
                rule="rule",
                version=1,
                hundredths=known[one.activity.key],
                earned_at=AT,
                basis=(),
            )

    seconds = in_turn(
        [
            Rival(name="decide", prepare=lambda _: None, run=decide),
            Rival(name="floor", prepare=lambda _: None, run=floor),
        ],
        rounds=ROUNDS,
        warm_up=WARM_UP,
    )
    return ratio(seconds["decide"], seconds["floor"])
