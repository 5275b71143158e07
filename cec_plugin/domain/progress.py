"""How far somebody is in each cycle: what counts, what was trimmed and why, what is missing."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cec_plugin.domain.cycles import DAY, Cycle, Leave, cycles_until, shrunk, windows
from cec_plugin.domain.designations import CarryOver, Designation, Maximum, Minimum, Spread
from cec_plugin.domain.periods import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """A line of the ledger that stands, in signed hundredths; its credit type is among its tags.

    ``accepted_from`` is the code of the organization that gave it, empty where that is the
    designation's own.
    """

    entry: int
    activity: str
    hundredths: int
    earned_on: date
    tags: frozenset[str]
    accepted_from: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trimmed:
    """What of a credit does not count, and by which maximum."""

    entry: int
    hundredths: int
    maximum: str


class Standing(StrEnum):
    """Where a cycle is."""

    MET = "met"  # everything that it asks for is there
    OPEN = "open"  # something is missing, and there is time
    GRACE = "grace"  # it has ended, and may still be renewed
    LATE = "late"  # the grace has ended too
    NO_FIGURE = "no_figure"  # nobody has said what it asks for


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that is asked for, and what there is of it.

    Amounts in hundredths; of a spread, how many tags. ``needed`` is None where no figure is set.
    """

    code: str
    needed: int | None
    have: int

    @property
    def missing(self) -> int:
        """Return what is missing, zero where nothing is."""
        return max((self.needed or 0) - self.have, 0)


TARGET = "target"
"""The code of the check that asks for the whole amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One cycle of a holding, in hundredths of the organization's unit.

    ``counted`` is what the credits come to after trimming; ``carried_in`` may be below zero.
    """

    cycle: Cycle
    credits: tuple[Credit, ...]
    trimmed: tuple[Trimmed, ...]
    counted: int
    carried_in: int
    checks: tuple[Check, ...]
    standing: Standing


def progress(
    of: Designation,
    credits_: Iterable[Credit],
    *,
    conferred_on: date,
    on: date,
    leaves: Sequence[Leave] = (),
) -> list[Progress]:
    """Return every cycle from the conferral to the one of ``on``, the last one last.

    Maxima trim in the order of (earned_on, entry): what came first counts first.
    """
    cycles = list(cycles_until(of.cycles, conferred_on, on))
    inside = _by_cycle(cycles, credits_)
    found: list[Progress] = []
    carried_in = 0
    for cycle, mine in zip(cycles, inside, strict=True):
        one = _one(of, cycle, mine, carried_in, on, leaves)
        found.append(one)
        carried_in = _carried(of, one)
    return found


def _by_cycle(cycles: Sequence[Cycle], credits_: Iterable[Credit]) -> list[list[Credit]]:
    inside: list[list[Credit]] = [[] for _ in cycles]
    ordered = sorted(credits_, key=lambda one: (one.earned_on, one.entry))
    at = 0
    for one in ordered:
        while at < len(cycles) and (ends := cycles[at].ends_on) and one.earned_on > ends:
            at += 1
        if at == len(cycles):
            break
        if cycles[at].holds(one.earned_on):
            inside[at].append(one)
    return inside


def _one(  # noqa: PLR0917 - the parts of one cycle
    of: Designation,
    cycle: Cycle,
    mine: Sequence[Credit],
    carried_in: int,
    on: date,
    leaves: Sequence[Leave],
) -> Progress:
    trimmed, counts = _trim(of.maxima, mine)
    counted = sum(counts)
    target = None if of.target is None else shrunk(of.target, cycle, leaves)
    checks = [Check(code=TARGET, needed=target, have=counted + carried_in)]
    for minimum in of.minima:
        checks += _minimum(minimum, cycle, mine, counts, leaves)
    checks += [_spread(spread, mine, counts) for spread in of.spreads]
    return Progress(
        cycle=cycle,
        credits=tuple(mine),
        trimmed=tuple(trimmed),
        counted=counted,
        carried_in=carried_in,
        checks=tuple(checks),
        standing=_standing(checks, cycle, on),
    )


