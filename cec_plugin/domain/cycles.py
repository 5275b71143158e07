"""In which cycles a certification is maintained: dates where the organization is, no times."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from cec_plugin.domain.periods import Period

DAY = timedelta(days=1)


class CycleKind(StrEnum):
    """From when the cycles of a designation run."""

    ANNIVERSARY = "anniversary"  # from the day it was conferred
    CALENDAR = "calendar"  # from the 1st of January of the year in which it was conferred
    FIXED = "fixed"  # the same for everybody, from a given day
    ROLLING = "rolling"  # the months before any day, that day included
    NONE = "none"  # a target that is reached once


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycles:
    """How long cycles are and from when they run.

    ``anchor`` is a day on which a fixed cycle begins; ``grace_days`` is how long after its end a
    cycle may still be renewed without being late.
    """

    kind: CycleKind
    months: int = 12
    anchor: date | None = None
    grace_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One cycle, first and last day included; ``ends_on`` is None where there is no end."""

    starts_on: date
    ends_on: date | None
    grace_until: date | None

    def holds(self, on: date) -> bool:
        """Say whether a day lies in it."""
        return self.starts_on <= on and (self.ends_on is None or on <= self.ends_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """A leave, first and last day included."""

    starts_on: date
    ends_on: date


def cycles_until(cycles: Cycles, conferred_on: date, on: date) -> Iterator[Cycle]:
    """Yield the cycles from the one of the conferral to the one in which the day lies.

    A rolling window has no predecessors: it is the only one. Where the day lies before the
    conferral there is none.
    """
    if on < conferred_on:
        return
    if cycles.kind is CycleKind.NONE:
        yield Cycle(starts_on=date.min, ends_on=None, grace_until=None)
        return
    if cycles.kind is CycleKind.ROLLING:
        begins = Period(months=cycles.months, anchor=on + DAY).begins(-1)
        yield Cycle(starts_on=begins, ends_on=on, grace_until=None)
        return
    period = _period(cycles, conferred_on)
    for number in range(period.number(conferred_on), period.number(on) + 1):
        ends_on = period.begins(number + 1) - DAY
        yield Cycle(
            starts_on=period.begins(number),
            ends_on=ends_on,
            grace_until=ends_on + cycles.grace_days * DAY,
        )


def _period(cycles: Cycles, conferred_on: date) -> Period:
    match cycles.kind:
        case CycleKind.CALENDAR:
            anchor = date(conferred_on.year, 1, 1)
        case CycleKind.FIXED if cycles.anchor is not None:
            anchor = cycles.anchor
        case _:
            anchor = conferred_on
    return Period(months=cycles.months, anchor=anchor)


def windows(cycle: Cycle, months: int) -> Iterator[Cycle]:
    """Yield the windows of so many months that lie one after the other in a cycle."""
    if cycle.ends_on is None:
        return
    period = Period(months=months, anchor=cycle.starts_on)
    number = 0
    while (begins := period.begins(number)) <= cycle.ends_on:
        ends_on = min(period.begins(number + 1) - DAY, cycle.ends_on)
        yield Cycle(starts_on=begins, ends_on=ends_on, grace_until=None)
        number += 1


def shrunk(hundredths: int, cycle: Cycle, leaves: Iterable[Leave]) -> int:
    """Return a target less the share of the cycle's days that were leave, rounded down.

    Days in several leaves count once.
    """
    if cycle.ends_on is None:
        return hundredths
    length = (cycle.ends_on - cycle.starts_on).days + 1
    away, counted_until = 0, cycle.starts_on - DAY
    for leave in sorted(leaves, key=lambda one: one.starts_on):
        begins = max(leave.starts_on, counted_until + DAY)
        ends = min(leave.ends_on, cycle.ends_on)
        if begins <= ends:
            away += (ends - begins).days + 1
            counted_until = ends
    return hundredths * (length - away) // length
