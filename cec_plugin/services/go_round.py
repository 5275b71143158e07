"""Take what was claimed through the calls that it takes: look, write, acknowledge.

All calls of a claim end within half of its lease; no transaction spans one.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum
from functools import partial

from django.dispatch import Signal

from cec_plugin.domain.batches import companies
from cec_plugin.domain.circuit import is_trouble
from cec_plugin.domain.delivery import Errand, Outcome, Policy, Result, after
from cec_plugin.domain.ports import Health, Registry
from cec_plugin.services.acknowledge import Attempted, acknowledge
from cec_plugin.services.claim import Claimed, give_back
from cec_plugin.services.quiet import hear, reached, standing
from cec_plugin.services.send import Letter, Ready, anonymous, load, look
from cec_plugin.services.wake import deliver_on_commit
from cec_plugin.services.write import guarded, write

TOGETHER = 10
"""How many deliveries that went well are acknowledged in one transaction.

A worker that dies before it leaves that many to be looked up again.
"""

_FOR_WRITING = 1 / 2
"""How much of the time for calls looking leaves, once something that it looked up can be written.

Where looks are slow they would take all of it each time, and nothing would ever be written.
"""

step_reached = Signal()
"""Sent with ``step`` (claimed, sent) wherever a crash could fall between: for tracing and tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """What delivering needs: the registry, its row's id, the clock, the dice, our patience.

    ``clock`` returns an aware datetime, ``dice`` a number from 0 to 1.
    """

    registry_id: int
    registry: Registry
    clock: Callable[[], datetime]
    dice: Callable[[], float]
    policy: Policy
    lease_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parcel:
    """A claimed delivery, and the credit that is to be written for it, if there is one."""

    letter: Letter
    claimed: Claimed
    ready: Ready | None = None


class Stop(IntEnum):
    """What keeps a claimed delivery from being sent after all."""

    NOTHING = 0
    PAUSE = 1
    QUIET = 2  # and a pause


def go_round(courier: Courier, claimed: Sequence[Claimed], *, stops_for: Stop) -> Counter[str]:
    """Deliver what was claimed; return how many came to which result."""
    if not claimed:
        return Counter()
    run = _Round(courier, stops_for)
    with courier.registry.within(courier.lease_s / 2):
        run.deliver(claimed)
    if run.came_to[Result.DELIVERED]:
        reached(courier.registry_id, now=courier.clock())
    return run.came_to


def _is_new(letter: Letter, claimed: Claimed) -> bool:
    """Say whether nothing has to be read or taken back for it: it is to be written."""
    return claimed.lease == 1 and letter.delivery.errand == Errand.TELL


