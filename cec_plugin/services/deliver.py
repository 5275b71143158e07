"""Deliver what is due at one registry: claim, send, settle. Opens its own transactions."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.dispatch import Signal

from cec_plugin import models
from cec_plugin.domain.delivery import Decision, Outcome, Policy, Result, State, after
from cec_plugin.domain.ports import Registry
from cec_plugin.models.outbox import HoldCode
from cec_plugin.services.claim import Claimed, claim, give_back
from cec_plugin.services.enqueue import release_successors
from cec_plugin.services.pause import is_paused, pause
from cec_plugin.services.retry import in_transaction
from cec_plugin.services.send import Letter, load, send
from cec_plugin.services.wake import deliver_on_commit

log = logging.getLogger(__name__)

BATCH = 50
REASON_LENGTH = 255


step_reached = Signal()
"""Sent with ``step`` (claimed, sent) wherever a crash could fall between: for tracing and tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """What delivering needs: the registry, its row's id, the clock, the dice, our patience.

    ``clock`` returns an aware datetime, ``dice`` a number from 0 to 1.
    """

    registry_id: int
    registry: Registry
    clock: Callable[[], datetime]
    dice: Callable[[], float]
    policy: Policy
    lease_s: float


def deliver_due(courier: Courier, *, limit: int = BATCH) -> Counter[str]:
    """Deliver up to ``limit`` due deliveries; return how many came to which result.

    Each is sent, under one lease, while half of the lease is left; the rest is given back.
    """
    came_to: Counter[str] = Counter()
    claimed = claim(courier.registry_id, limit=limit, lease_s=courier.lease_s, now=courier.clock())
    step_reached.send(sender=None, step="claimed")
    letters = load(claimed) if claimed else {}
    for position, one in enumerate(claimed):
        late = courier.clock() > one.until - timedelta(seconds=courier.lease_s / 2)
        if late or is_paused(courier.registry_id):
            _give_back(claimed[position:], courier)
            break
        outcome, paused = _deliver_one(letters[one.id], one, courier)
        came_to[outcome.result] += 1
        if paused or outcome.crowded:
            _give_back(claimed[position + 1 :], courier)
            break
    return came_to


def _give_back(claimed: list[Claimed], courier: Courier) -> None:
    for one in claimed:
        give_back(one, now=courier.clock())


def _deliver_one(letter: Letter, claimed: Claimed, courier: Courier) -> tuple[Outcome, bool]:
    delivery, number = letter.delivery, letter.number
    began = courier.clock()
    outcome = _sent(letter, claimed, courier, began)
    step_reached.send(sender=None, step="sent")
    decision = after(
        outcome,
        failures=delivery.failures,
        looks=delivery.looks,
        lease=claimed.lease,
        presence=claimed.presence,
        now=courier.clock(),
        jitter=courier.dice(),
        policy=courier.policy,
    )
    hold = ""
    if outcome.result is Result.TAKEN:
        hold = HoldCode.RECEIPT
    elif decision.state is State.HELD:
        hold = HoldCode.MEMBER_UNKNOWN if number else HoldCode.NO_MEMBER_NUMBER
    settle(delivery, claimed, outcome, decision, hold=hold, began=began, now=courier.clock())
    return outcome, decision.pause


def _sent(letter: Letter, claimed: Claimed, courier: Courier, began: datetime) -> Outcome:
    try:
        outcome = send(letter, claimed, courier.registry, now=began)
    except Exception as error:
        # Whatever an adapter did not foresee concerns one delivery and stops no other.
        log.exception("Delivery %d: the adapter failed", claimed.id)
        return Outcome(
            result=Result.AMBIGUOUS, reason=f"our adapter failed: {type(error).__name__}"
        )
    if outcome.result is Result.CONFIGURATION and outcome.status:
        return replace(outcome, known_there=courier.registry.health().ok)
    return outcome


def settle(
    delivery: models.Delivery,
    claimed: Claimed,
    outcome: Outcome,
    decision: Decision,
    *,
    hold: str,
    began: datetime,
    now: datetime,
) -> bool:
    """Write the attempt and what becomes of the delivery; say whether it was still ours.

    Fenced by the lease: what another worker has claimed since, or somebody has voided, is left
    as it is. Opens a transaction of its own.
    """
    ended = decision.state in (State.DELIVERED, State.PARKED)

    def work() -> bool:
        ours = models.Delivery.objects.filter(
            pk=claimed.id, lease=claimed.lease, state=State.PENDING.value
        ).update(
            state=decision.state.value,
            presence=decision.presence.value,
            due_at=decision.due_at,
            failures=decision.failures,
            looks=decision.looks or delivery.looks,
            remote_id=decision.remote_id or delivery.remote_id,
            reason=decision.reason[:REASON_LENGTH],
            hold_code=hold,
            settled_at=now if ended else None,
        )
        models.Attempt.objects.create(
            delivery_id=claimed.id,
            lease=claimed.lease,
            at=began,
            result=outcome.result.value,
            status=outcome.status,
            milliseconds=max(0, round((now - began).total_seconds() * 1000)),
            reason=outcome.reason[:REASON_LENGTH],
            fenced=not ours,
        )
        if not ours:
            return False
        delivery.state, delivery.presence = decision.state.value, decision.presence.value
        if decision.state is not State.PENDING:
            deliver_on_commit(release_successors(delivery, now=now))
        if decision.pause:
            pause(delivery.registry_id, reason=decision.reason, now=now)
        return True

    ours = in_transaction(work)
    if not ours:
        log.warning("Delivery %d was settled by another worker meanwhile", claimed.id)
    elif outcome.result is not Result.DELIVERED:
        log.info("Delivery %d: %s, now %s", claimed.id, outcome.result, decision.state)
    return ours
