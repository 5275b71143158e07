"""Begin a credit table: an empty draft, or one with everything that another version says."""

from django.db.models import F, Max

from cec_plugin import models
from cec_plugin.exceptions import LockedVersionError
from cec_plugin.services.retry import in_transaction

EDITED = (
    "title",
    "effective_from",
    "source",
    "decides",
    "awards_to",
    "units",
    "per_hours",
    "increment_hundredths",
    "rounding",
    "smallest_hundredths",
    "period_months",
    "period_anchor",
    "period_of",
)
"""What is a version's own, and copied into the next."""


def begin(schedule: models.Schedule) -> models.Schedule:
    """Save a new draft under its organization's next version number.

    Opens a transaction of its own.
    """

    def work() -> models.Schedule:
        return _number(schedule)

    return in_transaction(work)


def draft_from(schedule_id: int) -> models.Schedule:
    """Copy a version, active or not, with its rules and bonuses into a new draft.

    The date from which it holds is copied too: of two versions from one day the later counts.
    Opens a transaction of its own.
    """

    def work() -> models.Schedule:
        source = models.Schedule.objects.get(pk=schedule_id)
        draft = _number(
            models.Schedule(
                organization_id=source.organization_id,
                **{name: getattr(source, name) for name in EDITED},
            )
        )
        _copy_parts(source.pk, draft.pk)
        return draft

    return in_transaction(work)


def edit(schedule: models.Schedule) -> models.Schedule:
    """Save what may be edited of a draft, unless somebody activated it meanwhile.

    Raises:
        LockedVersionError: it is active by now.
    """
    edited = models.Schedule.objects.filter(pk=schedule.pk, activated_at__isnull=True).update(
        **{name: getattr(schedule, name) for name in EDITED}
    )
    if not edited:
        raise LockedVersionError(f"credit table {schedule} is active and is never edited")
    return schedule


def _number(schedule: models.Schedule) -> models.Schedule:
    # A write first: two who begin a version at once do so one after the other.
    mine = models.Organization.objects.filter(pk=schedule.organization_id)
    mine.update(name=F("name"))
    versions = models.Schedule.objects.filter(organization_id=schedule.organization_id)
    schedule.version = (versions.aggregate(last=Max("version"))["last"] or 0) + 1
    schedule.save(force_insert=True)
    return schedule


def _copy_parts(source_id: int, draft_id: int) -> None:
    rules = list(models.Rule.objects.filter(schedule_id=source_id).order_by("pk"))
    codes = {rule.pk: rule.code for rule in rules}
    for rule in rules:
        rule.pk, rule.schedule_id = None, draft_id
    models.Rule.objects.bulk_create(rules)
    copied = dict(models.Rule.objects.filter(schedule_id=draft_id).values_list("code", "pk"))
    bonuses = list(models.RoleBonus.objects.filter(schedule_id=source_id).order_by("pk"))
    for bonus in bonuses:
        bonus.pk, bonus.schedule_id = None, draft_id
        bonus.rule_id = None if bonus.rule_id is None else copied[codes[bonus.rule_id]]
    models.RoleBonus.objects.bulk_create(bonuses)
    caps = list(models.Cap.objects.filter(schedule_id=source_id).order_by("pk"))
    for cap in caps:
        cap.pk, cap.schedule_id = None, draft_id
    models.Cap.objects.bulk_create(caps)
