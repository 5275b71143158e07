"""Credit tables as the domain reads them.

An active version is never edited, so what was compiled from it is kept in the process, by the
digest of its content.
"""

from collections import defaultdict
from functools import lru_cache

from cec_plugin import models
from cec_plugin.domain import keys
from cec_plugin.domain.allocation import Organization
from cec_plugin.domain.selectors import Selector
from cec_plugin.domain.tables import Bonus, BonusKind, CreditTable, Rule, Version


def rules_of(schedule_id: int) -> tuple[list[Rule], dict[str, Bonus]]:
    """Return the rules of a version, by code, and the bonuses that hold under every rule."""
    whole: dict[str, Bonus] = {}
    by_rule: dict[int, dict[str, Bonus]] = defaultdict(dict)
    for bonus in models.RoleBonus.objects.filter(schedule_id=schedule_id).select_related("role"):
        into = whole if bonus.rule_id is None else by_rule[bonus.rule_id]
        into[bonus.role.code] = Bonus(kind=BonusKind(bonus.kind), hundredths=bonus.hundredths)
    rules = [
        Rule(
            code=row.code,
            selector=Selector(row.selector),
            pattern=row.pattern,
            credit_type=row.credit_type,
            hundredths=row.hundredths,
            title=row.title,
            bonuses=by_rule.get(row.pk, {}),
        )
        for row in models.Rule.objects.filter(schedule_id=schedule_id).order_by("code")
    ]
    return rules, whole


def content_digest(schedule_id: int) -> str:
    """Return a digest of everything in a version that decides what is given."""
    rules, whole = rules_of(schedule_id)
    parts: list[str] = []
    for rule in rules:
        parts += [rule.code, rule.selector, rule.pattern, rule.credit_type, str(rule.hundredths)]
        parts += _bonus_parts(dict(rule.bonuses))
    return keys.digest(*parts, "all rules", *_bonus_parts(whole))


def _bonus_parts(bonuses: dict[str, Bonus]) -> list[str]:
    return [
        part
        for role, bonus in sorted(bonuses.items())
        for part in (role, bonus.kind, str(bonus.hundredths))
    ]


@lru_cache(maxsize=256)
def compiled_table(schedule_id: int, digest: str) -> CreditTable:  # noqa: ARG001 - names the content
    """Return the compiled rules of an active version."""
    rules, whole = rules_of(schedule_id)
    return CreditTable(rules, whole)


class ActiveTables:
    """The organizations that have an active credit table, read once, with their versions."""

    def __init__(self) -> None:
        """Read the active versions of all organizations: one query."""
        rows = (
            models.Schedule.objects.filter(activated_at__isnull=False)
            .order_by("organization_id", "version")
            .values_list(
                "id",
                "version",
                "effective_from",
                "digest",
                "organization_id",
                "organization__code",
                "organization__time_zone",
            )
        )
        versions: dict[tuple[int, str, str], list[Version]] = defaultdict(list)
        self._digests: dict[int, str] = {}
        for pk, number, effective_from, digest, organization_id, code, time_zone in rows:
            self._digests[pk] = digest
            versions[organization_id, code, time_zone].append(
                Version(id=pk, number=number, effective_from=effective_from)
            )
        self.organizations = [
            Organization(id=pk, code=code, time_zone=time_zone, versions=tuple(found))
            for (pk, code, time_zone), found in versions.items()
        ]

    def table(self, schedule_id: int) -> CreditTable:
        """Return the rules of one of these versions."""
        return compiled_table(schedule_id, self._digests[schedule_id])
