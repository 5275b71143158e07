"""Read what claimed deliveries say, and look before anything is written.

Runs outside any transaction.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from cec_plugin import models
from cec_plugin.domain.allocation import local_date
from cec_plugin.domain.delivery import Errand, Outcome, Presence, Result
from cec_plugin.domain.keys import digest
from cec_plugin.domain.ports import Capabilities, Held, Posting, Registry, Retraction
from cec_plugin.models.outbox import HoldCode
from cec_plugin.selectors.sent import why_taken_back
from cec_plugin.services.claim import Claimed

NO_RECEIPT = Outcome(
    result=Result.TAKEN, reason="the registry took it and has not confirmed it yet"
)


NO_NUMBER = Outcome(result=Result.MEMBER, reason="no member number")
CORRECTED = Outcome(
    result=Result.RETRYABLE, reason="the member number was corrected meanwhile", uncalled=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A delivery with what its message says; ``number`` is empty where no member number is."""

    delivery: models.Delivery
    number: str = field(repr=False)

    @property
    def is_sound(self) -> bool:
        """Say whether the number is the one that the claim noted, so that it may be sent now.

        Otherwise it was corrected since: whoever did so may count on nothing going out under it.
        """
        return digest("number", self.number) == self.delivery.number_key


def load(claimed: Iterable[Claimed]) -> dict[int, Letter]:
    """Read claimed deliveries of one registry, by id, with all that they say: two queries."""
    deliveries = list(
        models.Delivery.objects.filter(pk__in=[one.id for one in claimed]).select_related(
            "entry__participation__activity",
            "entry__adjustment__activity",
            "entry__account__organization",
        )
    )
    accounts = [delivery.entry.account for delivery in deliveries]
    numbers = {
        (person_id, organization_id): number
        for person_id, organization_id, number in models.Membership.objects.filter(
            person_id__in={account.person_id for account in accounts},
            organization_id__in={account.organization_id for account in accounts},
        ).values_list("person_id", "organization_id", "number")
    }
    return {
        delivery.pk: Letter(
            delivery=delivery,
            number=numbers.get((account.person_id, account.organization_id), ""),
        )
        for delivery, account in zip(deliveries, accounts, strict=True)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A credit that is to be written; ``looked`` says that a read just now showed nothing."""

    posting: Posting
    looked: bool = False

    def after(self, outcome: Outcome) -> Outcome:
        """Return what came of writing it, with what was read before."""
        return replace(outcome, found_nothing=True) if self.looked else outcome


def look(letter: Letter, claimed: Claimed, registry: Registry, *, now: datetime) -> Outcome | Ready:
    """Do all that sending a delivery takes but for writing a credit.

    Whatever may have been written before is looked up first, under its stored reference, and is
    to be written again only when nothing is there.
    """
    found = _look(letter, claimed, registry, now)
    return found if isinstance(found, Ready) else anonymous(found, letter.number)


def anonymous(outcome: Outcome, number: str) -> Outcome:
    """Return an outcome whose reason does not repeat the member's number, whatever it looks like.

    Where an adapter only reads by reference it does not know whom the record is about.
    """
    if not number:
        return outcome
    said = re.sub(rf"(?<!\w)(?<!HTTP ){re.escape(number)}(?!\w)", "#", outcome.reason)
    return outcome if said == outcome.reason else replace(outcome, reason=said)


def _look(letter: Letter, claimed: Claimed, registry: Registry, now: datetime) -> Outcome | Ready:
    delivery, number = letter.delivery, letter.number
    if delivery.errand == Errand.RETRACT:
        return _retract(delivery, claimed, registry, now)
    may_be_there = claimed.presence is Presence.UNKNOWN
    if not number and not may_be_there:
        return NO_NUMBER
    posting = _posting(delivery, number)
    if not may_be_there and not letter.is_sound:
        return CORRECTED
    able = registry.capabilities
    if not may_be_there and (claimed.lease == 1 or not able.finds):
        return Ready(posting=posting)
    if is_safe_to_repeat(able) and letter.is_sound:
        return Ready(posting=posting)
    held = registry.find(delivery.reference)
    if isinstance(held, Outcome):
        if held.result is Result.UNABLE:
            return replace(held, reason="it may have been written, and cannot be looked up there")
        return held
    if held is not None:
        return _compare(held, posting, delivery.number_key)
    if delivery.hold_code == HoldCode.RECEIPT:
        return NO_RECEIPT
    if delivery.remote_id:
        return Outcome(
            result=Result.CONFLICT,
            remote_id=delivery.remote_id,
            reason="the registry took it once and does not show it under our reference",
        )
    if not letter.is_sound:
        return replace(CORRECTED if number else NO_NUMBER, found_nothing=True)
    return Ready(posting=posting, looked=True)


def is_safe_to_repeat(able: Capabilities) -> bool:
    """Say whether what cannot be looked up can be written again, making no second record.

    Only where receipts, which go by our reference, tell in the end what was taken; elsewhere an
    administrator looks.
    """
    return able.upsert and able.receipts and not able.finds


def _compare(held: Held, posting: Posting, number_key: str) -> Outcome:
    if held.reversed:
        return _conflict(held, "the registry has it as reversed")
    if held.hundredths is not None and held.hundredths != posting.hundredths:
        return _conflict(held, "the registry has another amount under our reference")
    # Under the number that it had when we sent it, it is our own write: delivered.
    known = held.member_number in ("", posting.member_number)
    if not known and digest("number", held.member_number) != number_key:
        return _conflict(held, "the registry has another member under our reference")
    return Outcome(result=Result.DELIVERED, remote_id=held.remote_id, reason="found in place")


def _conflict(held: Held, reason: str) -> Outcome:
    return Outcome(result=Result.CONFLICT, remote_id=held.remote_id, reason=reason)


def _retract(
    delivery: models.Delivery, claimed: Claimed, registry: Registry, now: datetime
) -> Outcome:
    able = registry.capabilities
    # It cannot be looked up there, and need not be: no call can have taken it back.
    never_sent = claimed.presence is Presence.ABSENT and not able.finds
    if claimed.lease > 1 and not (never_sent or is_safe_to_repeat(able)):
        held = registry.find(delivery.award_reference)
        if isinstance(held, Outcome):
            return held
        if held is not None and held.reversed:
            return Outcome(
                result=Result.DELIVERED, remote_id=held.remote_id, reason="found reversed"
            )
        if delivery.hold_code == HoldCode.RECEIPT:
            return NO_RECEIPT
    organization = delivery.entry.account.organization
    outcome = registry.reverse(
        Retraction(
            reference=delivery.award_reference,
            own_reference=delivery.reference,
            on=local_date(now, organization.time_zone),
            reason=why_taken_back(delivery.entry),
        )
    )
    gone = outcome.status == 404 and outcome.result is Result.REFUSED
    if gone and registry.find(delivery.award_reference) is None:
        return Outcome(result=Result.DELIVERED, reason="the registry has no such credit")
    return outcome


def _posting(delivery: models.Delivery, number: str) -> Posting:
    entry = delivery.entry
    organization = entry.account.organization
    activity = entry.activity
    return Posting(
        reference=delivery.reference,
        member_number=number,
        activity=activity.key if activity else "",
        title=str(activity) if activity else "",
        credit_type=entry.credit_type,
        hundredths=entry.hundredths,
        unit=organization.unit,
        earned_on=local_date(entry.earned_at, organization.time_zone),
        role=entry.participation.role if entry.participation else "",
    )
