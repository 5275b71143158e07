"""Look at a registry again before anything is put right there: by reference, or in its list.

Where a look by reference shows less than the list does, what the list reported would seem to be in
order. There the list is read, once for all that is asked about.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from cec_plugin.conf import get_settings
from cec_plugin.domain.delivery import Outcome
from cec_plugin.domain.ports import Held, Registry
from cec_plugin.services.patience import note, pages, patiently
from cec_plugin.services.reconcile import Reader
from cec_plugin.services.write import guarded


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What stands under a reference, reversed or not.

    What we settled after ``since`` (aware) may not show in it.
    """

    records: tuple[Held, ...]
    since: datetime


class Looks:
    """Looks at some references of one registry, each as it is now."""

    def __init__(self, registry: Registry, reader: Reader, references: Iterable[str]) -> None:
        """Look for these, and for no others."""
        self._registry, self._reader = registry, reader
        self._wanted = frozenset(references)
        self._listed: tuple[dict[str, dict[str, Held]], datetime] | Outcome | None = None

    def at(self, reference: str) -> Seen | Outcome:
        """Return what stands under a reference, or a failed read.

        Several records are a conflict where the registry was asked, and told where it was listed.
        """
        if self._registry.capabilities.finds_all:
            since = self._since()
            answer = guarded(partial(self._find, reference))
            if isinstance(answer, Outcome):
                return answer
            return Seen(records=() if answer is None else (answer,), since=since)
        if self._listed is None:
            since = self._since()
            found = guarded(self._list)
            self._listed = found if isinstance(found, Outcome) else (found, since)
        if isinstance(self._listed, Outcome):
            return self._listed
        records, since = self._listed
        return Seen(records=tuple(records[reference].values()), since=since)

    def _since(self) -> datetime:
        """Return since when what was settled may not show yet: reads may lag behind writes."""
        return self._reader.clock() - timedelta(seconds=get_settings().policy.grace_s)

    def _find(self, reference: str) -> Held | Outcome | None:
        find = partial(self._registry.find, reference)
        return patiently(find, registry=self._registry, wait=self._reader.wait)

    def _list(self) -> dict[str, dict[str, Held]] | Outcome:
        records: dict[str, dict[str, Held]] = {one: {} for one in self._wanted}
        for page in pages(self._registry, wait=self._reader.wait):
            if isinstance(page, Outcome):
                return page
            for one in page.records:
                note(one, records)
        return records
