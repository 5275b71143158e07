"""What reconciliations found: the last of each registry, and the lines of a report."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q

from cec_plugin import models
from cec_plugin.domain.credits import format_hundredths
from cec_plugin.models.reconciliation import Difference, Reconciliation

COLUMNS = (
    "kind",
    "reference",
    "we say",
    "amount here",
    "amount there",
    "another member",
    "registry ids",
    "delivery id",
    "repair",
    "repair reason",
)
"""Not translated: programs read them."""

SETTLED = (Difference.Repair.UNDER_WAY, Difference.Repair.GONE)
"""Repairs after which nothing is left to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastReconciliation:
    """The last reconciliation of a registry that ended, and how it came out.

    ``differences`` are those it listed, ``open`` those of them that nobody repaired; ``unlisted``
    is how much more looks wrong.
    """

    id: int
    ended_at: datetime
    outcome: str
    reason: str
    counts: Mapping[str, int]
    differences: int
    open: int
    unlisted: int


def last_reconciliations(registry_ids: Collection[int]) -> dict[int, LastReconciliation]:
    """Return the last that ended of each of these registries, by its id: two queries."""
    ended = Reconciliation.objects.filter(registry_id__in=registry_ids, ended_at__isnull=False)
    last = ended.order_by().values("registry_id").annotate(last=Max("pk")).values_list("last")
    left = ~Q(differences__repair__in=SETTLED)
    rows = Reconciliation.objects.filter(pk__in=[pk for (pk,) in last]).annotate(
        found=Count("differences"), left=Count("differences", filter=left)
    )
    return {
        row.registry_id: LastReconciliation(
            id=row.pk,
            ended_at=row.ended_at,
            outcome=row.outcome,
            reason=row.reason,
            counts=row.counts,
            differences=row.found,
            open=row.left,
            unlisted=row.unlisted,
        )
        for row in rows.order_by("pk")
        if row.ended_at is not None
    }


def difference_lines(reconciliation_id: int) -> Iterator[tuple[str, ...]]:
    """Return the cells of each difference, as ``COLUMNS`` has them, a few at a time."""
    rows = models.Difference.objects.filter(reconciliation_id=reconciliation_id).order_by("pk")
    for row in rows.iterator(chunk_size=2000):
        yield (
            row.kind,
            row.reference,
            row.ours_stance,
            _figure(row.ours_hundredths),
            _figure(row.theirs_hundredths),
            "yes" if row.another_member else "",
            " ".join(row.remote_ids),
            str(row.delivery_id or ""),
            row.repair,
            row.repair_reason,
        )


def _figure(hundredths: int | None) -> str:
    return "" if hundredths is None else format_hundredths(hundredths)
