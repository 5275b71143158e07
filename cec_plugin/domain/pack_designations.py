"""Read an organization's tags and designations out of a pack."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cec_plugin.domain import suggestions
from cec_plugin.domain.cycles import CycleKind, Cycles
from cec_plugin.domain.designations import (
    CarryOver,
    Designation,
    Maximum,
    Minimum,
    Spread,
    faults,
)
from cec_plugin.domain.suggestions import Suggestion, read_suggestion
from cec_plugin.domain.toml_fields import TomlFields

TAGS = {"code", "label"}
DESIGNATIONS = {
    "code",
    "name",
    "cycle",
    "months",
    "begins_on",
    "grace_days",
    "target",
    "carry_over",
    "carry_cap",
    "accepts",
    "source",
    *suggestions.FIELDS,
}
REQUIREMENTS = {
    "designation",
    "kind",
    "code",
    "figure",
    "tags",
    "needed",
    "each_months",
    "per_activity",
    "source",
    *suggestions.FIELDS,
}
KINDS = ("minimum", "maximum", "spread")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackDesignation:
    """A designation in a pack; ``sources`` say where the figures of its requirements stand.

    ``suggestion`` is for an empty target, ``suggestions`` by code for empty requirements.
    """

    designation: Designation
    name: str
    source: str
    sources: Mapping[str, str]
    suggestion: Suggestion | None = None
    suggestions: Mapping[str, Suggestion] = field(default_factory=dict)


def read_tags(fields: TomlFields) -> dict[str, str]:
    """Return ``[[tags]]`` as labels by code; what is wrong is added to the faults."""
    found: dict[str, str] = {}
    for at, row in enumerate(fields.rows("tags")):
        code = fields.code("tags", at, row, "code")
        if code in found:
            fields.fault("tags", at, "code", "it is given twice")
        found[code] = fields.text("tags", at, row, "label")
    return found


def read_designations(fields: TomlFields, tags: frozenset[str]) -> tuple[PackDesignation, ...]:
    """Return ``[[designations]]`` with their ``[[requirements]]``.

    ``tags`` are those that the pack defines, and its credit types.
    """
    rows = fields.rows("designations")
    codes = [fields.code("designations", at, row, "code") for at, row in enumerate(rows)]
    parts: dict[str, list[Minimum | Maximum | Spread]] = defaultdict(list)
    sources: dict[str, dict[str, str]] = defaultdict(dict)
    suggested: dict[str, dict[str, Suggestion]] = defaultdict(dict)
    for at, row in enumerate(fields.rows("requirements")):
        of = fields.text("requirements", at, row, "designation")
        if of and of not in codes:
            fields.fault(
                "requirements", at, "designation",
                f"there is no designation {of!r} in [[designations]]",
            )  # fmt: skip
        one = read_suggestion(fields, "requirements", at, row, "figure")
        part = _part(fields, at, row, is_suggested=suggestions.SUGGESTED in row)
        if part is not None and one is not None:
            suggested[of][part.code] = one
        if part is not None:
            parts[of].append(part)
            sources[of][part.code] = fields.optional("requirements", at, row, "source")
    found = []
    for at, (code, row) in enumerate(zip(codes, rows, strict=True)):
        asked = _designation(fields, at, row, code, parts[code], tags)
        if code in codes[:at]:
            fields.fault("designations", at, "code", "it is given twice")
        for fault in faults(asked):
            fields.fault("designations", at, "code", fault)
        found.append(
            PackDesignation(
                designation=asked,
                name=fields.text("designations", at, row, "name"),
                source=fields.optional("designations", at, row, "source"),
                sources=sources[code],
                suggestion=read_suggestion(fields, "designations", at, row, "target"),
                suggestions=suggested[code],
            )
        )
    return tuple(found)


def _designation(  # noqa: PLR0917 - what a row is read from
    fields: TomlFields,
    at: int,
    row: dict[str, Any],
    code: str,
    parts: list[Minimum | Maximum | Spread],
    tags: frozenset[str],
) -> Designation:
    return Designation(
        code=code,
        cycles=Cycles(
            kind=fields.choice("designations", at, row, "cycle", CycleKind.ANNIVERSARY),
            months=fields.whole("designations", at, row, "months", 12) or 0,
            anchor=fields.optional_date("designations", at, row, "begins_on"),
            grace_days=fields.whole("designations", at, row, "grace_days", 0) or 0,
        ),
        target=fields.figure("designations", at, row, "target"),
        tags=tags,
        minima=tuple(part for part in parts if isinstance(part, Minimum)),
        maxima=tuple(part for part in parts if isinstance(part, Maximum)),
        spreads=tuple(part for part in parts if isinstance(part, Spread)),
        carry_over=fields.choice("designations", at, row, "carry_over", CarryOver.NONE),
        carry_cap=fields.figure("designations", at, row, "carry_cap"),
        accepts=frozenset(fields.texts("designations", at, row, "accepts")),
    )


def _part(
    fields: TomlFields, at: int, row: dict[str, Any], *, is_suggested: bool
) -> Minimum | Maximum | Spread | None:
    code = fields.code("requirements", at, row, "code")
    figure = fields.figure("requirements", at, row, "figure")
    tags = fields.texts("requirements", at, row, "tags")
    match row.get("kind"):
        case "minimum":
            return Minimum(
                code=code,
                hundredths=figure,
                tags=frozenset(tags),
                each_months=fields.whole("requirements", at, row, "each_months", None),
            )
        case "maximum" | "spread" if figure is None and not is_suggested:
            fields.fault("requirements", at, "figure", "a figure is missing here")
        case "maximum":
            return Maximum(
                code=code,
                hundredths=figure,
                tags=frozenset(tags),
                per_activity=fields.flag("requirements", at, row, "per_activity"),
            )
        case "spread":
            return Spread(
                code=code,
                hundredths=figure,
                needed=fields.whole("requirements", at, row, "needed", 0) or 0,
                tags=tuple(tags),
            )
        case _:
            fields.fault("requirements", at, "kind", "it is one of " + ", ".join(KINDS))
    return None
