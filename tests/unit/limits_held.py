"""Whether limits hold in a ledger, reckoned the slow way from the entries that stand.

Nothing here adds up along the way, as allocation does: for each line all others are looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from cec_plugin.domain.allocation import Finished, Line, Refusal, RefusalCode
from cec_plugin.domain.conditions import Repeat
from cec_plugin.domain.tables import LEARNER, Bonus, Rule
from cec_plugin.domain.terms import Cap, Per, Terms
from tests.unit.bookkeeper import Bookkeeper


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Something that stands under the lines that speak of it; no credit is zero hundredths."""

    one: Finished
    on: date
    rule: Rule
    bonus: Bonus | None
    terms: Terms
    answer: Line | Refusal
    hundredths: int

    def is_credited(self) -> bool:
        """Say whether it has credit."""
        return self.hundredths > 0


def standing(book: Bookkeeper, person: str, organization_id: int) -> list[Standing]:
    """Return what stands and what the ledger holds for it, in the order of finishing."""
    organization = book.organizations[organization_id]
    credited = {one.participation: one for one in book.unreversed(person, organization_id)}
    decision = book.decisions[person, organization_id]
    found = []
    for one, answer in decision.standing:
        on = one.earned_at.astimezone(ZoneInfo(organization.time_zone)).date()
        versions = [
            (version.effective_from, version.number, version.id)
            for version in organization.versions
            if version.effective_from <= on
        ]
        table = book.tables[max(versions)[-1]]
        rule = table.rule_for(one.activity)
        if rule is not None:
            entry = credited.get(one.key)
            found.append(
                Standing(
                    one=one,
                    on=on,
                    rule=rule,
                    bonus=None if one.role == LEARNER else table.bonus_for(rule, one.role),
                    terms=table.terms,
                    answer=answer,
                    hundredths=entry.hundredths if entry else 0,
                )
            )
    return sorted(found, key=lambda this: (this.one.earned_at, this.one.key))


def _used(cap: Cap, this: Standing, before: Sequence[Standing]) -> int:
    """Return what those before used up of a cap that this one falls under."""
    period = this.terms.period
    assert period is not None
    return sum(
        other.hundredths
        for other in before
        if (not cap.roles or other.one.role in cap.roles)
        and other.rule.credit_type == this.rule.credit_type
        and (
            other.one.activity == this.one.activity
            if cap.per is Per.ACTIVITY
            else period.number(other.on) == period.number(this.on)
        )
    )


def check_caps(all_of_one: Sequence[Standing]) -> None:
    """No cap is exceeded, and nothing is held back unless a cap is used up by what stands."""
    for number, this in enumerate(all_of_one):
        left = [
            cap.hundredths - _used(cap, this, all_of_one[:number])
            for cap in this.terms.caps
            if not cap.roles or this.one.role in cap.roles
        ]
        if this.is_credited():
            assert all(this.hundredths <= room for room in left)
        if isinstance(this.answer, Refusal):
            assert not this.is_credited()
            if this.answer.code is RefusalCode.CAPPED:
                assert min(left) <= 0
        elif any(step["step"] == "cap" for step in this.answer.basis):
            assert this.hundredths == min(left)


def _same(this: Standing, others: Sequence[Standing]) -> list[Standing]:
    """Return those that have credit for the same activity in the same role."""
    return [
        other
        for other in others
        if other.is_credited()
        and (other.one.activity.same, other.one.role) == (this.one.activity.same, this.one.role)
    ]


def check_repeats(all_of_one: Sequence[Standing]) -> None:
    """What is given once is given once, what does not stack gives way, and all else is given."""
    for number, this in enumerate(all_of_one):
        before = _same(this, all_of_one[:number])
        period, repeat = this.terms.period, this.rule.conditions.repeat
        assert period is not None
        if this.bonus is not None and this.bonus.first_time_only:
            repeat = Repeat.ONCE
        if repeat is Repeat.ONCE_A_PERIOD:
            before = [one for one in before if period.number(one.on) == period.number(this.on)]
        again = repeat is not Repeat.ALWAYS and bool(before)
        gives_way = this.bonus is not None and not this.bonus.stacks
        learned = [
            other
            for other in all_of_one
            if other.one.role == LEARNER and other.one.activity.same == this.one.activity.same
        ]
        if this.is_credited():
            assert not again
            assert not (gives_way and any(other.is_credited() for other in learned))
        elif isinstance(this.answer, Refusal):
            if this.answer.code is RefusalCode.REPEATED:
                assert again
            if this.answer.code is RefusalCode.NOT_STACKING:
                assert gives_way
                assert learned
