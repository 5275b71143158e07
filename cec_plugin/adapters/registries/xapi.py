"""A registry that is a learning record store (xAPI): a credit is a statement.

The id of a statement is made from our reference, so that a store keeps each credit once. One that
is taken back stays where it is; another statement, with an id made from the same reference, says
so, and it is we who put the two together.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from cec_plugin.adapters.http import Caller
from cec_plugin.adapters.registries.answers import dig, failure
from cec_plugin.adapters.registries.auth import ClientCredentials
from cec_plugin.adapters.registries.xapi_listing import Listing
from cec_plugin.adapters.registries.xapi_options import XapiOptions
from cec_plugin.adapters.registries.xapi_resource import Statements
from cec_plugin.adapters.registries.xapi_statements import (
    award,
    award_id,
    held,
    target_of,
    void,
    void_id,
)
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import (
    Capabilities,
    Health,
    Held,
    Known,
    Page,
    Posting,
    Retraction,
)

VERSION_HEADER = "X-Experience-API-Version"
ENTITY = "statements"
BULK = 50

UNPROVEN = (Result.CONFIGURATION, Result.CONFLICT)
"""What a look after a write may come to that is not just "not seen yet"."""


class XapiRegistry:
    """Speaks to one learning record store; made by ``build`` from its row."""

    def __init__(
        self,
        caller: Caller,
        options: XapiOptions,
        auth: ClientCredentials | None = None,
        *,
        base_url: str,
        anonymous: Caller,
        user: str = "",
        unsaid: Sequence[str] = (),
    ) -> None:
        """Speak through ``caller``, which calls under ``base_url``.

        ``anonymous`` calls there without credentials, and ``user`` is whose they are: for a store
        that cannot say who is calling. ``unsaid`` is what is never repeated from the store's words.
        """
        self._caller, self._anonymous, self._user = caller, anonymous, user
        self._options = options
        self._statements = Statements(caller, options, auth, base_url=base_url, unsaid=unsaid)
        self._listing = Listing(self._statements, options)

    @property
    def capabilities(self) -> Capabilities:
        """Say what a store can do: it knows no members, and refuses a batch as a whole."""
        return Capabilities(upsert=True, lists=True, members=False, bulk=BULK)

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """Bound all calls in the block together by this time."""
        return self._caller.within(seconds)

    def health(self) -> Health:
        """Prove who we are, and that statements may be read and written, without writing any."""
        caller = self._who()
        if isinstance(caller, Outcome):
            return Health(ok=False, caller="", detail=caller.reason, entities={ENTITY: False})
        barred: Outcome | None = None
        reached = self._statements.listed(self._statements.path(limit="1"))
        if isinstance(reached, Outcome):
            barred = replace(reached, reason=f"statements cannot be read: {reached.reason}")
        else:
            # A list of none is refused or taken, by whether it is us it is refused.
            tried = self._statements.write([])
            if isinstance(tried, Outcome) and tried.result in (
                Result.CONFIGURATION,
                Result.RETRYABLE,
                Result.AMBIGUOUS,
            ):
                barred = replace(tried, reason=f"statements cannot be written: {tried.reason}")
        return Health(
            ok=barred is None,
            caller=caller,
            detail=barred.reason if barred else "",
            entities={ENTITY: barred is None},
        )

    def member(self, number: str) -> Known | Outcome | None:  # noqa: ARG002 - it asks nobody
        """Say that a store knows no members: it takes whatever number it is given."""
        return Outcome(result=Result.UNABLE, reason="a learning record store knows no members")

    def find(self, reference: str) -> Held | Outcome | None:
        """Read the credit's statement, and the one that would take it back."""
        sought = award_id(reference)
        award_look = self._statements.look("statementId", sought)
        if isinstance(award_look, Outcome):
            return award_look
        if award_look.statement is None:
            return self._find_hidden(sought) if award_look.denied else None
        void_look = self._statements.look("statementId", void_id(reference))
        if isinstance(void_look, Outcome):
            return void_look
        taken_back = void_look.statement is not None and target_of(void_look.statement) == sought
        return held(award_look.statement, self._options, reversed_=taken_back)

    def post(self, posting: Posting) -> Outcome:
        """Write a credit, and take nothing but the statement itself for proof."""
        sent = self._statements.write(
            award(posting, self._options), unsaid=(posting.member_number,)
        )
        if not isinstance(sent, Outcome):
            return self._proof(posting, sent.status)
        if sent.result is not Result.CONFLICT:
            return sent
        # Other content under our id; of what does not matter, such as a course's new title?
        found = self._proof(posting, sent.status)
        return replace(found, reason=sent.reason) if found.result is Result.CONFLICT else found

    def post_many(self, postings: Sequence[Posting]) -> list[Outcome] | Outcome:
        """Write several credits; a store takes all that it does not have yet, or none.

        It names the ids that it stored, and ids are ours: each is proof. What it does not name was
        there before, and is looked up.
        """
        sent = self._statements.write(
            [award(one, self._options) for one in postings],
            unsaid=[one.member_number for one in postings],
        )
        if isinstance(sent, Outcome):
            return sent
        named = {str(one).lower() for one in sent.body} if isinstance(sent.body, list) else set()
        return [
            Outcome(result=Result.DELIVERED, status=sent.status, remote_id=award_id(one.reference))
            if award_id(one.reference) in named
            else self._proof(one, sent.status)
            for one in postings
        ]

    def reverse(self, retraction: Retraction) -> Outcome:
        """Take a credit back by a statement that voids it; one that is voided is left alone."""
        found = self.find(retraction.reference)
        if isinstance(found, Outcome):
            return found
        if found is None:
            return Outcome(
                result=Result.REFUSED, status=404, reason="the registry has no such credit"
            )
        if not found.reversed:
            sent = self._statements.write(void(retraction, self._options))
            if isinstance(sent, Outcome) and sent.result is not Result.CONFLICT:
                return sent
            found = self.find(retraction.reference)
        if isinstance(found, Held) and found.reversed:
            return Outcome(result=Result.DELIVERED, remote_id=found.remote_id)
        if isinstance(found, Outcome) and found.result in UNPROVEN:
            return replace(found, maybe_written=True)
        return Outcome(result=Result.AMBIGUOUS, reason="answered, but not taken back")

    def changes(self, cursor: str) -> Page | Outcome:
        """Return a page of what changed after the cursor; an empty one begins at the start."""
        return self._listing.after(cursor)

    def _find_hidden(self, sought: str) -> Held | Outcome | None:
        """Look for a statement among the voided: the standard shows them only there."""
        look = self._statements.look("voidedStatementId", sought)
        if isinstance(look, Outcome):
            return look
        if look.statement is not None:
            return held(look.statement, self._options, reversed_=True)
        # 404 twice: there is no such statement, or nothing at all at this address.
        reached = self._statements.listed(self._statements.path(limit="1"))
        return reached if isinstance(reached, Outcome) else None

    def _proof(self, posting: Posting, status: int | None) -> Outcome:
        """Read back what was posted."""
        found = self.find(posting.reference)
        if isinstance(found, Held):
            wrong = _difference(found, posting)
            return Outcome(
                result=Result.CONFLICT if wrong else Result.DELIVERED,
                status=status,
                remote_id=found.remote_id,
                reason=wrong,
            )
        if isinstance(found, Outcome) and found.result in UNPROVEN:
            return replace(found, maybe_written=True)
        return Outcome(
            result=Result.AMBIGUOUS,
            status=status,
            reason="answered, but not found under our reference",
        )

    def _who(self) -> str | Outcome:
        """Return whose credentials ours are, once they are proven to count."""
        if self._options.whoami_path:
            answer = self._statements.ask("GET", self._options.whoami_path)
            if isinstance(answer, Outcome):
                return answer
            names = (dig(answer.body, f"agent.{path}") for path in ("account.name", "name", "mbox"))
            name = next((str(one) for one in names if one), "")
            reason = "it does not say who we are"
        else:
            stranger = self._anonymous.call("GET", self._statements.path(limit="1"))
            refused = failure(stranger, write=False)
            if refused is not None and refused.result is not Result.CONFIGURATION:
                return refused
            name = self._user if refused is not None else ""
            reason = "it answers without credentials: nothing proves ours"
        return name or Outcome(result=Result.CONFIGURATION, reason=reason)


def _difference(found: Held, posting: Posting) -> str:
    """Say in what a store's statement is not what was posted, nothing where it is."""
    if found.reversed:
        return "the registry has it as reversed"
    if found.hundredths != posting.hundredths:
        return "the registry has another amount under our reference"
    if found.member_number != posting.member_number:
        return "the registry has another member under our reference"
    return ""
