"""Whole histories to test with: tables of credit, what is heard of whom, merges and looks, drawn.

A history is drawn as facts and an order, so that the same facts can be drawn again in another
order. Figures, days and limits are few and small, so that things meet: caps are hit, days are the
same, what is told twice differs in one thing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import chain
from typing import TypeAlias

from hypothesis import strategies as st

from cec_plugin.domain import keys
from cec_plugin.domain.allocation import Organization
from cec_plugin.domain.conditions import Conditions, Repeat
from cec_plugin.domain.notices import Heard, Via
from cec_plugin.domain.periods import Period
from cec_plugin.domain.selectors import ActivityRef, Selector
from cec_plugin.domain.tables import LEARNER, Bonus, BonusKind, CreditTable, Rule, Version
from cec_plugin.domain.terms import HOURS, Cap, Measure, Per, Rounding, Terms
from tests.unit.examples import CPC, START, earned, flat, per_hour, rule, withdrawn

SUBJECTS = ("amal", "amal-moodle", "bo")
"""Accounts; each is a person of its own until somebody merges two."""

ETHICS_2026, ETHICS_2027 = (
    ActivityRef(key=f"course-v1:CPC+Ethics+{run}", course="course-v1:CPC+Ethics") for run in "67"
)
THEORY = ActivityRef(key="course-v1:CPC+Theory+6", course="course-v1:CPC+Theory")
WEBINAR = ActivityRef(key="webinar:1")
ACTIVITIES = (ETHICS_2026, ETHICS_2027, THEORY, WEBINAR)
SERVING = ("presenter", "developer", "volunteer")
TEACHING = frozenset({"presenter", "developer"})

HOURLY = replace(CPC, versions=())
MEASURED = Organization(id=6, code="nasba", time_zone="America/Vancouver", versions=())
ORGANIZATIONS = (HOURLY, MEASURED)

YEAR = Period(months=12, anchor=date(2026, 1, 1))
HALF_YEAR = Period(months=6, anchor=date(2026, 3, 1))
CAPS = (
    Cap(code="teaching", roles=TEACHING, per=Per.PERIOD, hundredths=400),
    Cap(code="all", roles=frozenset(), per=Per.PERIOD, hundredths=800),
    Cap(code="each", roles=frozenset(), per=Per.ACTIVITY, hundredths=600),
    Cap(code="serving", roles=frozenset(SERVING), per=Per.ACTIVITY, hundredths=300),
    Cap(code="nothing", roles=frozenset({"volunteer"}), per=Per.PERIOD, hundredths=0),
)

BONUSES = (
    flat(250),
    per_hour(133),
    Bonus(kind=BonusKind.MULTIPLE, hundredths=50),
    Bonus(kind=BonusKind.FLAT, hundredths=200, first_time_only=True),
    Bonus(kind=BonusKind.PER_HOUR, hundredths=100, stacks=False),
)
MEASURES = (
    Measure(units=6, per_hours=5, increment=20, rounding=Rounding.DOWN, smallest=100),
    Measure(units=1, per_hours=2, increment=50, rounding=Rounding.HALF_UP),
)
EVERY = timedelta(days=61)
DAYS = 12
"""What is told is told on one of so many days, ``EVERY`` apart: over two years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Participation:
    """Who finished what, in which role; ``occurrence`` tells two services apart."""

    subject: str
    activity: ActivityRef
    role: str
    occurrence: str = ""

    @property
    def key(self) -> str:
        """Return its key, as the source names it."""
        return keys.participation_key(
            site="https://lms.example",
            subject=self.subject,
            activity=self.activity.key,
            role=self.role,
            occurrence=self.occurrence,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a version of a table says."""

    rules: tuple[Rule, ...]
    bonuses: dict[str, Bonus]
    terms: Terms

    @property
    def compiled(self) -> CreditTable:
        """Return it as allocation reads it."""
        return CreditTable(self.rules, self.bonuses, self.terms)


@dataclass(frozen=True, slots=True)
class Hear:
    """A notice arrives."""

    participation: Participation
    notice: Heard


@dataclass(frozen=True, slots=True)
class Activate:
    """A version of an organization's table is put in force, perhaps from a day long past."""

    organization: int
    version: Version
    table: Table


@dataclass(frozen=True, slots=True)
class Merge:
    """Two accounts turn out to be one person's."""

    one: str
    other: str


@dataclass(frozen=True, slots=True)
class Settle:
    """The person behind an account is settled, or everybody."""

    subject: str | None


Event: TypeAlias = Hear | Activate | Merge | Settle
EVERYBODY = Settle(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Events in the order in which they came, after the first table of each organization."""

    first: tuple[Activate, ...]
    events: tuple[Event, ...]

    @property
    def facts(self) -> list[Event]:
        """Return the events that say something, without the looks."""
        return [one for one in self.events if not isinstance(one, Settle)]


# Strategies stand here, made once: to make one costs more than to draw from it.
subjects = st.sampled_from(SUBJECTS)
activities = st.sampled_from(ACTIVITIES)
days = st.integers(0, DAYS - 1).map(lambda number: number * EVERY.days)
looks = st.builds(Settle, st.sampled_from([None, *SUBJECTS]))
merges = st.permutations(SUBJECTS).map(lambda two: Merge(two[0], two[1]))


def _learned(subject: str, activity: ActivityRef, at: int, what: str) -> Hear:
    of = Participation(subject=subject, activity=activity, role=LEARNER)
    if what == "withdrawn":
        return Hear(of, withdrawn(at))
    via = Via.PASSING if what == "passing" else Via.CERTIFICATE
    return Hear(of, earned(at, via=via, finished=at - 90 if what == "backdated" else None))


learned = st.builds(
    _learned,
    subjects,
    activities,
    days,
    st.sampled_from([*["earned"] * 4, "backdated", "passing", "withdrawn"]),
)
"""What a course says of a learner; evidence of passing does not count."""


def _told(at: int, back: int, service: int | None, *, withdraws: bool) -> Heard:
    if withdraws:
        return withdrawn(at, via=Via.ENTRY)
    return earned(at, via=Via.ENTRY, finished=at - back, service=service)


served = st.builds(
    lambda of, told: [Hear(of, one) for one in told],
    st.builds(
        Participation,
        subject=subjects,
        activity=activities,
        role=st.sampled_from(SERVING),
        occurrence=st.sampled_from("ab"),
    ),
    st.lists(
        st.builds(
            _told,
            days,
            st.sampled_from([0, 1, 90]),
            st.sampled_from([150, 333, 0, None]),
            withdraws=st.sampled_from([False, False, False, True]),
        ),
        min_size=1,
        max_size=3,
    ),
)
"""Service that somebody entered, corrected or took back, in hundredths of an hour."""


def _table(
    *,
    learner: int | None,
    repeat: Repeat,
    other: int,
    webinar: Rule | None,
    bonuses: Sequence[Bonus | None],
    terms: Terms,
) -> Table:
    ethics = replace(
        rule(ETHICS_2026.course, learner, selector=Selector.COURSE, code="ethics"),
        conditions=Conditions(repeat=repeat),
    )
    others = rule("*", other, selector=Selector.GLOB, code="others")
    return Table(
        rules=tuple(one for one in (ethics, others, webinar) if one),
        bonuses={role: one for role, one in zip(SERVING, bonuses, strict=True) if one},
        terms=terms,
    )


webinars = st.sampled_from(
    [
        None,
        rule(WEBINAR.key, 275, code="webinar"),
        rule(WEBINAR.key, 275, code="live"),
        replace(rule(WEBINAR.key, 275, code="webinar"), credit_type="ethics"),
        rule(WEBINAR.key, 400, code="webinar", bonuses={"presenter": flat(125)}),
    ]
)
bonuses = st.sampled_from([*BONUSES, None])
tables = {
    organization.id: st.builds(
        _table,
        learner=st.sampled_from([1000, 400, 333, None]),
        repeat=st.sampled_from(list(Repeat)),
        other=st.sampled_from([500, 700, 0]),
        webinar=webinars,
        bonuses=st.tuples(bonuses, bonuses, bonuses),
        terms=st.builds(
            Terms,
            measure=measures,
            period=st.sampled_from([YEAR, HALF_YEAR]),
            caps=st.lists(st.sampled_from(CAPS), min_size=1, max_size=3, unique=True).map(tuple),
        ),
    )
    for organization, measures in (
        (HOURLY, st.just(HOURS)),
        (MEASURED, st.sampled_from(MEASURES)),
    )
}
"""Tables without faults, by organization: few lines, with caps that are soon used up."""

FROM_ALWAYS = -200
from_days = st.sampled_from([FROM_ALWAYS, 0, 130, 370, 600])
organizations = st.sampled_from(ORGANIZATIONS)


def _activate(organization: Organization, number: int, from_day: int, table: Table) -> Activate:
    effective_from = START.date() + timedelta(days=from_day)
    version = Version(
        id=100 * organization.id + number, number=number, effective_from=effective_from
    )
    return Activate(organization.id, version, table)


@st.composite
def activations(draw: st.DrawFn, number: int) -> Activate:
    """Draw the version of that number, in force from a day before, between or after all others."""
    organization = draw(organizations)
    return _activate(organization, number, draw(from_days), draw(tables[organization.id]))


versions = [activations(number) for number in (2, 3)]
drafts = activations(9)
lessons = st.lists(learned, min_size=4, max_size=9)
services = st.lists(served, min_size=2, max_size=5)
many_looks = st.lists(looks, min_size=3, max_size=6)
how_many = st.sampled_from([1, 2, 0, 1])


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Draw a history in which most things happen."""
    first = tuple(_activate(one, 1, FROM_ALWAYS, draw(tables[one.id])) for one in ORGANIZATIONS)
    facts: list[Event] = [*draw(lessons), *chain.from_iterable(draw(services))]
    facts += [draw(one) for one in versions[: draw(how_many)]]
    facts += [draw(merges) for _ in range(draw(how_many))]
    return History(first=first, events=draw(in_some_order(facts)))


@st.composite
def in_some_order(draw: st.DrawFn, facts: Sequence[Event]) -> tuple[Event, ...]:
    """Draw an order of these facts, with some told again and with looks in between."""
    again = [facts[draw(st.integers(0, len(facts) - 1))] for _ in range(draw(how_many))]
    return tuple(draw(st.permutations([*facts, *again, *draw(many_looks)])))
