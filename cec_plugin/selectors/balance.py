"""What a person's credits come to, summed by the database from the ledger: never stored."""

from dataclasses import dataclass

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from cec_plugin import models
from cec_plugin.models.ledger import EntryKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A sum over one organization and credit type, in signed hundredths of ``unit``.

    ``hundredths`` is ``awarded`` plus ``taken_back`` (zero or below) plus ``adjusted``.
    """

    organization: str
    credit_type: str
    unit: str
    hundredths: int
    awarded: int
    taken_back: int
    adjusted: int


def totals(person_id: int) -> tuple[Total, ...]:
    """Return what a person has, by organization and credit type: one query."""
    rows = (
        models.CreditEntry.objects.filter(account__person_id=person_id)
        .order_by("account__organization__name", "account__organization_id", "credit_type")
        .values_list(
            "account__organization_id",
            "account__organization__name",
            "credit_type",
            "account__organization__unit",
        )
        .annotate(
            total=Sum("hundredths"),
            awarded=_sum_of(EntryKind.AWARD),
            taken_back=_sum_of(EntryKind.REVERSAL),
            adjusted=_sum_of(EntryKind.ADJUSTMENT),
        )
    )
    return tuple(
        Total(
            organization=name,
            credit_type=credit_type,
            unit=unit,
            hundredths=int(hundredths),
            awarded=int(awarded),
            taken_back=int(taken_back),
            adjusted=int(adjusted),
        )
        for _, name, credit_type, unit, hundredths, awarded, taken_back, adjusted in rows
    )


def _sum_of(kind: EntryKind) -> Coalesce:
    return Coalesce(Sum("hundredths", filter=Q(kind=kind)), 0)
