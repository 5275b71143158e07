"""A registry with a REST interface whose paths and fields are data.

The defaults are those of the sandbox registry, which is the reference: a credit is PUT under our
own reference, found there again, and reversed by a POST beside it.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager

from cec_plugin.adapters.http import Caller
from cec_plugin.adapters.registries.renewing import RenewingCaller
from cec_plugin.adapters.registries.rest_batch import RestBatch
from cec_plugin.adapters.registries.rest_body import RestBody, unfit
from cec_plugin.adapters.registries.rest_exchange import RestExchange
from cec_plugin.adapters.registries.rest_looking import RestLooking, path_to
from cec_plugin.adapters.registries.rest_options import RestOptions
from cec_plugin.adapters.registries.rest_outcomes import taken, unable
from cec_plugin.adapters.registries.rest_reading import RestReading, is_posted
from cec_plugin.adapters.registries.rest_reversal import RestReversal
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Capabilities, Health, Held, Known, Page, Posting, Retraction


class RestRegistry:
    """Speaks to one registry; made by ``build`` from its row."""

    def __init__(
        self,
        caller: RenewingCaller,
        options: RestOptions,
        *,
        anonymous: Caller,
        user: str,
        unsaid: Iterable[str] = (),
    ) -> None:
        """Speak through ``caller``.

        ``anonymous`` calls there without credentials, and ``user`` is whose they are: for a
        registry that does not say who we are. ``unsaid`` is what is never repeated from the
        registry's words: our secrets.
        """
        self._options = options
        self._able = options.capabilities
        self._exchange = RestExchange(
            caller, options, anonymous=anonymous, user=user, unsaid=unsaid
        )
        self._body = RestBody(options)
        self._reading = RestReading(options)
        self._looking = RestLooking(self._exchange, options, self._reading)
        rooms = (self._exchange, options, self._body, self._looking, self._reading)
        self._batch, self._reversal = RestBatch(*rooms), RestReversal(*rooms)

    @property
    def capabilities(self) -> Capabilities:
        """Say what the options make of it."""
        return self._able

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """Bound all calls in the block together."""
        return self._exchange.within(seconds)

    def health(self) -> Health:
        """Ask who we are to the registry, and look at each kind of record."""
        return self._looking.health()

    def member(self, number: str) -> Known | Outcome | None:
        """Look a member up and compare the number in the answer."""
        return self._looking.member(number)

    def find(self, reference: str) -> Held | Outcome | None:
        """Read what stands under a reference and compare the key in the answer."""
        return self._looking.find(reference)

    def changes(self, cursor: str) -> Page | Outcome:
        """List what changed after a cursor."""
        return self._looking.changes(cursor)

    def post(self, posting: Posting) -> Outcome:
        """Write a credit and take nothing but the credit itself for proof."""
        if why := unfit(posting, self._able):
            return Outcome(result=Result.REFUSED, reason=why)
        options = self._options
        answer = self._exchange.write(
            options.credit_method,
            path_to(options.credit_path, posting.reference),
            self._body.credit(posting),
            unsaid=(posting.member_number,),
        )
        if isinstance(answer, Outcome):
            return answer
        status, body = answer.status, answer.body
        if status == 202:
            return taken(status, self._reading.acknowledged(body))
        held = self._reading.ours(body, options.record_field, posting.reference)
        if len(held) == 1 and is_posted(held[0], posting) and not options.read_back:
            return Outcome(result=Result.DELIVERED, status=status, remote_id=held[0].remote_id)
        return self._looking.read_back(
            posting,
            acknowledged=self._reading.acknowledged(body),
            status=status,
            lost=not held and self._reading.tells_references(body),
        )

    def post_many(self, postings: Sequence[Posting]) -> list[Outcome] | Outcome:
        """Write several in one call; what does not fit is refused in its place and not sent."""
        if self._able.bulk < 2:
            return unable("takes one credit a call")
        if len(postings) > self._able.bulk:
            return unable(f"takes no more than {self._able.bulk} credits a call")
        whys = [unfit(posting, self._able) for posting in postings]
        fit = [posting for posting, why in zip(postings, whys, strict=True) if not why]
        sent = self._batch.send(fit) if fit else []
        if isinstance(sent, Outcome):
            return sent
        came_to = iter(sent)
        return [
            Outcome(result=Result.REFUSED, reason=why) if why else next(came_to) for why in whys
        ]

    def reverse(self, retraction: Retraction) -> Outcome:
        """Take a credit back."""
        if not self._able.reverses:
            return unable("takes no credit back")
        return self._reversal.send(retraction)