class _Round:
    """One claim's way through the calls that it takes."""

    def __init__(self, courier: Courier, stops_for: Stop) -> None:
        self.came_to: Counter[str] = Counter()
        self._courier = courier
        self._stops_for = stops_for
        self._circuit = standing(courier.registry_id).circuit
        self._stopped = False
        self._ended: list[Attempted] = []  # not acknowledged yet

    def deliver(self, claimed: Sequence[Claimed]) -> None:
        courier, was_open = self._courier, self._circuit.is_open
        letters = load(claimed)
        bulk = courier.registry.capabilities.bulk
        parcels: list[_Parcel] = []
        for position, one in enumerate(claimed):
            calls_now = bulk == 1 or not _is_new(letters[one.id], one)
            if calls_now and self._must_stop(one, keep=_FOR_WRITING if parcels else 0):
                give_back(claimed[position:], now=courier.clock())
                break
            # What one takes belongs together: a rate that is full keeps it from beginning.
            with courier.registry.within(courier.lease_s / 2):
                parcel = self._look(letters[one.id], one)
                if parcel is not None and bulk == 1:
                    self._write([parcel])
                elif parcel is not None:
                    parcels.append(parcel)
        for positions in companies([one.letter.delivery.failures for one in parcels], bulk):
            chosen = [parcels[at] for at in positions]
            if self._must_stop(chosen[0].claimed):
                give_back([one.claimed for one in chosen], now=courier.clock())
            else:
                self._write(chosen)
        self._acknowledge()
        if was_open and not self._circuit.is_open:
            deliver_on_commit([courier.registry_id])

    def _must_stop(self, one: Claimed, *, keep: float = 0) -> bool:
        """Say whether to begin nothing more: so much of the time for calls is to be left over."""
        now = self._courier.clock()
        share = 1 / 2 + keep / 2
        if self._stopped or now > one.until - timedelta(seconds=self._courier.lease_s * share):
            return True
        if self._stops_for is Stop.NOTHING:
            return False
        stands = standing(self._courier.registry_id)
        quiet = self._stops_for is Stop.QUIET and stands.circuit.is_quiet(now)
        return stands.paused or quiet

    def _look(self, letter: Letter, claimed: Claimed) -> _Parcel | None:
        began = self._courier.clock()
        found = guarded(partial(look, letter, claimed, self._courier.registry, now=began))
        if isinstance(found, Ready):
            return _Parcel(letter=letter, claimed=claimed, ready=found)
        self._end([_Parcel(letter=letter, claimed=claimed)], [found], began)
        return None

    def _write(self, parcels: Sequence[_Parcel]) -> None:
        left = dict(enumerate(parcels))
        calls = write([one.ready.posting for one in parcels if one.ready], self._courier.registry)
        while True:
            began = self._courier.clock()
            positions, outcomes = next(calls)
            self._end([left.pop(at) for at in positions], outcomes, began)
            if not left:
                return
            if self._must_stop(next(iter(left.values())).claimed):
                give_back([one.claimed for one in left.values()], now=self._courier.clock())
                return

    def _end(
        self, parcels: Sequence[_Parcel], outcomes: Sequence[Outcome], began: datetime
    ) -> None:
        """Write down what came of one call, for each delivery that was in it."""
        step_reached.send(sender=None, step="sent")
        courier = self._courier
        said = next((one for one in outcomes if not is_trouble(one)), outcomes[0])
        self._circuit = hear(
            courier.registry_id,
            self._circuit,
            said,
            of=parcels[0].claimed.id,
            now=courier.clock(),
            jitter=courier.dice(),
            policy=courier.policy,
        )
        known = self._is_known(parcels, outcomes)
        ended = courier.clock()
        attempts = [
            self._attempted(parcel, replace(outcome, known_there=known), began, ended)
            for parcel, outcome in zip(parcels, outcomes, strict=True)
        ]
        self._ended += attempts
        went_well = all(one.outcome.result is Result.DELIVERED for one in attempts)
        if not went_well or len(self._ended) >= TOGETHER:
            self._acknowledge()
        self.came_to.update(one.outcome.result for one in attempts)
        self._stopped |= any(one.decision.pause or one.outcome.crowded for one in attempts)

    def _acknowledge(self) -> None:
        attempts, self._ended = self._ended, []
        if attempts:
            acknowledge(attempts, now=self._courier.clock())

    def _is_known(self, parcels: Sequence[_Parcel], outcomes: Sequence[Outcome]) -> bool:
        """Ask the registry who we are, where that tells a bad record from a bad registry."""
        last = self._courier.policy.max_failures - 1
        refused = any(one.result is Result.CONFIGURATION and one.status for one in outcomes)
        doubtful = any(
            outcome.result is Result.AMBIGUOUS
            and (self._circuit.is_open or parcel.letter.delivery.failures >= last)
            for parcel, outcome in zip(parcels, outcomes, strict=True)
        )
        if not (refused or doubtful):
            return False
        health = guarded(self._courier.registry.health)
        return isinstance(health, Health) and health.ok

    def _attempted(
        self, parcel: _Parcel, outcome: Outcome, began: datetime, ended: datetime
    ) -> Attempted:
        if parcel.ready is not None:
            outcome = anonymous(parcel.ready.after(outcome), parcel.letter.number)
        delivery = parcel.letter.delivery
        at_last = delivery.failures >= self._courier.policy.max_failures - 1
        if outcome.result is Result.AMBIGUOUS:
            outage = (self._circuit.is_open or at_last) and not outcome.known_there
        else:
            outage = self._circuit.is_open
        decision = after(
            outcome,
            failures=delivery.failures,
            looks=delivery.looks,
            lease=parcel.claimed.lease,
            presence=parcel.claimed.presence,
            now=ended,
            jitter=self._courier.dice(),
            policy=self._courier.policy,
            outage=outage,
        )
        return Attempted(
            letter=parcel.letter,
            claimed=parcel.claimed,
            outcome=outcome,
            decision=decision,
            began=began,
            ended=ended,
        )
