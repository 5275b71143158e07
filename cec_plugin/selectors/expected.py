"""What we say of the references that a registry may hold: told, taken back, or on the way."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from cec_plugin import models
from cec_plugin.domain.delivery import Errand, Presence, State
from cec_plugin.domain.reconciliation import Ours, Stored, stance

PAGE = 500

COLUMNS = (
    "id",
    "entry_id",
    "reference",
    "award_reference",
    "errand",
    "round",
    "number_key",
    "state",
    "presence",
    "settled_at",
    "remote_id",
    "approved",
    "entry__hundredths",
)


def said_of(
    registry_id: int, references: Collection[str], *, since: datetime
) -> dict[str, Ours | None]:
    """Return what we say of each of these references: three queries for 500 of them.

    None for one of ours that is no credit's, but of its taking back. What nobody here knows has
    no key. What was settled ``since`` then is in flight.
    """
    found: dict[str, Ours | None] = {}
    wanted = list(references)
    for begin in range(0, len(wanted), PAGE):
        found |= _page(registry_id, wanted[begin : begin + PAGE], since)
    return found


def told_references(registry_id: int) -> Iterator[list[tuple[int, str]]]:
    """Yield (delivery id, reference) of every credit that the registry was told of, in pages."""
    told = models.Delivery.objects.filter(
        registry_id=registry_id, errand=Errand.TELL.value, state=State.DELIVERED.value
    ).order_by("pk")
    last = 0
    while page := list(told.filter(pk__gt=last).values_list("pk", "reference")[:PAGE]):
        last = page[-1][0]
        yield page


def _page(registry_id: int, references: Sequence[str], since: datetime) -> dict[str, Ours | None]:
    mine = models.Delivery.objects.filter(registry_id=registry_id)
    rows = list(mine.filter(reference__in=references).values(*COLUMNS))
    entries = {row["entry_id"] for row in rows if row["errand"] == Errand.TELL}
    related = _related(mine, entries)
    retracts: dict[str, list[Stored]] = defaultdict(list)
    rounds: dict[int, int] = defaultdict(int)
    for row in related:
        if row["errand"] == Errand.RETRACT:
            retracts[row["award_reference"]].append(_stored(row))
        else:
            rounds[row["entry_id"]] = max(rounds[row["entry_id"]], row["round"])
    return {
        row["reference"]: _ours(
            row,
            retracts.get(row["reference"], []),
            told_anew=rounds[row["entry_id"]] > row["round"],
            since=since,
        )
        if row["errand"] == Errand.TELL
        else None
        for row in rows
    }


def _related(
    mine: "QuerySet[models.Delivery]", entries: Collection[int]
) -> Iterator[Mapping[str, Any]]:
    """Return what tells of these entries in any round, or takes them back.

    By their entries, each of which has an index: what takes a credit back is a delivery of the
    entry itself or of its reversal.
    """
    yield from mine.filter(entry_id__in=entries).values(*COLUMNS)
    reversals = mine.filter(entry__reverses_id__in=entries, errand=Errand.RETRACT.value)
    yield from reversals.values(*COLUMNS)


def _stored(row: Mapping[str, Any]) -> Stored:
    return Stored(
        state=State(row["state"]),
        presence=Presence(row["presence"]),
        settled_at=row["settled_at"],
    )


def _ours(
    row: Mapping[str, Any], retracts: Sequence[Stored], *, told_anew: bool, since: datetime
) -> Ours:
    return Ours(
        delivery_id=row["id"],
        reference=row["reference"],
        hundredths=row["entry__hundredths"],
        number_key=row["number_key"],
        stance=stance(_stored(row), retracts, told_anew=told_anew, since=since),
        remote_id=row["remote_id"],
        approved=row["approved"],
    )
