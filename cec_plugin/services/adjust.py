"""Award, correct and take back credit by hand, above an amount with a second person's approval."""

from datetime import date, datetime

from cec_plugin import models
from cec_plugin.conf import get_settings
from cec_plugin.domain.actors import Actor
from cec_plugin.domain.credits import format_hundredths
from cec_plugin.domain.keys import identity_key
from cec_plugin.exceptions import CecError
from cec_plugin.models.adjustments import Adjustment
from cec_plugin.models.ledger import EntryKind
from cec_plugin.selectors.fixed import last_by_hand
from cec_plugin.selectors.merging import is_merged_away
from cec_plugin.services import prepare
from cec_plugin.services.apply_adjustment import AdjustmentError, apply, end
from cec_plugin.services.authorize import authorize
from cec_plugin.services.retry import in_transaction

__all__ = [
    "AdjustmentError",
    "SecondPersonError",
    "award",
    "correct",
    "decide",
    "release",
    "reverse",
]


class SecondPersonError(CecError):
    """Whoever asked for it cannot be the second person."""


def award(
    *,
    person_id: int,
    organization_id: int,
    hundredths: int,
    earned_on: date,
    reason: str,
    by: Actor,
    now: datetime,
    activity_id: int | None = None,
    credit_type: str = "cec",
) -> Adjustment:
    """Award credit that no table gives: an opening balance, or what was agreed with somebody.

    ``hundredths`` of the organization's unit. Opens transactions of its own.

    Raises:
        AdjustmentError: it is nothing, or has no reason.
        NotAnsweringError, OwnCreditError: see ``authorize``.
    """
    authorize(by, organization_id=organization_id, person_id=person_id)
    if is_merged_away(person_id):
        raise AdjustmentError("this person was merged into another: award it there")
    if hundredths <= 0:
        raise AdjustmentError("an award is above zero")
    prepare.accounts(person_id)
    account = models.Account.objects.get(person_id=person_id, organization_id=organization_id)
    return _ask(
        Adjustment(
            kind=Adjustment.Kind.AWARD,
            account=account,
            activity_id=activity_id,
            credit_type=credit_type.strip() or "cec",
            hundredths=hundredths,
            earned_on=earned_on,
        ),
        by_how_much=hundredths,
        reason=reason,
        by=by,
        now=now,
    )


def correct(*, entry_id: int, hundredths: int, reason: str, by: Actor, now: datetime) -> Adjustment:
    """Make a credit another amount: it is taken back and awarded anew in one step.

    ``hundredths`` above zero, of the organization's unit. What settling awarded stays as it is
    corrected, whatever the table says later, until it is released. Opens transactions of its own.

    Raises:
        AdjustmentError: the credit does not stand, is that much already, or there is no reason.
        NotAnsweringError, OwnCreditError: see ``authorize``.
    """
    if hundredths <= 0:
        raise AdjustmentError("a correction is above zero: take the credit back instead")
    entry = _standing(entry_id)
    if entry.hundredths == hundredths:
        raise AdjustmentError(f"the credit is {format_hundredths(hundredths)} already")
    by_how_much = abs(hundredths - entry.hundredths)
    return _of(entry, Adjustment.Kind.CORRECTION, hundredths, by_how_much, reason, by, now)


def reverse(*, entry_id: int, reason: str, by: Actor, now: datetime) -> Adjustment:
    """Take a credit back; settling does not give it again until it is released.

    Opens transactions of its own.

    Raises:
        AdjustmentError: the credit does not stand, or there is no reason.
        NotAnsweringError, OwnCreditError: see ``authorize``.
    """
    entry = _standing(entry_id)
    return _of(entry, Adjustment.Kind.REVERSAL, 0, abs(entry.hundredths), reason, by, now)


def release(*, entry_id: int, reason: str, by: Actor, now: datetime) -> Adjustment:
    """Let the table decide again on what an entry came from. Opens transactions of its own.

    Raises:
        AdjustmentError: nothing was set by hand there, or there is no reason.
        NotAnsweringError, OwnCreditError: see ``authorize``.
    """
    entry = models.CreditEntry.objects.select_related("account").get(pk=entry_id)
    fixed = last_by_hand(entry)
    if fixed is None or fixed.kind == Adjustment.Kind.RELEASE:
        raise AdjustmentError("nothing was set by hand here: the table decides already")
    by_how_much = _from_tables(entry, fixed.hundredths)
    return _of(entry, Adjustment.Kind.RELEASE, 0, by_how_much, reason, by, now)


