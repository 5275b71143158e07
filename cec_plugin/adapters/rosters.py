"""Roster files of a registry: closed, written again and settled as its row's options say."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.text import slugify

from cec_plugin import models
from cec_plugin.adapters.couriers import deliver_registry
from cec_plugin.adapters.registries.answers import redact
from cec_plugin.adapters.registries.roster_options import RosterOptions
from cec_plugin.domain.roster import digest_of, written
from cec_plugin.domain.roster_receipts import read_receipts
from cec_plugin.exceptions import CecError
from cec_plugin.selectors.roster_rows import rows_of
from cec_plugin.selectors.rosters import closing_soon
from cec_plugin.services import settle_receipts as services
from cec_plugin.services.close_roster import Closed, close_roster
from cec_plugin.services.settle_receipts import Received


class UnreadableError(CecError):
    """A closed file can no longer be written as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file as it goes out: its name, and its content."""

    name: str
    content: bytes


def _now() -> datetime:
    return datetime.now(UTC)


def close(registry: models.Registry, *, by: str) -> Closed:
    """Look over what is due, then close the next file.

    Raises:
        CecError: the registry is paused, or not configured as it must be.
    """
    options = RosterOptions.from_json(registry.options)
    while deliver_registry(registry.pk).sent:
        pass
    return close_roster(registry, how=options.file, by=by, now=_now())


def write(file: models.RosterFile) -> Written:
    """Write a closed file as it was, and note that somebody had it.

    Raises:
        UnreadableError: it would read otherwise, so it is not written at all.
    """
    found = rows_of(file)
    if found.lost:
        raise UnreadableError(
            f"{len(found.lost)} member numbers in roster file {file.number} are not known here any "
            f"more, and no other is put in their place: {', '.join(found.lost[:5])}"
        )
    content = written(found.rows, RosterOptions.from_json(file.options).file)
    if digest_of(content) != file.content_digest:
        raise UnreadableError(f"roster file {file.number} would not read as when it was closed")
    models.RosterFile.objects.filter(pk=file.pk, fetched_at__isnull=True).update(fetched_at=_now())
    name = f"{slugify(file.registry.name) or 'roster'}-{file.number}.csv"
    return Written(name=name, content=content)


def preview(
    registry: models.Registry, content: bytes, *, file: models.RosterFile | None = None
) -> Received:
    """Say what receipts would settle."""
    receipts = read_receipts(content, RosterOptions.from_json(registry.options).receipts)
    return services.preview(
        receipts, registry_id=registry.pk, file_id=file.pk if file else None, redact=redact
    )


def receive(
    registry: models.Registry, content: bytes, *, by: str, file: models.RosterFile | None = None
) -> Received:
    """Settle deliveries by the receipts."""
    receipts = read_receipts(content, RosterOptions.from_json(registry.options).receipts)
    return services.settle_receipts(
        receipts,
        registry_id=registry.pk,
        file_id=file.pk if file else None,
        redact=redact,
        by=by,
        now=_now(),
    )


def soon_too_late(registry: models.Registry) -> int:
    """Return how many credits the body will soon take no more."""
    return closing_soon(registry, RosterOptions.from_json(registry.options).file, now=_now())
