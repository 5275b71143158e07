"""A body that takes files: nothing is called, each line waits for the next file and its receipt.

The files themselves are closed, written and settled beside it (see ``adapters.rosters``).
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from cec_plugin.adapters.registries.roster_options import RosterOptions
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Capabilities, Health, Known, Page, Posting, Retraction
from cec_plugin.domain.roster import RosterRow, fault_of

TAKEN = Outcome(result=Result.TAKEN, reason="waits for the next roster file", told_later=True)
LATE = Outcome(result=Result.RETRYABLE, reason="no time is left for it", uncalled=True)


class RosterRegistry:
    """Looks each line over and lets it wait; made by ``build`` from the registry's row."""

    def __init__(self, options: RosterOptions, *, name: str, today: Callable[[], date]) -> None:
        """Take lines as the options say. ``today`` is the day where the organization is."""
        self._file = options.file
        self._able = options.capabilities
        self._name = name
        self._today = today
        self._ends = math.inf  # of ``time.monotonic``

    @property
    def capabilities(self) -> Capabilities:
        """Say what the options make of it."""
        return self._able

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Take nothing more once the time is over."""
        before, self._ends = self._ends, min(self._ends, time.monotonic() + seconds)
        try:
            yield
        finally:
            self._ends = before

    def health(self) -> Health:
        """Say that there is nobody to ask: somebody carries files there and receipts back."""
        return Health(
            ok=True,
            caller=self._name,
            detail="files are carried there by somebody; nobody is called",
            entities={"roster files": True},
        )

    def member(self, number: str) -> Known | Outcome | None:  # noqa: ARG002
        """Say that nobody can be asked."""
        return _unable("is not asked: it takes whatever number is in a file, and answers later")

    def find(self, reference: str) -> Outcome | None:  # noqa: ARG002
        """Say that nobody can be asked: what it took only its receipts tell."""
        return _unable("is not asked: what it took its receipts tell")

    def post(self, posting: Posting) -> Outcome:
        """Let a credit wait for the next file, if it fits into one."""
        if self._is_over():
            return LATE
        row = RosterRow(
            reference=posting.reference,
            member_number=posting.member_number,
            activity=posting.activity,
            title=posting.title,
            credit_type=posting.credit_type,
            hundredths=posting.hundredths,
            unit=posting.unit,
            earned_on=posting.earned_on,
            role=posting.role,
        )
        why = fault_of(row, self._file, today=self._today())
        return Outcome(result=Result.REFUSED, reason=why) if why else TAKEN

    def post_many(self, postings: Sequence[Posting]) -> list[Outcome] | Outcome:
        """Let several wait; each is looked over by itself."""
        if len(postings) > self._able.bulk:
            return _unable(f"takes no more than {self._able.bulk} lines a file")
        return [self.post(posting) for posting in postings]

    def reverse(self, retraction: Retraction) -> Outcome:  # noqa: ARG002
        """Let the taking back of a credit wait for the next file, where the body takes such."""
        if not self._able.reverses:
            return _unable("takes no credit back: its files have no line for that")
        return LATE if self._is_over() else TAKEN

    def changes(self, cursor: str) -> Page | Outcome:  # noqa: ARG002
        """Say that it lists nothing."""
        return _unable("lists nothing")

    def _is_over(self) -> bool:
        return time.monotonic() >= self._ends


def _unable(does: str) -> Outcome:
    return Outcome(result=Result.UNABLE, reason=f"the registry {does}")
