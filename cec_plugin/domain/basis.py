"""Why this number: the steps of a decision as codes and figures, and their replay.

A step is plain JSON. ``replay`` reads the steps alone, without tables or rules, and reaches the
entry's hundredths; so a step that is missing or changed shows.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

from cec_plugin.domain.credits import times
from cec_plugin.domain.tables import Bonus, BonusKind, Rule
from cec_plugin.exceptions import CecError

Step: TypeAlias = dict[str, str | int]

BUILDS_ON = {"rule": "finished", "bonus": "rule"}
"""Which step must stand before which."""


def finished_step(*, at: datetime, source: str) -> Step:
    """Say when it was finished (ISO 8601) and where the date comes from."""
    return {"step": "finished", "at": at.isoformat(), "from": source}


def rule_step(*, version: int, rule: Rule, learner: bool) -> Step:
    """Say which rule of which version spoke, and the learner's credit where it gives one."""
    step: Step = {
        "step": "rule",
        "version": version,
        "rule": rule.code,
        "selector": rule.selector.value,
        "pattern": rule.pattern,
    }
    if learner and rule.hundredths is not None:
        step["hundredths"] = rule.hundredths
    return step


def bonus_step(*, role: str, bonus: Bonus, service: int | None) -> Step:
    """Say what the role's bonus is, and for how many hours of service (hundredths)."""
    step: Step = {
        "step": "bonus",
        "role": role,
        "kind": bonus.kind.value,
        "hundredths": bonus.hundredths or 0,
    }
    if bonus.kind is BonusKind.PER_HOUR:
        step["service_hundredths"] = service or 0
    return step


def reversal_step(*, hundredths: int, reason: str) -> Step:
    """Say that an award of these hundredths is taken back, and why (a code)."""
    return {"step": "reverses", "hundredths": -hundredths, "reason": reason}


def replay(steps: Sequence[Step]) -> int:
    """Return the hundredths that the steps come to.

    Raises:
        CecError: a step is unknown, lacks the step it builds on, or no step gives a figure.
    """
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
            case {
                "step": "bonus",
                "kind": BonusKind.PER_HOUR,
                "hundredths": int(rate),
                "service_hundredths": int(service),
            }:
                total = (total or 0) + times(rate, service)
            case {"step": "bonus", "kind": BonusKind.FLAT, "hundredths": int(hundredths)}:
                total = (total or 0) + hundredths
            case {"step": "reverses", "hundredths": int(hundredths)}:
                total = (total or 0) + hundredths
            case _:
                raise CecError(f"a step of the basis cannot be read: {step!r}")
    if total is None:
        raise CecError("no step of the basis gives a figure")
    return total
