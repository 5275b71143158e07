"""Enter, correct and withdraw service in a role: each becomes a notice like any other."""

from datetime import date, datetime, time

from django.utils import timezone

from cec_plugin import models
from cec_plugin.domain.notices import Kind, Notice, Via
from cec_plugin.services.notice import hear
from cec_plugin.services.retry import in_transaction

SOURCE = "entry"


def enter(service: models.Service, *, by: str, now: datetime) -> models.Service:
    """Save service that somebody entered or corrected, and write the notice that says so.

    The date counts as noon where the site is, so that no time zone moves it to another day.
    Opens a transaction of its own. ``by`` is a user name.
    """
    service.entered_by = service.entered_by or by

    def work() -> models.Service:
        service.save()
        hear(_notice(service, Kind.EARNED, now), now=now)
        return service

    return in_transaction(work)


def withdraw(service: models.Service, *, now: datetime) -> models.Service:
    """Take entered service back; its credit is reversed. Opens a transaction of its own."""

    def work() -> models.Service:
        service.withdrawn_at = now
        service.save(update_fields=["withdrawn_at"])
        hear(_notice(service, Kind.WITHDRAWN, now), now=now)
        return service

    return in_transaction(work)


def _notice(service: models.Service, kind: Kind, now: datetime) -> Notice:
    return Notice(
        source=SOURCE,
        site=service.identity.site,
        subject=service.identity.subject,
        activity=service.activity.key,
        role=service.role.code,
        occurrence=service.uuid.hex,
        kind=kind,
        via=Via.ENTRY,
        occurred_at=now,
        finished_at=_noon(service.served_on),
        service_hundredths=service.hours_hundredths,
        evidence={"service": service.uuid.hex},
    )


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), timezone.get_default_timezone())
