"""What waits around roster files: credits for the next one, and files for their receipts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Min, Q

from cec_plugin import models
from cec_plugin.domain.allocation import local_date
from cec_plugin.domain.delivery import Errand, State
from cec_plugin.domain.roster import RosterFormat
from cec_plugin.models.roster import LineAnswer
from cec_plugin.selectors.roster_rows import waiting

FILE_LATE_AFTER = timedelta(days=14)
"""How long a file may wait for its receipts, or a credit for a file."""

NOT_THERE = (State.PENDING.value, State.HELD.value, State.PARKED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileWaiting:
    """A file of which receipts are still to come, for ``lines`` of its lines."""

    number: int
    closed_at: datetime
    lines: int
    waits_s: int
    is_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterWaiting:
    """What waits at one registry; ``oldest_s`` is None where nothing waits for the next file."""

    registry: str
    unfiled: int
    oldest_s: int | None
    is_late: bool
    files: tuple[FileWaiting, ...]


def rosters(now: datetime) -> tuple[RosterWaiting, ...]:
    """Return what waits at each registry that takes files."""
    registries = models.Registry.objects.filter(adapter=models.Registry.Adapter.ROSTER)
    return tuple(roster_waiting(one, now=now) for one in registries.order_by("name"))


def roster_waiting(registry: models.Registry, *, now: datetime) -> RosterWaiting:
    """Return what waits at one registry."""
    unfiled = waiting(registry.pk).order_by().aggregate(n=Count("id"), oldest=Min("created_at"))
    oldest_s = int((now - unfiled["oldest"]).total_seconds()) if unfiled["oldest"] else None
    files = models.RosterFile.objects.filter(registry=registry).annotate(
        left=Count("lines", filter=Q(lines__answer=LineAnswer.NONE))
    )
    return RosterWaiting(
        registry=registry.name,
        unfiled=unfiled["n"],
        oldest_s=oldest_s,
        is_late=(oldest_s or 0) > FILE_LATE_AFTER.total_seconds(),
        files=tuple(_waiting(files.filter(left__gt=0).order_by("number"), now)),
    )


def _waiting(files: Iterable[models.RosterFile], now: datetime) -> Iterable[FileWaiting]:
    for file in files:
        left: int = file.left  # type: ignore[attr-defined]  # annotated above
        yield FileWaiting(
            number=file.number,
            closed_at=file.closed_at,
            lines=left,
            waits_s=int((now - file.closed_at).total_seconds()),
            is_late=now - file.closed_at > FILE_LATE_AFTER,
        )


def closing_soon(registry: models.Registry, how: RosterFormat, *, now: datetime) -> int:
    """Return how many credits are not there, and soon cannot be any more: the window closes.

    Those whose window is closed already are not counted: they are parked when it is found out.
    """
    if not how.window_days:
        return 0
    zone = registry.organization.time_zone
    first = local_date(now, zone) - timedelta(days=how.window_days)
    begins = datetime.combine(first, time(), ZoneInfo(zone))
    ends = begins + timedelta(days=how.warn_days + 1)  # by the clock on the wall, there
    earned = registry.deliveries.filter(
        errand=Errand.TELL.value,
        state__in=NOT_THERE,
        entry__earned_at__gte=begins,
        entry__earned_at__lt=ends,
    )
    return earned.exclude(roster_lines__answer=LineAnswer.NONE).count()
