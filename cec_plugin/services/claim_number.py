"""Take a person's own word that a member number is theirs, and their taking it back."""

from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import F

from cec_plugin import models
from cec_plugin.domain.keys import digest
from cec_plugin.domain.members import NUMBER_LENGTH
from cec_plugin.services import prepare
from cec_plugin.services.retry import in_transaction
from cec_plugin.services.wake import look_up_on_commit

MOST_A_DAY = 3
"""How many numbers somebody can claim in a day: enough for a slip, too few to guess one."""


class Heard(StrEnum):
    """What came of a claim."""

    WAITS = "waits"
    WAITED = "waited"  # another number of theirs waits there already
    LINKED = "linked"  # they are linked there already
    TOO_MANY = "too many"  # today
    UNFIT = "unfit"  # nothing, or more than a number can have


def claim_number(*, person_id: int, organization_id: int, number: str, now: datetime) -> Heard:
    """Keep the number as claimed, and have it looked up.

    Whether it is linked to somebody else is not said: nobody learns here which numbers are.
    Opens a transaction of its own.
    """
    number = number.strip()
    if not number or len(number) > NUMBER_LENGTH or not number.isprintable():
        return Heard.UNFIT
    prepare.accounts(person_id)

    def work() -> Heard:
        # The account locks: two claims at once are counted one after the other.
        models.Account.objects.filter(person_id=person_id).update(revision=F("revision") + 1)
        there = {"person_id": person_id, "organization_id": organization_id}
        if models.Membership.objects.filter(**there).exists():
            return Heard.LINKED
        if models.Claim.objects.filter(**there, waits=True).exists():
            return Heard.WAITED
        today = models.Claim.objects.filter(
            person_id=person_id, source=models.Claim.OWN, asked_at__gt=now - timedelta(days=1)
        )
        if today.count() >= MOST_A_DAY:
            return Heard.TOO_MANY
        models.Claim.objects.create(
            **there,
            number=number,
            number_key=digest("number", number),
            asked_at=now,
            next_look_at=now,
        )
        look_up_on_commit([organization_id])
        return Heard.WAITS

    return in_transaction(work)


def withdraw(*, person_id: int, organization_id: int, now: datetime) -> bool:
    """Take back the claim that waits; say whether there was one."""
    waiting = models.Claim.objects.filter(
        person_id=person_id, organization_id=organization_id, waits=True
    )
    return bool(
        waiting.update(
            state=models.Claim.State.WITHDRAWN, waits=None, decided_at=now, next_look_at=None
        )
    )
