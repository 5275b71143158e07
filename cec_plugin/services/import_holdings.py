"""Import who holds which designation, as it was read from a file; twice without harm."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from cec_plugin import models
from cec_plugin.conf import get_settings
from cec_plugin.domain.holdings import Row, Sheet
from cec_plugin.domain.platform import Platform
from cec_plugin.models.certifications import Holding, HoldingStatus
from cec_plugin.selectors.holdings import Outcome, Plan, Planned, Reported, plan
from cec_plugin.services import prepare
from cec_plugin.services.conferred import conferred
from cec_plugin.services.retry import in_transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of an import, row by row, and whether anything was written."""

    report: tuple[Reported, ...]
    bad: int
    applied: bool


def preview(sheet: Sheet, *, platform: Platform) -> Imported:
    """Say what an import would do; nothing is written."""
    planned = plan(sheet, platform)
    return Imported(report=planned.report, bad=planned.bad, applied=False)


def import_holdings(
    sheet: Sheet, *, platform: Platform, by: str, now: datetime, all_or_nothing: bool = False
) -> Imported:
    """Write the good rows, or with ``all_or_nothing`` none if any is bad.

    A holding that is there already is never overwritten; statuses that its history lacks are
    added to it. ``by`` is who answers for the file, kept with the history. Opens transactions of
    its own.
    """

    def work() -> Imported:
        # A write first: two who import at once do so one after the other.
        codes = {row.designation for row in sheet.rows}
        models.Designation.objects.filter(code__in=codes).update(code=F("code"))
        found = plan(sheet, platform)
        if all_or_nothing and found.bad:
            return Imported(report=found.report, bad=found.bad, applied=False)
        late = {number for one in found.planned for number in _write(one, by, now)}
        found = _late(found, late)
        if all_or_nothing and found.bad:
            transaction.set_rollback(True)
            return Imported(report=found.report, bad=found.bad, applied=False)
        return Imported(report=found.report, bad=found.bad, applied=True)

    imported = in_transaction(work)
    if imported.applied:
        codes = {row.designation for row in sheet.rows}
        held = models.Holding.objects.filter(designation__code__in=codes)
        conferred(held.values_list("person_id", flat=True), now=now)
    return imported


def _write(one: Planned, by: str, now: datetime) -> list[int]:
    """Write one holding; return its rows if somebody else entered it just now."""
    try:
        with transaction.atomic():
            holding = one.holding or _conferred(one)
    except IntegrityError:
        return [row.number for row in one.rows]
    for status in _statuses(holding, one, by, now):
        status.save()
    return []


def _conferred(one: Planned) -> models.Holding:
    person_id = one.who.person_id
    if person_id is None:
        person_id = prepare.identity(site=get_settings().site, subject=one.who.subject).person_id
    first = one.rows[0]
    return models.Holding.objects.create(
        person_id=person_id,
        designation=one.designation,
        number=first.certificate,
        conferred_on=first.conferred_on,
        origin=Holding.Origin.IMPORTED,
    )


def _statuses(
    holding: models.Holding, one: Planned, by: str, now: datetime
) -> list[models.HoldingStatus]:
    told = [row for row in one.rows if row.status is not None]
    if not told and one.holding is None:
        return [_status(holding, None, by, now)]
    return [_status(holding, row, by, now) for row in told]


def _status(
    holding: models.Holding, row: Row | None, by: str, now: datetime
) -> models.HoldingStatus:
    return models.HoldingStatus(
        holding=holding,
        status=row.status.value if row and row.status else HoldingStatus.Status.ACTIVE,
        since=row.since if row and row.since else holding.conferred_on,
        reason=row.reason if row else "",
        recorded_by=by,
        recorded_at=now,
    )


def _late(found: Plan, numbers: set[int]) -> Plan:
    if not numbers:
        return found
    reason = "somebody else entered it just now: look again"
    return replace(
        found,
        report=tuple(
            replace(one, outcome=Outcome.FAULT, reason=reason) if one.row in numbers else one
            for one in found.report
        ),
    )
