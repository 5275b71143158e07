"""List a pack's tags and designations, whatever is missing of them; what is there is left."""

from typing import Any

from cec_plugin import models
from cec_plugin.domain.designations import Maximum, Minimum, Spread, faults_of_accepting
from cec_plugin.domain.pack_designations import PackDesignation
from cec_plugin.domain.packs import Pack
from cec_plugin.domain.suggestions import Suggestion
from cec_plugin.models.certifications import Requirement
from cec_plugin.selectors.designations import units


def faults_of_accepted(pack: Pack) -> list[str]:
    """List the organizations that the pack's designations accept and cannot accept here.

    One that is not here yet is a fault, not skipped: left out, the designation would count less
    than its pack says, and nobody would know.
    """
    own = pack.organization["code"]
    accepted = {code for one in pack.designations for code in one.designation.accepts} - {own}
    here = units({own, *accepted})
    return [
        fault
        for one in pack.designations
        for fault in faults_of_accepting(
            one.designation.code,
            here.get(own, pack.organization["unit"]),
            {code: here.get(code) for code in one.designation.accepts - {own}},
        )
    ]


def list_designations(organization: models.Organization, pack: Pack) -> None:
    """List what is not listed yet. Runs in the transaction that loads the pack.

    A designation that somebody has edited since keeps what they made of it.
    """
    for code, label in pack.tags.items():
        models.Tag.objects.get_or_create(
            organization=organization, code=code, defaults={"label": label}
        )
    for one in pack.designations:
        asked = one.designation
        row, new = models.Designation.objects.get_or_create(
            organization=organization,
            code=asked.code,
            defaults={
                "name": one.name,
                "cycle": asked.cycles.kind.value,
                "months": asked.cycles.months,
                "anchor": asked.cycles.anchor,
                "grace_days": asked.cycles.grace_days,
                "target_hundredths": asked.target,
                "carry_over": asked.carry_over.value,
                "carry_cap_hundredths": asked.carry_cap,
                "source": one.source,
                **suggested(one.suggestion),
            },
        )
        if not new:
            continue
        row.accepts.set(models.Organization.objects.filter(code__in=asked.accepts))
        for part in asked.parts:
            _requirement(row, part, one).save()


def _requirement(
    row: models.Designation, part: Minimum | Maximum | Spread, of: PackDesignation
) -> models.Requirement:
    made = models.Requirement(
        designation=row,
        code=part.code,
        hundredths=part.hundredths,
        tags=list(part.tags) if isinstance(part, Spread) else sorted(part.tags),
        source=of.sources.get(part.code, ""),
        **suggested(of.suggestions.get(part.code)),
    )
    match part:
        case Minimum():
            made.kind, made.each_months = Requirement.Kind.MINIMUM, part.each_months
        case Maximum():
            made.kind, made.per_activity = Requirement.Kind.MAXIMUM, part.per_activity
        case Spread():
            made.kind, made.needed = Requirement.Kind.SPREAD, part.needed
    return made


def suggested(one: Suggestion | None) -> dict[str, Any]:
    """Return the fields in which a row keeps a suggestion."""
    return {
        "suggested_hundredths": one.hundredths if one else None,
        "suggested_because": one.because if one else "",
    }
