"""What a person finished that earns no credit from an organization, and why."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from cec_plugin import models
from cec_plugin.domain.allocation import RefusalCode, local_date
from cec_plugin.domain.basis import Step
from cec_plugin.selectors.in_force import InForce, LineKey
from cec_plugin.selectors.roles import RoleName, RoleNames


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCredited:
    """Something finished that an organization gives nothing for.

    ``code`` is None, and ``organization`` empty, where no organization has a credit table yet.
    ``details`` are the codes and figures of the reason, ``basis`` the steps up to it (empty where
    no rule spoke). ``elsewhere`` says that another organization gives credit for it.
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
    organization_id: int | None = None
    activity_id: int | None = None
    earned_from: str = ""
    in_force: InForce | None = None
    basis: tuple[Step, ...] = ()


def refusal_rows(person_id: int) -> list[models.Refusal]:
    """Return the refusals of what stands, by organization: one query."""
    return list(
        models.Refusal.objects.filter(
            participation__identity__person_id=person_id, participation__stands=True
        )
        .select_related("participation__activity", "organization")
        .order_by("organization__name", "id")
    )


def line_of(row: models.Refusal) -> LineKey:
    """Return which line of which table refused; the rule is empty where no rule spoke."""
    return row.organization_id, row.details.get("version", ""), row.details.get("rule", "")


def not_credited(
    person_id: int,
    refused: Iterable[models.Refusal],
    *,
    roles: RoleNames,
    in_force: Mapping[LineKey, InForce],
    credited: Collection[int | None],
) -> tuple[NotCredited, ...]:
    """Return what stands and is not credited, newest first: one query.

    ``credited`` are the ids of the participations that have credit somewhere.
    """
    explained = [
        refusal(
            row,
            roles=roles,
            in_force=in_force,
            elsewhere=row.participation_id in credited,
        )
        for row in refused
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
            earned_from=one.earned_from,
        )
        for one in models.Participation.objects.filter(
            identity__person_id=person_id, stands=True, refusals__isnull=True
        )
        .select_related("activity")
        .order_by("id")
        if one.pk not in credited
    ]
    return tuple(sorted((*explained, *undecided), key=lambda one: one.earned_on, reverse=True))


def refusal(
    row: models.Refusal,
    *,
    roles: RoleNames,
    in_force: Mapping[LineKey, InForce],
    elsewhere: bool = False,
) -> NotCredited:
    """Return a refusal with what explains it."""
    one, organization = row.participation, row.organization
    return NotCredited(
        participation_id=row.participation_id,
        title=str(one.activity),
        role=roles[one.role],
        organization=organization.name,
        earned_on=local_date(one.earned_at or row.decided_at, organization.time_zone),
        code=RefusalCode(row.code),
        details={name: value for name, value in row.details.items() if name != "steps"},
        elsewhere=elsewhere,
        unit=organization.unit,
        organization_id=row.organization_id,
        activity_id=one.activity_id,
        earned_from=one.earned_from,
        in_force=in_force.get(line_of(row)),
        basis=tuple(row.details.get("steps", ())),
    )
