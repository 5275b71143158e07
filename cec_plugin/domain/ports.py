"""The door to a registry: what services ask of it, and what it can do."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from cec_plugin.domain.delivery import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A credit as a registry is told of it. ``hundredths`` is above zero."""

    reference: str
    member_number: str = field(repr=False)
    activity: str
    title: str
    credit_type: str
    hundredths: int
    unit: str
    earned_on: date
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraction:
    """The taking back of a credit: ``reference`` is the award's, ``own_reference`` this one's."""

    reference: str
    own_reference: str
    on: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a registry holds under a reference; ``hundredths`` is None where it does not say.

    ``reference`` is empty where the record has none of ours. ``approved`` is None where the
    registry approves nothing or has not decided yet.
    """

    remote_id: str
    hundredths: int | None
    reversed: bool
    member_number: str = field(default="", repr=False)
    reference: str = ""
    approved: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A member as the registry knows them: their own key, and whether they are in good standing.

    ``active`` is None where it does not say.
    """

    number: str = field(repr=False)
    active: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Records that changed since a cursor; ``cursor`` asks for what comes after them.

    ``more`` says that there are some already.
    """

    records: tuple[Held, ...]
    cursor: str
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether a registry can be used, and as whom: proof, not just a 200.

    ``entities`` says of each kind of record that is needed whether we can reach it.
    """

    ok: bool
    caller: str
    detail: str = ""
    entities: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a registry can do; whoever delivers, reconciles or repairs asks here first.

    ``upsert``: an equal write under a reference that is there makes no second record. ``bulk`` is
    how many credits one call takes, ``partial_bulk`` whether a bad one leaves the others written;
    without it a batch is all or nothing. ``reference_length`` is the longest reference it keeps,
    ``decimals`` how many of an amount, ``date_only`` that it keeps no time of day, ``unit`` the
    one unit it knows (empty: any). ``receipts``: what it takes is confirmed later, by a receipt.
    ``approves``: it decides itself on what was delivered, later. ``finds_all``: a look by
    reference shows all that the list shows of it; elsewhere a second record, or that somebody
    else took it back, only the list tells. At what rate it may be called, the registry's row says.
    """

    upsert: bool = False
    finds: bool = True
    lists: bool = False
    reverses: bool = True
    members: bool = True
    bulk: int = 1
    partial_bulk: bool = False
    reference_length: int = 36
    decimals: int = 2
    date_only: bool = True
    unit: str = ""
    receipts: bool = False
    approves: bool = False
    finds_all: bool = True


class Registry(Protocol):
    """An organization's member records.

    Calls never raise for what a registry may do: every failure is an ``Outcome``. What it cannot
    do (see ``capabilities``) is an ``Outcome`` of the result ``UNABLE``.
    """

    @property
    def capabilities(self) -> Capabilities:
        """Say what it can do. Calls nobody."""
        ...

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """Bound all calls in the block together by this time.

        A call for which no time is left is not made: a retryable outcome, nothing sent.
        """
        ...

    def health(self) -> Health:
        """Prove who we are, and that each kind of record that is needed can be reached."""
        ...

    def member(self, number: str) -> Known | Outcome | None:
        """Return the member with exactly this number, None where there is none.

        The number in the answer is compared; several are a conflict, never the first of them.
        """
        ...

    def find(self, reference: str) -> Held | Outcome | None:
        """Return what stands under a reference, None where nothing does, or a failed read.

        Several records under it are a conflict.
        """
        ...

    def post(self, posting: Posting) -> Outcome:
        """Write a credit. Delivered only on proof that it stands under our reference."""
        ...

    def post_many(self, postings: Sequence[Posting]) -> list[Outcome] | Outcome:
        """Write several credits in one call, at most ``capabilities.bulk``.

        Return an outcome for each, by position; or a single one that the call came to as a whole,
        of which nothing is known by position.
        """
        ...

    def reverse(self, retraction: Retraction) -> Outcome:
        """Take a credit back."""
        ...

    def changes(self, cursor: str) -> Page | Outcome:
        """Return a page of what changed after the cursor; an empty one begins at the start.

        Whatever it holds of ours is listed, and what it holds of others' sending where it cannot
        tell them apart.
        """
        ...
