"""Whether somebody meets the conditions of a rule, and which they do not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from cec_plugin.domain.allocation import Finished, RefusalCode
from cec_plugin.domain.conditions import Conditions, parse_grade
from cec_plugin.domain.tables import LEARNER


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmet:
    """The first condition that is not met; ``details`` are codes and figures."""

    code: RefusalCode
    details: Mapping[str, str]


def meet(one: Finished, on: date, asked: Conditions) -> dict[str, str] | Unmet:
    """Return what met each condition, as codes and figures, or the first that nothing met.

    ``on`` is the day of finishing where the organization is.
    """
    begins, ends = asked.counts_from, asked.counts_until
    met: dict[str, str] = {}
    if (begins is not None and on < begins) or (ends is not None and on > ends):
        return _unmet(
            RefusalCode.OUTSIDE_DATES,
            on=on.isoformat(),
            begins=begins.isoformat() if begins else "",
            ends=ends.isoformat() if ends else "",
        )
    if begins is not None or ends is not None:
        met["on"] = on.isoformat()
    if one.role == LEARNER and one.of_parts is None:
        return _as_learner(one, asked, met)
    return met


def _as_learner(one: Finished, asked: Conditions, met: dict[str, str]) -> dict[str, str] | Unmet:
    if asked.modes:
        if one.mode not in asked.modes:
            return _unmet(RefusalCode.MODE, mode=one.mode, asked=", ".join(sorted(asked.modes)))
        met["mode"] = one.mode
    if asked.minimum_grade is not None:
        grade = parse_grade(one.grade)
        if grade is None or grade < asked.minimum_grade:
            return _unmet(RefusalCode.GRADE, grade=one.grade, minimum=str(asked.minimum_grade))
        met["grade"] = one.grade
    if asked.evidence:
        if one.via not in asked.evidence:
            return _unmet(
                RefusalCode.EVIDENCE, via=one.via or "", asked=", ".join(sorted(asked.evidence))
            )
        met["via"] = one.via
    if asked.registered:
        if one.registered is not True:
            return _unmet(RefusalCode.NOT_REGISTERED, known=str(one.registered is not None))
        met["registered"] = "yes"
    if asked.related:
        if not one.related:
            return _unmet(RefusalCode.NEEDS_WORD)
        met["related"] = "yes"
    return met


def _unmet(code: RefusalCode, **details: str) -> Unmet:
    return Unmet(code=code, details=details)
