"""Hand an organization the ledger entries that it was not handed yet, each of them once."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from django.db import IntegrityError
from django.db.models import Max, Q, QuerySet

from cec_plugin import models
from cec_plugin.domain.allocation import local_date
from cec_plugin.models.export import Export, ExportedEntry
from cec_plugin.services.retry import in_transaction

BATCH = 1000


class _EmptyError(Exception):
    """There is nothing to export: the number goes back."""


def export(organization_id: int, *, by: str, now: datetime) -> Export | None:
    """Make an export of every entry that is in none; None where there is no such entry.

    Entries of somebody without a member number wait until there is one, since a line without it
    tells the organization nothing. Entry ids are no mark of what is new: a lower one can be
    committed after a higher one. ``by`` is a user name. Opens a transaction of its own.
    """
    while True:
        number = _last_number(organization_id) + 1
        try:
            return in_transaction(partial(_make, organization_id, number, by, now))
        except _EmptyError:
            return None
        except IntegrityError:
            if _last_number(organization_id) < number:
                raise  # nobody took the number: it is something else


def waiting(organization_id: int) -> int:
    """Return how many entries wait for a member number."""
    return _new(organization_id).exclude(_identified(organization_id)).count()


def _last_number(organization_id: int) -> int:
    made = Export.objects.filter(organization_id=organization_id)
    return int(made.aggregate(last=Max("number"))["last"] or 0)


def _make(organization_id: int, number: int, by: str, now: datetime) -> Export:
    # The unique number goes first: what is read from here on is what the export before left.
    made = Export.objects.create(
        organization_id=organization_id, number=number, made_at=now, made_by=by
    )
    new = _new(organization_id).filter(_identified(organization_id))
    ids = list(new.order_by("id").values_list("id", flat=True))
    if not ids:
        raise _EmptyError
    numbers = dict(
        models.Membership.objects.filter(organization_id=organization_id).values_list(
            "person_id", "number"
        )
    )
    for start in range(0, len(ids), BATCH):
        entries = models.CreditEntry.objects.filter(pk__in=ids[start : start + BATCH])
        ExportedEntry.objects.bulk_create(
            _line(made, entry, numbers)
            for entry in entries.select_related(
                "account", "participation__activity", "adjustment__activity", "reverses__exported"
            ).order_by("id")
        )
    return made


def _line(made: Export, entry: models.CreditEntry, numbers: Mapping[int, str]) -> ExportedEntry:
    number = numbers.get(entry.account.person_id)
    if number is None and entry.reverses is not None:
        number = entry.reverses.exported.member_number
    return ExportedEntry(
        export=made,
        entry=entry,
        member_number=number or "",
        title=str(entry.activity or ""),
        earned_on=local_date(entry.earned_at, made.organization.time_zone),
    )


def _new(organization_id: int) -> "QuerySet[models.CreditEntry]":
    return models.CreditEntry.objects.filter(
        account__organization_id=organization_id, exported__isnull=True
    )


def _identified(organization_id: int) -> Q:
    """Choose whose number is known, and what takes back a credit that was handed over."""
    members = models.Membership.objects.filter(organization_id=organization_id)
    return Q(account__person_id__in=members.values("person_id")) | Q(
        reverses__exported__isnull=False
    )
