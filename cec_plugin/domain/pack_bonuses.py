"""Read role bonuses out of a pack."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from cec_plugin.domain import suggestions
from cec_plugin.domain.suggestions import Suggestion, read_suggestion
from cec_plugin.domain.tables import Bonus, BonusKind
from cec_plugin.domain.toml_fields import TomlFields

BONUSES = {
    "role",
    "rule",
    "hours",
    "kind",
    "first_time_only",
    "stacks",
    "source",
    *suggestions.FIELDS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PackBonus:
    """A role's bonus in a pack; ``rule`` is empty where it holds under every rule."""

    role: str
    rule: str
    bonus: Bonus
    source: str
    suggestion: Suggestion | None = None


def read_bonus(
    fields: TomlFields,
    position: int,
    row: dict[str, Any],
    *,
    roles: Container[str],
    rules: Container[str],
) -> PackBonus:
    """Return one of ``[[bonuses]]``; ``roles`` and ``rules`` are the codes that there are."""
    role = fields.text("bonuses", position, row, "role")
    if role and role not in roles:
        fields.fault("bonuses", position, "role", f"there is no role {role!r} in [[roles]]")
    rule = fields.optional("bonuses", position, row, "rule")
    if rule and rule not in rules:
        fields.fault("bonuses", position, "rule", f"there is no rule {rule!r} in [[rules]]")
    bonus = Bonus(
        kind=fields.choice("bonuses", position, row, "kind", BonusKind.FLAT),
        hundredths=fields.figure("bonuses", position, row),
        first_time_only=fields.flag("bonuses", position, row, "first_time_only"),
        stacks=fields.flag("bonuses", position, {"stacks": True, **row}, "stacks"),
    )
    return PackBonus(
        role=role,
        rule=rule,
        bonus=bonus,
        source=fields.optional("bonuses", position, row, "source"),
        suggestion=read_suggestion(fields, "bonuses", position, row, "hours"),
    )
