"""Weigh what somebody finished by one organization's credit tables: lines of credit, or why none.

Everything is taken in the order of finishing, so that what is limited (once, the first time, up
to a cap) goes to what was finished first, in whatever order it was heard of.
"""

from collections.abc import Callable, Iterable, Sequence

from cec_plugin.domain import basis
from cec_plugin.domain.allocation import (
    STRANGER,
    Finished,
    Fixed,
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
from cec_plugin.domain.notices import Via
from cec_plugin.domain.periods import Period
from cec_plugin.domain.tables import (
    LEARNER,
    CreditTable,
    OfProgram,
    in_force,
)
from cec_plugin.domain.terms import AwardsTo, Decides, PeriodOf, Terms
from cec_plugin.domain.worth import Case, Refused, worth


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
        self._entered = frozenset(
            (one.activity.key, one.role)
            for one in ordered
            if one.via is Via.ENTRY and one.stands and one.role != LEARNER
        )

    def weigh(self, one: Finished) -> Line | Refusal:
        """Decide on one, and remember what is given for it."""
        told: dict[str, str] = {}
        steps: list[Step] = []
        fixed = self._person.fixed.get(one.key)
        if fixed is not None:
            return self._by_hand(one, fixed)
        try:
            case = self._case(one)
            steps = case.steps
            told |= {"rule": case.rule.code, "version": str(case.version.number)}
            line = self._line(case)
        except Refused as refused:
            return Refusal(
                participation=one.key,
                code=refused.code,
                details={**told, **refused.details},
                steps=tuple(steps),
            )
        if one.stands:
            self._given.take(one, line, case.on)
        return line

    def _by_hand(self, one: Finished, fixed: Fixed) -> Line | Refusal:
        """Return what an officer set it to: no table, and no limit, says otherwise."""
        if fixed.hundredths == 0:
            return Refusal(
                participation=one.key,
                code=RefusalCode.BY_HAND,
                details={"on": fixed.on.isoformat(), "adjustment": str(fixed.adjustment)},
            )
        line = Line(
            participation=one.key,
            credit_type=fixed.credit_type,
            rule=fixed.rule,
            version=fixed.version,
            hundredths=fixed.hundredths,
            earned_at=one.earned_at,
            basis=basis.sealed(
                [
                    basis.finished_step(at=one.earned_at, source=one.earned_from),
                    basis.by_hand_step(
                        adjustment=fixed.adjustment,
                        on=fixed.on.isoformat(),
                        hundredths=fixed.hundredths,
                    ),
                ]
            ),
        )
        if one.stands:
            self._given.take(one, line, local_date(one.earned_at, self._organization.time_zone))
        return line

    def _case(self, one: Finished) -> Case:
        on = local_date(one.earned_at, self._organization.time_zone)
        version = in_force(self._organization.versions, on)
        if version is None:
            raise Refused(RefusalCode.NO_TABLE, on=on.isoformat())
        table = self._table_of(version.id)
        rule = table.rule_for(one.activity)
        if rule is None:
            raise Refused(RefusalCode.NO_RULE, version=str(version.number))
        hours = one.service_hundredths
        if hours is None and (approval := self._person.approvals.get(one.key)) is not None:
            hours = approval.hours_hundredths
        return Case(one=one, on=on, version=version, table=table, rule=rule, hours_hundredths=hours)

    def _line(self, case: Case) -> Line:
        one = case.one
        hundredths = worth(case)
        if one.via is Via.TEAM and (one.activity.key, one.role) in self._entered:
            raise Refused(RefusalCode.ENTERED, role=one.role)
        self._once(case)
        hundredths = self._beside_courses(case, hundredths)
        hundredths = self._capped(case, hundredths)
        if not one.counting:
            until = one.counts_from.isoformat() if one.counts_from else ""
            raise Refused(RefusalCode.RUN_NOT_ENDED, until=until)
        self._approved(case, hundredths)
        return Line(
            participation=one.key,
            credit_type=case.rule.credit_type,
            rule=case.rule.code,
            version=case.version.id,
            hundredths=hundredths,
            earned_at=one.earned_at,
            basis=basis.sealed(case.steps),
            tags=case.rule.tags,
        )

    def _once(self, case: Case) -> None:
        one = case.one
        repeat = case.rule.conditions.repeat
        bonus = None if one.role == LEARNER else case.table.bonus_for(case.rule, one.role)
        if one.of_parts is not None or (bonus is not None and bonus.first_time_only):
            repeat = Repeat.ONCE
        if self._given.repeats(one, case.on, repeat, self._period(case.table.terms)):
            raise Refused(RefusalCode.REPEATED, role=one.role, repeat=repeat)
        if bonus is not None and not bonus.stacks and one.activity.same in self._learned_here():
            raise Refused(RefusalCode.NOT_STACKING, role=one.role)

    def _period(self, terms: Terms) -> Period | None:
        """Return the periods of a table, as they run for this person."""
        mine = self._person.conferred_on
        if terms.period is None or terms.period_of is PeriodOf.TABLE or mine is None:
            return terms.period
        return Period(months=terms.period.months, anchor=mine)

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
        fixed = self._person.fixed.get(one.key)
        if fixed is not None:
            return fixed.hundredths > 0
        try:
            case = self._case(one)
            worth(case)
        except Refused:
            return False
        approval = self._person.approvals.get(one.key)
        return approval is None or approval.approved or not case.rule.conditions.approval

    def _beside_courses(self, case: Case, hundredths: int) -> int:
        of_parts = case.one.of_parts
        if of_parts is None or case.rule.of_program is OfProgram.ADDITIONAL:
            return hundredths
        earned = self._given.to(of_parts.parts, case.rule.credit_type)
        if earned >= hundredths:
            raise Refused(RefusalCode.INCLUDED, figure=str(hundredths), included=str(earned))
        if earned:
            case.steps.append(basis.included_step(program=of_parts.program, hundredths=earned))
        return hundredths - earned

    def _capped(self, case: Case, hundredths: int) -> int:
        terms, period = case.table.terms, self._period(case.table.terms)
        for cap in terms.caps:
            if cap.roles and case.one.role not in cap.roles:
                continue
            used = self._given.under(cap, case.one, case.on, case.rule.credit_type, period)
            left = max(cap.hundredths - used, 0)
            if left == 0:
                raise Refused(
                    RefusalCode.CAPPED,
                    cap=cap.code,
                    per=cap.per,
                    limit=str(cap.hundredths),
                    used=str(used),
                )
            if hundredths > left:
                case.steps.append(basis.cap_step(cap, used=used, trimmed=hundredths - left))
                hundredths = left
        return hundredths

    def _approved(self, case: Case, hundredths: int) -> None:
        terms, figure = case.table.terms, {"hundredths": str(hundredths)}
        if terms.awards_to is AwardsTo.MEMBERS and not self._person.is_member(case.on):
            raise Refused(RefusalCode.NOT_MEMBER, on=case.on.isoformat(), **figure)
        if terms.decides is Decides.ESTIMATE:
            raise Refused(RefusalCode.ESTIMATE, **figure)
        if not (case.rule.conditions.approval or case.one.via is Via.TEAM):
            return
        approval = self._person.approvals.get(case.one.key)
        if approval is None:
            raise Refused(RefusalCode.AWAITS_APPROVAL, **figure)
        if not approval.approved:
            raise Refused(RefusalCode.DECLINED, on=approval.on.isoformat())
        case.steps.append(basis.approved_step(on=approval.on.isoformat(), code=approval.code))
