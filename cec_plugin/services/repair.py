"""Put a reported difference right, on command: looked at again first, and never twice.

What is put right is an outbox row that is due: the courier then sends it like any other. What
cannot be put right by our references is left to a person, with the reason.
"""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import DatabaseError
from django.db.models import F, QuerySet

from cec_plugin import models
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Registry
from cec_plugin.domain.reconciliation import (
    BY_REVERSING,
    REPAIRABLE,
    Kind,
    Ours,
    Unrepaired,
    difference,
)
from cec_plugin.exceptions import ConfigurationError
from cec_plugin.models.reconciliation import Difference
from cec_plugin.selectors.expected import said_of
from cec_plugin.selectors.reconciliations import SETTLED
from cec_plugin.services.look_again import Looks
from cec_plugin.services.reconcile import REASON_LENGTH, Reader
from cec_plugin.services.retry import in_transaction
from cec_plugin.services.tell_again import take_back_again, tell_again, tell_anew
from cec_plugin.services.unforeseen import place_of
from cec_plugin.services.wake import deliver_on_commit, repair_on_commit

log = logging.getLogger(__name__)

FAILURES = 3
"""After how many failed looks in a row the rest is not tried: it is the registry, then."""

Repair = Difference.Repair


def ask_repair(differences: "QuerySet[Difference]", *, by: str, now: datetime) -> int:
    """Ask for these differences to be repaired, which a task does; return how many are left to.

    ``by`` is a user name. Opens a transaction of its own.
    """

    def work() -> int:
        left = differences.exclude(repair__in=SETTLED).order_by()
        reports = set(left.values_list("reconciliation_id", flat=True))
        count = left.update(repair_asked_by=by, repair_asked_at=now)
        for report in sorted(reports):
            repair_on_commit(report)
        return count

    return in_transaction(work)


def repair_asked(reconciliation_id: int, reader: Reader) -> Counter[str]:
    """Make the repairs that were asked for in a report; return how many came to what."""
    asked = Difference.objects.filter(
        reconciliation_id=reconciliation_id, repair_asked_at__isnull=False
    )
    return _repair_each(reconciliation_id, list(asked.order_by("pk")), reader)


def repair_all(reconciliation_id: int, reader: Reader, *, by: str) -> Counter[str]:
    """Repair whatever is left of a report, here and now; return how many came to what."""
    left = Difference.objects.filter(reconciliation_id=reconciliation_id)
    rows = list(left.exclude(repair__in=SETTLED).order_by("pk"))
    for row in rows:
        row.repair_asked_by = by
    return _repair_each(reconciliation_id, rows, reader)


def _repair_each(reconciliation_id: int, rows: list[Difference], reader: Reader) -> Counter[str]:
    came_to: Counter[str] = Counter()
    failed = 0
    report = models.Reconciliation.objects.get(pk=reconciliation_id)
    try:
        registry = reader.registries(report.registry_id)
    except ConfigurationError as error:
        return _none_of(rows, str(error), reader)
    looks = Looks(registry, reader, [row.reference for row in rows])
    for place, row in enumerate(rows):
        done = _repair_alone(row, registry, reader, looks)
        came_to[done.repair] += 1
        failed = failed + 1 if done.repair == Repair.FAILED else 0
        if failed == FAILURES:
            return came_to + _none_of(rows[place + 1 :], done.repair_reason, reader)
    return came_to


def _repair_alone(row: Difference, registry: Registry, reader: Reader, looks: Looks) -> Difference:
    """Repair one of many; whatever the database has against it stops no other."""
    try:
        return repair(row.pk, registry, by=row.repair_asked_by, reader=reader, looks=looks)
    except DatabaseError as error:
        # Told by its place: a database's words may repeat the row that it refused.
        log.error("Difference %d cannot be repaired: %s", row.pk, place_of(error))  # noqa: TRY400
        return _failed(row, f"our database: {type(error).__name__}", reader)


def _failed(row: Difference, reason: str, reader: Reader) -> Difference:
    _close(row.pk, Repair.FAILED, reason, by=row.repair_asked_by, now=reader.clock())
    row.refresh_from_db()
    return row


def _none_of(rows: Iterable[Difference], reason: str, reader: Reader) -> Counter[str]:
    ids = [row.pk for row in rows]
    for pk in ids:
        _close(pk, Repair.FAILED, reason, by="", now=reader.clock())
    return Counter({Repair.FAILED.value: len(ids)}) if ids else Counter()


