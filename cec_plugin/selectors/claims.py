"""Where people can claim a member number, and how their claims stand."""

from collections.abc import Collection

from django.db.models import Q

from cec_plugin import models
from cec_plugin.domain.terms import AwardsTo

LARGEST_ID = 2**63 - 1
"""The greatest id that a database can hold; SQLite refuses even to compare with a greater one."""


def newest_claims(person_id: int, organization_ids: Collection[int]) -> dict[int, models.Claim]:
    """Return a person's newest claim at each of these organizations: one query, none for none."""
    if not organization_ids:
        return {}
    rows = models.Claim.objects.filter(person_id=person_id, organization_id__in=organization_ids)
    return {claim.organization_id: claim for claim in rows.order_by("pk")}


def where_to_claim(organization_id: int) -> models.Organization | None:
    """Return an organization to which a member number matters; None where it does to none.

    It has a registry, or awards to its members, or exports its credits with their numbers.
    """
    if organization_id > LARGEST_ID:
        return None
    awards = Q(schedules__activated_at__isnull=False, schedules__awards_to=AwardsTo.MEMBERS.value)
    asked = Q(registries__isnull=False) | Q(exports__isnull=False) | awards
    return models.Organization.objects.filter(asked, pk=organization_id).distinct().first()


def is_member(person_id: int, organization_id: int) -> bool:
    """Say whether the organization knows the person under a number."""
    return models.Membership.objects.filter(
        person_id=person_id, organization_id=organization_id
    ).exists()


def is_taken(claim: models.Claim) -> bool:
    """Say whether somebody else has the number."""
    return (
        models.Membership.objects.filter(
            organization_id=claim.organization_id, number_key=claim.number_key
        )
        .exclude(person_id=claim.person_id)
        .exists()
    )
