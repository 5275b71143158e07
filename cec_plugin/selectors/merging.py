"""What a merge would move, or its undoing: reads only."""

from dataclasses import dataclass

from cec_plugin import models
from cec_plugin.selectors.sent import sent_credits


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """How much a person has that would go over to another.

    ``sent`` are those of the ``credits`` that member records have, or may have.
    """

    accounts: int
    numbers: int
    credits: int
    sent: int


def moving(person_id: int) -> Moving:
    """Return what a person has."""
    standing = models.CreditEntry.objects.filter(
        account__person_id=person_id, reverses__isnull=True, reversed_by__isnull=True
    )
    organizations = set(standing.values_list("account__organization_id", flat=True))
    return Moving(
        accounts=models.Identity.objects.filter(person_id=person_id).count(),
        numbers=models.Membership.objects.filter(person_id=person_id).count(),
        credits=standing.count(),
        sent=sum(sent_credits(person_id, pk) for pk in organizations),
    )


def is_merged_away(person_id: int) -> bool:
    """Say whether a person was merged into another, and that was not undone."""
    return models.Merge.objects.filter(merged_id=person_id, undone_at__isnull=True).exists()
