"""What we say of the references that a registry may hold: told, taken back, or on the way."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from cec_plugin import models
from cec_plugin.domain.delivery import Errand, Presence, State
from cec_plugin.domain.reconciliation import Ours, Stored, stance
from cec_plugin.selectors.ranges import in_ranges

PAGE = 500
RANGE = 2000
"""How many ids are looked through together for what was told."""

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
    "entry__reverses_id",
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


def told_references(registry_id: int, *, after_id: int = 0) -> Iterator[list[tuple[int, str]]]:
    """Yield (delivery id, reference) of every credit the registry was told of after a delivery.

    In the order of their ids, a few at a time.
    """
    mine = models.Delivery.objects.filter(registry_id=registry_id, pk__gt=after_id)
    for part in in_ranges(mine, size=RANGE):
        told = part.filter(errand=Errand.TELL.value, state=State.DELIVERED.value)
        yield list(told.values_list("pk", "reference"))


def _page(registry_id: int, references: Sequence[str], since: datetime) -> dict[str, Ours | None]:
    mine = models.Delivery.objects.filter(registry_id=registry_id)
    rows = list(mine.filter(reference__in=references).values(*COLUMNS))
    entries = {row["entry_id"] for row in rows if row["errand"] == Errand.TELL}
    related = _Related(mine, entries)
    return {
        row["reference"]: related.ours(row, since=since) if row["errand"] == Errand.TELL else None
        for row in rows
    }


class _Related:
    """All that a registry was to hear of some credits: told in any round, and taken back.

    Found by their entries, each of which has an index: what takes a credit back is a delivery of
    the entry itself or of its reversal.
    """

    def __init__(self, mine: "QuerySet[models.Delivery]", entries: Collection[int]) -> None:
        self._retracts: dict[str, list[Stored]] = defaultdict(list)
        self._last: dict[int, int] = defaultdict(int)
        """The last round in which an entry was told, or is to be."""
        self._unheard: set[int] = set()
        """Entries that were reversed without the registry having to hear of it."""
        for row in mine.filter(entry_id__in=entries).values(*COLUMNS):
            if row["state"] == State.VOID:
                continue  # nothing was sent of it, and the round before it counts again
            if row["errand"] == Errand.RETRACT:
                self._retracts[row["award_reference"]].append(_stored(row))
            else:
                self._last[row["entry_id"]] = max(self._last[row["entry_id"]], row["round"])
        reversals = mine.filter(entry__reverses_id__in=entries, errand=Errand.RETRACT.value)
        for row in reversals.values(*COLUMNS):
            if row["award_reference"]:
                self._retracts[row["award_reference"]].append(_stored(row))
            else:
                self._unheard.add(row["entry__reverses_id"])

    def ours(self, row: Mapping[str, Any], *, since: datetime) -> Ours:
        """Return what we say of a telling."""
        entry_id, reference = row["entry_id"], row["reference"]
        ended = self._last[entry_id] > row["round"] or entry_id in self._unheard
        retracts = self._retracts.get(reference, [])
        return Ours(
            delivery_id=row["id"],
            reference=reference,
            hundredths=row["entry__hundredths"],
            number_key=row["number_key"],
            stance=stance(_stored(row), retracts, ended=ended, since=since),
            remote_id=row["remote_id"],
            approved=row["approved"],
        )


def _stored(row: Mapping[str, Any]) -> Stored:
    return Stored(
        state=State(row["state"]),
        presence=Presence(row["presence"]),
        settled_at=row["settled_at"],
    )
