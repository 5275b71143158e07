"""When to leave a registry in peace as a whole, and for how long; no delivery is the worse for it.

After several failed calls in a row nothing is sent for a while; then one call tries. A registry
that says when to come back is believed at once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cec_plugin.domain.delivery import Outcome, Policy, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """How a registry was lately: ``troubles`` in a row, and until when nothing is sent to it.

    ``of`` is the delivery that had the last of them: one alone never opens the circuit, however
    often it fails. ``since`` and ``until`` are None while it is closed: calls flow. At ``until``
    one call tries.
    """

    troubles: int = 0
    of: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Say whether calls are kept back, or only one tries."""
        return self.until is not None

    def is_quiet(self, now: datetime) -> bool:
        """Say whether nothing at all is to be sent now."""
        return self.until is not None and now < self.until


CLOSED = Circuit()


def is_trouble(outcome: Outcome) -> bool:
    """Say whether an outcome speaks against the registry as a whole, not against one record."""
    match outcome.result:
        case Result.RETRYABLE:
            return not (outcome.crowded or outcome.uncalled)
        case Result.AMBIGUOUS:
            return outcome.status is None or outcome.status >= 500
        case Result.CONFIGURATION:
            return True
    return False


def after_call(
    circuit: Circuit, outcome: Outcome, *, of: int, now: datetime, jitter: float, policy: Policy
) -> Circuit:
    """Return the circuit after a call for the delivery ``of``.

    ``jitter`` is from 0 to 1 and lengthens a wait by up to half.
    """
    if not _says_something(outcome):
        return circuit
    if not is_trouble(outcome):
        return CLOSED
    troubles = circuit.troubles + (circuit.is_open or circuit.of != of)
    wait_s = outcome.retry_after_s or 0.0
    if troubles >= policy.trips_after:
        doublings = min(troubles - policy.trips_after, 30)
        wait_s = max(wait_s, min(policy.quiet_s * 2**doublings, policy.quiet_cap_s))
    if not wait_s:
        return Circuit(troubles=troubles, of=of)
    return Circuit(
        troubles=troubles,
        of=of,
        since=circuit.since or now,
        until=now + timedelta(seconds=wait_s * (1 + jitter / 2)),
        reason=outcome.reason,
    )


def _says_something(outcome: Outcome) -> bool:
    """Say whether the registry was asked at all: our own limits and refusals say nothing of it."""
    if outcome.result in (Result.REFUSED, Result.MEMBER, Result.UNABLE):
        return outcome.status is not None
    return not (outcome.crowded or outcome.uncalled)
