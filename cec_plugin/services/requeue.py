"""Send parked or held deliveries again, at an administrator's word."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial

from django.db.models import Case, QuerySet, Value, When

from cec_plugin import models
from cec_plugin.domain.delivery import State
from cec_plugin.models.outbox import HoldCode
from cec_plugin.selectors.ranges import in_ranges
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
        registries = _registries(ids)
        deliver_on_commit(registries)
        return _make_due(ids, now)

    return in_transaction(work)


def requeue_all(
    deliveries: "QuerySet[models.Delivery]",
    *,
    now: datetime,
    follow: Callable[[Sequence[int]], None] = lambda _: None,
) -> int:
    """Do the same for however many deliveries; return how many are due again.

    Some hundreds in a transaction, and ``follow`` is told their ids after it. Their registries are
    woken at the end, once: each message would else have a worker deliver until nothing is due.
    """
    count = 0
    woken: set[int] = set()
    for part in in_ranges(deliveries):
        ids = list(_again(part).values_list("pk", flat=True))
        woken |= _registries(ids)
        count += in_transaction(partial(_make_due, ids, now))
        follow(ids)
    deliver_on_commit(woken)
    return count


def _again(deliveries: "QuerySet[models.Delivery]") -> "QuerySet[models.Delivery]":
    waiting = deliveries.filter(state__in=[State.PARKED.value, State.HELD.value])
    return waiting.exclude(hold_code=HoldCode.PREDECESSOR)


def _registries(ids: Sequence[int]) -> set[int]:
    again = _again(models.Delivery.objects.filter(pk__in=ids))
    return set(again.order_by().values_list("registry_id", flat=True).distinct())


def _make_due(ids: Sequence[int], now: datetime) -> int:
    return _again(models.Delivery.objects.filter(pk__in=ids)).update(
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
