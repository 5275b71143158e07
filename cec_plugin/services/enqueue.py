"""Write the duty to tell the registries, in the transaction that posts the entries.

An award that is taken back before its registry ever heard of it is void, and so is its reversal.
Whatever a registry may have heard keeps its order: the reversal waits for the award, a new award
for the reversal.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db.models import FilteredRelation, Q, QuerySet

from cec_plugin import models
from cec_plugin.domain import keys
from cec_plugin.domain.delivery import Errand, Presence, State
from cec_plugin.models.ledger import EntryKind
from cec_plugin.models.outbox import HoldCode

ENDED = (State.DELIVERED.value, State.VOID.value)


def enqueue(
    entries: Sequence[models.CreditEntry],
    *,
    organization_by_account: dict[int, int],
    person_id: int,
    now: datetime,
    registry_id: int | None = None,
    reversed_before: Collection[int] | None = None,
) -> set[int]:
    """Write a delivery of each entry for each registry concerned; return registries to wake.

    With a ``registry_id`` for that registry alone. ``reversed_before`` names the participations of
    which anything was taken back before these entries; it is looked up if not given.
    """
    if not entries:
        return set()
    concerned = {organization_by_account[entry.account_id] for entry in entries}
    one = Q() if registry_id is None else Q(pk=registry_id)
    registries = list(
        models.Registry.objects.filter(one, organization_id__in=concerned)
        .annotate(
            mine=FilteredRelation(
                "organization__memberships",
                condition=Q(organization__memberships__person_id=person_id),
            )
        )
        .values_list("id", "organization_id", "paused", "mine__number")
        .order_by("id")
    )
    woken: set[int] = set()
    taken_back = {one.participation_id for one in entries if one.kind == EntryKind.REVERSAL}
    if registries:
        taken_back |= _reversed(entries) if reversed_before is None else set(reversed_before)
    for entry in entries:
        for registry, organization_id, paused, number in registries:
            if organization_by_account[entry.account_id] != organization_id:
                continue
            delivery = _delivery(entry, registry, linked=bool(number), now=now)
            if entry.kind == EntryKind.AWARD and entry.participation_id in taken_back:
                mine = models.CreditEntry.objects.filter(participation=entry.participation)
                _follow(delivery, mine, registry)
            delivery.save(force_insert=True)
            if delivery.state == State.PENDING and not paused:
                woken.add(registry)
    return woken


def _reversed(entries: Sequence[models.CreditEntry]) -> set[int | None]:
    """Return of which participations something was taken back, by whichever line or account."""
    awards = [one for one in entries if one.kind == EntryKind.AWARD]
    awarded = {one.participation_id for one in awards if one.participation_id is not None}
    reversals = models.CreditEntry.objects.filter(
        participation_id__in=awarded, kind=EntryKind.REVERSAL
    )
    return set(reversals.values_list("participation_id", flat=True))


def _delivery(
    entry: models.CreditEntry, registry_id: int, *, linked: bool, now: datetime
) -> models.Delivery:
    delivery = models.Delivery(
        entry=entry,
        registry_id=registry_id,
        reference=keys.reference(entry.natural_key),
        state=State.PENDING.value,
        due_at=now,
    )
    if entry.kind == EntryKind.REVERSAL:
        delivery.errand = Errand.RETRACT.value
        _follow_award(delivery, entry, registry_id, now)
    elif not linked:
        delivery.state, delivery.due_at = State.HELD.value, None
        delivery.hold_code = HoldCode.NO_MEMBER_NUMBER
    if entry.kind == EntryKind.ADJUSTMENT and entry.adjustment and entry.adjustment.entry_id:
        _follow(
            delivery,
            models.CreditEntry.objects.filter(
                Q(pk=entry.adjustment.entry_id) | Q(reverses_id=entry.adjustment.entry_id)
            ),
            registry_id,
        )
    return delivery


def _follow_award(
    delivery: models.Delivery, entry: models.CreditEntry, registry_id: int, now: datetime
) -> None:
    award = _locked(
        models.Delivery.objects.filter(
            entry_id=entry.reverses_id, registry_id=registry_id, errand=Errand.TELL.value
        )
        .exclude(state=State.VOID.value)
        .order_by("-round")
    )
    if award is None or award.state == State.VOID or void_unsent([award.pk], now=now):
        delivery.state, delivery.due_at, delivery.settled_at = State.VOID.value, None, now
        return
    delivery.award_reference = award.reference
    delivery.after = award
    if award.state != State.DELIVERED:
        delivery.state, delivery.due_at = State.HELD.value, None
        delivery.hold_code = HoldCode.PREDECESSOR


def _follow(
    delivery: models.Delivery, earlier: QuerySet[models.CreditEntry], registry_id: int
) -> None:
    before = _locked(
        models.Delivery.objects.filter(
            registry_id=registry_id, entry__in=earlier, errand=Errand.RETRACT.value
        )
        .exclude(state__in=ENDED)
        .order_by("-id")
    )
    if before is not None and before.state not in ENDED:
        delivery.after = before
        delivery.state, delivery.due_at = State.HELD.value, None
        delivery.hold_code = HoldCode.PREDECESSOR


def _locked(deliveries: QuerySet[models.Delivery]) -> models.Delivery | None:
    # Whoever settles it waits for us, and then sees what we made wait for it; or we see the end.
    found = deliveries.values_list("pk", flat=True).first()
    if found is None:
        return None
    return models.Delivery.objects.select_for_update().get(pk=found)


def void_unsent(delivery_ids: Iterable[int], *, now: datetime) -> int:
    """Void deliveries that are proven absent from the registry; return how many were.

    One fenced UPDATE: a claim makes the presence unknown, so whoever comes second sees it.
    """
    return models.Delivery.objects.filter(
        pk__in=list(delivery_ids),
        presence=Presence.ABSENT.value,
        state__in=[State.PENDING.value, State.HELD.value, State.PARKED.value],
    ).update(state=State.VOID.value, hold_code="", due_at=None, settled_at=now)


def release_successors(delivery: models.Delivery, *, now: datetime) -> set[int]:
    """Let go what waited for this delivery, now that it ended; return registries to wake.

    Call it in the transaction that settles the delivery. What was to take back an award which is
    now proven absent is void with it.
    """
    if delivery.state == State.DELIVERED:
        return release_after([delivery], now=now)
    if delivery.state == State.VOID and delivery.errand == Errand.RETRACT:
        return release_after([delivery], now=now)
    if delivery.presence != Presence.ABSENT or delivery.errand == Errand.RETRACT:
        return set()
    retraction = models.Delivery.objects.filter(
        after=delivery, state=State.HELD.value, hold_code=HoldCode.PREDECESSOR
    ).first()
    if retraction is None or not void_unsent([delivery.pk, retraction.pk], now=now):
        return set()
    return release_after([retraction], now=now)


def release_after(deliveries: Sequence[models.Delivery], *, now: datetime) -> set[int]:
    """Let go what waited for these deliveries of one registry, all ended; return it to wake."""
    released = models.Delivery.objects.filter(
        after__in=deliveries, state=State.HELD.value, hold_code=HoldCode.PREDECESSOR
    ).update(state=State.PENDING.value, hold_code="", due_at=now)
    return {deliveries[0].registry_id} if released else set()
