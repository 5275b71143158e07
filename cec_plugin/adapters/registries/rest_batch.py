"""Several credits in one call to a REST registry: what is sent, and what each came to."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cec_plugin.adapters.reading import Answer
from cec_plugin.adapters.registries.answers import dig, id_in
from cec_plugin.adapters.registries.rest_body import RestBody
from cec_plugin.adapters.registries.rest_exchange import RestExchange
from cec_plugin.adapters.registries.rest_looking import RestLooking
from cec_plugin.adapters.registries.rest_options import RestOptions
from cec_plugin.adapters.registries.rest_outcomes import taken
from cec_plugin.adapters.registries.rest_reading import RestReading, is_posted
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Posting


class RestBatch:
    """Sends a batch and settles its answer by position."""

    def __init__(
        self,
        exchange: RestExchange,
        options: RestOptions,
        body: RestBody,
        looking: RestLooking,
        reading: RestReading,
    ) -> None:
        """Send through ``exchange``."""
        self._exchange = exchange
        self._options = options
        self._body = body
        self._looking = looking
        self._reading = reading

    def send(self, postings: Sequence[Posting]) -> list[Outcome] | Outcome:
        """Send these in one call and return what each came to, or all of them as a whole."""
        options = self._options
        items = [self._body.credit(posting) for posting in postings]
        answer = self._exchange.write(
            options.batch_method,
            options.batch_path,
            {options.batch_field: items} if options.batch_field else items,
            unsaid=[posting.member_number for posting in postings],
        )
        if isinstance(answer, Outcome):
            return answer
        rows = dig(answer.body, options.batch_items) if options.batch_items else answer.body
        if isinstance(rows, list) and rows:
            return self._settle(postings, rows, answer)
        if answer.status == 202:
            return [taken(answer.status) for _ in postings]
        doubt = self._looking.doubt(answer, "to a batch without its credits")
        if doubt is not None and doubt.result is Result.CONFIGURATION:
            return replace(doubt, maybe_written=True)
        return _unclear("an answer to a batch without its credits", answer)

    def _settle(
        self,
        postings: Sequence[Posting],
        rows: list[Any],
        answer: Answer,
    ) -> list[Outcome] | Outcome:
        agree = len(rows) == len(postings) and all(
            isinstance(row, dict) and self._reference(row) in ("", posting.reference)
            for row, posting in zip(rows, postings, strict=True)
        )
        if not agree:
            return _unclear("the answers to a batch do not agree with what was sent", answer)
        failed = [self._failure(row, posting) for row, posting in zip(rows, postings, strict=True)]
        first = next(filter(None, failed), None)
        if first is not None and not self._options.batch_partial:
            return first  # it takes all others with it, whatever is said of them
        return [
            one or self._success(row, posting, answer.status)
            for one, row, posting in zip(failed, rows, postings, strict=True)
        ]

    def _failure(self, row: dict[str, Any], posting: Posting) -> Outcome | None:
        options = self._options
        status = self._status(row)
        said = dig(row, options.success_field) if options.success_field else None
        denied = said is not None and said != options.success_value
        if status < 300 and not denied and not dig(row, options.item_code):
            return None
        return self._exchange.item_failure(status, row, unsaid=[posting.member_number])

    def _success(self, row: dict[str, Any], posting: Posting, whole_status: int) -> Outcome:
        remote_id = id_in(row, self._options.item_id) if self._options.item_id else ""
        status = self._status(row) or whole_status
        if status == 202:
            return taken(status, remote_id)
        shown = self._reference(row) == posting.reference
        if shown and is_posted(self._reading.held(row), posting) and not self._options.read_back:
            return Outcome(result=Result.DELIVERED, status=status, remote_id=remote_id)
        return self._looking.read_back(
            posting,
            acknowledged=remote_id,
            status=status,
            lost=bool(self._options.item_reference) and not shown,
        )

    def _reference(self, row: dict[str, Any]) -> str:
        path = self._options.item_reference
        return str(dig(row, path) or "") if path else ""

    def _status(self, row: dict[str, Any]) -> int:
        path = self._options.item_status
        status = str(dig(row, path)) if path else ""
        return int(status) if status.isdecimal() and len(status) == 3 else 0


def _unclear(reason: str, answer: Answer) -> Outcome:
    return Outcome(result=Result.AMBIGUOUS, status=answer.status, reason=reason)
