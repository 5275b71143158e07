"""Ask an organization's registries whether they know the numbers that people claim there.

That a number is there says that somebody has it, and not who. So an officer confirms, unless the
organization says that its registry's word is enough.
"""

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Exists, OuterRef

from cec_plugin import models
from cec_plugin.domain.delivery import Outcome, Policy, Result
from cec_plugin.domain.ports import Known, Registry
from cec_plugin.services.decide_claim import link_claimed
from cec_plugin.services.retry import goes_well
from cec_plugin.services.wake import look_up_on_commit

log = logging.getLogger(__name__)

BATCH = 50
TAKEN_FOR = timedelta(minutes=15)
"""How long nobody else looks up a claim that somebody is looking up."""

Found = models.Claim.Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A registry that can be asked, under its name; ``timeout_s`` bounds one question."""

    name: str
    registry: Registry
    timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Desks:
    """The registries of one organization; ``closed`` says that one cannot be asked for now."""

    organization_id: int
    open: tuple[Desk, ...]
    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What all of them say together; ``found`` is None where one could not answer now."""

    found: models.Claim.Found | None
    by: str = ""


def end_overtaken(*, now: datetime) -> int:
    """End the claims of whoever was linked another way meanwhile; return how many."""
    linked = models.Membership.objects.filter(
        person_id=OuterRef("person_id"), organization_id=OuterRef("organization_id")
    )
    waiting = models.Claim.objects.filter(waits=True)
    ended = {"waits": None, "next_look_at": None, "decided_at": now}
    same = waiting.filter(Exists(linked.filter(number_key=OuterRef("number_key"))))
    confirmed = same.update(state=models.Claim.State.CONFIRMED, **ended)
    other = waiting.filter(Exists(linked))
    return confirmed + other.update(state=models.Claim.State.WITHDRAWN, **ended)


def wake_look_ups(*, now: datetime) -> int:
    """Wake the look-up wherever claims are due; return at how many organizations."""
    end_overtaken(now=now)
    due = models.Claim.objects.filter(waits=True, next_look_at__lte=now)
    organizations = set(due.values_list("organization_id", flat=True))
    look_up_on_commit(organizations)
    return len(organizations)


def look_up_claims(
    desks: Desks, *, now: datetime, policy: Policy, limit: int = BATCH
) -> Counter[str]:
    """Look up at most ``limit`` due claims; return how many came to what.

    No transaction spans a question. One that fails keeps no other from being looked up.
    """
    came_to: Counter[str] = Counter()
    due = models.Claim.objects.filter(
        organization_id=desks.organization_id, waits=True, next_look_at__lte=now
    ).select_related("organization")
    for claim in list(due.order_by("next_look_at", "pk")[:limit]):
        ours = models.Claim.objects.filter(
            pk=claim.pk, waits=True, next_look_at=claim.next_look_at
        ).update(next_look_at=now + TAKEN_FOR)
        if ours:
            went_well = goes_well(partial(_look_up, claim, desks, now, policy, came_to))
            came_to["failed"] += not went_well
    return came_to


def _look_up(
    claim: models.Claim, desks: Desks, now: datetime, policy: Policy, came_to: Counter[str]
) -> None:
    answer = _ask(claim.number, desks)
    came_to[answer.found.value if answer.found else "later"] += 1
    waiting = models.Claim.objects.filter(pk=claim.pk, waits=True)
    if answer.found is None:
        waiting.update(next_look_at=now + timedelta(seconds=policy.cap_s))
        return
    looks = claim.looks + (answer.found is Found.ABSENT)
    again = answer.found is Found.ABSENT and looks < policy.member_looks
    waiting.update(
        found=answer.found,
        checked_at=now,
        looks=looks,
        next_look_at=now + timedelta(seconds=policy.member_wait_s) if again else None,
    )
    if answer.found is Found.THERE and claim.organization.claims_confirmed_by_lookup:
        linked = link_claimed(claim, by=f"registry:{answer.by}", now=now)
        log.info("Claim %d: looked up, %s", claim.pk, linked or "taken back meanwhile")


def _ask(number: str, desks: Desks) -> _Answer:
    found, unanswered = Found.UNABLE, desks.closed
    for desk in desks.open:
        if not desk.registry.capabilities.members:
            continue
        match _member(desk, number):
            case Known(active=False):
                found = Found.LAPSED
            case Known():
                return _Answer(found=Found.THERE, by=desk.name)
            case Outcome(result=Result.UNABLE):
                pass
            case Outcome():
                unanswered = True
            case None if found is Found.UNABLE:
                found = Found.ABSENT
    if unanswered and found is not Found.LAPSED:
        return _Answer(found=None)
    return _Answer(found=found)


def _member(desk: Desk, number: str) -> Known | Outcome | None:
    try:
        with desk.registry.within(desk.timeout_s):
            return desk.registry.member(number)
    except Exception as error:  # noqa: BLE001 - whatever an adapter did not foresee
        # Its own words are not logged: they may have the number in them.
        log.error("%s: looking a number up failed: %s", desk.name, type(error).__name__)  # noqa: TRY400
        return Outcome(result=Result.RETRYABLE)
