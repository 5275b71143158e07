"""Adopt suggestions: put them into empty figures, and say beside each that it was one."""

from collections.abc import Container
from datetime import datetime

from django.db.models import F

from cec_plugin import models
from cec_plugin.domain.allocation import local_date
from cec_plugin.models.schedules import lock_drafts
from cec_plugin.selectors import suggestions
from cec_plugin.selectors.suggestions import Open
from cec_plugin.services import designate
from cec_plugin.services.retry import in_transaction

Keys = Container[tuple[str, int]]
"""Rows by their ``Open.key``."""


def adopt(schedule_id: int, *, by: str, now: datetime, only: Keys | None = None) -> list[Open]:
    """Adopt the suggestions of a draft credit table, all or ``only`` these; return which.

    A figure that somebody has set meanwhile stays. ``by`` is a user name. Opens a transaction of
    its own.

    Raises:
        LockedVersionError: the table is active.
    """

    def work() -> list[Open]:
        # A write first: two who adopt at once do so one after the other.
        lock_drafts([schedule_id])
        schedule = models.Schedule.objects.select_related("organization").get(pk=schedule_id)
        source = _source(schedule.organization, by, now)
        adopted = _chosen(suggestions.in_table(schedule_id), only)
        for one in adopted:
            _put(one, source)
        return adopted

    return in_transaction(work)


def adopt_in_designation(
    designation_id: int, *, by: str, now: datetime, only: Keys | None = None
) -> list[Open]:
    """Adopt the suggestions of a designation, for its target and its requirements.

    Opens a transaction of its own.

    Raises:
        FaultsError: with them, the designation would contradict itself; none is adopted then.
    """

    def work() -> list[Open]:
        mine = models.Designation.objects.filter(pk=designation_id)
        mine.update(code=F("code"))
        row = mine.select_related("organization").get()
        source = _source(row.organization, by, now)
        adopted = _chosen(suggestions.in_designation(designation_id), only)
        for one in adopted:
            _put(one, source)
        designate.check(designation_id)
        return adopted

    return in_transaction(work)


def _chosen(found: list[Open], only: Keys | None) -> list[Open]:
    return [one for one in found if only is None or one.key in only]


def _put(one: Open, source: str) -> None:
    row = one.row
    figure = "target_hundredths" if isinstance(row, models.Designation) else "hundredths"
    setattr(row, figure, one.hundredths)
    if isinstance(row, models.Designation) and row.source:
        source = f"{source}; {row.source}"  # that is the source of its cycle too
    row.source = source
    row.save(update_fields=[figure, "source"])


def _source(organization: models.Organization, by: str, now: datetime) -> str:
    on = local_date(now, organization.time_zone)
    return f"a suggestion of this project, adopted by {by} on {on}"
