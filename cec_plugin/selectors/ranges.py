"""Go through very many rows without ever holding more than a few of them."""

from collections.abc import Iterator
from typing import TypeVar

from django.db.models import Count, Max, Min, Model, QuerySet

RANGE = 500
"""How many ids are looked through together."""

Row = TypeVar("Row", bound=Model)


def in_ranges(rows: "QuerySet[Row]", *, size: int = RANGE) -> "Iterator[QuerySet[Row]]":
    """Yield the rows in parts, in the order of their ids; a part is read when it is asked for.

    Not by the database's cursor, whose whole result MySQL's driver takes in before it gives the
    first row. By ranges of ids: whatever plan a database makes, a part costs no more than its range
    has rows. No more rows than ``size`` are one part, however far apart their ids are. What is
    added meanwhile is left out.
    """
    rows = rows.order_by()
    found = rows.aggregate(first=Min("pk"), last=Max("pk"), count=Count("pk"))
    if not found["count"]:
        return
    first, last = found["first"], found["last"]
    step = size if found["count"] > size else last - first + 1
    for begin in range(first, last + 1, step):
        end = min(begin + step - 1, last)
        yield rows.filter(pk__gte=begin, pk__lte=end).order_by("pk")
