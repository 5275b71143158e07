"""What one version of a credit table says otherwise than another, line by line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from cec_plugin import models
from cec_plugin.domain.tables import Bonus, Rule
from cec_plugin.selectors.tables import rules_of, terms_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A line that differs: ``what`` names it; ``change`` is "new", "gone" or "changed".

    ``fields`` say in what a changed one differs.
    """

    what: str
    change: str
    fields: tuple[str, ...] = ()


def differences(before: models.Schedule, after: models.Schedule) -> list[Difference]:
    """Return what ``after`` says otherwise than ``before``: terms, rules by code, bonuses."""
    old_rules, old_bonuses = rules_of(before.pk)
    new_rules, new_bonuses = rules_of(after.pk)
    old_terms, new_terms = terms_of(before), terms_of(after)
    changed = _fields(old_terms, new_terms)
    return [
        *([Difference(what="terms", change="changed", fields=changed)] if changed else []),
        *_by_code(
            {f"rule {one.code}": one for one in old_rules},
            {f"rule {one.code}": one for one in new_rules},
        ),
        *_by_code(
            {f"bonus of {role}": one for role, one in old_bonuses.items()},
            {f"bonus of {role}": one for role, one in new_bonuses.items()},
        ),
    ]


def _by_code(
    before: Mapping[str, Rule | Bonus], after: Mapping[str, Rule | Bonus]
) -> Iterator[Difference]:
    for what in sorted({*before, *after}):
        if what not in before:
            yield Difference(what=what, change="new")
        elif what not in after:
            yield Difference(what=what, change="gone")
        elif changed := _fields(before[what], after[what]):
            yield Difference(what=what, change="changed", fields=changed)


def _fields(before: object, after: object) -> tuple[str, ...]:
    return tuple(
        one.name
        for one in fields(before)  # type: ignore[arg-type]
        if getattr(before, one.name) != getattr(after, one.name)
    )
