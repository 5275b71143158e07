"""Deliver to a registry: build the adapter from its row, then call the service."""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from cec_plugin import models
from cec_plugin.adapters.rate import ALONE
from cec_plugin.adapters.registries.build import build
from cec_plugin.conf import get_settings
from cec_plugin.domain.ports import Registry
from cec_plugin.exceptions import ConfigurationError
from cec_plugin.services.deliver import deliver_due, deliver_one, most
from cec_plugin.services.go_round import Courier
from cec_plugin.services.pause import may_ask_again, pause, resume
from cec_plugin.services.quiet import standing

MOST_CALLS = 4
"""What one delivery may call: find, write, read back, and ask who we are."""

MOST_PLACES = 6
"""How many places in our rate it may take, with a look of two calls and a write of four.

They must come within half of the lease, also while each process is on its own.
"""

SOON_ENOUGH_S = 60.0
"""A registry that is quiet for longer is left to the sweep."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What a run came to: how many were sent, and in how many seconds to come again.

    ``again_in_s`` is None where nobody knows of anything to come back for.
    """

    came_to: Counter[str]
    again_in_s: float | None

    @property
    def sent(self) -> int:
        """Return how many deliveries were attempted."""
        return self.came_to.total()


NOTHING = Delivered(came_to=Counter(), again_in_s=None)


def deliver_registry(registry_id: int, *, limit: int | None = None) -> Delivered:
    """Deliver up to ``limit`` due deliveries, as many as one claim takes without one.

    A registry that is not configured as it must be is paused, with the reason; one that did not
    let us in is asked now and then whether it does.
    """
    row = models.Registry.objects.filter(pk=registry_id).first()
    if row is None or (row.paused and not may_ask_again(registry_id, now=_now())):
        return NOTHING
    try:
        registry = build(row)
    except ConfigurationError as error:
        pause(registry_id, reason=str(error), now=_now())
        return NOTHING
    if row.paused:
        if registry.health().ok:
            resume(registry_id, let_in=True)
        return NOTHING
    came_to = deliver_due(courier(row, registry), limit=limit)
    return Delivered(
        came_to=came_to, again_in_s=_again_in_s(registry_id, came_to, limit or most(registry))
    )


def deliver_first(delivery_id: int) -> Delivered:
    """Deliver one delivery, although its registry is paused: the first send, for a person to check.

    Raises:
        ConfigurationError: the registry is not configured as it must be.
    """
    row = models.Registry.objects.get(deliveries=delivery_id)
    came_to = deliver_one(courier(row, build(row)), delivery_id)
    return Delivered(came_to=came_to, again_in_s=None)


def courier(row: models.Registry, registry: Registry) -> Courier:
    """Return what delivering to a registry needs."""
    settings = get_settings()
    return Courier(
        registry_id=row.pk,
        registry=registry,
        clock=_now,
        dice=random.random,
        policy=settings.policy,
        lease_s=max(
            settings.lease_s,
            2 * MOST_CALLS * row.timeout_s,
            2 * MOST_PLACES * ALONE * 60 / max(row.calls_per_minute, 1),
        ),
    )


def _again_in_s(registry_id: int, came_to: Counter[str], limit: int) -> float | None:
    stands = standing(registry_id)
    if stands.paused:
        return None
    if stands.circuit.until is not None:
        left_s = (stands.circuit.until - _now()).total_seconds()
        return left_s if 0 < left_s <= SOON_ENOUGH_S else None  # the sweep comes for the rest
    return 0.0 if came_to.total() >= limit else None
