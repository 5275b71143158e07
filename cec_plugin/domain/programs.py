"""Programs: from which courses somebody has finished one, since when, and whether it stands."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cec_plugin.domain.notices import Stint
from cec_plugin.domain.selectors import ActivityRef, Selector, matches


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A course that fulfils a part; ``site`` is empty for every site."""

    site: str
    selector: Selector
    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a program, fulfilled by any one of its courses."""

    code: str
    courses: tuple[Course, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program: ``needed`` of its parts make it up, None for all of them."""

    code: str
    parts: tuple[Part, ...]
    needed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A course that somebody finished as a learner, now or once; times are aware."""

    key: str
    site: str
    activity: ActivityRef
    stints: tuple[Stint, ...]
    earned_at: datetime

    @property
    def stands(self) -> bool:
        """Say whether it stands now."""
        return bool(self.stints) and self.stints[-1].ended_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What courses come to in a program: since when it was finished, over which stints."""

    stints: tuple[Stint, ...]
    earned_at: datetime


def courses_of(program: Program, taken: Iterable[Taken]) -> list[Taken]:
    """Return what was taken of the program's courses."""
    return [
        one
        for one in taken
        if any(_fits(course, one) for part in program.parts for course in part.courses)
    ]


def complete(
    program: Program, taken: Sequence[Taken], exempt: Collection[str] = ()
) -> Completion | None:
    """Return since when the courses make the program up, None where they never did.

    ``exempt`` are the codes of parts that the person need not finish. The program was finished
    with the last part that it takes, by the dates of finishing, and begins to stand when the
    last of those was heard of.
    """
    needed = len(program.parts) if program.needed is None else program.needed
    by_part = [
        None
        if part.code in exempt
        else [one for one in taken if any(_fits(course, one) for course in part.courses)]
        for part in program.parts
    ]
    stints = _stints(by_part, needed)
    if not stints:
        return None
    standing = stints[-1].ended_at is None
    dates = sorted(
        min(one.earned_at for one in counting)
        for part in by_part
        if (counting := [one for one in part or () if one.stands or not standing])
    )
    exempted = sum(1 for part in by_part if part is None)
    last = max(needed - exempted, 1)
    return Completion(stints=stints, earned_at=dates[min(last, len(dates)) - 1])


def _stints(by_part: Sequence[list[Taken] | None], needed: int) -> tuple[Stint, ...]:
    """Return the times over which enough parts stood at once; exemptions stand always."""
    every = [stint for part in by_part if part is not None for one in part for stint in one.stints]
    moments = {stint.began_at for stint in every}
    moments |= {stint.ended_at for stint in every if stint.ended_at is not None}
    found: list[Stint] = []
    for moment in sorted(moments):
        enough = sum(part is None or _stands(part, moment) for part in by_part) >= needed
        is_open = bool(found) and found[-1].ended_at is None
        if enough and not is_open:
            found.append(Stint(number=len(found) + 1, began_at=moment, ended_at=None))
        elif is_open and not enough:
            last = found[-1]
            found[-1] = Stint(number=last.number, began_at=last.began_at, ended_at=moment)
    return tuple(found)


def _stands(part: Iterable[Taken], at: datetime) -> bool:
    return any(
        stint.began_at <= at and (stint.ended_at is None or at < stint.ended_at)
        for one in part
        for stint in one.stints
    )


def _fits(course: Course, one: Taken) -> bool:
    return course.site in ("", one.site) and matches(course.selector, course.pattern, one.activity)


def faults(program: Program, others: Collection[str] = ()) -> list[str]:
    """List everything that is wrong with a program, not just the first.

    ``others`` are the codes of all programs there are: no program is a course of another.
    """
    found: list[str] = []
    if not program.parts:
        found.append(f"program {program.code!r}: it has no parts")
    elif program.needed is not None and not 1 <= program.needed <= len(program.parts):
        found.append(
            f"program {program.code!r}: it takes {program.needed} of {len(program.parts)} parts"
        )
    seen: dict[Course, str] = {}
    for part in program.parts:
        if not part.courses:
            found.append(f"program {program.code!r}, part {part.code!r}: no course fulfils it")
        for course in part.courses:
            if course.pattern == program.code:
                found.append(f"program {program.code!r}, part {part.code!r}: it is the program")
            elif course.pattern in others:
                found.append(
                    f"program {program.code!r}, part {part.code!r}: {course.pattern!r} is a "
                    "program; only courses make one up"
                )
            if course in seen:
                found.append(
                    f"program {program.code!r}: {course.pattern!r} fulfils both "
                    f"{seen[course]!r} and {part.code!r}"
                )
            seen[course] = part.code
    return found
