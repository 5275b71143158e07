"""Write down what came of attempts, fenced by the lease. Opens a transaction of its own."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cec_plugin import models
from cec_plugin.domain.delivery import Decision, Outcome, Presence, Result, State
from cec_plugin.models.outbox import HoldCode
from cec_plugin.services.claim import Claimed
from cec_plugin.services.enqueue import release_after, release_successors
from cec_plugin.services.pause import pause
from cec_plugin.services.retry import in_transaction
from cec_plugin.services.send import Letter
from cec_plugin.services.wake import deliver_on_commit

log = logging.getLogger(__name__)

REASON_LENGTH = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """One attempt: what was claimed, what came of it, when (aware), and what becomes of it."""

    letter: Letter
    claimed: Claimed
    outcome: Outcome
    decision: Decision
    began: datetime
    ended: datetime


def acknowledge(attempts: Sequence[Attempted], *, now: datetime) -> None:
    """Write the attempts and what becomes of their deliveries.

    What another worker has claimed since, or somebody has voided, is left as it is.
    """

    def work() -> list[bool]:
        ours = [_settle(one, now) for one in attempts]
        models.Attempt.objects.bulk_create(
            _row(one, fenced=not mine) for one, mine in zip(attempts, ours, strict=True)
        )
        _let_go([one for one, mine in zip(attempts, ours, strict=True) if mine], now)
        return ours

    for one, mine in zip(attempts, in_transaction(work), strict=True):
        if not mine:
            log.warning("Delivery %d was settled by another worker meanwhile", one.claimed.id)
        elif one.outcome.result is not Result.DELIVERED:
            log.info(
                "Delivery %d: %s, now %s", one.claimed.id, one.outcome.result, one.decision.state
            )


def _settle(one: Attempted, now: datetime) -> bool:
    decision, delivery = one.decision, one.letter.delivery
    ended = decision.state in (State.DELIVERED, State.PARKED)
    return bool(
        models.Delivery.objects.filter(
            pk=one.claimed.id, lease=one.claimed.lease, state=State.PENDING.value
        ).update(
            state=decision.state.value,
            presence=decision.presence.value,
            due_at=decision.due_at,
            failures=decision.failures,
            looks=decision.looks or delivery.looks,
            remote_id=decision.remote_id or delivery.remote_id,
            reason=decision.reason[:REASON_LENGTH],
            hold_code=_hold(one),
            settled_at=now if ended else None,
        )
    )


def _hold(one: Attempted) -> str:
    before = one.letter.delivery.hold_code
    if one.decision.state is State.PENDING and before == HoldCode.RECEIPT:
        return before  # a look for the receipt failed: it must not be written again meanwhile
    if one.decision.state is not State.HELD:
        return ""
    if one.outcome.result is Result.TAKEN:
        return HoldCode.RECEIPT
    return HoldCode.MEMBER_UNKNOWN if one.letter.number else HoldCode.NO_MEMBER_NUMBER


def _row(one: Attempted, *, fenced: bool) -> models.Attempt:
    return models.Attempt(
        delivery_id=one.claimed.id,
        lease=one.claimed.lease,
        at=one.began,
        result=one.outcome.result.value,
        status=one.outcome.status,
        milliseconds=max(0, round((one.ended - one.began).total_seconds() * 1000)),
        reason=one.outcome.reason[:REASON_LENGTH],
        fenced=fenced,
    )


def _let_go(attempts: Sequence[Attempted], now: datetime) -> None:
    delivered: list[models.Delivery] = []
    for one in attempts:
        decision, delivery = one.decision, one.letter.delivery
        delivery.state, delivery.presence = decision.state.value, decision.presence.value
        if decision.state is State.DELIVERED:
            delivered.append(delivery)
        elif decision.state is not State.PENDING or decision.presence is Presence.ABSENT:
            deliver_on_commit(release_successors(delivery, now=now))
        if decision.pause:
            pause(delivery.registry_id, reason=decision.reason, now=now)
    if delivered:
        deliver_on_commit(release_after(delivered, now=now))
