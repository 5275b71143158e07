"""What a rule asks of whoever finished, beyond having finished."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from cec_plugin.domain.notices import Via

EVIDENCE = (Via.CERTIFICATE, Via.PASSING, Via.ENTRY)
"""By what a learner can have finished."""

WHOLE = 10_000
"""A grade of 100 per cent, in hundredths of a per cent."""


class Repeat(StrEnum):
    """How often the same activity (any run of a course) earns credit in the same role."""

    ALWAYS = "always"
    ONCE_A_PERIOD = "once_a_period"
    ONCE = "once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The conditions of a rule; each is left out by its default.

    ``modes`` are enrolment modes, ``minimum_grade`` is in hundredths of a per cent, ``evidence``
    says by what it must have been finished. ``registered`` asks for an enrolment at the time of
    finishing that is not staff's, a beta tester's or a test account's; ``related`` for the
    learner's own word that the activity relates to the work they do or pursue. These hold for
    learners. For every role: the days between which finishing counts, both included;
    ``repeat``; and ``approval``, each line waiting for the organization's.
    """

    modes: frozenset[str] = frozenset()
    minimum_grade: int | None = None
    evidence: frozenset[Via] = frozenset()
    registered: bool = False
    related: bool = False
    counts_from: date | None = None
    counts_until: date | None = None
    repeat: Repeat = Repeat.ALWAYS
    approval: bool = False


NONE = Conditions()
"""Finishing is enough."""


def parse_grade(text: str) -> int | None:
    """Return a grade in hundredths of a per cent; None where the text is no grade.

    The platform writes a fraction of 1 (``0.85``), spreadsheets often ``85`` or ``85 %``: up to 1
    is a fraction unless it has a per cent sign. What lies beyond a hundredth of a per cent is
    dropped, so that nobody is rounded up to a minimum.
    """
    plain = text.strip().replace(",", ".")
    is_percent = plain.endswith("%")
    try:
        grade = Decimal(plain.removesuffix("%").strip())
    except InvalidOperation:
        return None
    if not grade.is_finite() or not 0 <= grade <= 1000:
        return None
    return int(grade * (100 if is_percent or grade > 1 else WHOLE))


def faults_of(conditions: Conditions, *, has_period: bool) -> Iterable[str]:
    """Yield what keeps these conditions from being met by anybody, or from meaning anything."""
    grade = conditions.minimum_grade
    if grade is not None and not 0 <= grade <= WHOLE:
        yield f"minimum grade: {grade / 100:g} per cent is not between 0 and 100"
    begins, ends = conditions.counts_from, conditions.counts_until
    if begins is not None and ends is not None and begins > ends:
        yield f"counts from {begins} until {ends}: the end lies before the beginning"
    for via in sorted(conditions.evidence.difference(EVIDENCE)):
        yield f"evidence: no learner finishes by {via.value!r}"
    if conditions.repeat is Repeat.ONCE_A_PERIOD and not has_period:
        yield "once a period: the table has no period"
