"""Confirm or decline a claimed member number; what is confirmed is linked."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from cec_plugin import models
from cec_plugin.domain.actors import Actor
from cec_plugin.exceptions import CecError
from cec_plugin.services import prepare
from cec_plugin.services.authorize import authorize
from cec_plugin.services.decide import AlreadyDecidedError
from cec_plugin.services.link import NumberTakenError
from cec_plugin.services.link_once import Linked, Wanted, link_once
from cec_plugin.services.retry import in_transaction

VERIFIED_BY_LENGTH = 100


class OtherNumberError(CecError):
    """The person is linked to another number there."""


def confirm(claim_id: int, *, by: Actor, now: datetime) -> None:
    """Link the person to the number that they claimed; what waited for it goes out.

    Opens a transaction of its own.

    Raises:
        AlreadyDecidedError: it does not wait any more.
        NumberTakenError: somebody else has the number.
        OtherNumberError: the person has another.
        NotAnsweringError, OwnCreditError: see ``authorize``.
    """
    claim = models.Claim.objects.get(pk=claim_id)
    authorize(by, organization_id=claim.organization_id, person_id=claim.person_id)
    match link_claimed(claim, by=by.name, now=now):
        case None:
            raise AlreadyDecidedError("this claim does not wait any more")
        case Linked.TAKEN:
            raise NumberTakenError(
                "this member number is linked to somebody else: decline the claim, "
                "or correct the other link first"
            )
        case Linked.OTHER:
            raise OtherNumberError(
                "this person is linked to another number here: correct it at their membership"
            )


def decline(claim_id: int, *, by: Actor, note: str, now: datetime) -> None:
    """End the claim without a link; ``note`` says why, and the person reads it.

    Raises:
        AlreadyDecidedError: it does not wait any more.
        NotAnsweringError, OwnCreditError: see ``authorize``.
    """
    claim = models.Claim.objects.get(pk=claim_id)
    authorize(by, organization_id=claim.organization_id, person_id=claim.person_id)
    declined = models.Claim.objects.filter(pk=claim_id, waits=True).update(
        state=models.Claim.State.DECLINED,
        waits=None,
        decided_by=by.name,
        decided_at=now,
        note=note.strip(),
        next_look_at=None,
    )
    if not declined:
        raise AlreadyDecidedError("this claim does not wait any more")


def link_claimed(claim: models.Claim, *, by: str, now: datetime) -> Linked | None:
    """Link as claimed and end the claim; None where it does not wait any more.

    Where it comes to no link, the claim waits as before.
    """
    prepare.accounts(claim.person_id)

    def work() -> Linked | None:
        # The account locks go first, as wherever somebody is linked.
        models.Account.objects.filter(person_id=claim.person_id).update(revision=F("revision") + 1)
        ended = models.Claim.objects.filter(pk=claim.pk, waits=True).update(
            state=models.Claim.State.CONFIRMED,
            waits=None,
            decided_by=by,
            decided_at=now,
            next_look_at=None,
        )
        if not ended:
            return None
        wanted = Wanted(
            person_id=claim.person_id, organization_id=claim.organization_id, number=claim.number
        )
        linked = link_once(wanted, verified_by=by[:VERIFIED_BY_LENGTH], now=now)
        if linked in (Linked.OTHER, Linked.TAKEN):
            transaction.set_rollback(True)
        return linked

    return in_transaction(work)
