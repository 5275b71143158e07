"""Go through all that a registry lists and find where it says something else than we do.

The list is read once for what looks wrong, and what looks wrong is looked for a second time: what
moves while one reads is listed twice, or slips through between two pages. Memory is bounded: a bit
for each delivery, and at most ``MOST`` references that look wrong.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Min

from cec_plugin import models
from cec_plugin.domain.delivery import Outcome
from cec_plugin.domain.ports import Held, Registry
from cec_plugin.domain.reconciliation import (
    Difference,
    Kind,
    Ours,
    Stance,
    difference,
    is_ours,
)
from cec_plugin.domain.sightings import Sightings
from cec_plugin.selectors.expected import said_of, told_references
from cec_plugin.services.patience import note, pages

MOST = 10_000
"""How many references that look wrong are looked into; with more, it is all of it that is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of reading a registry.

    ``listed`` counts its records, ``unnamed`` those without any reference, and ``unlisted`` the
    references that look wrong beyond those that were looked into. ``next_id`` is the last
    delivery that was asked about, where the registry is asked and not listed.
    """

    differences: tuple[Difference, ...]
    listed: int
    unnamed: int = 0
    unlisted: int = 0
    next_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A registry that is being read, and how: since when, how one waits, who follows.

    ``ours_alone`` says that it holds nothing but what we send. ``wait`` waits for seconds,
    ``follow`` is told how many records were read so far.
    """

    registry_id: int
    registry: Registry
    ours_alone: bool
    since: datetime
    wait: Callable[[float], None]
    follow: Callable[[int], None]


def survey(reading: Reading) -> Found | Outcome:
    """Read all that the registry lists; a list that breaks off says nothing."""
    return _Survey(reading).run()


def read_back(registry_id: int, records: Iterable[Held], said: Mapping[str, Ours | None]) -> None:
    """Keep what the registry has decided on what stands there."""
    decided: dict[bool | None, list[int]] = {}
    for record in records:
        ours = said.get(record.reference)
        if ours and ours.stance is Stance.STANDS and ours.approved is not record.approved:
            decided.setdefault(record.approved, []).append(ours.delivery_id)
    for approved, ids in decided.items():
        mine = models.Delivery.objects.filter(registry_id=registry_id, pk__in=ids)
        mine.update(approved=approved)


class _Survey:
    """One reading of one registry."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        ids = models.Delivery.objects.filter(registry_id=reading.registry_id).aggregate(
            first=Min("pk"), last=Max("pk")
        )
        self._seen = Sightings(first=ids["first"] or 0, last=ids["last"] or -1)
        self._suspects: set[str] = set()
        self._by_id: dict[str, str] = {}
        """References of missing credits by the registry's own id of them."""
        self._unlisted = self._listed = self._unnamed = 0

    def run(self) -> Found | Outcome:
        failed = self._first_look()
        if failed is not None:
            return failed
        self._look_for_missing()
        records: dict[str, dict[str, Held]] = {one: {} for one in self._suspects}
        nameless: dict[str, Held] = {}
        if self._suspects or (self._unnamed and self._reading.ours_alone):
            failed = self._second_look(records, nameless)
            if failed is not None:
                return failed
        return Found(
            differences=tuple(self._differences(records, nameless)),
            listed=self._listed,
            unnamed=self._unnamed,
            unlisted=self._unlisted,
        )

    def _first_look(self) -> Outcome | None:
        for page in pages(self._reading.registry, wait=self._reading.wait):
            if isinstance(page, Outcome):
                return page
            self._listed += len(page.records)
            self._unnamed += sum(not one.reference and not one.reversed for one in page.records)
            self._sort_out([one for one in page.records if is_ours(one.reference)])
            self._reading.follow(self._listed)
        return None

    def _sort_out(self, records: Sequence[Held]) -> None:
        said = self._said({one.reference for one in records})
        for record in records:
            ours = said.get(record.reference)
            if ours is None and record.reference in said:
                continue  # what a registry wrote of a taking back
            again = ours is not None and self._seen.again(ours.delivery_id)
            if again or self._judge(ours, [record], record.reference):
                self._suspect(record.reference)
        if self._reading.registry.capabilities.approves:
            read_back(self._reading.registry_id, records, said)

    def _look_for_missing(self) -> None:
        for page in told_references(self._reading.registry_id):
            unseen = [reference for pk, reference in page if pk not in self._seen]
            for reference, ours in self._said(unseen).items():
                if self._judge(ours, [], reference):
                    self._suspect(reference)
                    if ours and ours.remote_id and reference in self._suspects:
                        self._by_id[ours.remote_id] = reference

    def _suspect(self, reference: str) -> None:
        if reference in self._suspects:
            return
        if len(self._suspects) < MOST:
            self._suspects.add(reference)
        else:
            self._unlisted += 1

    def _second_look(
        self, records: dict[str, dict[str, Held]], nameless: dict[str, Held]
    ) -> Outcome | None:
        read = self._listed
        for page in pages(self._reading.registry, wait=self._reading.wait):
            if isinstance(page, Outcome):
                return page
            for one in page.records:
                if note(one, records):
                    continue
                if not one.reference and not one.reversed:
                    wanted = one.remote_id in self._by_id or self._reading.ours_alone
                    if wanted and len(nameless) < MOST:
                        nameless[one.remote_id or f"#{len(nameless)}"] = one
            read += len(page.records)
            self._reading.follow(read)
        return None

    def _differences(
        self, records: Mapping[str, Mapping[str, Held]], nameless: dict[str, Held]
    ) -> Iterable[Difference]:
        # Read anew: whatever moved since is in flight now, and proves nothing.
        said = self._said(sorted(records))
        for reference in sorted(records):
            ours = said.get(reference)
            found = self._judge(ours, list(records[reference].values()), reference)
            if found and ours and found.kind is Kind.MISSING and ours.remote_id in nameless:
                lost = nameless.pop(ours.remote_id)
                found = Difference(kind=Kind.LOST, reference=reference, ours=ours, records=(lost,))
            if found:
                yield found
        if self._reading.ours_alone:
            for one in nameless.values():
                yield Difference(kind=Kind.EXTRA, reference="", ours=None, records=(one,))

    def _said(self, references: Iterable[str]) -> dict[str, Ours | None]:
        reading = self._reading
        return said_of(reading.registry_id, list(references), since=reading.since)

    def _judge(
        self, ours: Ours | None, records: Sequence[Held], reference: str
    ) -> Difference | None:
        decimals = self._reading.registry.capabilities.decimals
        return difference(ours, records, reference=reference, decimals=decimals)
