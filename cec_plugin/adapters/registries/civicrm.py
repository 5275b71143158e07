"""A CiviCRM: credits are activities of its members, found again by our reference in a custom field.

Nothing it answers to a write is proof: the same call four times at once makes four rows, and a
unique index leaves rows without our reference behind. So each write stands between two reads.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from cec_plugin.adapters.http import Caller
from cec_plugin.adapters.registries import civicrm_changes
from cec_plugin.adapters.registries.answers import id_in
from cec_plugin.adapters.registries.civicrm_api import Api4
from cec_plugin.adapters.registries.civicrm_contacts import Contacts
from cec_plugin.adapters.registries.civicrm_credits import Credit, Credits
from cec_plugin.adapters.registries.civicrm_health import health
from cec_plugin.adapters.registries.civicrm_options import CivicrmOptions
from cec_plugin.adapters.registries.civicrm_proof import SEVERAL, before, proof, unproven
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Capabilities, Health, Held, Known, Page, Posting, Retraction

ABLE = Capabilities(upsert=True, lists=True, bulk=50, date_only=False)


class CivicrmRegistry:
    """Speaks to one registry; made by ``build`` from its row."""

    def __init__(
        self, caller: Caller, options: CivicrmOptions, *, unsaid: Iterable[str] = ()
    ) -> None:
        """Speak through ``caller``; ``unsaid`` is never repeated from the registry's words."""
        self._caller, self._options = caller, options
        self._api = Api4(caller, options.api_path, unsaid=unsaid)
        self._contacts = Contacts(self._api, options)
        self._credits = Credits(self._api, options)

    @property
    def capabilities(self) -> Capabilities:
        """Say what it can do. A batch is written as a whole or not at all."""
        return ABLE

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """Bound all calls in the block together."""
        return self._caller.within(seconds)

    def health(self) -> Health:
        """Prove who we are, and that each name in our options is known there."""
        return health(self._api, self._options, self._contacts)

    def member(self, number: str) -> Known | Outcome | None:
        """Return the one contact with exactly this number, that is not in the trash."""
        found = self._contacts.with_numbers([number])
        if isinstance(found, Outcome):
            return found
        contact_ids = found[number]
        if len(contact_ids) > 1:
            return Outcome(
                result=Result.CONFLICT, status=200, reason="several contacts have this number"
            )
        if not contact_ids:
            return None
        if not self._options.memberships:
            return Known(number=number)
        active = self._contacts.is_current(contact_ids[0])
        return active if isinstance(active, Outcome) else Known(number=number, active=active)

    def find(self, reference: str) -> Held | Outcome | None:
        """Return what stands under a reference; nothing only from a registry that knows us."""
        credit = self._only(reference)
        if credit is None or isinstance(credit, Outcome):
            return credit
        numbers = self._contacts.numbers(credit.contact_ids)
        return numbers if isinstance(numbers, Outcome) else civicrm_changes.held(credit, numbers)

    def post(self, posting: Posting) -> Outcome:
        """Write a credit, unless it is there, and read it back."""
        outcomes = self.post_many([posting])
        return outcomes if isinstance(outcomes, Outcome) else outcomes[0]

    def post_many(self, postings: Sequence[Posting]) -> list[Outcome] | Outcome:
        """Write in one call those of these credits that are not there, and read them back.

        Those for whom there is no member are answered by position and not sent. What is sent is
        written as a whole or not at all: a failure is a single outcome where several went.
        """
        if not postings:
            return []
        contacts = self._contacts.with_numbers([one.member_number for one in postings])
        if isinstance(contacts, Outcome):
            return contacts
        there = self._credits.under([one.reference for one in postings])
        if isinstance(there, Outcome):
            return there
        outcomes = {
            one.reference: known
            for one in postings
            if (known := before(one, contacts[one.member_number], there[one.reference]))
        }
        due = [
            (one, contacts[one.member_number][0])
            for one in postings
            if one.reference not in outcomes
        ]
        if due:
            written = self._write(due)
            if isinstance(written, Outcome) and len(due) > 1:
                return written
            alone = due[0][0].reference
            outcomes |= {alone: written} if isinstance(written, Outcome) else written
        return [outcomes[one.reference] for one in postings]

    def reverse(self, retraction: Retraction) -> Outcome:
        """Give a credit the status of one taken back, and read it back.

        What is not there, in a registry that knows us, stands no more.
        """
        standing = self._only(retraction.reference)
        if isinstance(standing, Outcome):
            return standing
        if standing is None:
            return Outcome(
                result=Result.DELIVERED, status=200, reason="the registry has no such credit"
            )
        if standing.reversed:
            return Outcome(
                result=Result.DELIVERED,
                status=200,
                remote_id=standing.remote_id,
                reason="found reversed",
            )
        answer = self._credits.cancel(retraction.reference, retraction.reason)
        if isinstance(answer, Outcome):
            return answer
        back = self._only(retraction.reference)
        if isinstance(back, Outcome) and back.result is Result.CONFIGURATION:
            return replace(back, maybe_written=True)
        if isinstance(back, Credit) and back.reversed:
            return Outcome(result=Result.DELIVERED, status=200, remote_id=back.remote_id)
        return Outcome(
            result=Result.AMBIGUOUS,
            status=200,
            remote_id=standing.remote_id,
            reason="answered, but not reversed",
        )

    def changes(self, cursor: str) -> Page | Outcome:
        """Return a page of the credits that changed after the cursor, ours and others'."""
        return civicrm_changes.changes(self._credits, self._contacts, cursor)

    def _only(self, reference: str) -> Credit | Outcome | None:
        found = self._credits.under([reference])
        if isinstance(found, Outcome):
            return found
        credits_ = found[reference]
        if len(credits_) > 1:
            return Outcome(result=Result.CONFLICT, status=200, reason=SEVERAL)
        if credits_:
            return credits_[0]
        ourselves = self._contacts.ourselves()
        return ourselves if isinstance(ourselves, Outcome) else None

    def _write(self, due: Sequence[tuple[Posting, int]]) -> dict[str, Outcome] | Outcome:
        """Write credits of which a read just showed nothing; answer by reference."""
        answer = self._credits.save(due)
        if isinstance(answer, Outcome):
            return replace(answer, found_nothing=True)
        ids = [id_in(row, "id") for row in answer] if len(answer) == len(due) else [""] * len(due)
        back = self._credits.under([posting.reference for posting, _ in due])
        if not isinstance(back, Outcome) and not any(back.values()):
            ourselves = self._contacts.ourselves()
            back = ourselves if isinstance(ourselves, Outcome) else back
        return {
            posting.reference: unproven(back, acknowledged)
            if isinstance(back, Outcome)
            else proof(posting, contact_id, back[posting.reference], acknowledged)
            for (posting, contact_id), acknowledged in zip(due, ids, strict=True)
        }
