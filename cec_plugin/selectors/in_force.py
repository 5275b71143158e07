"""Under which version of a credit table, and which rule in it, something was decided."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from cec_plugin import models
from cec_plugin.domain.terms import HOURS, Measure, Rounding

MEASURE = ("units", "per_hours", "increment_hundredths", "rounding", "smallest_hundredths")
"""The fields of a version that say how its unit is reckoned from hours."""

LineKey: TypeAlias = tuple[int, str, str]
"""A line of a credit table: organization id, number of the version, code of the rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The version of a credit table, and the rule in it, that an entry or refusal came from.

    ``in_hours`` says that the rules' figures are hours, which are reckoned in the organization's
    unit only after them.
    """

    version: int
    effective_from: date
    rule: str
    title: str
    in_hours: bool = False


def in_force_for(wanted: Iterable[LineKey]) -> dict[LineKey, InForce]:
    """Return what was in force for these lines: at most one query; keys without a rule are none."""
    keys = {key for key in wanted if key[1] and key[2]}
    rows = models.Rule.objects.filter(
        schedule__organization_id__in={organization_id for organization_id, _, _ in keys},
        schedule__version__in={version for _, version, _ in keys},
        code__in={code for _, _, code in keys},
    ).values_list(
        "schedule__organization_id",
        "schedule__version",
        "schedule__effective_from",
        "code",
        "title",
        *(f"schedule__{name}" for name in MEASURE),
    )
    return {
        (organization_id, str(version), code): InForce(
            version=version,
            effective_from=effective_from,
            rule=code,
            title=title,
            in_hours=_is_in_hours(*measure),
        )
        for organization_id, version, effective_from, code, title, *measure in rows
    }


def _is_in_hours(*measure: Any) -> bool:
    units, per_hours, increment, rounding, smallest = measure
    measured = Measure(
        units=units,
        per_hours=per_hours,
        increment=increment,
        rounding=Rounding(rounding),
        smallest=smallest,
    )
    return measured != HOURS
