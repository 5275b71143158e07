"""Reconcile a registry with our outbox: read it, and report what it says otherwise than we do.

Nothing is changed, there or here, but the report, and what the registry itself decided on the
credits it was told of.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cec_plugin import models
from cec_plugin.conf import get_settings
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Registry
from cec_plugin.domain.reconciliation import Difference
from cec_plugin.exceptions import ConfigurationError
from cec_plugin.models.reconciliation import Reconciliation
from cec_plugin.services.retry import in_transaction
from cec_plugin.services.sample import sample
from cec_plugin.services.survey import Found, Reading, survey
from cec_plugin.services.wake import reconcile_on_commit
from cec_plugin.services.write import guarded

log = logging.getLogger(__name__)

KEPT = 30
"""How many reports of a registry are kept."""

SILENT = timedelta(minutes=20)
"""After how long without a sign of life a reconciliation counts as cut off."""

REASON_LENGTH = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What reading a registry needs: how it is called, the clock, how one waits, who follows.

    ``registries`` makes the adapter of a registry by the id of its row, or raises
    ``ConfigurationError``. ``clock`` returns an aware datetime, ``wait`` waits for seconds, and
    ``follow`` is told how many records were read so far.
    """

    registries: Callable[[int], Registry]
    clock: Callable[[], datetime]
    wait: Callable[[float], None] = time.sleep
    follow: Callable[[int], None] = lambda _: None


def ask(registry_id: int, *, by: str, now: datetime) -> Reconciliation:
    """Ask for a reconciliation, which a task makes; one that waits or runs already is returned.

    ``by`` is a user name.
    """
    open_ones = Reconciliation.objects.filter(registry_id=registry_id, ended_at__isnull=True)
    found = open_ones.order_by("pk").first()
    if found is None:
        found = Reconciliation.objects.create(registry_id=registry_id, asked_by=by, asked_at=now)
    if found.began_at is None:
        reconcile_on_commit(found.pk)
    return found


def reconcile(registry_id: int, *, by: str, reader: Reader) -> Reconciliation:
    """Reconcile a registry here and now, and return the report. ``by`` is a user name."""
    now = reader.clock()
    row = Reconciliation.objects.create(
        registry_id=registry_id, asked_by=by, asked_at=now, began_at=now, seen_at=now
    )
    return _run(row, reader)


def take_up(reconciliation_id: int, reader: Reader) -> Reconciliation | None:
    """Make a reconciliation that was asked for; None where somebody else does already."""
    now = reader.clock()
    waiting = Reconciliation.objects.filter(pk=reconciliation_id, began_at__isnull=True)
    if not waiting.update(began_at=now, seen_at=now):
        return None
    return _run(Reconciliation.objects.get(pk=reconciliation_id), reader)


def give_up_cut_off(now: datetime) -> int:
    """End what was cut off, a worker having died over it; return how many."""
    cut_off = Reconciliation.objects.filter(ended_at__isnull=True, seen_at__lt=now - SILENT)
    return cut_off.update(
        ended_at=now, outcome=Reconciliation.Outcome.FAILED, reason="it was cut off"
    )


def _run(row: Reconciliation, reader: Reader) -> Reconciliation:
    found = _read(row, reader)
    in_transaction(lambda: _report(row, found, reader.clock()))
    row.refresh_from_db()
    _prune(row.registry_id)
    level = logging.INFO if row.outcome == Reconciliation.Outcome.AGREES else logging.WARNING
    log.log(level, "Reconciliation %d: %s %s %s", row.pk, row.outcome, row.counts, row.reason)
    return row


def _read(row: Reconciliation, reader: Reader) -> Found | Outcome:
    mine = Reconciliation.objects.filter(pk=row.pk)

    def follow(read: int) -> None:
        mine.update(listed=read, seen_at=reader.clock())
        reader.follow(read)

    def read() -> Found | Outcome:
        try:
            registry = reader.registries(row.registry_id)
        except ConfigurationError as error:
            return Outcome(result=Result.CONFIGURATION, reason=str(error))
        settings = get_settings()
        reading = Reading(
            registry_id=row.registry_id,
            registry=registry,
            ours_alone=row.registry.ours_alone,
            # What was settled just before may not show yet where reads lag.
            since=reader.clock() - timedelta(seconds=settings.policy.grace_s),
            wait=reader.wait,
            follow=follow,
        )
        if registry.capabilities.lists:
            row.way = Reconciliation.Way.LISTED
            return survey(reading)
        if registry.capabilities.finds:
            row.way = Reconciliation.Way.ASKED
            return sample(reading, after_id=_asked_until(row), limit=settings.reconcile_asks)
        return Outcome(
            result=Result.UNABLE,
            reason="the registry neither lists what it holds nor finds it by reference",
        )

    return guarded(read)


def _asked_until(row: Reconciliation) -> int:
    before = Reconciliation.objects.filter(
        registry_id=row.registry_id, way=Reconciliation.Way.ASKED, pk__lt=row.pk
    ).exclude(outcome__in=[Reconciliation.Outcome.OPEN, Reconciliation.Outcome.FAILED])
    return before.order_by("-pk").values_list("asked_until", flat=True).first() or 0


def _report(row: Reconciliation, found: Found | Outcome, now: datetime) -> None:
    """Write what came of it, unless it was given up as cut off meanwhile."""
    mine = Reconciliation.objects.filter(pk=row.pk, ended_at__isnull=True)
    if isinstance(found, Outcome):
        unable = found.result is Result.UNABLE
        mine.update(
            ended_at=now,
            way=row.way,
            outcome=Reconciliation.Outcome.UNABLE if unable else Reconciliation.Outcome.FAILED,
            reason=found.reason[:REASON_LENGTH],
        )
        return
    differs = bool(found.differences) or found.unlisted
    ours = mine.update(
        ended_at=now,
        way=row.way,
        outcome=Reconciliation.Outcome.DIFFERS if differs else Reconciliation.Outcome.AGREES,
        listed=found.listed,
        unnamed=found.unnamed,
        unlisted=found.unlisted,
        asked_until=found.next_id,
        counts=dict(sorted(Counter(one.kind.value for one in found.differences).items())),
    )
    if ours:
        models.Difference.objects.bulk_create(
            (_row(row, one) for one in found.differences), batch_size=500
        )


def _row(row: Reconciliation, one: Difference) -> models.Difference:
    theirs = {record.hundredths for record in one.records}
    return models.Difference(
        reconciliation=row,
        kind=one.kind.value,
        reference=_clean(one.reference),
        delivery_id=one.ours.delivery_id if one.ours else None,
        remote_ids=[_clean(record.remote_id) for record in one.records],
        ours_stance=one.ours.stance.value if one.ours else "",
        ours_hundredths=one.ours.hundredths if one.ours else None,
        theirs_hundredths=theirs.pop() if len(theirs) == 1 else None,
        another_member=one.another_member,
    )


def _clean(text: str) -> str:
    """Return a registry's text as every database takes it."""
    return text.replace("\0", "")[:REASON_LENGTH]


def _prune(registry_id: int) -> None:
    kept = Reconciliation.objects.filter(registry_id=registry_id).order_by("-pk")
    oldest = kept.values_list("pk", flat=True)[KEPT - 1 : KEPT].first()
    if oldest is not None:
        Reconciliation.objects.filter(registry_id=registry_id, pk__lt=oldest).delete()
