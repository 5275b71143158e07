"""Why this number: the steps of a decision as codes and figures, and their replay.

A step is plain JSON. ``replay`` reads the steps alone, without tables or rules, and reaches the
entry's hundredths; so a step that is missing or changed shows. The first step of a sealed basis
says how many there are, so that one without a figure cannot go missing either.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from cec_plugin.domain.credits import times
from cec_plugin.domain.tables import Bonus, BonusKind, Rule
from cec_plugin.domain.terms import Cap, Measure, Rounding
from cec_plugin.exceptions import CecError

Step: TypeAlias = dict[str, str | int]

BUILDS_ON = {
    "rule": "finished",
    "bonus": "rule",
    "met": "rule",
    "measure": "rule",
    "included": "rule",
    "cap": "rule",
    "approved": "rule",
    "by_hand": "finished",
}
"""Which step must stand before which."""


def finished_step(*, at: datetime, source: str) -> Step:
    """Say when it was finished (ISO 8601) and where the date comes from."""
    return {"step": "finished", "at": at.isoformat(), "from": source}


def sealed(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps with their number in the first."""
    first, *others = steps
    return ({**first, "steps": len(steps)}, *others)


def rule_step(*, version: int, rule: Rule, learner: bool) -> Step:
    """Say which rule of which version spoke, and the learner's credit where it gives one.

    A step holds no lists: the rule's tags are one text, with commas, and left out where it has
    none.
    """
    step: Step = {
        "step": "rule",
        "version": version,
        "rule": rule.code,
        "selector": rule.selector.value,
        "pattern": rule.pattern,
    }
    if learner and rule.hundredths is not None:
        step["hundredths"] = rule.hundredths
    if rule.approved_as:
        step["approved_as"] = rule.approved_as
    if rule.tags:
        step["tags"] = ", ".join(sorted(rule.tags))
    return step


def met_step(met: Mapping[str, str]) -> Step:
    """Say which conditions were met, and by what."""
    return {"step": "met", **met}


def bonus_step(*, role: str, bonus: Bonus, service: int | None, learner: int | None = None) -> Step:
    """Say what the role's bonus is, and of what: hours of service or the learner's credit.

    Both are in hundredths.
    """
    step: Step = {
        "step": "bonus",
        "role": role,
        "kind": bonus.kind.value,
        "hundredths": bonus.hundredths or 0,
    }
    if bonus.kind is BonusKind.PER_HOUR:
        step["service_hundredths"] = service or 0
    if bonus.kind is BonusKind.MULTIPLE:
        step["learner_hundredths"] = learner or 0
    return step


def measure_step(measure: Measure) -> Step:
    """Say how the hours so far become the organization's unit, and how they are rounded."""
    return {
        "step": "measure",
        "units": measure.units,
        "per_hours": measure.per_hours,
        "increment": measure.increment,
        "rounding": measure.rounding.value,
        "smallest": measure.smallest,
    }


def included_step(*, program: str, hundredths: int) -> Step:
    """Say that a program's figure includes what its courses earned, in hundredths of the unit."""
    return {"step": "included", "program": program, "hundredths": -hundredths}


def cap_step(cap: Cap, *, used: int, trimmed: int) -> Step:
    """Say that a cap, of which ``used`` was given before, left less; all in hundredths."""
    return {
        "step": "cap",
        "cap": cap.code,
        "per": cap.per.value,
        "limit": cap.hundredths,
        "used": used,
        "hundredths": -trimmed,
    }


def approved_step(*, on: str, code: str) -> Step:
    """Say that the organization approved it: on which day (ISO 8601), under which code."""
    return {"step": "approved", "on": on, "code": code}


def by_hand_step(*, adjustment: int, on: str, hundredths: int) -> Step:
    """Say that an officer set the credit by hand: by which decision (its id), on which day."""
    return {"step": "by_hand", "adjustment": adjustment, "on": on, "hundredths": hundredths}


def reversal_step(*, hundredths: int, reason: str) -> Step:
    """Say that an award of these hundredths is taken back, and why (a code)."""
    return {"step": "reverses", "hundredths": -hundredths, "reason": reason}


def replay(steps: Sequence[Step]) -> int:
    """Return the hundredths that the steps come to.

    Raises:
        CecError: a step is unknown, is missing, lacks the step it builds on, contradicts those
            before it, or no step gives a figure.
    """
    told = steps[0].get("steps") if steps else None
    if told is not None and told != len(steps):
        raise CecError(f"the basis has {len(steps)} steps where it says {told}")
    total: int | None = None
    taken: set[object] = set()
    for step in steps:
        needs = BUILDS_ON.get(str(step.get("step")))
        if needs is not None and needs not in taken:
            raise CecError(f"the basis lacks the step {needs!r} that {step['step']!r} builds on")
        taken.add(step.get("step"))
        match step:
            case {"step": "finished"}:
                pass
            case {"step": "rule", "hundredths": int(hundredths)}:
                total = (total or 0) + hundredths
            case {"step": "rule"}:
                pass
            case {"step": "bonus"}:
                total = (total or 0) + _bonus(step)
            case {"step": "met" | "approved"}:
                pass
            case {"step": "measure"} if total is not None:
                total = _measure(step).reckon(total)
            case {"step": "by_hand", "hundredths": int(hundredths)} if total is None:
                total = hundredths
            case {"step": "included", "hundredths": int(hundredths)} if total is not None:
                total += hundredths
            case {
                "step": "cap",
                "limit": int(limit),
                "used": int(used),
                "hundredths": int(trimmed),
            } if total is not None and total + trimmed == max(limit - used, 0):
                total += trimmed
            case {"step": "reverses", "hundredths": int(hundredths)}:
                total = (total or 0) + hundredths
            case _:
                raise CecError(f"a step of the basis cannot be read: {step!r}")
    if total is None:
        raise CecError("no step of the basis gives a figure")
    return total


def _measure(step: Step) -> Measure:
    match step:
        case {
            "units": int(units),
            "per_hours": int(per_hours),
            "increment": int(increment),
            "rounding": str(rounding),
            "smallest": int(smallest),
        } if rounding in list(Rounding) and units > 0 and per_hours > 0 and increment > 0:
            return Measure(
                units=units,
                per_hours=per_hours,
                increment=increment,
                rounding=Rounding(rounding),
                smallest=smallest,
            )
        case _:
            raise CecError(f"a step of the basis cannot be read: {step!r}")


def _bonus(step: Step) -> int:
    match step:
        case {"kind": BonusKind.FLAT, "hundredths": int(hundredths)}:
            return hundredths
        case {
            "kind": BonusKind.PER_HOUR,
            "hundredths": int(rate),
            "service_hundredths": int(service),
        }:
            return times(rate, service)
        case {
            "kind": BonusKind.MULTIPLE,
            "hundredths": int(factor),
            "learner_hundredths": int(learner),
        }:
            return times(learner, factor)
        case _:
            raise CecError(f"a step of the basis cannot be read: {step!r}")
