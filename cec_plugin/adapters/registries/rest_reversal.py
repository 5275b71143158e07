"""Take a credit back at a REST registry: by a call of its own, or by rewriting the record."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cec_plugin.adapters.registries.rest_body import RestBody
from cec_plugin.adapters.registries.rest_exchange import RestExchange
from cec_plugin.adapters.registries.rest_looking import RestLooking, path_to
from cec_plugin.adapters.registries.rest_options import RestOptions
from cec_plugin.adapters.registries.rest_outcomes import taken
from cec_plugin.adapters.registries.rest_reading import RestReading
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Held, Retraction


class RestReversal:
    """Takes credits back and believes nothing but the credit itself."""

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

    def send(self, retraction: Retraction) -> Outcome:
        """Take a credit back; where all of it must be sent again, read it first."""
        if not self._options.reverse_whole:
            return self._write(retraction, standing=None)
        standing = self._looking.record(retraction.reference)
        if isinstance(standing, Outcome):
            return standing
        if standing is None:
            return Outcome(
                result=Result.REFUSED, status=404, reason="the registry has no such credit"
            )
        held = self._reading.held(standing)
        if held.reversed:
            return Outcome(
                result=Result.DELIVERED, remote_id=held.remote_id, reason="found reversed"
            )
        return self._write(retraction, standing=standing)

    def _write(self, retraction: Retraction, *, standing: Mapping[str, Any] | None) -> Outcome:
        options = self._options
        answer = self._exchange.write(
            options.reverse_method,
            path_to(options.reverse_path, retraction.reference),
            self._body.reversal(retraction, standing),
            unsaid=[self._reading.held(standing).member_number] if standing else (),
        )
        if isinstance(answer, Outcome):
            # Not with this method, or not at all: nothing was done, and nothing ever will be.
            never = answer.status in (405, 501)
            return replace(answer, result=Result.UNABLE) if never else answer
        if answer.status == 202:
            return taken(answer.status)
        shown = self._reading.ours(answer.body, options.record_field, retraction.reference)
        if len(shown) == 1 and shown[0].reversed and not options.read_back:
            remote_id = shown[0].remote_id
            return Outcome(result=Result.DELIVERED, status=answer.status, remote_id=remote_id)
        return self._read_back(retraction, answer.status)

    def _read_back(self, retraction: Retraction, status: int) -> Outcome:
        held = self._looking.find(retraction.reference)
        if isinstance(held, Outcome) and held.result is Result.CONFIGURATION:
            return replace(held, maybe_written=True)
        if isinstance(held, Held) and held.reversed:
            return Outcome(result=Result.DELIVERED, status=status, remote_id=held.remote_id)
        if held is None and self._options.reverse_method == "DELETE":
            return Outcome(result=Result.DELIVERED, status=status)
        return Outcome(result=Result.AMBIGUOUS, status=status, reason="answered, but not reversed")
