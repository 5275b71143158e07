"""End a parked delivery by an administrator's word, after looking at the registry itself."""

from datetime import datetime

from cec_plugin import models
from cec_plugin.domain.delivery import Presence, State
from cec_plugin.services.enqueue import release_successors
from cec_plugin.services.retry import in_transaction
from cec_plugin.services.wake import deliver_on_commit


def settle_by_hand(delivery_id: int, *, done: bool, by: str, now: datetime) -> bool:
    """Say that what a parked delivery asks for stands in the registry, or never will.

    ``done`` ends it as delivered; otherwise it is void, and nothing of it is in the registry.
    What waited for it goes on. Returns whether it was parked. ``by`` is a user name. Opens a
    transaction of its own.
    """

    def work() -> bool:
        ended = models.Delivery.objects.filter(pk=delivery_id, state=State.PARKED.value).update(
            state=State.DELIVERED.value if done else State.VOID.value,
            presence=Presence.PRESENT.value if done else Presence.ABSENT.value,
            reason=f"settled by hand by {by}"[:255],
            due_at=None,
            settled_at=now,
        )
        if not ended:
            return False
        delivery = models.Delivery.objects.select_related("entry").get(pk=delivery_id)
        deliver_on_commit(release_successors(delivery, now=now))
        return True

    return in_transaction(work)
