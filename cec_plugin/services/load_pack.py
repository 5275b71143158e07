"""Load a starter table as a draft; loading it twice harms nothing."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import Max

from cec_plugin import models
from cec_plugin.domain.packs import Pack
from cec_plugin.exceptions import FaultsError
from cec_plugin.selectors.tables import content_digest
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
        FaultsError: a value that the pack may have but the site cannot keep.
    """

    def work() -> Loaded:
        organization = models.Organization.objects.filter(code=pack.organization["code"]).first()
        if organization is None:
            organization = models.Organization(**pack.organization)
            try:
                organization.full_clean()
            except ValidationError as error:
                faults = [f"organization: {message}" for message in error.messages]
                raise FaultsError("the pack", faults) from error
            organization.save()
        for code, label in pack.roles.items():
            models.Role.objects.get_or_create(code=code, defaults={"label": label})
        draft = _draft(organization, pack)
        digest = content_digest(draft.pk)
        for other in organization.schedules.exclude(pk=draft.pk).order_by("-version"):
            if content_digest(other.pk) == digest:
                draft.delete()
                return Loaded(schedule=other, new=False)
        return Loaded(schedule=draft, new=True)

    return in_transaction(work)


def _draft(organization: models.Organization, pack: Pack) -> models.Schedule:
    last = organization.schedules.aggregate(last=Max("version"))["last"] or 0
    draft = models.Schedule.objects.create(
        organization=organization,
        version=last + 1,
        title=pack.title,
        effective_from=pack.effective_from,
        source=pack.source,
    )
    rules = {
        rule.code: models.Rule.objects.create(
            schedule=draft,
            code=rule.code,
            title=rule.title,
            selector=rule.selector.value,
            pattern=rule.pattern,
            credit_type=rule.credit_type,
            hundredths=rule.hundredths,
            source=pack.sources[rule.code],
        )
        for rule in pack.rules
    }
    for one in pack.bonuses:
        models.RoleBonus.objects.create(
            schedule=draft,
            rule=rules.get(one.rule),
            role=models.Role.objects.get(code=one.role),
            kind=one.bonus.kind.value,
            hundredths=one.bonus.hundredths,
            source=one.source,
        )
    return draft
