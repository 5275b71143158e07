"""Read the terms of a table, its caps and the conditions of its rules out of a pack."""

from collections.abc import Container
from dataclasses import replace
from typing import Any

from cec_plugin.domain.conditions import EVIDENCE, Conditions, Repeat
from cec_plugin.domain.notices import Via
from cec_plugin.domain.periods import Period
from cec_plugin.domain.terms import AwardsTo, Cap, Decides, Measure, Per, PeriodOf, Rounding, Terms
from cec_plugin.domain.toml_fields import TomlFields

TABLE = {
    "decides",
    "awards_to",
    "units",
    "per_hours",
    "increment",
    "rounding",
    "smallest",
    "period_months",
    "period_from",
    "period_of",
}
CAPS = {"code", "roles", "per", "at_most", "source"}
RULES = {
    "modes",
    "minimum_grade",
    "evidence",
    "registered",
    "related",
    "counts_from",
    "counts_until",
    "repeat",
    "approval",
}


def read_terms(
    fields: TomlFields, table: dict[str, Any], roles: Container[str]
) -> tuple[Terms, dict[str, str]]:
    """Return the terms in ``[table]`` and ``[[caps]]``, and where the caps' figures stand.

    What is wrong is added to the faults.
    """
    months = fields.whole("table", 0, table, "period_months", None)
    anchor = fields.optional_date("table", 0, table, "period_from")
    if (months is None) != (anchor is None):
        fields.fault(
            "table", 0, "period_months", "a period takes both period_months and period_from"
        )
    increment = fields.figure("table", 0, table, "increment")
    smallest = fields.figure("table", 0, table, "smallest")
    under = Terms(
        decides=fields.choice("table", 0, table, "decides", Decides.HERE),
        awards_to=fields.choice("table", 0, table, "awards_to", AwardsTo.EVERYBODY),
        measure=Measure(
            units=fields.whole("table", 0, table, "units", 1) or 0,
            per_hours=fields.whole("table", 0, table, "per_hours", 1) or 0,
            increment=1 if increment is None else increment,
            rounding=fields.choice("table", 0, table, "rounding", Rounding.HALF_UP),
            smallest=smallest or 0,
        ),
        period=Period(months=months, anchor=anchor) if months and anchor else None,
        period_of=fields.choice("table", 0, table, "period_of", PeriodOf.TABLE),
    )
    caps = [(_cap(fields, at, row, roles), at, row) for at, row in enumerate(fields.rows("caps"))]
    return replace(under, caps=tuple(cap for cap, _, _ in caps)), {
        cap.code: fields.optional("caps", at, row, "source") for cap, at, row in caps
    }


def _cap(fields: TomlFields, position: int, row: dict[str, Any], roles: Container[str]) -> Cap:
    named = fields.texts("caps", position, row, "roles")
    for role in named:
        if role not in roles:
            fields.fault("caps", position, "roles", f"there is no role {role!r} in [[roles]]")
    if "at_most" not in row:
        fields.fault("caps", position, "at_most", "a figure is missing here")
    return Cap(
        code=fields.code("caps", position, row, "code"),
        roles=frozenset(named),
        per=fields.choice("caps", position, row, "per", Per.PERIOD),
        hundredths=fields.figure("caps", position, row, "at_most") or 0,
    )


def read_conditions(fields: TomlFields, position: int, row: dict[str, Any]) -> Conditions:
    """Return the conditions of one of ``[[rules]]``."""
    evidence = [
        fields.choice("rules", position, {"evidence": one}, "evidence", Via.CERTIFICATE, EVIDENCE)
        for one in fields.texts("rules", position, row, "evidence")
    ]
    return Conditions(
        modes=frozenset(fields.texts("rules", position, row, "modes")),
        minimum_grade=fields.figure("rules", position, row, "minimum_grade"),
        evidence=frozenset(evidence),
        registered=fields.flag("rules", position, row, "registered"),
        related=fields.flag("rules", position, row, "related"),
        counts_from=fields.optional_date("rules", position, row, "counts_from"),
        counts_until=fields.optional_date("rules", position, row, "counts_until"),
        repeat=fields.choice("rules", position, row, "repeat", Repeat.ALWAYS),
        approval=fields.flag("rules", position, row, "approval"),
    )
