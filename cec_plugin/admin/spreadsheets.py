"""Exported credits as a file for spreadsheets, in which no cell is taken for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import UTC

from cec_plugin.domain.credits import format_hundredths
from cec_plugin.selectors.exports import ExportLine

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

BYTE_ORDER_MARK = "\ufeff"
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_NEGATIVE = re.compile(r"-\d+(\.\d+)?", re.ASCII)


def plain(cell: str) -> str:
    """Put an apostrophe before what a spreadsheet would take for a formula."""
    if cell.lstrip(" ").startswith(FORMULA_SIGNS) and not _NEGATIVE.fullmatch(cell):
        return f"'{cell}"
    return cell


def as_csv(lines: Iterable[ExportLine]) -> Iterator[str]:
    """Return the file piece by piece; times are in UTC."""
    page = io.StringIO()
    writer = csv.writer(page)

    def written(cells: Iterable[str]) -> str:
        page.seek(0)
        page.truncate()
        writer.writerow([plain(cell) for cell in cells])
        return page.getvalue()

    yield BYTE_ORDER_MARK + written(COLUMNS)
    for line in lines:
        yield written(
            (
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
        )
