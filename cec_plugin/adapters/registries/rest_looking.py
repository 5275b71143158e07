"""Look up what a REST registry holds. That it shows nothing counts only once it knows us."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from cec_plugin.adapters.reading import Answer
from cec_plugin.adapters.registries.rest_exchange import RestExchange
from cec_plugin.adapters.registries.rest_health import health_of
from cec_plugin.adapters.registries.rest_listing import page_path, read_page
from cec_plugin.adapters.registries.rest_options import RestOptions
from cec_plugin.adapters.registries.rest_outcomes import conflict, misread, unable
from cec_plugin.adapters.registries.rest_reading import RestReading, is_posted, rows_in
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Health, Held, Known, Page, Posting


class RestLooking:
    """The reads of one registry."""

    def __init__(self, exchange: RestExchange, options: RestOptions, reading: RestReading) -> None:
        """Read through ``exchange``."""
        self._exchange = exchange
        self._options = options
        self._reading = reading
        self._absent = frozenset(options.absent_codes)
        self._unknown = frozenset(options.member_codes)

    def health(self) -> Health:
        """Ask who we are to the registry, and look at each kind of record."""
        asked = health_of(self._exchange, self._options)
        if isinstance(asked, Health):
            return asked
        return Health(ok=False, caller="", detail=asked.reason)

    def doubt(self, answer: Answer, what: str) -> Outcome | None:
        """Return why an answer without what was asked proves nothing, None if it knows us."""
        asked = health_of(self._exchange, self._options)
        if isinstance(asked, Health):
            return None if asked.ok else misread(f"an answer {what}, and {asked.detail}", answer)
        if asked.result is Result.RETRYABLE:
            return asked  # that passes: whoever asked may ask again
        return misread(f"an answer {what}, and {asked.reason}", answer)

    def member(self, number: str) -> Known | Outcome | None:
        """Look a member up and compare the number in the answer."""
        if not self._options.member_path:
            return unable("looks up no member")
        path = self._options.member_path.replace("{number}", quote(number, safe=""))
        answer = self._exchange.read(path, absent=self._unknown, unsaid=[number])
        if answer is None or isinstance(answer, Outcome):
            return answer
        known = self._reading.known(answer.body, number)
        if len(known) > 1:
            return conflict(f"{len(known)} members have this number", status=answer.status)
        if known:
            return known[0]
        if self._reading.hides_numbers(answer.body):
            return misread("asked for a member, it shows some without their numbers", answer)
        return self.doubt(answer, "without the member")

    def find(self, reference: str) -> Held | Outcome | None:
        """Read what stands under a reference and compare the key in the answer."""
        row = self.record(reference)
        return self._reading.held(row) if isinstance(row, dict) else row

    def record(self, reference: str) -> dict[str, Any] | Outcome | None:
        """Read the record under a reference, as the registry shows it."""
        options = self._options
        if not options.found_at:
            return unable("finds nothing by our reference")
        path = path_to(options.found_at, reference)
        answer = self._exchange.read(path, absent=self._absent, gone=True)
        if answer is None or isinstance(answer, Outcome):
            return answer
        rows = self._reading.rows_under(answer.body, options.find_items, reference)
        if len(rows) > 1:
            reason = f"{len(rows)} records stand under our reference"
            return conflict(reason, status=answer.status)
        if rows:
            return rows[0]
        if options.find_items and rows_in(answer.body, options.find_items):
            # A filter that is ignored shows others, and perhaps not all of them.
            return misread("asked for our reference, it answers with the records of others", answer)
        return self.doubt(answer, "without the credit")

    def changes(self, cursor: str) -> Page | Outcome:
        """List what changed; an empty list is one only if we are somebody."""
        options = self._options
        if not options.list_path:
            return unable("lists nothing")
        answer = self._exchange.read(page_path(options, cursor))
        if answer is None or isinstance(answer, Outcome):
            return answer or unable("lists nothing")
        page = read_page(answer, options, self._reading, cursor)
        if isinstance(page, Page) and page.records:
            return page
        return self.doubt(answer, "without records") or page

    def read_back(self, posting: Posting, *, acknowledged: str, status: int, lost: bool) -> Outcome:
        """Look up what was written.

        ``acknowledged`` is the id in the answer to the write, ``lost`` that the answer showed a
        record without our reference.
        """
        found = self.find(posting.reference)
        if isinstance(found, Held):
            if is_posted(found, posting):
                return Outcome(result=Result.DELIVERED, status=status, remote_id=found.remote_id)
            reason = "the registry has another amount or member under our reference"
            return conflict(reason, status=status, remote_id=found.remote_id)
        if isinstance(found, Outcome) and found.result is Result.CONFLICT:
            return replace(found, remote_id=acknowledged)
        if isinstance(found, Outcome) and found.result is Result.CONFIGURATION:
            return replace(found, maybe_written=True, remote_id=acknowledged)
        if found is None and lost:
            reason = "the registry took it and does not show it under our reference"
            return conflict(reason, status=status, remote_id=acknowledged)
        # Reads may lag behind writes: whoever delivers looks again later.
        return Outcome(
            result=Result.AMBIGUOUS,
            status=status,
            remote_id=acknowledged,
            reason="answered, but not found under our reference",
        )


def path_to(path: str, reference: str) -> str:
    """Return a path with a reference in its place, which it cannot leave."""
    return path.replace("{reference}", quote(reference, safe=""))
