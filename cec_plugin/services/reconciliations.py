"""Keep every registry reconciled: once a day, what was asked for, and the repairs asked for."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Q

from cec_plugin import models
from cec_plugin.models.reconciliation import Reconciliation
from cec_plugin.services.reconcile import Reader, give_up_cut_off, reconcile, take_up
from cec_plugin.services.repair import repair_asked
from cec_plugin.services.retry import goes_well

EVERY = timedelta(days=1)
AGAIN = timedelta(hours=1)
"""After how long one that failed is tried again."""

LOST = timedelta(minutes=10)
"""After how long a repair that was asked for counts as not taken up by any task."""

BY = "cec_reconcile"
"""Who asks for the daily one; what people ask for does not put it off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """How many registries were reconciled, how many of them differ, and how many failed.

    ``repaired`` counts the differences that somebody wanted repaired and no task had taken up.
    """

    reconciled: int
    differing: int
    failed: int
    repaired: int


def go_on(*, reader: Reader, now: datetime) -> Reconciled:
    """Make the reconciliations that were asked for and those that are due, and left repairs.

    A registry that fails is reported as failed and keeps no other from its turn.
    """
    give_up_cut_off(now)
    made: list[Reconciliation] = []
    waiting = Reconciliation.objects.filter(began_at__isnull=True).order_by("pk")
    steps = [partial(_take_up, pk, reader, made) for pk in waiting.values_list("pk", flat=True)]
    steps += [partial(_daily, pk, reader, made) for pk in due(now)]
    repaired: Counter[str] = Counter()
    steps += [partial(_repair, pk, reader, repaired) for pk in _left_to_repair(now)]
    broken = sum(not goes_well(step) for step in steps)
    outcomes = [one.outcome for one in made]
    return Reconciled(
        reconciled=len(made),
        differing=outcomes.count(Reconciliation.Outcome.DIFFERS),
        failed=broken + outcomes.count(Reconciliation.Outcome.FAILED),
        repaired=repaired.total(),
    )


def due(now: datetime) -> list[int]:
    """Return the ids of the registries whose daily reconciliation is due.

    A paused or quiet one waits until it can be called again.
    """
    daily = Reconciliation.objects.filter(asked_by=BY)
    done = daily.filter(asked_at__gt=now - EVERY).exclude(outcome=Reconciliation.Outcome.FAILED)
    tried = daily.filter(asked_at__gt=now - AGAIN)
    rows = models.Registry.objects.filter(paused=False).exclude(quiet_until__gt=now)
    rows = rows.exclude(
        Q(pk__in=done.values("registry_id")) | Q(pk__in=tried.values("registry_id"))
    )
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _left_to_repair(now: datetime) -> list[int]:
    """Return the reports with repairs that a task should have made long ago: its call was lost."""
    asked = models.Difference.objects.filter(repair_asked_at__lt=now - LOST)
    return sorted(set(asked.order_by().values_list("reconciliation_id", flat=True)))


def _repair(pk: int, reader: Reader, repaired: Counter[str]) -> None:
    repaired.update(repair_asked(pk, reader))


def _take_up(pk: int, reader: Reader, made: list[Reconciliation]) -> None:
    if (row := take_up(pk, reader)) is not None:
        made.append(row)


def _daily(registry_id: int, reader: Reader, made: list[Reconciliation]) -> None:
    made.append(reconcile(registry_id, by=BY, reader=reader))
