"""Have a registry hear of a credit again: told, told anew, or taken back, each by its outbox row.

Runs in the caller's transaction, under the lock of the credit's account: whoever posts to the
ledger then waits for us, and takes back what we made.
"""

from datetime import datetime

from django.db.models import Max, Q

from cec_plugin import models
from cec_plugin.domain import keys
from cec_plugin.domain.delivery import Errand, Presence, State
from cec_plugin.models.outbox import HoldCode


def tell_again(tell: models.Delivery, *, now: datetime) -> bool:
    """Make a delivered credit due again under its own reference; say whether it was delivered.

    It is looked up before it is written. That the registry took it once is forgotten, or the
    courier would leave it to a person.
    """
    return _due_again(tell, now=now, remote_id="")


def tell_anew(tell: models.Delivery, *, now: datetime, take_back: bool) -> None:
    """Tell a credit under a new reference, for a registry never opens a reversed one again.

    With ``take_back`` the old one is taken back first, and the new one waits for that.
    """
    before = _take_back(tell, now=now) if take_back else None
    new = _errand(Errand.TELL, tell, now=now, round_number=_round(tell, before))
    if before is not None:
        new.after, new.due_at = before, None
        new.state, new.hold_code = State.HELD.value, HoldCode.PREDECESSOR
    new.save(force_insert=True)


def take_back_again(tell: models.Delivery, *, now: datetime) -> bool:
    """Make the taking back of a credit due again; say whether it was there and delivered.

    Where nothing ever was to take this reference back, something is now.
    """
    retracts = models.Delivery.objects.filter(
        Q(entry_id=tell.entry_id) | Q(entry__reverses_id=tell.entry_id),
        registry_id=tell.registry_id,
        errand=Errand.RETRACT.value,
        award_reference=tell.reference,
    ).exclude(state=State.VOID.value)
    retract = retracts.order_by("-pk").first()
    if retract is None:
        _take_back(tell, now=now)
        return True
    return _due_again(retract, now=now)


def _due_again(delivery: models.Delivery, *, now: datetime, **also: object) -> bool:
    """Fenced: whatever was settled or claimed otherwise since it was read stays as it is."""
    mine = models.Delivery.objects.filter(
        pk=delivery.pk, state=State.DELIVERED.value, lease=delivery.lease
    )
    return bool(
        mine.update(
            state=State.PENDING.value,
            presence=Presence.UNKNOWN.value,
            due_at=now,
            failures=0,
            looks=0,
            settled_at=None,
            **also,
        )
    )


def _take_back(tell: models.Delivery, *, now: datetime) -> models.Delivery:
    retract = _errand(Errand.RETRACT, tell, now=now, round_number=_round(tell))
    retract.award_reference, retract.after = tell.reference, tell
    retract.save(force_insert=True)
    return retract


def _round(tell: models.Delivery, with_: models.Delivery | None = None) -> int:
    """Return the next round of the credit at this registry; that of what goes ``with_`` it."""
    if with_ is not None:
        return with_.round
    rounds = models.Delivery.objects.filter(entry_id=tell.entry_id, registry_id=tell.registry_id)
    return 1 + int(rounds.aggregate(last=Max("round"))["last"] or 0)


def _errand(
    of: Errand, tell: models.Delivery, *, now: datetime, round_number: int
) -> models.Delivery:
    return models.Delivery(
        entry_id=tell.entry_id,
        registry_id=tell.registry_id,
        reference=keys.reference_anew(
            tell.entry.natural_key, errand=of.value, round_number=round_number
        ),
        errand=of.value,
        round=round_number,
        state=State.PENDING.value,
        due_at=now,
    )
