"""Weigh what somebody finished by one organization's credit tables: lines of credit, or why none.

Everything is taken in the order of finishing, so that what is limited (once, the first time, up
to a cap) goes to what was finished first, in whatever order it was heard of.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from cec_plugin.domain import basis, conditions
from cec_plugin.domain.allocation import (
    STRANGER,
    Finished,
    Line,
    Organization,
    Person,
    Refusal,
    RefusalCode,
    local_date,
)
from cec_plugin.domain.basis import Step
from cec_plugin.domain.conditions import Repeat
from cec_plugin.domain.limits import Given
from cec_plugin.domain.meeting import Unmet, meet
from cec_plugin.domain.tables import (
    LEARNER,
    Bonus,
    BonusKind,
    CreditTable,
    OfProgram,
    Rule,
    Version,
    in_force,
)
from cec_plugin.domain.terms import HOURS, AwardsTo, Decides


def allocate(
    finished: Iterable[Finished],
    organization: Organization,
    table_of: Callable[[int], CreditTable],
    person: Person = STRANGER,
) -> list[Line | Refusal]:
    """Return what the organization gives for each, ordered by (earned_at, participation key).

    A program comes after the courses it was finished with. ``finished`` is all that one person
    ever finished; what does not stand is weighed as it would have been, and uses up nothing.
    ``table_of`` gives the rules of a version by its id.
    """
    ordered = sorted(finished, key=lambda one: (one.earned_at, one.of_parts is not None, one.key))
    weighing = _Weighing(ordered, organization, table_of, person)
    return [weighing.weigh(one) for one in ordered]


class _Refused(Exception):  # noqa: N818 - the way out of a decision, no error
    """There is no line."""

    def __init__(self, code: RefusalCode, **details: str) -> None:
        super().__init__()
        self.code, self.details = code, details


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One participation under the rule that speaks of it, and the list of its steps so far."""

    one: Finished
    on: date
    version: Version
    table: CreditTable
    rule: Rule
    steps: list[Step] = field(default_factory=list)


class _Weighing:
    """One person at one organization, with what was given so far."""

    def __init__(
        self,
        ordered: Sequence[Finished],
        organization: Organization,
        table_of: Callable[[int], CreditTable],
        person: Person,
    ) -> None:
        self._ordered = ordered
        self._organization = organization
        self._table_of = table_of
        self._person = person
        self._given = Given()
        self._learned: frozenset[str] | None = None

    def weigh(self, one: Finished) -> Line | Refusal:
        """Decide on one, and remember what is given for it."""
        told: dict[str, str] = {}
        try:
            case = self._case(one)
            told |= {"rule": case.rule.code, "version": str(case.version.number)}
            line = self._line(case)
        except _Refused as refused:
            return Refusal(
                participation=one.key, code=refused.code, details={**told, **refused.details}
            )
        if one.stands:
            self._given.take(one, line, case.on)
        return line

    def _case(self, one: Finished) -> _Case:
        on = local_date(one.earned_at, self._organization.time_zone)
        version = in_force(self._organization.versions, on)
        if version is None:
            raise _Refused(RefusalCode.NO_TABLE, on=on.isoformat())
        table = self._table_of(version.id)
        rule = table.rule_for(one.activity)
        if rule is None:
            raise _Refused(RefusalCode.NO_RULE, version=str(version.number))
        return _Case(one=one, on=on, version=version, table=table, rule=rule)

    def _line(self, case: _Case) -> Line:
        one = case.one
        hundredths = _figure(case)
        self._once(case)
        hundredths = self._beside_courses(case, hundredths)
        hundredths = self._capped(case, hundredths)
        if not one.counting:
            until = one.counts_from.isoformat() if one.counts_from else ""
            raise _Refused(RefusalCode.RUN_NOT_ENDED, until=until)
        self._approved(case, hundredths)
        return Line(
            participation=one.key,
            credit_type=case.rule.credit_type,
            rule=case.rule.code,
            version=case.version.id,
            hundredths=hundredths,
            earned_at=one.earned_at,
            basis=basis.sealed(case.steps),
        )

    def _once(self, case: _Case) -> None:
        one = case.one
        repeat = case.rule.conditions.repeat
        bonus = None if one.role == LEARNER else case.table.bonus_for(case.rule, one.role)
        if one.of_parts is not None or (bonus is not None and bonus.first_time_only):
            repeat = Repeat.ONCE
        if self._given.repeats(one, case.on, repeat, case.table.terms.period):
            raise _Refused(RefusalCode.REPEATED, role=one.role)
        if bonus is not None and not bonus.stacks and one.activity.same in self._learned_here():
            raise _Refused(RefusalCode.NOT_STACKING, role=one.role)

    def _learned_here(self) -> frozenset[str]:
        """Return the activities for which the person has a learner's figure of their own."""
        if self._learned is None:
            self._learned = frozenset(
                one.activity.same
                for one in self._ordered
                if one.role == LEARNER and one.stands and self._has_figure(one)
            )
        return self._learned

    def _has_figure(self, one: Finished) -> bool:
        try:
            _figure(self._case(one))
        except _Refused:
            return False
        return True

    def _beside_courses(self, case: _Case, hundredths: int) -> int:
        of_parts = case.one.of_parts
        if of_parts is None or case.rule.of_program is OfProgram.ADDITIONAL:
            return hundredths
        earned = self._given.to(of_parts.parts, case.rule.credit_type)
        if earned >= hundredths:
            raise _Refused(RefusalCode.INCLUDED, figure=str(hundredths), included=str(earned))
        if earned:
            case.steps.append(basis.included_step(program=of_parts.program, hundredths=earned))
        return hundredths - earned

    def _capped(self, case: _Case, hundredths: int) -> int:
        terms = case.table.terms
        for cap in terms.caps:
            if cap.roles and case.one.role not in cap.roles:
                continue
            used = self._given.under(cap, case.one, case.on, case.rule.credit_type, terms.period)
            left = max(cap.hundredths - used, 0)
            if left == 0:
                raise _Refused(
                    RefusalCode.CAPPED, cap=cap.code, limit=str(cap.hundredths), used=str(used)
                )
            if hundredths > left:
                case.steps.append(basis.cap_step(cap, used=used, trimmed=hundredths - left))
                hundredths = left
        return hundredths

    def _approved(self, case: _Case, hundredths: int) -> None:
        terms, figure = case.table.terms, {"hundredths": str(hundredths)}
        if terms.awards_to is AwardsTo.MEMBERS and not self._person.is_member(case.on):
            raise _Refused(RefusalCode.NOT_MEMBER, on=case.on.isoformat(), **figure)
        if terms.decides is Decides.ESTIMATE:
            raise _Refused(RefusalCode.ESTIMATE, **figure)
        if not case.rule.conditions.approval:
            return
        approval = self._person.approvals.get(case.one.key)
        if approval is None:
            raise _Refused(RefusalCode.AWAITS_APPROVAL, **figure)
        if not approval.approved:
            raise _Refused(RefusalCode.DECLINED, on=approval.on.isoformat())
        case.steps.append(basis.approved_step(on=approval.on.isoformat(), code=approval.code))