def _trim(maxima: Sequence[Maximum], mine: Sequence[Credit]) -> tuple[list[Trimmed], list[int]]:
    """Return what is trimmed, and what of each credit counts."""
    set_ = [(one, one.hundredths) for one in maxima if one.hundredths is not None]
    if not set_:
        return [], [one.hundredths for one in mine]
    used: dict[tuple[str, str], int] = defaultdict(int)
    trimmed: list[Trimmed] = []
    counts: list[int] = []
    for one in mine:
        mine_under = [
            (maximum, most, (maximum.code, one.activity if maximum.per_activity else ""))
            for maximum, most in set_
            if not maximum.tags or maximum.tags & one.tags
        ]
        counting = one.hundredths
        for maximum, most, key in mine_under:
            left = max(most - used[key], 0)
            if counting > left:
                trimmed.append(
                    Trimmed(entry=one.entry, hundredths=counting - left, maximum=maximum.code)
                )
                counting = left
        for _, _, key in mine_under:
            used[key] += counting
        counts.append(counting)
    return trimmed, counts


def _minimum(
    minimum: Minimum,
    cycle: Cycle,
    mine: Sequence[Credit],
    counts: Sequence[int],
    leaves: Sequence[Leave],
) -> list[Check]:
    inside = [cycle] if minimum.each_months is None else list(windows(cycle, minimum.each_months))
    found = []
    for number, window in enumerate(inside, start=1):
        have = sum(
            counting
            for one, counting in zip(mine, counts, strict=True)
            if window.holds(one.earned_on) and (not minimum.tags or minimum.tags & one.tags)
        )
        needed = minimum.hundredths
        found.append(
            Check(
                code=minimum.code if minimum.each_months is None else f"{minimum.code}/{number}",
                needed=None if needed is None else shrunk(needed, window, leaves),
                have=have,
            )
        )
    return found


def _spread(spread: Spread, mine: Sequence[Credit], counts: Sequence[int]) -> Check:
    sums: dict[str, int] = defaultdict(int)
    for one, counting in zip(mine, counts, strict=True):
        for tag in one.tags:
            sums[tag] += counting
    least = spread.hundredths
    enough = sum(1 for tag in spread.tags if sums[tag] >= (least or 0) and sums[tag] > 0)
    return Check(code=spread.code, needed=None if least is None else spread.needed, have=enough)


def _standing(checks: Iterable[Check], cycle: Cycle, on: date) -> Standing:
    if all(check.needed is None for check in checks):
        return Standing.NO_FIGURE
    if not any(check.missing for check in checks):
        return Standing.MET
    if cycle.ends_on is None or on <= cycle.ends_on:
        return Standing.OPEN
    if cycle.grace_until is not None and on <= cycle.grace_until:
        return Standing.GRACE
    return Standing.LATE


def _carried(of: Designation, one: Progress) -> int:
    target = one.checks[0].needed
    if target is None or of.carry_over is CarryOver.NONE:
        return 0
    if of.carry_over is CarryOver.DEFICIT:
        return one.counted - target  # for one cycle: what was carried in is not carried on
    surplus = max(one.counted + one.carried_in - target, 0)
    match of.carry_over:
        case CarryOver.CAPPED:
            return min(surplus, of.carry_cap or 0)
        case CarryOver.LAST_YEAR:
            return min(surplus, _last_year(one))
        case _:
            return surplus


def _last_year(one: Progress) -> int:
    ends_on = one.cycle.ends_on
    assert ends_on is not None  # noqa: S101 - what has no end carries nothing over
    begins = Period(months=12, anchor=ends_on + DAY).begins(-1)
    trimmed: dict[int, int] = defaultdict(int)
    for cut in one.trimmed:
        trimmed[cut.entry] += cut.hundredths
    return sum(
        credit.hundredths - trimmed[credit.entry]
        for credit in one.credits
        if credit.earned_on >= begins
    )
