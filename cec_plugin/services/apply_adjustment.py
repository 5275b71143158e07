"""Carry a decision by hand out: in the ledger, or by fixing what settling gives.

Runs in the transaction that decides, under the account's lock.
"""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.db.models import F

from cec_plugin import models
from cec_plugin.domain import basis, keys
from cec_plugin.domain.allocation import local_date
from cec_plugin.domain.posting import ReversalReason
from cec_plugin.exceptions import CecError
from cec_plugin.models.adjustments import Adjustment
from cec_plugin.models.ledger import EntryKind
from cec_plugin.services.enqueue import enqueue
from cec_plugin.services.wake import deliver_on_commit, resettle_on_commit

FROM_HAND = "by_hand"
"""Where the date of a credit comes from that somebody awarded by hand."""


class AdjustmentError(CecError):
    """What was to be done by hand cannot be done (any more)."""


def end(
    adjustment: Adjustment, outcome: Adjustment.Outcome, *, by: str, now: datetime
) -> Adjustment:
    """Write down what became of it, unless somebody did before. ``by`` is a user name.

    Raises:
        AdjustmentError: it was decided already.
    """
    ended = Adjustment.objects.filter(pk=adjustment.pk, outcome=Adjustment.Outcome.WAITING).update(
        outcome=outcome, decided_by=by, decided_at=now
    )
    adjustment.refresh_from_db()
    if not ended:
        raise AdjustmentError(
            f"{adjustment.decided_by} decided already: {adjustment.get_outcome_display()}"
        )
    return adjustment


def apply(adjustment: Adjustment, *, by: str, now: datetime) -> Adjustment:
    """Do what was decided. ``by`` is a user name.

    What came of a participation is settled again after the commit, by what is now fixed;
    everything else is posted at once.

    Raises:
        AdjustmentError: it was decided already, or the credit does not stand any more.
    """
    models.Account.objects.filter(pk=adjustment.account_id).update(revision=F("revision") + 1)
    end(adjustment, Adjustment.Outcome.APPLIED, by=by, now=now)
    if adjustment.entry is not None and adjustment.kind != Adjustment.Kind.RELEASE:
        _ensure_stands(adjustment, adjustment.entry)
    if adjustment.participation_id is not None:
        models.Participation.objects.filter(pk=adjustment.participation_id).update(settle_at=now)
        resettle_on_commit()
    else:
        post_by_hand(adjustment, now=now)
    return adjustment


def _ensure_stands(adjustment: Adjustment, entry: models.CreditEntry) -> None:
    reversed_since = models.CreditEntry.objects.filter(reverses=entry).exists()
    others = Adjustment.objects.filter(entry=entry, outcome=Adjustment.Outcome.APPLIED)
    if reversed_since or others.exclude(pk=adjustment.pk).exists():
        raise AdjustmentError("this credit was corrected or taken back meanwhile: look at it again")


def post_by_hand(adjustment: Adjustment, *, now: datetime) -> None:
    """Post what an applied adjustment comes to, and tell the registries.

    Where the credit that it takes back is on another account than its own, the credit moves.
    """
    account = models.Account.objects.select_related("organization").get(pk=adjustment.account_id)
    entries = []
    if adjustment.entry is not None:
        entries.append(_reversal(adjustment, adjustment.entry, account, now))
    if adjustment.hundredths:
        earned_at = (
            adjustment.entry.earned_at
            if adjustment.entry is not None
            else _noon(adjustment.earned_on, account.organization)
        )
        entries.append(_award(adjustment, account, earned_at, now))
    for entry in entries:
        entry.save()
    deliver_on_commit(
        enqueue(
            entries,
            organization_by_account={one.account_id: account.organization_id for one in entries},
            person_id=account.person_id,
            now=now,
        )
    )


def _noon(day: date | None, organization: models.Organization) -> datetime:
    """Return noon of a day where the organization is."""
    assert day is not None  # noqa: S101 - an award has its day
    return datetime.combine(day, time(12), ZoneInfo(organization.time_zone))


def _award(
    adjustment: Adjustment, account: models.Account, earned_at: datetime, now: datetime
) -> models.CreditEntry:
    organization = account.organization
    return models.CreditEntry(
        account=account,
        adjustment=adjustment,
        kind=EntryKind.ADJUSTMENT,
        credit_type=adjustment.credit_type,
        hundredths=adjustment.hundredths,
        earned_at=earned_at,
        recorded_at=now,
        natural_key=_key(EntryKind.ADJUSTMENT, adjustment, organization),
        basis=list(
            basis.sealed(
                [
                    basis.finished_step(at=earned_at, source=FROM_HAND),
                    basis.by_hand_step(
                        adjustment=adjustment.pk,
                        on=local_date(now, organization.time_zone).isoformat(),
                        hundredths=adjustment.hundredths,
                    ),
                ]
            )
        ),
    )


def _reversal(
    adjustment: Adjustment, entry: models.CreditEntry, account: models.Account, now: datetime
) -> models.CreditEntry:
    moved = entry.account_id != account.pk
    reason = ReversalReason.MERGED if moved else ReversalReason.BY_HAND
    return models.CreditEntry(
        account_id=entry.account_id,
        adjustment=adjustment,
        kind=EntryKind.REVERSAL,
        credit_type=entry.credit_type,
        hundredths=-entry.hundredths,
        earned_at=entry.earned_at,
        recorded_at=now,
        natural_key=_key(EntryKind.REVERSAL, adjustment, account.organization),
        reverses=entry,
        basis=[basis.reversal_step(hundredths=entry.hundredths, reason=reason.value)],
    )


def _key(kind: EntryKind, adjustment: Adjustment, organization: models.Organization) -> str:
    return keys.natural_key(
        kind=kind,
        organization=organization.code,
        participation=adjustment.uuid.hex,
        credit_type=adjustment.credit_type,
        line="",
        generation=0,
    )
