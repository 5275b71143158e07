"""What something finished is worth by the rule that speaks of it, before anything limits it."""

from dataclasses import dataclass, field
from datetime import date

from cec_plugin.domain import basis, conditions
from cec_plugin.domain.allocation import Finished, RefusalCode
from cec_plugin.domain.basis import Step
from cec_plugin.domain.meeting import Unmet, meet
from cec_plugin.domain.tables import LEARNER, Bonus, BonusKind, CreditTable, Rule, Version
from cec_plugin.domain.terms import HOURS


class Refused(Exception):  # noqa: N818 - the way out of a decision, no error
    """There is no line."""

    def __init__(self, code: RefusalCode, **details: str) -> None:
        super().__init__()
        self.code, self.details = code, details


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One participation under the rule that speaks of it, and the list of its steps so far.

    ``hours_hundredths`` are the hours of service, as they were entered or else approved.
    """

    one: Finished
    on: date
    version: Version
    table: CreditTable
    rule: Rule
    hours_hundredths: int | None
    steps: list[Step] = field(default_factory=list)


def worth(case: Case) -> int:
    """Return the figure, its steps told, before anything limits it."""
    one, rule, terms = case.one, case.rule, case.table.terms
    is_learner = one.role == LEARNER
    case.steps.append(basis.finished_step(at=one.earned_at, source=one.earned_from))
    case.steps.append(basis.rule_step(version=case.version.number, rule=rule, learner=is_learner))
    met = _met(one, case.on, rule)
    if met:
        case.steps.append(basis.met_step(met))
    if not is_learner:
        case.steps.append(_bonus(case))
    elif rule.hundredths is None:
        raise Refused(RefusalCode.NO_FIGURE, role=one.role)
    if terms.measure != HOURS:
        case.steps.append(basis.measure_step(terms.measure))
    hundredths = basis.replay(case.steps)
    if hundredths == 0:
        raise Refused(RefusalCode.ZERO)
    return hundredths


def _met(one: Finished, on: date, rule: Rule) -> dict[str, str]:
    if rule.conditions == conditions.NONE:
        return {}
    met = meet(one, on, rule.conditions)
    if isinstance(met, Unmet):
        raise Refused(met.code, **met.details)
    return met


def _bonus(case: Case) -> Step:
    one, rule, hours = case.one, case.rule, case.hours_hundredths
    bonus: Bonus | None = case.table.bonus_for(rule, one.role)
    if bonus is None:
        raise Refused(RefusalCode.ROLE_NOT_CREDITED, role=one.role)
    if bonus.hundredths is None:
        raise Refused(RefusalCode.NO_FIGURE, role=one.role)
    if bonus.kind is BonusKind.PER_HOUR and hours is None:
        raise Refused(RefusalCode.NO_HOURS, role=one.role)
    if bonus.kind is BonusKind.MULTIPLE and rule.hundredths is None:
        raise Refused(RefusalCode.NO_FIGURE, role=one.role)
    return basis.bonus_step(role=one.role, bonus=bonus, service=hours, learner=rule.hundredths)