def decide(adjustment_id: int, *, approved: bool, by: Actor, now: datetime) -> Adjustment:
    """Approve or decline, as the second person, what waits. Opens transactions of its own.

    Raises:
        AdjustmentError: somebody else decided first, or the credit does not stand any more.
        SecondPersonError: it is whoever asked for it, by whichever of their accounts.
        NotAnsweringError, OwnCreditError: see ``authorize``.
    """
    waiting = Adjustment.objects.select_related("account").get(pk=adjustment_id)
    account = waiting.account
    authorize(by, organization_id=account.organization_id, person_id=_whose(waiting))
    if _same_person(waiting.asked_subject, by.subject):
        raise SecondPersonError("you asked for this yourself: a second person decides")
    return _end(waiting, approved=approved, by=by, now=now)


def _whose(one: models.CreditEntry | Adjustment) -> int:
    """Return the person whose credit it is: after a merge, whoever the account belongs to now."""
    if one.participation is not None:
        return one.participation.identity.person_id
    return one.account.person_id


def _from_tables(entry: models.CreditEntry, hundredths: int) -> int:
    """Return how far a figure is at the most from what tables ever gave where an entry is from."""
    bases = models.CreditEntry.objects.filter(
        account__organization_id=entry.account.organization_id,
        participation=entry.participation,
        kind=EntryKind.AWARD,
    ).values_list("hundredths", "basis")
    by_tables = (
        abs(given - hundredths)
        for given, basis in bases
        if all(step["step"] != "by_hand" for step in basis)
    )
    return max(by_tables, default=hundredths)


def _same_person(one: str, other: str) -> bool:
    """Say whether two accounts of this site (by subject) are one person's."""
    site = get_settings().site
    keys = [identity_key(site=site, subject=subject) for subject in (one, other)]
    people = models.Identity.objects.filter(key__in=keys).values_list("person_id", flat=True)
    return one == other or (len(people) > 1 and len(set(people)) == 1)


def _standing(entry_id: int) -> models.CreditEntry:
    rows = models.CreditEntry.objects.select_related("account")
    entry: models.CreditEntry = rows.get(pk=entry_id)
    if entry.kind == EntryKind.REVERSAL or hasattr(entry, "reversed_by"):
        raise AdjustmentError("this credit does not stand: it was taken back")
    return entry


def _of(  # noqa: PLR0917 - the parts of one decision
    entry: models.CreditEntry,
    kind: Adjustment.Kind,
    hundredths: int,
    by_how_much: int,
    reason: str,
    by: Actor,
    now: datetime,
) -> Adjustment:
    account = entry.account
    authorize(by, organization_id=account.organization_id, person_id=_whose(entry))
    asked = Adjustment(
        kind=kind,
        account=account,
        entry=entry,
        participation_id=entry.participation_id,
        activity=entry.activity,
        credit_type=entry.credit_type,
        hundredths=hundredths,
    )
    return _ask(asked, by_how_much=by_how_much, reason=reason, by=by, now=now)


def _ask(
    asked: Adjustment, *, by_how_much: int, reason: str, by: Actor, now: datetime
) -> Adjustment:
    asked.reason = reason.strip()
    if not asked.reason:
        raise AdjustmentError("a reason is missing: say why")
    asked.asked_by, asked.asked_subject, asked.asked_at = by.name, by.subject, now
    limit = get_settings().second_person_above
    if limit is not None and by_how_much > limit:
        asked.save()
        return asked

    def work() -> Adjustment:
        asked.pk = None
        asked.save(force_insert=True)
        return apply(asked, by=by.name, now=now)

    return in_transaction(work)


def _end(waiting: Adjustment, *, approved: bool, by: Actor, now: datetime) -> Adjustment:
    def work() -> Adjustment:
        if approved:
            return apply(waiting, by=by.name, now=now)
        return end(waiting, Adjustment.Outcome.DECLINED, by=by.name, now=now)

    return in_transaction(work)
