"""Write CSV in which no cell is taken for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Iterator

BYTE_ORDER_MARK = "\ufeff"
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_NEGATIVE = re.compile(r"-\d+(\.\d+)?", re.ASCII)


def plain(cell: str) -> str:
    """Put an apostrophe before what a spreadsheet would take for a formula."""
    if cell.lstrip(" ").startswith(FORMULA_SIGNS) and not _NEGATIVE.fullmatch(cell):
        return f"'{cell}"
    return cell


def rows_as_csv(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Return the file piece by piece, a row each, the columns' names first."""
    page = io.StringIO()
    writer = csv.writer(page)

    def written(cells: Iterable[str]) -> str:
        page.seek(0)
        page.truncate()
        writer.writerow([plain(cell) for cell in cells])
        return page.getvalue()

    yield BYTE_ORDER_MARK + written(columns)
    for row in rows:
        yield written(row)
