"""Tell a registry that came later of what was recorded before it."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from django.db.models import F

from cec_plugin import models
from cec_plugin.services.enqueue import enqueue, void_unsent
from cec_plugin.services.retry import goes_well, in_transaction
from cec_plugin.services.wake import deliver_on_commit

PAGE = 500


def catch_up(*, now: datetime) -> int:
    """Write the deliveries that registries opened since lack; return how many.

    A registry is caught up once, when it was resumed for the first time: until then nobody has
    said that it is right. What was reversed meanwhile is void, not sent. Opens a transaction of
    its own for each account, under its lock; one that fails is logged, and comes again.
    """
    written: list[int] = []
    for registry in models.Registry.objects.filter(caught_up_at__isnull=True, paused=False):
        went_well = True
        for account in _accounts(registry):
            went_well &= goes_well(partial(_catch_up, registry, account, now, written))
        if went_well:
            models.Registry.objects.filter(pk=registry.pk).update(caught_up_at=now)
    return sum(written)


def _catch_up(
    registry: models.Registry, account: models.Account, now: datetime, written: list[int]
) -> None:
    written.append(in_transaction(partial(_of_account, registry, account, now)))


def _accounts(registry: models.Registry) -> Iterator[models.Account]:
    last = 0
    while True:
        page = list(
            models.Account.objects.filter(
                organization_id=registry.organization_id, pk__gt=last, entries__isnull=False
            )
            .order_by("pk")
            .distinct()[:PAGE]
        )
        if not page:
            return
        last = page[-1].pk
        yield from page


def _of_account(registry: models.Registry, account: models.Account, now: datetime) -> int:
    models.Account.objects.filter(pk=account.pk).update(revision=F("revision") + 1)
    told = models.Delivery.objects.filter(registry=registry, entry__account=account)
    untold = list(
        models.CreditEntry.objects.filter(account=account)
        .exclude(pk__in=told.values("entry_id"))
        .order_by("pk")
    )
    # What was taken back while the registry was there, but not told of the award: its reversal
    # has nothing to take back any more, so the award must not go out either.
    ended = list(
        told.filter(entry__reverses__in=untold).values_list("entry__reverses_id", flat=True)
    )
    woken = enqueue(
        untold,
        organization_by_account={account.pk: account.organization_id},
        person_id=account.person_id,
        now=now,
        registry_id=registry.pk,
    )
    if ended:
        awards = models.Delivery.objects.filter(registry=registry, entry__in=ended)
        void_unsent(awards.values_list("pk", flat=True), now=now)
    deliver_on_commit(woken)
    return len(untold)
