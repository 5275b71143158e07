"""Designations as the domain reads them, and what an organization defines for them."""

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import F, Q

from cec_plugin import models
from cec_plugin.domain.cycles import CycleKind, Cycles
from cec_plugin.domain.designations import CarryOver, Designation, Maximum, Minimum, Spread
from cec_plugin.models.certifications import Requirement


def designation(
    row: models.Designation, *, credit_types: frozenset[str] = frozenset()
) -> Designation:
    """Return what a designation asks for: three queries where nothing was fetched along.

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
        accepts=frozenset(one.code for one in row.accepts.all()),
    )


def tag_codes(organization_id: int) -> frozenset[str]:
    """Return the codes of the tags that an organization defines."""
    rows = models.Tag.objects.filter(organization_id=organization_id)
    return frozenset(rows.values_list("code", flat=True))


def units(codes: Iterable[str]) -> dict[str, str]:
    """Return the units of those of these organizations that there are, by code."""
    rows = models.Organization.objects.filter(code__in=list(codes))
    return dict(rows.values_list("code", "unit"))


def bound_to_unit(organization_id: int, unit: str) -> list[str]:
    """Return the names of designations that could not go on accepting if this were the unit."""
    pairs = models.Designation.accepts.through.objects.exclude(
        designation__organization_id=F("organization_id")
    ).filter(
        Q(designation__organization_id=organization_id) & ~Q(organization__unit=unit)
        | Q(organization_id=organization_id) & ~Q(designation__organization__unit=unit)
    )
    return sorted(set(pairs.values_list("designation__name", flat=True)))
