"""Hold what a registry has under a reference against what we say of it, and name the difference."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cec_plugin.domain.credits import DECIMALS
from cec_plugin.domain.delivery import Presence, State
from cec_plugin.domain.keys import digest
from cec_plugin.domain.ports import Held

REFERENCE_SIGN = "cec-"
"""How each reference of ours begins, so that a registry's list shows what is not ours."""


class Stance(StrEnum):
    """What we say of a reference."""

    STANDS = "stands"
    TAKEN_BACK = "taken_back"
    UNSENT = "unsent"  # nothing of it is there, as far as we know
    UNSURE = "unsure"  # it may be there; an administrator or a receipt decides
    IN_FLIGHT = "in_flight"  # it moved while the registry was read, or moves still


class Kind(StrEnum):
    """In what the registry and we differ."""

    MISSING = "missing"
    REVERSED_THERE = "reversed_there"
    STANDING_THERE = "standing_there"
    DIFFERENT = "different"
    DUPLICATE = "duplicate"
    EXTRA = "extra"
    LOST = "lost"  # it is there, and has lost our reference


REPAIRABLE = (Kind.MISSING, Kind.REVERSED_THERE, Kind.STANDING_THERE, Kind.DIFFERENT)
"""What can be put right by telling and taking back; the rest takes a person."""

BY_REVERSING = (Kind.STANDING_THERE, Kind.DIFFERENT)
"""What of it takes a registry that takes back."""


class Unrepaired(StrEnum):
    """Why a difference is left to a person."""

    PERSON = "person"  # by our references nobody can say which record is the right one
    CANNOT_FIND = "cannot_find"
    CANNOT_REVERSE = "cannot_reverse"
    OTHERWISE_NOW = "otherwise_now"  # it differs otherwise than when it was reported


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A delivery as far as its stance depends on it."""

    state: State
    presence: Presence
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What we say of the reference under which a credit was, or is to be, told.

    ``number_key`` is the digest of the member number it was sent under, empty where nobody kept
    it; ``remote_id`` and ``approved`` are what the registry said so far.
    """

    delivery_id: int
    reference: str
    hundredths: int
    number_key: str
    stance: Stance
    remote_id: str = ""
    approved: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One reference of which the registry says something else than we.

    ``records`` are those that make the difference. ``ours`` is None where we never heard of the
    reference, which is empty for a record that has none.
    """

    kind: Kind
    reference: str
    ours: Ours | None
    records: tuple[Held, ...] = ()
    another_member: bool = False


def stance(tell: Stored, retracts: Sequence[Stored], *, ended: bool, since: datetime) -> Stance:
    """Say what we hold true of a told reference, given all that was to take it back.

    ``ended`` says that it is not to stand any more, though nothing was to take it back: the credit
    was told again under another reference, or reversed where nobody had to hear of it. What was
    settled ``since`` then, when the registry began to be read, may have been read before or after.
    A retraction that somebody dropped leaves the question to people: the credit is neither told
    again nor taken back by itself.
    """
    recent = [one for one in (tell, *retracts) if one.settled_at and one.settled_at >= since]
    if recent or tell.state is State.PENDING:
        return Stance.IN_FLIGHT
    if tell.state in (State.HELD, State.PARKED):
        return Stance.UNSENT if tell.presence is Presence.ABSENT else Stance.UNSURE
    if tell.state is State.VOID:
        return Stance.UNSENT
    states = {one.state for one in retracts}
    if states & {State.PENDING, State.HELD}:
        return Stance.IN_FLIGHT
    if State.DELIVERED in states:
        return Stance.TAKEN_BACK
    if states:
        return Stance.UNSURE
    return Stance.TAKEN_BACK if ended else Stance.STANDS


def difference(
    ours: Ours | None, records: Sequence[Held], *, reference: str = "", decimals: int = DECIMALS
) -> Difference | None:
    """Return in what the records under one reference contradict what we say, None if in nothing.

    A record that is reversed there beside one that stands was cleared away by somebody: it does
    not count. ``decimals`` is how many the registry keeps of an amount.
    """
    standing = tuple(one for one in records if not one.reversed)
    if ours is None:
        return _told(Kind.EXTRA, reference, None, standing) if standing else None
    reference = ours.reference
    match ours.stance:
        case Stance.IN_FLIGHT:
            return None
        case Stance.UNSURE:
            doubled = len(standing) > 1
            return _told(Kind.DUPLICATE, reference, ours, standing) if doubled else None
        case Stance.UNSENT:
            return _told(Kind.EXTRA, reference, ours, standing) if standing else None
        case Stance.TAKEN_BACK:
            return _told(Kind.STANDING_THERE, reference, ours, standing) if standing else None
        case _stands:
            pass
    if len(standing) > 1:
        return _told(Kind.DUPLICATE, reference, ours, standing)
    if not standing:
        kind = Kind.REVERSED_THERE if records else Kind.MISSING
        return _told(kind, reference, ours, tuple(records))
    (record,) = standing
    if is_another_member(ours, record) or not _same_amount(ours, record, decimals):
        return _told(Kind.DIFFERENT, reference, ours, standing)
    return None


def is_ours(reference: str) -> bool:
    """Say whether a reference is one that we gave."""
    return reference.startswith(REFERENCE_SIGN)


def is_another_member(ours: Ours, record: Held) -> bool:
    """Say whether a record is somebody else's, as far as both sides tell whose it is."""
    if not ours.number_key or not record.member_number:
        return False
    return digest("number", record.member_number) != ours.number_key


def _same_amount(ours: Ours, record: Held, decimals: int) -> bool:
    if record.hundredths is None:
        return True
    step: int = 10 ** max(DECIMALS - decimals, 0)
    return abs(record.hundredths - ours.hundredths) < step


def _told(kind: Kind, reference: str, ours: Ours | None, records: tuple[Held, ...]) -> Difference:
    another = ours is not None and any(is_another_member(ours, one) for one in records)
    return Difference(
        kind=kind, reference=reference, ours=ours, records=records, another_member=another
    )
