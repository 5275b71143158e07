"""Deliver to a registry by its id: build the adapter from its row, then call the service."""

import random
from datetime import UTC, datetime

from cec_plugin import models
from cec_plugin.adapters.http import CONNECT_S
from cec_plugin.adapters.rate import SOON_S
from cec_plugin.adapters.registries.build import build
from cec_plugin.conf import get_settings
from cec_plugin.exceptions import ConfigurationError
from cec_plugin.services.deliver import BATCH, Courier, deliver_due
from cec_plugin.services.pause import pause

MOST_CALLS = 4
"""What one delivery may call: find, write, read back, and ask who we are."""


def _now() -> datetime:
    return datetime.now(UTC)


def deliver_registry(registry_id: int, *, limit: int = BATCH) -> int:
    """Deliver up to ``limit`` due deliveries; return how many were sent.

    A registry that is not configured as it must be is paused, with the reason.
    """
    row = models.Registry.objects.filter(pk=registry_id, paused=False).first()
    if row is None:
        return 0
    try:
        registry = build(row)
    except ConfigurationError as error:
        pause(registry_id, reason=str(error), now=_now())
        return 0
    settings = get_settings()
    courier = Courier(
        registry_id=registry_id,
        registry=registry,
        clock=_now,
        dice=random.random,
        policy=settings.policy,
        lease_s=max(settings.lease_s, 2 * MOST_CALLS * (row.timeout_s + CONNECT_S + SOON_S)),
    )
    return sum(deliver_due(courier, limit=limit).values())
