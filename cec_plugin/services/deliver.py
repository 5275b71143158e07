"""Deliver what is due at one registry: ask whether it may be called, claim, and go round.

Opens its own transactions; none spans a call.
"""

from collections import Counter
from datetime import timedelta

from cec_plugin.domain.delivery import Result
from cec_plugin.domain.ports import Registry
from cec_plugin.services.claim import claim, claim_one
from cec_plugin.services.go_round import Courier, Stop, go_round, step_reached
from cec_plugin.services.quiet import Permit, permit, untried
from cec_plugin.services.send import is_safe_to_repeat
from cec_plugin.services.wake import deliver_on_commit

BATCH = 50


def deliver_due(courier: Courier, *, limit: int | None = None) -> Counter[str]:
    """Deliver up to ``limit`` due deliveries; return how many came to which result.

    Without a limit it is ``BATCH``, or as many as the registry takes in one call.

    Each is sent, under one lease, while half of the lease is left; the rest is given back. To a
    registry that was quiet one call is made, and the rest follows when that went well.
    """
    now = courier.clock()
    allowed = permit(courier.registry_id, lease_s=courier.lease_s, now=now)
    if allowed is Permit.NONE:
        return Counter()
    alone = allowed is Permit.ONE
    claimed = claim(
        courier.registry_id,
        limit=1 if alone else limit or most(courier.registry),
        lease_s=courier.lease_s,
        now=now,
    )
    step_reached.send(sender=None, step="claimed")
    came_to = go_round(courier, claimed, stops_for=Stop.PAUSE if alone else Stop.QUIET)
    if alone:
        until = now + timedelta(seconds=courier.lease_s)
        called_nobody = untried(courier.registry_id, until=until, now=courier.clock())
        if called_nobody and came_to and not came_to[Result.RETRYABLE]:
            deliver_on_commit([courier.registry_id])
    return came_to


def most(registry: Registry) -> int:
    """Return how many deliveries one claim takes.

    Where nothing can be looked up it is one call's: all that is claimed by a worker that dies is
    in doubt, and a person would have to look.
    """
    able = registry.capabilities
    return max(BATCH, able.bulk) if able.finds or is_safe_to_repeat(able) else able.bulk


def deliver_one(courier: Courier, delivery_id: int) -> Counter[str]:
    """Deliver one delivery that is due, paused or not: the first send, which a person checks."""
    claimed = claim_one(delivery_id, lease_s=courier.lease_s, now=courier.clock())
    return go_round(courier, [claimed] if claimed else [], stops_for=Stop.NOTHING)
