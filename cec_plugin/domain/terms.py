"""The terms under which an organization gives credit: to whom, in what unit, how much at most."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from cec_plugin.domain.periods import LONGEST_MONTHS, Period


class Decides(StrEnum):
    """Whether what a table gives is credit."""

    HERE = "here"
    ESTIMATE = "estimate"  # the organization decides elsewhere: a figure to apply with, no credit


class AwardsTo(StrEnum):
    """To whom an organization gives credit."""

    EVERYBODY = "everybody"
    MEMBERS = "members"  # to whoever is a member on the day of finishing


class Rounding(StrEnum):
    """Where a figure goes that lies between two increments."""

    DOWN = "down"
    HALF_UP = "half_up"
    UP = "up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How an organization's unit is reckoned from hours: ``units`` of it for ``per_hours`` hours.

    1 CEU for 10 hours is (1, 10), 5 credits for an hour (5, 1), a credit of 50 minutes (6, 5).
    ``increment`` is what figures are rounded to, and below ``smallest`` there is nothing; both in
    hundredths of the unit (a fifth is 20).
    """

    units: int = 1
    per_hours: int = 1
    increment: int = 1
    rounding: Rounding = Rounding.HALF_UP
    smallest: int = 0

    def reckon(self, hundredths: int) -> int:
        """Return hundredths of an hour in hundredths of the unit: exact but for the rounding."""
        above, below = hundredths * self.units, self.per_hours * self.increment
        steps, rest = divmod(above, below)
        if rest and (
            self.rounding is Rounding.UP
            or (self.rounding is Rounding.HALF_UP and 2 * rest >= below)
        ):
            steps += 1
        reckoned = steps * self.increment
        return reckoned if reckoned >= self.smallest else 0


HOURS = Measure()
"""Hours as they are."""


class Per(StrEnum):
    """Over what a cap adds up."""

    ACTIVITY = "activity"  # one course run, one webinar
    PERIOD = "period"  # a period of the credit table


class PeriodOf(StrEnum):
    """From when the periods of a credit table run."""

    TABLE = "table"  # from the table's own day, the same for everybody
    PERSON = "person"  # from the day a person's certification was conferred, where they hold one


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """The most that some roles earn together; no roles means all of them.

    ``hundredths`` of the organization's unit, of one credit type.
    """

    code: str
    roles: frozenset[str]
    per: Per
    hundredths: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for every line of a credit table.

    ``period`` is what "once a period" and caps for each period speak of; ``period_of`` says whose
    day its periods run from.
    """

    decides: Decides = Decides.HERE
    awards_to: AwardsTo = AwardsTo.EVERYBODY
    measure: Measure = HOURS
    period: Period | None = None
    period_of: PeriodOf = PeriodOf.TABLE
    caps: tuple[Cap, ...] = field(default=())


PLAIN = Terms()
"""Credit for everybody, in hours, without a limit."""


def faults_of(terms: Terms, *, roles: Collection[str] | None) -> list[str]:
    """List everything that these terms contradict themselves in.

    ``roles`` are the codes of the roles there are, None where that is not known.
    """
    return [*_of_measure(terms.measure), *_of_period(terms), *_of_caps(terms, roles)]


def _of_measure(measure: Measure) -> Iterable[str]:
    if measure.units < 1 or measure.per_hours < 1:
        yield (
            f"unit: {measure.units} for {measure.per_hours} hours is no ratio; both are 1 or more"
        )
    if measure.increment < 1:
        yield f"increment: {measure.increment / 100:g} is none; it is above zero"
    elif measure.smallest % measure.increment:
        yield (
            f"smallest: {measure.smallest / 100:g} is not a multiple of the increment "
            f"{measure.increment / 100:g}, so no figure is ever that"
        )
    if measure.smallest < 0:
        yield f"smallest: {measure.smallest / 100:g} is negative"


def _of_period(terms: Terms) -> Iterable[str]:
    period = terms.period
    if period is None and terms.period_of is PeriodOf.PERSON:
        yield "period: it is to run from each person's day, and the table has none"
    if period is not None and not 1 <= period.months <= LONGEST_MONTHS:
        yield f"period: {period.months} months is not between 1 and {LONGEST_MONTHS}"


def _of_caps(terms: Terms, roles: Collection[str] | None) -> Iterable[str]:
    seen: set[str] = set()
    for cap in terms.caps:
        if cap.code in seen:
            yield f"cap {cap.code!r}: the code is used twice"
        seen.add(cap.code)
        if cap.hundredths < 0:
            yield f"cap {cap.code!r}: {cap.hundredths / 100:g} is negative"
        if cap.per is Per.PERIOD and terms.period is None:
            yield f"cap {cap.code!r}: it is for each period, and the table has none"
        for role in sorted(cap.roles.difference(cap.roles if roles is None else roles)):
            yield f"cap {cap.code!r}: there is no role {role!r}"
