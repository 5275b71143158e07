"""Take up whatever was not woken: the net under every message that can be lost."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db.models import Q

from cec_plugin import models
from cec_plugin.domain.delivery import State
from cec_plugin.domain.platform import Platform
from cec_plugin.models.outbox import HoldCode
from cec_plugin.services import prepare
from cec_plugin.services.activate import mark_concerned
from cec_plugin.services.catch_up import catch_up
from cec_plugin.services.look_up_claims import wake_look_ups
from cec_plugin.services.mark import mark
from cec_plugin.services.retry import goes_well
from cec_plugin.services.settle import settle_identities, settle_people
from cec_plugin.services.wake import deliver_on_commit

log = logging.getLogger(__name__)

PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """How many people were settled, how many failed, and how many registries have work."""

    settled: int
    failed: int
    registries: int


def sweep(*, platform: Platform, now: datetime) -> Swept:
    """Settle unsettled notices and whoever is due, and wake whatever else has work."""
    settled, failed = settle_unsettled(platform=platform, now=now)
    due, due_failed = settle_due(platform=platform, now=now)
    for step in (catch_up, look_again, wake_look_ups):
        goes_well(partial(step, now=now))
    registries = [
        pk
        for pk in models.Registry.objects.filter(
            Q(paused=False) | Q(pause_kind=models.Registry.Pause.ACCESS)
        ).values_list("pk", flat=True)
        if models.Delivery.objects.filter(
            registry_id=pk, state=State.PENDING.value, due_at__lte=now
        ).exists()
    ]
    deliver_on_commit(registries)
    return Swept(settled=settled + due, failed=failed + due_failed, registries=len(registries))


def settle_unsettled(*, platform: Platform, now: datetime) -> tuple[int, int]:
    """Settle the accounts with notices nobody settled; return (settled, failed)."""
    if not models.Organization.objects.exists():
        return 0, 0  # nobody to give credit yet: the notices wait
    settled = failed = 0
    done: set[str] = set()
    for key in _unsettled():
        if key in done:
            continue
        done.add(key)
        if goes_well(partial(settle_identities, [key], platform=platform, now=now)):
            settled += 1
        else:
            failed += 1
    return settled, failed


def _unsettled() -> Iterator[str]:
    last = 0
    while True:
        page = list(
            models.Notice.objects.filter(settled_at__isnull=True, pk__gt=last)
            # The same order as by key, named as the index has it: no planner then walks the
            # primary key through everything that was settled.
            .order_by("settled_at", "pk")
            .values_list("pk", "identity_key")[:PAGE]
        )
        if not page:
            return
        last = page[-1][0]
        yield from (key for _, key in page)


def settle_due(*, platform: Platform, now: datetime) -> tuple[int, int]:
    """Settle whoever a change concerns: a new table, the end of a run. Return (settled, failed)."""
    goes_well(partial(mark_concerned, now=now))
    goes_well(partial(_ask_for_unknown, platform, now))
    settled = failed = 0
    for page in _due(now):
        for activity_id in sorted({activity_id for activity_id, _ in page}):
            goes_well(partial(_refresh, activity_id, platform, now))
        for person_id in sorted({person_id for _, person_id in page}):
            if goes_well(partial(settle_people, [person_id], platform=platform, now=now)):
                settled += 1
            else:
                failed += 1
    return settled, failed


def _due(now: datetime) -> Iterator[list[tuple[int, int]]]:
    """Yield pages of (activity, person) that are due, each participation once."""
    due = models.Participation.objects.filter(settle_at__lte=now).order_by("settle_at", "pk")
    after = Q()
    while page := list(
        due.filter(after).values_list("settle_at", "pk", "activity_id", "identity__person_id")[
            :PAGE
        ]
    ):
        last_at, last_pk = page[-1][:2]
        after = Q(settle_at__gt=last_at) | Q(settle_at=last_at, pk__gt=last_pk)
        yield [(activity_id, person_id) for _, _, activity_id, person_id in page]


def _ask_for_unknown(platform: Platform, now: datetime) -> None:
    """Ask again, once a day, about courses of which the platform could say nothing."""
    unknown = models.Activity.objects.filter(title="", refreshed_at__lt=now - prepare.REFRESH_AFTER)
    known_now = prepare.refresh(unknown, platform=platform, now=now)
    if known_now:
        mark(Q(activity_id__in=[one.pk for one in known_now]), now=now)


def _refresh(activity_id: int, platform: Platform, now: datetime) -> None:
    stale = models.Activity.objects.filter(
        pk=activity_id, refreshed_at__lt=now - prepare.REFRESH_AFTER
    )
    prepare.refresh(stale, platform=platform, now=now)


def look_again(*, now: datetime) -> int:
    """Let deliveries look again for a member whom nobody knew, or a receipt; return how many.

    Without a member number they only look here: for a link made while a courier looked. What waits
    for a receipt goes on doing so: it is looked up, and never written again.
    """
    due = models.Delivery.objects.filter(state=State.HELD.value, due_at__lte=now)
    members = due.filter(hold_code__in=[HoldCode.MEMBER_UNKNOWN, HoldCode.NO_MEMBER_NUMBER]).update(
        state=State.PENDING.value, hold_code=""
    )
    receipts = due.filter(hold_code=HoldCode.RECEIPT).update(state=State.PENDING.value)
    return members + receipts
