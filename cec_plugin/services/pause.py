"""Pause a registry as a whole, and let it go on. Its deliveries wait untouched."""

import logging
from datetime import datetime, timedelta

from django.db.models import Q

from cec_plugin import models
from cec_plugin.conf import get_settings
from cec_plugin.services.wake import deliver_on_commit

log = logging.getLogger(__name__)


def pause(registry_id: int, *, reason: str, now: datetime, by_person: bool = False) -> bool:
    """Pause a registry; say whether it was not paused so before, and log it only then.

    Without a person's word it is because the registry does not let us in: it is asked again, and
    goes on by itself once it does, unless a person pauses it too. Runs in the caller's transaction
    or in none.
    """
    kind = models.Registry.Pause.PERSON if by_person else models.Registry.Pause.ACCESS
    goes_on = Q(paused=False)
    if by_person:
        goes_on |= Q(pause_kind=models.Registry.Pause.ACCESS)
    paused = models.Registry.objects.filter(goes_on, pk=registry_id).update(
        paused=True,
        pause_kind=kind,
        paused_at=now,
        paused_reason=reason[:255],
        quiet_until=None if by_person else now + _patience(),
    )
    if paused:
        # Who did it, and what they say of it, is for the page.
        log.error("Registry %d is paused: %s", registry_id, "by hand" if by_person else reason)
    return bool(paused)


def is_paused(registry_id: int) -> bool:
    """Say whether a registry is paused right now."""
    return models.Registry.objects.filter(pk=registry_id, paused=True).exists()


def may_ask_again(registry_id: int, *, now: datetime) -> bool:
    """Say whether to ask a registry that did not let us in who we are; only one asker is told so.

    Whoever is told has it for a while alone.
    """
    return bool(
        models.Registry.objects.filter(
            Q(quiet_until__lte=now) | Q(quiet_until__isnull=True),
            pk=registry_id,
            paused=True,
            pause_kind=models.Registry.Pause.ACCESS,
        ).update(quiet_until=now + _patience())
    )


def _patience() -> timedelta:
    return timedelta(seconds=get_settings().policy.ask_again_s)


def resume(registry_id: int, *, let_in: bool = False) -> bool:
    """Let a paused registry go on and wake its delivery; say whether it was paused.

    With ``let_in`` only one that is paused for not letting us in: a person's word stands.
    """
    paused = models.Registry.objects.filter(pk=registry_id, paused=True)
    if let_in:
        paused = paused.filter(pause_kind=models.Registry.Pause.ACCESS)
    resumed = paused.update(
        paused=False, paused_at=None, paused_reason="", quiet_since=None, quiet_until=None
    )
    if resumed:
        deliver_on_commit([registry_id])
    return bool(resumed)
