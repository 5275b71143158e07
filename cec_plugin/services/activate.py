"""Put a draft credit table in force, and have everybody it concerns settled again."""

from datetime import UTC, datetime, time, timedelta

from django.db.models import F

from cec_plugin import models
from cec_plugin.domain.allocation import FIRST_YEAR, LAST_YEAR, RefusalCode
from cec_plugin.domain.selectors import ActivityRef
from cec_plugin.domain.tables import faults
from cec_plugin.exceptions import CecError, FaultsError
from cec_plugin.models.schedules import lock_drafts
from cec_plugin.selectors.designations import tag_codes
from cec_plugin.selectors.tables import compiled_table, content_digest, rules_of, terms_of
from cec_plugin.services.retry import in_transaction
from cec_plugin.services.wake import resettle_on_commit

BATCH = 500


class StalePreviewError(CecError):
    """The preview is not complete, or the draft is no longer what was previewed."""


def activate(
    schedule_id: int,
    *,
    by: str,
    now: datetime,
    resettle: bool = True,
    previewed: str | None = None,
) -> models.Schedule:
    """Activate a draft; from then on it is never edited. ``by`` is a user name.

    Opens a transaction of its own. Whom it concerns is marked by ``mark_concerned``, woken on
    commit and found by the sweep; without ``resettle`` nobody is, and the caller settles them.

    Raises:
        FaultsError: the table contradicts itself; every fault is listed.
        LockedVersionError: it is active already.
        StalePreviewError: its content is not that of the digest ``previewed``, where one is given.
    """

    def work() -> models.Schedule:
        # A write first, then reading: two who activate at once do so one after the other.
        lock_drafts([schedule_id])
        schedule = models.Schedule.objects.select_related("organization").get(pk=schedule_id)
        if found := faults_of(schedule):
            raise FaultsError(f"credit table {schedule}", found)
        schedule.digest = content_digest(schedule)
        if previewed is not None and schedule.digest != previewed:
            raise StalePreviewError("the draft was edited since it was previewed: preview it again")
        schedule.activated_at, schedule.activated_by = now, by
        schedule.resettled_at = None if resettle else now
        schedule.save(update_fields=["digest", "activated_at", "activated_by", "resettled_at"])
        if resettle:
            resettle_on_commit()
        return schedule

    return in_transaction(work)


def faults_of(schedule: models.Schedule) -> list[str]:
    """List everything that keeps a draft from being in force, not just the first."""
    rules, _ = rules_of(schedule.pk)
    roles = list(models.Role.objects.values_list("code", flat=True))
    tags = tag_codes(schedule.organization_id)
    found = faults(rules, terms_of(schedule), roles=roles, tags=tags)
    found += _bonus_faults(schedule.pk)
    if (schedule.period_months is None) != (schedule.period_anchor is None):
        found.append("period: it takes both its months and a day on which one begins")
    if not FIRST_YEAR <= schedule.effective_from.year <= LAST_YEAR:
        found.append(f"in force from: the year is not between {FIRST_YEAR} and {LAST_YEAR}")
    return found


def _bonus_faults(schedule_id: int) -> list[str]:
    # A unique constraint cannot say this: a bonus without a rule escapes it, NULL being no value.
    seen: set[tuple[int | None, int]] = set()
    found = []
    rows = models.RoleBonus.objects.filter(schedule_id=schedule_id)
    for bonus in rows.select_related("role", "rule"):
        where = f"rule {bonus.rule.code!r}" if bonus.rule else "all rules"
        if (bonus.rule_id, bonus.role_id) in seen:
            found.append(f"{where}, bonus of {bonus.role.code!r}: it is given twice")
        if bonus.rule is not None and bonus.rule.schedule_id != schedule_id:
            found.append(f"{where}, bonus of {bonus.role.code!r}: the rule is of another table")
        seen.add((bonus.rule_id, bonus.role_id))
    return found


def mark_concerned(*, now: datetime) -> int:
    """Mark who is concerned by tables activated since the last time; return how many.

    For each such table: the participations finished from its date on, in activities that it, or
    an earlier version, has a rule for; with an organization's first table, all of them, since
    nobody was told yet why they are not credited. The organization's account locks are taken
    first, so that a settling under way has written what it saw.
    """
    waiting = models.Schedule.objects.filter(
        activated_at__isnull=False, resettled_at__isnull=True
    ).select_related("organization")
    return sum(_mark_one(schedule, now) for schedule in waiting)


def _mark_one(schedule: models.Schedule, now: datetime) -> int:
    concerned = _concerned_activities(schedule)
    # The day begins somewhere on earth up to 14 hours before it does in UTC.
    begins = datetime.combine(schedule.effective_from, time.min, UTC) - timedelta(hours=14)

    def work() -> int:
        models.Account.objects.filter(organization_id=schedule.organization_id).update(
            revision=F("revision") + 1
        )
        marked = sum(
            models.Participation.objects.filter(
                earned_at__gte=begins, activity_id__in=concerned[start : start + BATCH]
            ).update(settle_at=now)
            for start in range(0, len(concerned), BATCH)
        )
        # Nobody's rule speaks of these, but that there is a table now changes the reason.
        untold = models.Refusal.objects.filter(
            organization_id=schedule.organization_id, code=RefusalCode.NO_TABLE.value
        )
        marked += models.Participation.objects.filter(
            earned_at__gte=begins,
            settle_at__isnull=True,
            pk__in=list(untold.values_list("participation_id", flat=True)),
        ).update(settle_at=now)
        models.Schedule.objects.filter(pk=schedule.pk).update(resettled_at=now)
        return marked

    return in_transaction(work)


def _concerned_activities(schedule: models.Schedule) -> list[int]:
    rows = models.Activity.objects.values_list("id", "key", "course", "organization_key")
    earlier = models.Schedule.objects.filter(
        organization=schedule.organization, activated_at__isnull=False
    ).exclude(pk=schedule.pk)
    if not earlier:
        return [pk for pk, *_ in rows.iterator()]
    tables = [compiled_table(one.pk, one.digest) for one in (schedule, *earlier)]
    return [
        pk
        for pk, key, course, organization in rows.iterator()
        if any(
            table.rule_for(ActivityRef(key=key, course=course, organization=organization))
            for table in tables
        )
    ]
