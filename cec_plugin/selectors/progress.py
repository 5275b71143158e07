"""How far people are in their certifications, reckoned from the ledger whenever it is asked."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from cec_plugin import models
from cec_plugin.domain import progress as domain
from cec_plugin.domain.cycles import CycleKind, Cycles, Leave
from cec_plugin.domain.designations import CarryOver, Designation, Maximum, Minimum, Spread
from cec_plugin.domain.keys import digest
from cec_plugin.domain.retelling import steps
from cec_plugin.models.certifications import Requirement
from cec_plugin.models.ledger import EntryKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A cycle that was decided on, and whether its figures would be others today."""

    renewal: models.Renewal
    differs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A holding with its cycles, the present one last; ``decided`` are decisions by first day."""

    holding: models.Holding
    unit: str
    cycles: tuple[domain.Progress, ...]
    decided: dict[date, Decided]


def designation(
    row: models.Designation, *, credit_types: frozenset[str] = frozenset()
) -> Designation:
    """Return what a designation asks for: two queries where nothing was fetched along.

    ``credit_types`` are those that count as tags the organization defines.
    """
    parts: dict[str, list[models.Requirement]] = defaultdict(list)
    for part in sorted(row.requirements.all(), key=lambda one: one.pk):
        parts[part.kind].append(part)
    tags = frozenset(tag.code for tag in row.organization.tags.all())
    return Designation(
        code=row.code,
        cycles=Cycles(
            kind=CycleKind(row.cycle),
            months=row.months,
            anchor=row.anchor,
            grace_days=row.grace_days,
        ),
        target=row.target_hundredths,
        tags=tags | credit_types,
        minima=tuple(
            Minimum(
                code=part.code,
                hundredths=part.hundredths,
                tags=frozenset(part.tags),
                each_months=part.each_months,
            )
            for part in parts[Requirement.Kind.MINIMUM]
        ),
        maxima=tuple(
            Maximum(
                code=part.code,
                hundredths=part.hundredths,
                tags=frozenset(part.tags),
                per_activity=part.per_activity,
            )
            for part in parts[Requirement.Kind.MAXIMUM]
        ),
        spreads=tuple(
            Spread(
                code=part.code,
                hundredths=part.hundredths,
                needed=part.needed or 0,
                tags=tuple(part.tags),
            )
            for part in parts[Requirement.Kind.SPREAD]
        ),
        carry_over=CarryOver(row.carry_over),
        carry_cap=row.carry_cap_hundredths,
    )


def standings(person_id: int, *, on: date) -> list[Standing]:
    """Return a person's holdings with their progress on a day: ten queries at most."""
    holdings = list(
        models.Holding.objects.filter(person_id=person_id)
        .select_related("designation__organization")
        .prefetch_related(
            "designation__requirements", "designation__organization__tags", "leaves", "renewals"
        )
        .order_by("designation__organization__name", "designation__name", "pk")
    )
    if not holdings:
        return []
    held = _credits(person_id, {one.designation.organization_id for one in holdings})
    return [_standing(one, held.get(one.designation.organization_id, []), on) for one in holdings]


def _standing(holding: models.Holding, held: list[domain.Credit], on: date) -> Standing:
    cycles = domain.progress(
        designation(holding.designation),
        held,
        conferred_on=holding.conferred_on,
        on=on,
        leaves=[
            Leave(starts_on=one.starts_on, ends_on=one.ends_on) for one in holding.leaves.all()
        ],
    )
    now = {one.cycle.starts_on: figures_digest(one) for one in cycles}
    return Standing(
        holding=holding,
        unit=holding.designation.organization.unit,
        cycles=tuple(cycles),
        decided={
            row.starts_on: Decided(renewal=row, differs=now.get(row.starts_on) != row.digest)
            for row in holding.renewals.all()
        },
    )


def figures(one: domain.Progress) -> list[list[str | int | None]]:
    """Return the checks of a cycle as they are frozen with a decision."""
    return [[check.code, check.needed, check.have] for check in one.checks]


def figures_digest(one: domain.Progress) -> str:
    """Name everything that a cycle's figures come from: its steps and its checks."""
    return digest(repr(steps(one)), repr(figures(one)))


def _credits(person_id: int, organization_ids: Iterable[int]) -> dict[int, list[domain.Credit]]:
    """Return the lines that stand, by organization, with the tags each gives its activity."""
    tags: dict[tuple[int, int], set[str]] = defaultdict(set)
    for organization_id, code, activity_id in models.Tag.objects.filter(
        organization__in=organization_ids,
        activities__participations__identity__person_id=person_id,
    ).values_list("organization_id", "code", "activities__id"):
        tags[organization_id, activity_id].add(code)
    rows = (
        models.CreditEntry.objects.filter(
            account__person_id=person_id,
            account__organization__in=organization_ids,
            reversed_by__isnull=True,
        )
        .exclude(kind=EntryKind.REVERSAL)
        .values_list(
            "id",
            "account__organization_id",
            "account__organization__time_zone",
            "participation__activity_id",
            "participation__activity__key",
            "credit_type",
            "hundredths",
            "earned_at",
        )
    )
    zones: dict[str, ZoneInfo] = {}
    named: dict[tuple[int, int | None, str], frozenset[str]] = {}
    found: dict[int, list[domain.Credit]] = defaultdict(list)
    for pk, organization_id, zone, activity_id, key, credit_type, hundredths, earned_at in rows:
        if zone not in zones:
            zones[zone] = ZoneInfo(zone)
        name = (organization_id, activity_id, credit_type)
        if name not in named:
            mine = tags.get((organization_id, activity_id or 0), set())
            named[name] = frozenset({credit_type, *mine})
        found[organization_id].append(
            domain.Credit(
                entry=pk,
                activity=key or "",
                hundredths=hundredths,
                earned_on=earned_at.astimezone(zones[zone]).date(),
                tags=named[name],
            )
        )
    return found
