"""Exported credits as a file for spreadsheets, in which no cell is taken for a formula."""

from collections.abc import Iterable, Iterator
from datetime import UTC

from cec_plugin.domain.credits import format_hundredths
from cec_plugin.domain.spreadsheets import plain, rows_as_csv
from cec_plugin.selectors.exports import ExportLine

__all__ = ["COLUMNS", "as_csv", "plain"]

COLUMNS = (
    "entry id",
    "kind",
    "member number",
    "activity",
    "title",
    "role",
    "credit type",
    "amount",
    "unit",
    "earned on",
    "recorded at",
    "reference",
)
"""Not translated: programs read them."""


def as_csv(lines: Iterable[ExportLine]) -> Iterator[str]:
    """Return the file piece by piece; times are in UTC."""
    return rows_as_csv(COLUMNS, map(_cells, lines))


def _cells(line: ExportLine) -> tuple[str, ...]:
    return (
        str(line.entry_id),
        line.kind,
        line.member_number,
        line.activity,
        line.title,
        line.role,
        line.credit_type,
        format_hundredths(line.hundredths),
        line.unit,
        line.earned_on.isoformat(),
        line.recorded_at.astimezone(UTC).isoformat(timespec="seconds"),
        line.reference,
    )
