"""What the registries were told of a person's credits, and how that is said on a page."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Q

from cec_plugin import models
from cec_plugin.domain.delivery import Errand, State
from cec_plugin.models.ledger import EntryKind
from cec_plugin.models.outbox import HoldCode


class Shown(StrEnum):
    """Where a credit stands, as a page says it."""

    RECORDED = "recorded"  # in our ledger; no registry is to hear of it
    BEING_SENT = "being_sent"
    IN_RECORDS = "in_records"
    NEEDS_YOU = "needs_you"
    WITH_ASSOCIATION = "with_association"  # waits for approval; nothing does yet
    BEING_LOOKED_INTO = "being_looked_into"


MOST_URGENT_FIRST = (
    Shown.NEEDS_YOU,
    Shown.BEING_LOOKED_INTO,
    Shown.BEING_SENT,
    Shown.IN_RECORDS,
    Shown.RECORDED,
)
NEEDS_A_PERSON = (HoldCode.NO_MEMBER_NUMBER, HoldCode.MEMBER_UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What one registry was told of a credit. ``at`` is when it had it, None while it has not.

    ``waits_for`` is the code of what it waits for, if a person must give it.
    """

    registry: str
    state: Shown
    at: datetime | None
    waits_for: str


def receipts(person_id: int) -> dict[int, tuple[Receipt, ...]]:
    """Return what the registries were told of each entry, by its id: one query.

    A delivery that was voided before its registry heard of it is left out. Of a credit that was
    told under a wrong member number, what it is told under the right one counts.
    """
    found: dict[int, dict[int, Receipt]] = defaultdict(dict)
    rows = (
        models.Delivery.objects.filter(entry__account__person_id=person_id)
        .exclude(~Q(entry__kind=EntryKind.REVERSAL), errand=Errand.RETRACT.value)
        .exclude(state=State.VOID.value)
        .order_by("registry_id", "round")
        .values_list(
            "entry_id", "registry_id", "state", "hold_code", "settled_at", "registry__name"
        )
    )
    for entry_id, registry_id, state, hold_code, settled_at, registry in rows:
        found[entry_id][registry_id] = Receipt(
            registry=registry,
            state=_shown(State(state), hold_code),
            at=settled_at if state == State.DELIVERED else None,
            waits_for=hold_code if hold_code in NEEDS_A_PERSON else "",
        )
    return {entry_id: tuple(told.values()) for entry_id, told in found.items()}


def state_of(told: Iterable[Receipt]) -> Shown:
    """Return where a credit stands as a whole: what needs somebody most goes first."""
    states = {one.state for one in told}
    return next((state for state in MOST_URGENT_FIRST if state in states), Shown.RECORDED)


def _shown(state: State, hold_code: str) -> Shown:
    match state:
        case State.DELIVERED:
            return Shown.IN_RECORDS
        case State.PARKED:
            return Shown.BEING_LOOKED_INTO
        case State.HELD if hold_code in NEEDS_A_PERSON:
            return Shown.NEEDS_YOU
        case _:
            return Shown.BEING_SENT
