"""Settle deliveries by the receipts of a body that takes files; twice without harm."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from cec_plugin import models
from cec_plugin.domain.delivery import Presence, Result, State
from cec_plugin.domain.roster_receipts import Receipts, Said
from cec_plugin.models.roster import LineAnswer
from cec_plugin.selectors.roster_receipts import (
    OPEN,
    Plan,
    Planned,
    Redact,
    Reported,
    batches,
    plan,
)
from cec_plugin.services.enqueue import release_after, release_successors
from cec_plugin.services.quiet import reached
from cec_plugin.services.retry import in_transaction
from cec_plugin.services.wake import deliver_on_commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What came of the receipts, row by row, and whether anything could be written."""

    report: tuple[Reported, ...]
    bad: int
    applied: bool


def preview(
    receipts: Receipts, *, registry_id: int, file_id: int | None = None, redact: Redact
) -> Received:
    """Say what the receipts would settle; nothing is written."""
    found = plan(receipts, registry_id=registry_id, file_id=file_id, redact=redact)
    return Received(report=found.report, bad=found.bad, applied=False)


def settle_receipts(
    receipts: Receipts,
    *,
    registry_id: int,
    file_id: int | None = None,
    redact: Redact,
    by: str,
    now: datetime,
) -> Received:
    """Settle what the good rows say, and leave alone what another row or word contradicts.

    An accepted line is delivered and what waited for it goes on; a rejected one is parked with the
    body's reason, and proven absent. ``by`` is a user name. Opens a transaction of its own.
    """

    def work() -> Plan:
        # A write first: of two who import at once the second sees what the first settled.
        models.RosterFile.objects.filter(registry_id=registry_id).update(number=F("number"))
        for batch in batches({row.reference for row in receipts.rows}):
            mine = models.Delivery.objects.filter(registry_id=registry_id, reference__in=batch)
            list(mine.order_by("id").select_for_update().values_list("pk"))
        found = plan(receipts, registry_id=registry_id, file_id=file_id, redact=redact)
        _settle(found.planned, by, now)
        return found

    found = in_transaction(work)
    if any(one.receipt.said is Said.ACCEPTED for one in found.planned):
        reached(registry_id, now=now)
    return Received(report=found.report, bad=found.bad, applied=True)


def _settle(planned: Sequence[Planned], by: str, now: datetime) -> None:
    delivered: list[models.Delivery] = []
    for one in planned:
        accepted = one.receipt.said is Said.ACCEPTED
        models.RosterLine.objects.filter(pk=one.line.pk, answer=LineAnswer.NONE).update(
            answer=LineAnswer.ACCEPTED if accepted else LineAnswer.REJECTED,
            reason=one.reason,
            answered_at=now,
            answered_by=by,
        )
        delivery = _delivered(one, now) if accepted else _parked(one, now)
        if delivery.state == State.DELIVERED:
            delivered.append(delivery)
        else:
            deliver_on_commit(release_successors(delivery, now=now))
    models.Attempt.objects.bulk_create(_attempt(one, now) for one in planned)
    if delivered:
        deliver_on_commit(release_after(delivered, now=now))


def _delivered(one: Planned, now: datetime) -> models.Delivery:
    delivery = one.line.delivery
    was_open = delivery.state in OPEN
    delivery.remote_id = one.receipt.remote_id or delivery.remote_id
    delivery.number_key = one.line.number_key
    delivery.state, delivery.presence = State.DELIVERED.value, Presence.PRESENT.value
    delivery.hold_code, delivery.due_at = "", None
    if was_open:
        delivery.settled_at = now
        delivery.reason = _told("accepted", one)
    _save(delivery)
    return delivery


def _parked(one: Planned, now: datetime) -> models.Delivery:
    delivery = one.line.delivery
    if delivery.state in OPEN:
        delivery.state, delivery.presence = State.PARKED.value, Presence.ABSENT.value
        delivery.hold_code, delivery.due_at, delivery.settled_at = "", None, now
        delivery.reason = _told("rejected", one)
        _save(delivery)
    return delivery


def _save(delivery: models.Delivery) -> None:
    # Its row is locked since it was read, so nobody settled it otherwise meanwhile.
    delivery.save(
        update_fields=[
            "state",
            "presence",
            "hold_code",
            "due_at",
            "settled_at",
            "remote_id",
            "number_key",
            "reason",
        ]
    )


def _told(answer: str, one: Planned) -> str:
    told = f"{answer} in roster file {one.line.file.number}"
    return f"{told}: {one.reason}"[:255] if one.reason else told


def _attempt(one: Planned, now: datetime) -> models.Attempt:
    accepted = one.receipt.said is Said.ACCEPTED
    return models.Attempt(
        delivery=one.line.delivery,
        lease=one.line.delivery.lease,
        at=now,
        result=Result.DELIVERED.value if accepted else Result.REFUSED.value,
        milliseconds=0,
        reason=_told("accepted" if accepted else "rejected", one),
    )
