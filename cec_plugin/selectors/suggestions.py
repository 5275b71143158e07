"""Suggestions that nobody has adopted: what stands beside the empty figures of a draft."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from cec_plugin import models


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """An empty figure with a suggestion: ``row`` has it, in hundredths, and says why."""

    row: "models.Rule | models.RoleBonus | models.Designation | models.Requirement"
    hundredths: int
    because: str

    @property
    def key(self) -> tuple[str, int]:
        """Name the row among all of them."""
        return type(self.row).__name__.lower(), self.row.pk


EMPTY = {"suggested_hundredths__isnull": False, "hundredths__isnull": True}
EMPTY_TARGET = {"suggested_hundredths__isnull": False, "target_hundredths__isnull": True}


def in_table(schedule_id: int) -> list[Open]:
    """Return what can be adopted in a version of a credit table: two queries."""
    rules = models.Rule.objects.filter(schedule_id=schedule_id, **EMPTY)
    bonuses = models.RoleBonus.objects.filter(schedule_id=schedule_id, **EMPTY)
    return [*_open(rules), *_open(bonuses.select_related("role", "rule"))]


def in_designation(designation_id: int) -> list[Open]:
    """Return what can be adopted in a designation: two queries."""
    target = models.Designation.objects.filter(pk=designation_id, **EMPTY_TARGET)
    parts = models.Requirement.objects.filter(designation_id=designation_id, **EMPTY)
    return [*_open(target), *_open(parts)]


def _open(rows: "QuerySet[Any]") -> Iterator[Open]:
    for row in rows.order_by("pk"):
        yield Open(row=row, hundredths=row.suggested_hundredths, because=row.suggested_because)