def _figure(case: _Case) -> int:
    """Return the figure, its steps told, before anything limits it."""
    one, rule, terms = case.one, case.rule, case.table.terms
    is_learner = one.role == LEARNER
    met = _met(one, case.on, rule)
    case.steps.append(basis.finished_step(at=one.earned_at, source=one.earned_from))
    case.steps.append(basis.rule_step(version=case.version.number, rule=rule, learner=is_learner))
    if met:
        case.steps.append(basis.met_step(met))
    if not is_learner:
        case.steps.append(_bonus(one, case.table, rule))
    elif rule.hundredths is None:
        raise _Refused(RefusalCode.NO_FIGURE, role=one.role)
    if terms.measure != HOURS:
        case.steps.append(basis.measure_step(terms.measure))
    hundredths = basis.replay(case.steps)
    if hundredths == 0:
        raise _Refused(RefusalCode.ZERO)
    return hundredths


def _met(one: Finished, on: date, rule: Rule) -> dict[str, str]:
    if rule.conditions == conditions.NONE:
        return {}
    met = meet(one, on, rule.conditions)
    if isinstance(met, Unmet):
        raise _Refused(met.code, **met.details)
    return met


def _bonus(one: Finished, table: CreditTable, rule: Rule) -> Step:
    bonus: Bonus | None = table.bonus_for(rule, one.role)
    if bonus is None:
        raise _Refused(RefusalCode.ROLE_NOT_CREDITED, role=one.role)
    if bonus.hundredths is None:
        raise _Refused(RefusalCode.NO_FIGURE, role=one.role)
    if bonus.kind is BonusKind.PER_HOUR and one.service_hundredths is None:
        raise _Refused(RefusalCode.NO_HOURS, role=one.role)
    if bonus.kind is BonusKind.MULTIPLE and rule.hundredths is None:
        raise _Refused(RefusalCode.NO_FIGURE, role=one.role)
    return basis.bonus_step(
        role=one.role, bonus=bonus, service=one.service_hundredths, learner=rule.hundredths
    )
