"""Send parked or held deliveries again, at an administrator's word."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Case, Value, When

from cec_plugin import models
from cec_plugin.domain.delivery import State
from cec_plugin.models.outbox import HoldCode
from cec_plugin.services.retry import in_transaction
from cec_plugin.services.wake import deliver_on_commit

PAGE = 500


def requeue(delivery_ids: Iterable[int], *, now: datetime) -> int:
    """Make parked deliveries, and those held for the registry's word, due; return how many.

    The failures are counted anew; the fencing number goes on, so whatever was sent is looked up
    before it is sent again. What waits for the delivery before it goes on waiting, and what waits
    for a receipt is only looked for. Opens a transaction of its own.
    """
    ids = list(delivery_ids)

    def work() -> int:
        again = models.Delivery.objects.filter(
            pk__in=ids, state__in=[State.PARKED.value, State.HELD.value]
        ).exclude(hold_code=HoldCode.PREDECESSOR)
        registries = list(again.order_by().values_list("registry_id", flat=True).distinct())
        count = again.update(
            state=State.PENDING.value,
            due_at=now,
            failures=0,
            looks=0,
            # Taken, and not shown yet: written once more, it would be there twice.
            hold_code=Case(
                When(hold_code=HoldCode.RECEIPT, then=Value(HoldCode.RECEIPT.value)),
                default=Value(""),
            ),
            settled_at=None,
        )
        deliver_on_commit(registries)
        return count

    return in_transaction(work)


def requeue_parked(registry_id: int, *, now: datetime) -> int:
    """Make whatever is parked for a registry due, a page in a transaction; return how many."""
    count = last = 0
    while page := list(
        models.Delivery.objects.filter(
            registry_id=registry_id, state=State.PARKED.value, pk__gt=last
        )
        .order_by("pk")
        .values_list("pk", flat=True)[:PAGE]
    ):
        count += requeue(page, now=now)
        last = page[-1]
    return count
