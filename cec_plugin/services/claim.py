"""Take a lease on due deliveries of one registry. Opens a transaction of its own, and commits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Case, F, OuterRef, Subquery, Value, When
from django.db.models.functions import Coalesce

from cec_plugin import models
from cec_plugin.domain.delivery import Errand, Presence, State
from cec_plugin.services.retry import in_transaction

_MEMBER = "account__organization__memberships"

_NUMBER = Case(
    When(
        errand=Errand.TELL.value,
        presence=Presence.ABSENT.value,
        then=Coalesce(
            Subquery(
                models.CreditEntry.objects.filter(
                    **{"pk": OuterRef("entry_id"), f"{_MEMBER}__person_id": F("account__person_id")}
                ).values(f"{_MEMBER}__number_key")[:1]
            ),
            Value(""),
        ),
    ),
    default=F("number_key"),
)
"""The digest of the member's number as it is now; what may be there already keeps its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A delivery that is ours until ``until``, if nobody claims it after us.

    ``lease`` is the fencing number; ``presence`` what was proven before this claim.
    """

    id: int
    lease: int
    presence: Presence
    until: datetime


def claim(registry_id: int, *, limit: int, lease_s: float, now: datetime) -> list[Claimed]:
    """Claim up to ``limit`` due deliveries of a registry, longest due first.

    Claiming pushes the due time forward, so a worker that dies leaves nothing stuck, and makes
    the presence unknown, so nobody voids what may be on its way. It also notes the member number
    under which each may be sent by it: whoever corrects a number then sees it, and what went out
    under another one is told by that.
    """
    until = now + timedelta(seconds=lease_s)

    def work() -> list[Claimed]:
        if not connection.features.has_select_for_update_skip_locked:
            # One claimer at a time: the write takes the lock that skipping would have spared.
            models.Registry.objects.filter(pk=registry_id).update(timeout_s=F("timeout_s"))
        due = (
            models.Delivery.objects.filter(
                registry_id=registry_id, state=State.PENDING.value, due_at__lte=now
            )
            .order_by("due_at", "id")
            .values_list("id", "lease", "presence")
        )
        # Locked either way, or what is voided between the two statements would be sent.
        skips = connection.features.has_select_for_update_skip_locked
        due = due.select_for_update(skip_locked=skips)
        rows = list(due[:limit])
        models.Delivery.objects.filter(pk__in=[pk for pk, *_ in rows]).update(
            # Before the presence, of which MySQL would read here what it was just set to.
            number_key=_NUMBER,
            due_at=until,
            lease=F("lease") + 1,
            presence=Presence.UNKNOWN.value,
        )
        return [
            Claimed(id=pk, lease=lease + 1, presence=Presence(presence), until=until)
            for pk, lease, presence in rows
        ]

    return in_transaction(work)


def claim_one(delivery_id: int, *, lease_s: float, now: datetime) -> Claimed | None:
    """Claim one delivery that waits to be sent, whether or not its registry is paused."""
    until = now + timedelta(seconds=lease_s)
    found = (
        models.Delivery.objects.filter(pk=delivery_id, state=State.PENDING.value, due_at__lte=now)
        .values_list("lease", "presence")
        .first()
    )
    if found is None:
        return None
    lease, presence = found
    ours = models.Delivery.objects.filter(
        pk=delivery_id, lease=lease, state=State.PENDING.value
    ).update(number_key=_NUMBER, due_at=until, lease=lease + 1, presence=Presence.UNKNOWN.value)
    if not ours:
        return None
    return Claimed(id=delivery_id, lease=lease + 1, presence=Presence(presence), until=until)


def give_back(claimed: Iterable[Claimed], *, now: datetime) -> None:
    """Make claimed deliveries that were not sent due again, with what was proven about them."""
    for one in claimed:
        models.Delivery.objects.filter(
            pk=one.id, lease=one.lease, state=State.PENDING.value
        ).update(due_at=now, presence=one.presence.value)
