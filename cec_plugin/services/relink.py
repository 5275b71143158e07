"""Take back what was sent under a wrong member number, and tell it again under the right one.

Runs in the transaction that changes the number, after the change, under the account locks.
"""

from datetime import datetime

from cec_plugin import models
from cec_plugin.domain import keys
from cec_plugin.domain.delivery import Errand, Presence, State
from cec_plugin.models.outbox import HoldCode
from cec_plugin.selectors.sent import Chain, chains, of_standing
from cec_plugin.services.enqueue import void_unsent
from cec_plugin.services.wake import deliver_on_commit


def relink(
    *, person_id: int, organization_id: int, before: str, number_key: str, now: datetime
) -> int:
    """Have every credit that stands told under this number; return how many are told again.

    ``before`` and ``number_key`` are digests of the numbers before and now, empty for none. What
    no registry can have got goes out under the new number by itself. What one may have got is
    taken back there first and then told under a new reference; without a number that waits for
    one. A registry that takes nothing back parks the taking back: an administrator decides, and
    nothing is told twice meanwhile.
    """
    # Whoever settles one of them waits for us, and then sees what we made wait for it; or we see
    # the end. A claim under way has noted its number before.
    ids = of_standing(person_id, organization_id)
    rows = models.Delivery.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    again = [
        chain
        for chain in chains(list(rows))
        if not _goes_back(chain, number_key, now) and chain.is_elsewhere(number_key, before=before)
    ]
    entries = models.CreditEntry.objects.in_bulk({chain.deliveries[0].entry_id for chain in again})
    for chain in again:
        _tell_anew(chain, entries[chain.deliveries[0].entry_id], now)
    deliver_on_commit({chain.deliveries[0].registry_id for chain in again})
    return len(again)


def _goes_back(chain: Chain, number_key: str, now: datetime) -> bool:
    """Undo a correction of which nothing was sent yet, by a number that was right before."""
    last = chain.last
    if last is None or last.after_id is None or last.presence != Presence.ABSENT:
        return False
    by_id = {one.pk: one for one in chain.deliveries}
    retraction = by_id.get(last.after_id)
    if retraction is None or retraction.presence != Presence.ABSENT:
        return False
    if retraction.state in (State.DELIVERED, State.VOID) or retraction.after_id is None:
        return False
    first = by_id[retraction.after_id]
    # Two that are not known are not the same: what was sent under none noted goes nowhere back.
    if not number_key or first.number_key != number_key or first.state == State.VOID:
        return False
    return void_unsent([retraction.pk, last.pk], now=now) == 2


def _tell_anew(chain: Chain, entry: models.CreditEntry, now: datetime) -> None:
    last, round_number = chain.last, chain.rounds
    assert last is not None  # noqa: S101 - it was sent

    def errand(of: Errand, after: models.Delivery) -> models.Delivery:
        ready = after.state == State.DELIVERED
        return models.Delivery(
            entry=entry,
            registry_id=last.registry_id,
            reference=keys.reference_anew(
                entry.natural_key, errand=of.value, round_number=round_number
            ),
            errand=of.value,
            round=round_number,
            after=after,
            state=(State.PENDING if ready else State.HELD).value,
            hold_code="" if ready else HoldCode.PREDECESSOR,
            due_at=now if ready else None,
        )

    retraction = errand(Errand.RETRACT, last)
    retraction.award_reference = last.reference
    retraction.save(force_insert=True)
    errand(Errand.TELL, retraction).save(force_insert=True)
