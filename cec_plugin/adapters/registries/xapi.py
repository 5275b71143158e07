"""A registry that is a learning record store (xAPI): a credit is a statement.

The id of a statement is made from our reference, so that a store keeps each credit once. One that
is taken back stays where it is; another statement, with an id made from the same reference, says
so, and it is we who put the two together.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from cec_plugin.adapters.http import Caller
from cec_plugin.adapters.registries.renewing import RenewingCaller
from cec_plugin.adapters.registries.xapi_health import prove
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
from cec_plugin.domain.ports import Capabilities, Health, Held, Known, Page, Posting, Retraction

VERSION_HEADER = "X-Experience-API-Version"
BULK = 50

UNSEEN = "answered, but not found under our reference"
UNREVERSED = "answered, but not taken back"


class XapiRegistry:
    """Speaks to one learning record store; made by ``build`` from its row."""

    def __init__(
        self,
        caller: RenewingCaller,
        options: XapiOptions,
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
        self._statements = Statements(caller, options, base_url=base_url, unsaid=unsaid)
        self._listing = Listing(self._statements, options)

    @property
    def capabilities(self) -> Capabilities:
        """Say what a store can do: it knows no members, and refuses a batch as a whole.

        It is asked by an id made from our reference. A statement with another id under the same
        reference, or one of somebody else's that takes ours back, only the list shows.
        """
        return Capabilities(upsert=True, lists=True, members=False, bulk=BULK, finds_all=False)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Bound all calls in the block together by this time."""
        with self._caller.within(seconds), self._anonymous.within(seconds):
            yield

    def health(self) -> Health:
        """Prove who we are, and that statements may be read and written, without writing any."""
        return prove(self._statements, self._options, anonymous=self._anonymous, user=self._user)

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
        # Other content under our id; of something that does not matter, such as a new title?
        return self._proof(posting, sent.status, unseen=sent)

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
        refused: Outcome | None = None
        if not found.reversed:
            sent = self._statements.write(void(retraction, self._options))
            refused = sent if isinstance(sent, Outcome) else None
            if refused is not None and refused.result is not Result.CONFLICT:
                return refused
            found = self.find(retraction.reference)
        if isinstance(found, Held) and found.reversed:
            return Outcome(result=Result.DELIVERED, remote_id=found.remote_id)
        return _unproven(found, refused or Outcome(result=Result.AMBIGUOUS, reason=UNREVERSED))

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

    def _proof(
        self, posting: Posting, status: int | None, *, unseen: Outcome | None = None
    ) -> Outcome:
        """Read back what was posted; ``unseen`` is what it comes to where nothing is there."""
        found = self.find(posting.reference)
        if not isinstance(found, Held):
            lost = Outcome(result=Result.AMBIGUOUS, status=status, reason=UNSEEN)
            return _unproven(found, unseen or lost)
        wrong = _difference(found, posting)
        return Outcome(
            result=Result.CONFLICT if wrong else Result.DELIVERED,
            status=status,
            remote_id=found.remote_id,
            reason=wrong,
        )


def _unproven(found: Held | Outcome | None, unseen: Outcome) -> Outcome:
    """Say what a write came to that a look after it does not show."""
    if not isinstance(found, Outcome):
        return unseen
    if found.result in (Result.CONFIGURATION, Result.CONFLICT):
        return replace(found, maybe_written=True)
    return replace(unseen, result=Result.AMBIGUOUS, reason=f"not read back: {found.reason}")


def _difference(found: Held, posting: Posting) -> str:
    """Say in what a store's statement is not what was posted, nothing where it is."""
    if found.reversed:
        return "the registry has it as reversed"
    if found.hundredths != posting.hundredths:
        return "the registry has another amount under our reference"
    if found.member_number != posting.member_number:
        return "the registry has another member under our reference"
    return ""
