"""The lines of an export, the same whenever they are read."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from cec_plugin.domain import keys
from cec_plugin.models.export import ExportedEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportLine:
    """One exported credit, in signed hundredths; an adjustment has no activity and no role."""

    entry_id: int
    kind: str
    member_number: str = field(repr=False)
    activity: str
    title: str
    role: str
    credit_type: str
    hundredths: int
    unit: str
    earned_on: date
    recorded_at: datetime
    reference: str


def lines_of(export_id: int) -> Iterator[ExportLine]:
    """Return the lines in the order of the ledger, a few at a time."""
    rows = ExportedEntry.objects.filter(export_id=export_id).order_by("entry_id")
    rows = rows.select_related(
        "entry__participation__activity", "entry__adjustment__activity", "export__organization"
    )
    for row in rows.iterator(chunk_size=2000):
        entry = row.entry
        yield ExportLine(
            entry_id=entry.pk,
            kind=entry.kind,
            member_number=row.member_number,
            activity=entry.activity.key if entry.activity else "",
            title=row.title,
            role=entry.participation.role if entry.participation else "",
            credit_type=entry.credit_type,
            hundredths=entry.hundredths,
            unit=row.export.organization.unit,
            earned_on=row.earned_on,
            recorded_at=entry.recorded_at,
            reference=keys.reference(entry.natural_key),
        )
