"""What a registry's answer means for a delivery: settle it, try again, hold it, or park it.

The classes and what each does follow what real registries were measured to do: a timed-out write
was often written, a 5xx may be a data error, a 200 with an empty list may mean "no credentials".
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    HELD = "held"  # waits for a fact: a member number, or the delivery before it
    DELIVERED = "delivered"
    PARKED = "parked"  # waits for an administrator
    VOID = "void"  # the award was taken back before the registry ever heard of it


class Errand(StrEnum):
    """What a delivery is to do."""

    TELL = "tell"  # write the credit
    RETRACT = "retract"  # take it back


class Presence(StrEnum):
    """Whether the registry has the record, as far as we can prove."""

    ABSENT = "absent"
    UNKNOWN = "unknown"
    PRESENT = "present"


class Result(StrEnum):
    """The class of an outcome."""

    DELIVERED = "delivered"
    RETRYABLE = "retryable"  # nothing was written
    AMBIGUOUS = "ambiguous"  # it may have been written
    CONFIGURATION = "configuration"  # who we are, or where we call, is wrong
    REFUSED = "refused"  # the registry refuses this record for good
    MEMBER = "member"  # the registry does not know the member (yet)
    UNREADABLE = "unreadable"  # an answer nobody can read; it may have been written
    CONFLICT = "conflict"  # the registry holds something else under our reference
    TAKEN = "taken"  # it took the record and confirms it later, by a receipt
    UNABLE = "unable"  # the registry has no way to do this


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one attempt.

    ``reason`` is redacted and short; ``status`` the HTTP status if there was an answer.
    ``retry_after_s`` is what the registry asked for. ``found_nothing`` says that a read in this
    attempt showed nothing under our reference, ``maybe_written`` that a write went before what
    then failed, ``known_there`` that the registry knows us all the same, so that it may be this
    record that it minds, ``crowded`` that our own rate limit had no place soon, ``told_later`` that
    the registry cannot be asked for what it took: its receipt is brought by somebody, ``uncalled``
    that the registry was not called for it at all.
    """

    result: Result
    reason: str = ""
    status: int | None = None
    remote_id: str = ""
    retry_after_s: float | None = None
    found_nothing: bool = False
    maybe_written: bool = False
    known_there: bool = False
    crowded: bool = False
    told_later: bool = False
    uncalled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patient a sync is; all times in seconds.

    ``grace_s`` passes before an ambiguous write is looked up, so that a slow registry has
    finished writing. After ``max_failures`` ambiguous attempts an administrator decides.
    ``member_looks`` is how often an unknown member is looked up again, ``member_wait_s`` apart:
    one registry takes a day to know a new member. After ``trips_after`` failed calls in a row the
    registry is left alone for ``quiet_s``, twice as long each time, up to ``quiet_cap_s``. What a
    registry took to confirm later is looked for every ``receipt_wait_s``, ``receipt_looks`` times.
    A registry that did not let us in is asked again who we are every ``ask_again_s``.
    """

    base_s: float = 15.0
    cap_s: float = 3600.0
    grace_s: float = 60.0
    max_failures: int = 6
    member_wait_s: float = 86400.0
    member_looks: int = 7
    trips_after: int = 5
    quiet_s: float = 15.0
    quiet_cap_s: float = 900.0
    receipt_wait_s: float = 21600.0
    receipt_looks: int = 28
    ask_again_s: float = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of the delivery.

    ``due_at`` is None where nothing is due by itself. ``pause`` asks to pause the registry.
    """

    state: State
    presence: Presence
    failures: int
    looks: int = 0
    due_at: datetime | None = None
    remote_id: str = ""
    reason: str = ""
    pause: bool = False


def after(
    outcome: Outcome,
    *,
    failures: int,
    looks: int = 0,
    lease: int,
    presence: Presence,
    now: datetime,
    jitter: float,
    policy: Policy,
    outage: bool = False,
) -> Decision:
    """Decide what becomes of a delivery after an attempt.

    ``failures`` counts the attempts that were the record's own fault, ``looks`` those for a
    member whom the registry did not know, ``lease`` all attempts (the wait grows
    with it), ``presence`` what was proven before this attempt. ``jitter`` is between 0 and 1: a
    wait is lengthened by up to half. ``outage`` says that the registry as a whole fails, record
    after record: then none is blamed for it.
    """
    proven_absent = presence is Presence.ABSENT or outcome.found_nothing
    left = Presence.ABSENT if proven_absent and not outcome.maybe_written else Presence.UNKNOWN

    def later(seconds: float) -> datetime:
        return now + timedelta(seconds=seconds * (1 + jitter / 2))

    match outcome.result:
        case Result.DELIVERED:
            return Decision(
                state=State.DELIVERED,
                presence=Presence.PRESENT,
                failures=failures,
                remote_id=outcome.remote_id,
            )
        case Result.RETRYABLE:
            # A full rate limit says nothing of the registry's health: its place is all we wait for.
            backoff = 0.0 if outcome.crowded else _backoff(lease, policy)
            wait = max(backoff, outcome.retry_after_s or 0)
            return Decision(
                state=State.PENDING,
                presence=left,
                failures=failures,
                due_at=later(wait),
                reason=outcome.reason,
            )
        case Result.CONFIGURATION if outage or not outcome.known_there:
            # As due as it was: should it be this record alone, others go first once we are back.
            return Decision(
                state=State.PENDING,
                presence=left,
                failures=failures,
                due_at=now,
                remote_id=outcome.remote_id,
                reason=outcome.reason,
                pause=True,
            )
        case Result.AMBIGUOUS | Result.CONFIGURATION:
            blamed = failures + (not outage)
            absent = left if outcome.result is Result.CONFIGURATION else Presence.UNKNOWN
            if blamed >= policy.max_failures:
                return Decision(
                    state=State.PARKED,
                    presence=absent,
                    failures=blamed,
                    remote_id=outcome.remote_id,
                    reason=outcome.reason,
                )
            return Decision(
                state=State.PENDING,
                presence=absent,
                failures=blamed,
                due_at=later(max(_backoff(max(blamed, 1), policy), policy.grace_s)),
                remote_id=outcome.remote_id,
                reason=outcome.reason,
            )
        case Result.REFUSED | Result.UNABLE:
            return Decision(
                state=State.PARKED, presence=left, failures=failures, reason=outcome.reason
            )
        case Result.TAKEN:
            waits = looks < policy.receipt_looks
            return Decision(
                state=State.HELD if waits else State.PARKED,
                presence=Presence.UNKNOWN,
                failures=failures,
                looks=looks + 1,
                due_at=later(policy.receipt_wait_s) if waits and not outcome.told_later else None,
                remote_id=outcome.remote_id,
                reason=outcome.reason,
            )
        case Result.CONFLICT | Result.UNREADABLE:
            return Decision(
                state=State.PARKED,
                presence=Presence.UNKNOWN,
                failures=failures,
                remote_id=outcome.remote_id,
                reason=outcome.reason,
            )
        case _:  # Result.MEMBER
            more = looks + 1 < policy.member_looks
            return Decision(
                state=State.HELD,
                presence=left,
                failures=failures,
                looks=looks + 1,
                due_at=later(policy.member_wait_s) if more else None,
                reason=outcome.reason,
            )


def _backoff(attempts: int, policy: Policy) -> float:
    doublings = min(max(attempts - 1, 0), 30)
    return float(min(policy.base_s * 2**doublings, policy.cap_s))
