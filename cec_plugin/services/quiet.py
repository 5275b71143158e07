"""Keep the circuit of a registry: who may call it now, and what each call says of it."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Q

from cec_plugin import models
from cec_plugin.domain.circuit import Circuit, after_call
from cec_plugin.domain.delivery import Outcome, Policy

log = logging.getLogger(__name__)


class Permit(StrEnum):
    """What may be sent to a registry now."""

    ALL = "all"
    ONE = "one"  # it was quiet: one call tries
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether a registry is paused, and its circuit."""

    paused: bool
    circuit: Circuit


def standing(registry_id: int) -> Standing:
    """Return how a registry stands right now: one query."""
    paused, troubles, of, since, until, reason = models.Registry.objects.values_list(
        "paused", "troubles", "trouble_of", "quiet_since", "quiet_until", "quiet_reason"
    ).get(pk=registry_id)
    return Standing(
        paused=paused,
        circuit=Circuit(troubles=troubles, of=of, since=since, until=until, reason=reason),
    )


def permit(registry_id: int, *, lease_s: float, now: datetime) -> Permit:
    """Say what may be sent now. Of all who ask while a registry is quiet, one tries.

    Whoever tries has ``lease_s`` for it; should they die, the next tries after that.
    """
    stands = standing(registry_id)
    if stands.paused or stands.circuit.is_quiet(now):
        return Permit.NONE
    if not stands.circuit.is_open:
        return Permit.ALL
    first = models.Registry.objects.filter(
        pk=registry_id, paused=False, quiet_until=stands.circuit.until
    ).update(quiet_until=now + timedelta(seconds=lease_s))
    return Permit.ONE if first else Permit.NONE


def untried(registry_id: int, *, until: datetime, now: datetime) -> bool:
    """Let the next one try at once, if whoever had ``until`` for it called nobody; say so."""
    return bool(
        models.Registry.objects.filter(pk=registry_id, quiet_until=until).update(quiet_until=now)
    )


def hear(
    registry_id: int,
    circuit: Circuit,
    outcome: Outcome,
    *,
    of: int,
    now: datetime,
    jitter: float,
    policy: Policy,
) -> Circuit:
    """Write down what a call, for the delivery ``of``, says of the registry; return its circuit.

    A call that went well writes nothing where all was well before. Says once that it is left
    alone, and once that it is not any more.
    """
    after = after_call(circuit, outcome, of=of, now=now, jitter=jitter, policy=policy)
    if after == circuit:
        return after
    # Others call beside us: what they were told to wait for ends no sooner by what we heard.
    ours = Q(quiet_until=circuit.until)
    if after.until is not None:
        ours |= Q(quiet_until__isnull=True) | Q(quiet_until__lt=after.until)
    models.Registry.objects.filter(ours, pk=registry_id).update(
        troubles=after.troubles,
        trouble_of=after.of,
        quiet_since=after.since,
        quiet_until=after.until,
        quiet_reason=after.reason[:255],
    )
    if after.is_open and not circuit.is_open:
        log.warning("Registry %d is left alone for a while: %s", registry_id, after.reason)
    elif circuit.is_open and not after.is_open:
        log.info("Registry %d answers again", registry_id)
    return after


def reached(registry_id: int, *, now: datetime) -> None:
    """Write down that the registry took what was sent, at most once a minute."""
    models.Registry.objects.filter(pk=registry_id).exclude(
        reached_at__gt=now - timedelta(minutes=1)
    ).update(reached_at=now)
