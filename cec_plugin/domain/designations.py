"""What a designation asks for to be maintained, and what contradicts itself in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cec_plugin.domain.cycles import CycleKind, Cycles
from cec_plugin.domain.periods import LONGEST_MONTHS


class CarryOver(StrEnum):
    """What of a cycle's surplus counts in the next."""

    NONE = "none"
    ALL = "all"
    CAPPED = "capped"
    LAST_YEAR = "last_year"  # only what was earned in the last twelve months
    DEFICIT = "deficit"  # surplus or deficit, for one cycle


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimum:
    """At least so much with any of these tags; without tags, of everything.

    ``hundredths`` is None where no figure is published. ``each_months`` asks for it in every
    window of so many months in the cycle (20 in each year of three); None asks once.
    """

    code: str
    hundredths: int | None
    tags: frozenset[str] = frozenset()
    each_months: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Maximum:
    """At most so much with any of these tags counts; without tags, of everything.

    ``per_activity`` counts each activity by itself. Without a figure nothing is held back.
    """

    code: str
    hundredths: int | None
    tags: frozenset[str] = frozenset()
    per_activity: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """At least ``hundredths`` with each of at least ``needed`` of these tags.

    ``hundredths`` is None where no figure is published.
    """

    code: str
    hundredths: int | None
    needed: int
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Designation:
    """What a designation asks for in each cycle, in hundredths of its organization's unit.

    ``target`` is None where no figure is published. ``tags`` are those that the organization
    defines; a credit type counts as a tag of its own. ``accepts`` are the codes of other
    organizations whose credits count as they are, beside those of its own.
    """

    code: str
    cycles: Cycles
    target: int | None
    tags: frozenset[str] = frozenset()
    minima: tuple[Minimum, ...] = ()
    maxima: tuple[Maximum, ...] = ()
    spreads: tuple[Spread, ...] = ()
    carry_over: CarryOver = CarryOver.NONE
    carry_cap: int | None = None
    accepts: frozenset[str] = frozenset()

    @property
    def parts(self) -> tuple["Minimum | Maximum | Spread", ...]:
        """Return everything that is asked for beside the target."""
        return (*self.minima, *self.maxima, *self.spreads)


def faults(one: Designation) -> list[str]:
    """List everything in which a designation contradicts itself, not just the first."""
    return [
        f"designation {one.code!r}, {fault}"
        for found in (_of_cycles, _of_codes, _of_tags, _of_figures, _of_carry_over)
        for fault in found(one)
    ]


def faults_of_accepting(code: str, unit: str, accepted: Mapping[str, str | None]) -> list[str]:
    """List why a designation of this code and unit cannot accept these organizations' credits.

    ``accepted`` are their units by code, None where there is no such organization.
    """
    return [
        f"designation {code!r}, accepts: "
        + (
            f"there is no organization {giver!r} here yet: add it first"
            if other is None
            else f"{giver!r} counts in {other}, not in {unit}"
        )
        for giver, other in sorted(accepted.items())
        if other != unit
    ]


def _of_cycles(one: Designation) -> Iterator[str]:
    cycles = one.cycles
    if cycles.kind is not CycleKind.NONE and not 1 <= cycles.months <= LONGEST_MONTHS:
        yield f"cycle: {cycles.months} months is not between 1 and {LONGEST_MONTHS}"
    if cycles.kind is CycleKind.FIXED and cycles.anchor is None:
        yield "cycle: a fixed one takes a day on which one begins"
    if cycles.grace_days < 0:
        yield f"grace: {cycles.grace_days} days is negative"
    for minimum in one.minima:
        each = minimum.each_months
        if each is None:
            continue
        if cycles.kind is CycleKind.NONE:
            yield f"minimum {minimum.code!r}: it is for windows of a cycle, and there is none"
        elif each < 1 or (cycles.months % each if cycles.months > 0 else 0):
            yield (
                f"minimum {minimum.code!r}: windows of {each} months do not make up a cycle of "
                f"{cycles.months}"
            )


def _of_codes(one: Designation) -> Iterator[str]:
    seen: set[str] = set()
    for part in one.parts:
        if part.code in seen:
            yield f"{part.code!r}: the code is used twice"
        seen.add(part.code)


def _of_tags(one: Designation) -> Iterator[str]:
    for part in one.parts:
        for tag in sorted(set(part.tags) - one.tags):
            yield f"{part.code!r}: nobody defines the tag {tag!r}"


def _of_figures(one: Designation) -> Iterator[str]:
    if one.target is not None and one.target < 0:
        yield f"target: {one.target / 100:g} is negative"
    for part in one.parts:
        if part.hundredths is not None and part.hundredths < 0:
            yield f"{part.code!r}: {part.hundredths / 100:g} is negative"
    for spread in one.spreads:
        if not 1 <= spread.needed <= len(spread.tags):
            yield f"{spread.code!r}: it takes {spread.needed} of {len(spread.tags)} tags"
        if len(set(spread.tags)) < len(spread.tags):
            yield f"{spread.code!r}: a tag is named twice"
    for minimum in one.minima:
        for maximum in one.maxima:
            covers = not maximum.tags or (minimum.tags and minimum.tags <= maximum.tags)
            if (
                covers
                and not maximum.per_activity
                and minimum.hundredths is not None
                and maximum.hundredths is not None
                and minimum.hundredths > maximum.hundredths
            ):
                yield (
                    f"minimum {minimum.code!r} asks for {minimum.hundredths / 100:g}, and maximum "
                    f"{maximum.code!r} lets only {maximum.hundredths / 100:g} count"
                )
    for maximum in one.maxima:
        if (
            not maximum.tags
            and not maximum.per_activity
            and one.target is not None
            and maximum.hundredths is not None
            and one.target > maximum.hundredths
        ):
            yield (
                f"target: it asks for {one.target / 100:g}, and maximum {maximum.code!r} lets "
                f"only {maximum.hundredths / 100:g} count"
            )


def _of_carry_over(one: Designation) -> Iterator[str]:
    carries = one.carry_over is not CarryOver.NONE
    if carries and one.cycles.kind in (CycleKind.NONE, CycleKind.ROLLING):
        yield f"carry-over {one.carry_over}: there is no next cycle"
    if carries and one.target is None:
        yield f"carry-over {one.carry_over}: without a target there is no surplus"
    if (one.carry_over is CarryOver.CAPPED) != (one.carry_cap is not None):
        yield "carry-over: a cap belongs to the capped one, and to no other"
    if one.carry_cap is not None and one.carry_cap < 0:
        yield f"carry-over: a cap of {one.carry_cap / 100:g} is negative"