def repair(
    difference_id: int, registry: Registry, *, by: str, reader: Reader, looks: Looks | None = None
) -> Difference:
    """Repair one difference, and return it; one that was repaired is left as it is.

    The registry is read first, by ``looks`` where several are repaired together. Opens a
    transaction of its own after that.
    """
    row = Difference.objects.select_related("reconciliation").get(pk=difference_id)
    if row.repair in SETTLED:
        return row
    looks = looks or Looks(registry, reader, [row.reference])
    came_to, reason, found = _look(row, registry, looks)
    if came_to is Repair.UNDER_WAY and found is not None:
        account_id = _account_of(found.ours.delivery_id)
        in_transaction(partial(_act, row, found, account_id, by=by, now=reader.clock()))
    else:
        _close(row.pk, came_to, reason, by=by, now=reader.clock())
    return Difference.objects.get(pk=row.pk)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What we say of a reference that is to be put right, and since when it was being read."""

    ours: Ours
    since: datetime


def _look(row: Difference, registry: Registry, looks: Looks) -> tuple[Repair, str, _Found | None]:
    """Return what is to become of a difference, why, and what there is to put right."""
    if not row.reference:
        return Repair.REFUSED, Unrepaired.PERSON, None
    if not registry.capabilities.finds:
        return Repair.REFUSED, Unrepaired.CANNOT_FIND, None
    seen = looks.at(row.reference)
    if isinstance(seen, Outcome):
        several = seen.result is Result.CONFLICT
        if several and row.kind in (Kind.DUPLICATE, Kind.EXTRA, Kind.STANDING_THERE):
            return Repair.REFUSED, Unrepaired.PERSON, None
        if several:
            return Repair.REFUSED, Unrepaired.OTHERWISE_NOW, None
        return Repair.FAILED, seen.reason, None
    said = said_of(row.reconciliation.registry_id, [row.reference], since=seen.since)
    ours = said.get(row.reference)
    now = difference(
        ours,
        seen.records,
        reference=row.reference,
        decimals=registry.capabilities.decimals,
    )
    if now is None:
        return Repair.GONE, "", None
    if row.kind == Kind.LOST and now.kind is Kind.MISSING:
        return Repair.REFUSED, Unrepaired.PERSON, None
    if now.kind != row.kind:
        return Repair.REFUSED, Unrepaired.OTHERWISE_NOW, None
    if ours is None or now.kind not in REPAIRABLE:
        return Repair.REFUSED, Unrepaired.PERSON, None
    if now.kind in BY_REVERSING and not registry.capabilities.reverses:
        return Repair.REFUSED, Unrepaired.CANNOT_REVERSE, None
    return Repair.UNDER_WAY, "", _Found(ours=ours, since=seen.since)


def _account_of(delivery_id: int) -> int:
    delivery = models.Delivery.objects.select_related("entry").get(pk=delivery_id)
    return delivery.entry.account_id


def _act(row: Difference, found: _Found, account_id: int, *, by: str, now: datetime) -> None:
    """Do it under the account's lock, if nothing has moved since the registry was read."""
    models.Account.objects.filter(pk=account_id).update(revision=F("revision") + 1)
    tell = models.Delivery.objects.select_for_update().get(pk=found.ours.delivery_id)
    again = said_of(tell.registry_id, [tell.reference], since=found.since)[tell.reference]
    if again is None or again.stance is not found.ours.stance:
        _close(row.pk, Repair.GONE, "", by=by, now=now)
        return
    match Kind(row.kind):
        case Kind.MISSING:
            done = tell_again(tell, now=now)
        case Kind.STANDING_THERE:
            done = take_back_again(tell, now=now)
        case kind:
            tell_anew(tell, now=now, take_back=kind is Kind.DIFFERENT)
            done = True
    _close(row.pk, Repair.UNDER_WAY if done else Repair.GONE, "", by=by, now=now)
    deliver_on_commit([tell.registry_id])


def _close(pk: int, came_to: Repair, reason: str, *, by: str, now: datetime) -> None:
    """Write what came of a repair, unless somebody else has repaired it meanwhile."""
    mine = Difference.objects.filter(pk=pk).exclude(repair__in=SETTLED)
    mine.update(
        repair=came_to,
        repair_reason=reason[:REASON_LENGTH],
        repaired_by=by,
        repaired_at=now,
        repair_asked_at=None,
    )
