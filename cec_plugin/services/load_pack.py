"""Load a starter table as a draft; loading it twice harms nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import F, Model

from cec_plugin import models
from cec_plugin.domain.pack_bonuses import PackBonus
from cec_plugin.domain.packs import Pack
from cec_plugin.domain.tables import Rule
from cec_plugin.domain.terms import Cap
from cec_plugin.exceptions import FaultsError
from cec_plugin.selectors.tables import content_digest
from cec_plugin.services.draft import begin
from cec_plugin.services.list_designations import (
    faults_of_accepted,
    list_designations,
    suggested,
)
from cec_plugin.services.list_programs import list_programs
from cec_plugin.services.retry import in_transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The version that holds the pack's rules, and whether it was made now."""

    schedule: models.Schedule
    new: bool


def load_pack(pack: Pack) -> Loaded:
    """Make the organization, its roles and a draft table of a pack, whatever is missing of them.

    Where a version with the same rules stands already, nothing is made. Opens a transaction of
    its own: a pack is loaded as a whole or not at all.

    Raises:
        FaultsError: a value that the pack may have but the site cannot keep, or an organization
            whose credits it accepts and that is not here, or counts in another unit.
    """
    faults = [fault for name, row in _rows(pack) for fault in _faults(name, row)]
    if faults := faults + faults_of_accepted(pack):
        raise FaultsError(f"pack {pack.organization['code']!r}", faults)

    def work() -> Loaded:
        organization, _ = models.Organization.objects.get_or_create(
            code=pack.organization["code"], defaults=dict(pack.organization)
        )
        # A write: two who load at once do so one after the other.
        models.Organization.objects.filter(pk=organization.pk).update(name=F("name"))
        for code, label in pack.roles.items():
            models.Role.objects.get_or_create(code=code, defaults={"label": label})
        list_programs(pack.programs)
        list_designations(organization, pack)
        draft = _draft(organization, pack)
        digest = content_digest(draft)
        for other in organization.schedules.exclude(pk=draft.pk).order_by("-version"):
            if content_digest(other) == digest:
                draft.delete()
                return Loaded(schedule=other, new=False)
        return Loaded(schedule=draft, new=True)

    return in_transaction(work)


def _rows(pack: Pack) -> Iterator[tuple[str, Model]]:
    """Yield what would be saved, each with what it is called in the pack."""
    yield "organization", models.Organization(**pack.organization)
    yield (
        "table",
        _schedule(pack),
    )
    for code, label in pack.roles.items():
        yield f"role {code!r}", models.Role(code=code, label=label)
    for rule in pack.rules:
        yield f"rule {rule.code!r}", _rule(rule, pack)
    for one in pack.bonuses:
        yield f"bonus of {one.role!r}", _bonus(one)
    for cap in pack.terms.caps:
        yield f"cap {cap.code!r}", _cap(cap, pack)


def _faults(name: str, row: Model) -> list[str]:
    """List what the database would not keep; what refers to other rows is not looked at."""
    try:
        row.clean_fields(exclude={"organization", "version", "schedule", "rule", "role"})
    except ValidationError as error:
        return [
            f"{name}, {field}: {message}"
            for field, messages in error.message_dict.items()
            for message in messages
        ]
    return []


def _draft(organization: models.Organization, pack: Pack) -> models.Schedule:
    schedule = _schedule(pack)
    schedule.organization = organization
    draft = begin(schedule)
    rules = {}
    for rule in pack.rules:
        row = rules[rule.code] = _rule(rule, pack)
        row.schedule = draft
        row.save()
    for one in pack.bonuses:
        bonus = _bonus(one)
        bonus.schedule, bonus.rule = draft, rules.get(one.rule)
        bonus.role = models.Role.objects.get(code=one.role)
        bonus.save()
    for one_cap in pack.terms.caps:
        cap = _cap(one_cap, pack)
        cap.schedule = draft
        cap.save()
    return draft


def _schedule(pack: Pack) -> models.Schedule:
    terms, measure, period = pack.terms, pack.terms.measure, pack.terms.period
    return models.Schedule(
        title=pack.title,
        effective_from=pack.effective_from,
        source=pack.source,
        decides=terms.decides.value,
        awards_to=terms.awards_to.value,
        units=measure.units,
        per_hours=measure.per_hours,
        increment_hundredths=measure.increment,
        rounding=measure.rounding.value,
        smallest_hundredths=measure.smallest,
        period_months=period.months if period else None,
        period_anchor=period.anchor if period else None,
        period_of=terms.period_of.value,
    )


def _cap(cap: Cap, pack: Pack) -> models.Cap:
    return models.Cap(
        code=cap.code,
        roles=sorted(cap.roles),
        per=cap.per.value,
        hundredths=cap.hundredths,
        source=pack.cap_sources.get(cap.code, ""),
    )


def _rule(rule: Rule, pack: Pack) -> models.Rule:
    asked = rule.conditions
    return models.Rule(
        code=rule.code,
        title=rule.title,
        selector=rule.selector.value,
        pattern=rule.pattern,
        credit_type=rule.credit_type,
        hundredths=rule.hundredths,
        source=pack.sources[rule.code],
        modes=sorted(asked.modes),
        minimum_grade=asked.minimum_grade,
        evidence=sorted(asked.evidence),
        registered=asked.registered,
        related=asked.related,
        counts_from=asked.counts_from,
        counts_until=asked.counts_until,
        repeat=asked.repeat.value,
        approval=asked.approval,
        approved_as=rule.approved_as,
        of_program=rule.of_program.value,
        tags=sorted(rule.tags),
        **suggested(pack.suggestions.get(rule.code)),
    )


def _bonus(one: PackBonus) -> models.RoleBonus:
    return models.RoleBonus(
        kind=one.bonus.kind.value,
        hundredths=one.bonus.hundredths,
        first_time_only=one.bonus.first_time_only,
        stacks=one.bonus.stacks,
        source=one.source,
        **suggested(one.suggestion),
    )
