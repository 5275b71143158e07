"""Pause a registry as a whole, and let it go on. Its deliveries wait untouched."""

import logging
from datetime import datetime

from cec_plugin import models
from cec_plugin.services.wake import deliver_on_commit

log = logging.getLogger(__name__)


def pause(registry_id: int, *, reason: str, now: datetime) -> bool:
    """Pause a registry; say whether it was not paused before, and log it only then.

    Runs in the caller's transaction or in none.
    """
    paused = models.Registry.objects.filter(pk=registry_id, paused=False).update(
        paused=True, paused_at=now, paused_reason=reason[:255]
    )
    if paused:
        log.error("Registry %d is paused: %s", registry_id, reason)
    return bool(paused)


def is_paused(registry_id: int) -> bool:
    """Say whether a registry is paused right now."""
    return models.Registry.objects.filter(pk=registry_id, paused=True).exists()


def resume(registry_id: int) -> bool:
    """Let a paused registry go on and wake its delivery; say whether it was paused."""
    resumed = models.Registry.objects.filter(pk=registry_id, paused=True).update(
        paused=False, paused_at=None, paused_reason=""
    )
    if resumed:
        deliver_on_commit([registry_id])
    return bool(resumed)
