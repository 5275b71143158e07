"""What a person finished that earns no credit from an organization, and why."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from cec_plugin import models
from cec_plugin.domain.allocation import RefusalCode, local_date
from cec_plugin.selectors.roles import RoleName, RoleNames


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCredited:
    """Something finished that an organization gives nothing for.

    ``code`` is None, and ``organization`` empty, where no organization has a credit table yet.
    ``elsewhere`` says that another organization gives credit for it.
    """

    participation_id: int
    title: str
    role: RoleName
    organization: str
    earned_on: date
    code: RefusalCode | None
    details: Mapping[str, str]
    elsewhere: bool
    unit: str = "hours"


def not_credited(
    person_id: int, *, roles: RoleNames, credited: Collection[int | None]
) -> tuple[NotCredited, ...]:
    """Return what stands and is not credited, newest first: two queries.

    ``credited`` are the ids of the participations that have credit somewhere.
    """
    refused = [
        NotCredited(
            participation_id=row.participation_id,
            title=str(row.participation.activity),
            role=roles[row.participation.role],
            organization=row.organization.name,
            earned_on=local_date(
                row.participation.earned_at or row.decided_at, row.organization.time_zone
            ),
            code=RefusalCode(row.code),
            details=row.details,
            elsewhere=row.participation_id in credited,
            unit=row.organization.unit,
        )
        for row in models.Refusal.objects.filter(
            participation__identity__person_id=person_id, participation__stands=True
        )
        .select_related("participation__activity", "organization")
        .order_by("organization__name", "id")
    ]
    undecided = [
        NotCredited(
            participation_id=one.pk,
            title=str(one.activity),
            role=roles[one.role],
            organization="",
            earned_on=timezone.localdate(one.earned_at or one.changed_at),
            code=None,
            details={},
            elsewhere=False,
        )
        for one in models.Participation.objects.filter(
            identity__person_id=person_id, stands=True, refusals__isnull=True
        )
        .select_related("activity")
        .order_by("id")
        if one.pk not in credited
    ]
    return tuple(sorted((*refused, *undecided), key=lambda one: one.earned_on, reverse=True))
