"""Carry credit by hand from one account of somebody to another, with the people it belongs to.

Runs in the transaction that merges two people or undoes it, under both their account locks. What
came of a participation needs no carrying: settling follows the participation.
"""

from collections.abc import Iterable
from datetime import datetime

from cec_plugin import models
from cec_plugin.domain.actors import Actor
from cec_plugin.models.adjustments import Adjustment
from cec_plugin.models.ledger import EntryKind
from cec_plugin.services.apply_adjustment import post_by_hand


def standing_by_hand(person_id: int) -> list[models.CreditEntry]:
    """Return the credit of a person that was awarded by hand and stands."""
    rows = models.CreditEntry.objects.filter(
        account__person_id=person_id, kind=EntryKind.ADJUSTMENT, reversed_by__isnull=True
    )
    return list(rows.select_related("account").order_by("pk"))


def carry(
    entries: Iterable[models.CreditEntry],
    *,
    person_id: int,
    reason: str,
    by: Actor,
    now: datetime,
) -> list[int]:
    """Take credit back where it stands and give it to this person at the same organization.

    Return the ids of the adjustments that say so, one for each credit.
    """
    accounts = dict(
        models.Account.objects.filter(person_id=person_id).values_list("organization_id", "pk")
    )
    made = []
    for entry in entries:
        adjustment = Adjustment.objects.create(
            account_id=accounts[entry.account.organization_id],
            kind=Adjustment.Kind.CORRECTION,
            entry=entry,
            activity=entry.activity,
            credit_type=entry.credit_type,
            hundredths=entry.hundredths,
            reason=reason,
            asked_by=by.name,
            asked_subject=by.subject,
            asked_at=now,
            outcome=Adjustment.Outcome.APPLIED,
            decided_by=by.name,
            decided_at=now,
        )
        post_by_hand(adjustment, now=now)
        made.append(adjustment.pk)
    return made


def come_of(adjustment_ids: Iterable[int]) -> list[models.CreditEntry]:
    """Return what stands of credit that was carried once, however it was corrected since."""
    rows = models.CreditEntry.objects.select_related("account", "reversed_by")
    found = []
    for pk in adjustment_ids:
        entry = rows.filter(adjustment_id=pk, kind=EntryKind.ADJUSTMENT).first()
        while entry is not None and hasattr(entry, "reversed_by"):
            by = entry.reversed_by.adjustment_id
            entry = rows.filter(adjustment_id=by, kind=EntryKind.ADJUSTMENT).first()
        if entry is not None:
            found.append(entry)
    return found
