"""Credit tables as the domain reads them.

An active version is never edited, so what was compiled from it is kept in the process, by the
digest of its content.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache

from django.db.models import Exists

from cec_plugin import models
from cec_plugin.domain import keys
from cec_plugin.domain.allocation import Organization
from cec_plugin.domain.conditions import Conditions, Repeat
from cec_plugin.domain.notices import Via
from cec_plugin.domain.periods import Period
from cec_plugin.domain.selectors import Selector
from cec_plugin.domain.tables import Bonus, BonusKind, CreditTable, OfProgram, Rule, Version
from cec_plugin.domain.terms import AwardsTo, Cap, Decides, Measure, Per, PeriodOf, Rounding, Terms


def rules_of(schedule_id: int) -> tuple[list[Rule], dict[str, Bonus]]:
    """Return the rules of a version, by code, and the bonuses that hold under every rule."""
    whole: dict[str, Bonus] = {}
    by_rule: dict[int, dict[str, Bonus]] = defaultdict(dict)
    for bonus in models.RoleBonus.objects.filter(schedule_id=schedule_id).select_related("role"):
        into = whole if bonus.rule_id is None else by_rule[bonus.rule_id]
        into[bonus.role.code] = Bonus(
            kind=BonusKind(bonus.kind),
            hundredths=bonus.hundredths,
            first_time_only=bonus.first_time_only,
            stacks=bonus.stacks,
        )
    rules = [
        Rule(
            code=row.code,
            selector=Selector(row.selector),
            pattern=row.pattern,
            credit_type=row.credit_type,
            hundredths=row.hundredths,
            title=row.title,
            bonuses=by_rule.get(row.pk, {}),
            conditions=_conditions(row),
            of_program=OfProgram(row.of_program),
            approved_as=row.approved_as,
            tags=frozenset(row.tags),
        )
        for row in models.Rule.objects.filter(schedule_id=schedule_id).order_by("code")
    ]
    return rules, whole


def _conditions(row: models.Rule) -> Conditions:
    return Conditions(
        modes=frozenset(row.modes),
        minimum_grade=row.minimum_grade,
        evidence=frozenset(Via(via) for via in row.evidence),
        registered=row.registered,
        related=row.related,
        counts_from=row.counts_from,
        counts_until=row.counts_until,
        repeat=Repeat(row.repeat),
        approval=row.approval,
    )


def terms_of(schedule: models.Schedule) -> Terms:
    """Return what holds for every line of a version: one query for its caps."""
    period = None
    if schedule.period_months is not None and schedule.period_anchor is not None:
        period = Period(months=schedule.period_months, anchor=schedule.period_anchor)
    return Terms(
        decides=Decides(schedule.decides),
        awards_to=AwardsTo(schedule.awards_to),
        measure=Measure(
            units=schedule.units,
            per_hours=schedule.per_hours,
            increment=schedule.increment_hundredths,
            rounding=Rounding(schedule.rounding),
            smallest=schedule.smallest_hundredths,
        ),
        period=period,
        period_of=PeriodOf(schedule.period_of),
        caps=tuple(
            Cap(
                code=row.code,
                roles=frozenset(row.roles),
                per=Per(row.per),
                hundredths=row.hundredths,
            )
            for row in models.Cap.objects.filter(schedule_id=schedule.pk).order_by("code")
        ),
    )


def content_digest(schedule: models.Schedule) -> str:
    """Return a digest of everything in a version that decides what is given."""
    rules, whole = rules_of(schedule.pk)
    return keys.digest(
        *(_spelled(rule) for rule in rules), _spelled(whole), _spelled(terms_of(schedule))
    )


def _spelled(part: object) -> str:
    """Spell a value of the domain out, the same however its mappings and sets are ordered."""
    match part:
        case dict():
            return _spelled(sorted((key, _spelled(value)) for key, value in part.items()))
        case frozenset():
            return _spelled(sorted(_spelled(one) for one in part))
        case list() | tuple():
            return "[" + ",".join(_spelled(one) for one in part) + "]"
        case _ if is_dataclass(part) and not isinstance(part, type):
            told = [
                (one.name, _spelled(getattr(part, one.name)))
                for one in fields(part)
                if one.name != "title"
            ]
            return f"{type(part).__name__}{_spelled(told)}"
        case _:
            return repr(str(part)) if part is not None else "none"


@lru_cache(maxsize=256)
def compiled_table(schedule_id: int, digest: str) -> CreditTable:  # noqa: ARG001 - names the content
    """Return the compiled rules of an active version."""
    rules, whole = rules_of(schedule_id)
    return CreditTable(rules, whole, terms_of(models.Schedule.objects.get(pk=schedule_id)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asks:
    """What must be known of a person for the tables in force; each is looked up only if asked.

    Approvals and adjustments are asked for where there are any at all.
    """

    membership: bool
    approval: bool
    relation: bool
    registration: bool
    adjusted: bool
    conferral: bool


class ActiveTables:
    """The organizations that have an active credit table, read once, with their versions."""

    def __init__(self) -> None:
        """Read the active versions of all organizations: one query."""
        rows = (
            models.Schedule.objects.filter(activated_at__isnull=False)
            .annotate(
                programs=Exists(models.Program.objects.all()),
                approvals=Exists(models.Approval.objects.all()),
                adjusted=Exists(models.Adjustment.objects.filter(participation__isnull=False)),
            )
            .order_by("organization_id", "version")
            .values_list(
                "id",
                "version",
                "effective_from",
                "digest",
                "organization_id",
                "organization__code",
                "organization__time_zone",
                "programs",
                "approvals",
                "adjusted",
            )
        )
        versions: dict[tuple[int, str, str], list[Version]] = defaultdict(list)
        self._digests: dict[int, str] = {}
        self.has_programs = self._approvals = self._adjusted = False
        for pk, number, effective_from, digest, organization_id, code, time_zone, *others in rows:
            self.has_programs, self._approvals, self._adjusted = map(bool, others)
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

    def all(self) -> list[CreditTable]:
        """Return the rules of all of them."""
        return [self.table(pk) for pk in self._digests]

    def asks(self) -> Asks:
        """Return what all these versions ask beyond what was finished."""
        return _asks(self.all(), approval=self._approvals, adjusted=self._adjusted)


def _asks(tables: Sequence[CreditTable], *, approval: bool, adjusted: bool) -> Asks:
    return Asks(
        approval=approval,
        adjusted=adjusted,
        conferral=any(one.terms.period_of is PeriodOf.PERSON for one in tables),
        membership=any(one.terms.awards_to is AwardsTo.MEMBERS for one in tables),
        relation=any(one.asks.related for one in tables),
        registration=any(one.asks.registered for one in tables),
    )


class DraftTables:
    """One organization's tables as they would be with a draft among them."""

    def __init__(self, draft: models.Schedule) -> None:
        """Read the active versions and the draft; nothing of the draft is kept in the process."""
        rules, whole = rules_of(draft.pk)
        self._draft_id = draft.pk
        self._draft = CreditTable(rules, whole, terms_of(draft))
        active = models.Schedule.objects.filter(
            organization_id=draft.organization_id, activated_at__isnull=False
        ).exclude(pk=draft.pk)
        rows = list(active.values_list("id", "version", "effective_from", "digest"))
        self._digests = {pk: digest for pk, _, _, digest in rows}
        self.organization = Organization(
            id=draft.organization_id,
            code=draft.organization.code,
            time_zone=draft.organization.time_zone,
            versions=(
                *(
                    Version(id=pk, number=number, effective_from=effective_from)
                    for pk, number, effective_from, _ in rows
                ),
                Version(id=draft.pk, number=draft.version, effective_from=draft.effective_from),
            ),
        )

    def table(self, schedule_id: int) -> CreditTable:
        """Return the rules of one of these versions."""
        if schedule_id == self._draft_id:
            return self._draft
        return compiled_table(schedule_id, self._digests[schedule_id])

    def asks(self) -> Asks:
        """Return what all these versions ask beyond what was finished."""
        return _asks(
            [self._draft, *(self.table(pk) for pk in self._digests)],
            approval=models.Approval.objects.exists(),
            adjusted=models.Adjustment.objects.filter(participation__isnull=False).exists(),
        )
