"""Approve or decline, for an organization, what somebody finished under a rule that asks for it."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q

from cec_plugin import models
from cec_plugin.conf import get_settings
from cec_plugin.exceptions import CecError
from cec_plugin.services.mark import mark
from cec_plugin.services.retry import in_transaction


class AlreadyDecidedError(CecError):
    """Somebody else decided first."""


class OwnCreditError(CecError):
    """Nobody decides on their own credit."""


def decide(
    *,
    participation_id: int,
    organization_id: int,
    approved: bool,
    by: str,
    by_subject: str,
    code: str = "",
    note: str = "",
    now: datetime,
) -> models.Approval:
    """Write the organization's decision; the person is settled again by it.

    ``by`` is a user name, ``by_subject`` the id of that user's account on this site. Opens
    transactions of its own.

    Raises:
        AlreadyDecidedError: there is a decision; it says who made it and when.
        OwnCreditError: it is the decider's own.
    """
    participation = models.Participation.objects.select_related("identity").get(pk=participation_id)
    mine = models.Identity.objects.filter(
        person_id=participation.identity.person_id, site=get_settings().site, subject=by_subject
    )
    if mine.exists():
        raise OwnCreditError("nobody decides on their own credit: ask somebody else to")

    def work() -> models.Approval:
        with transaction.atomic():
            return models.Approval.objects.create(
                participation=participation,
                organization_id=organization_id,
                approved=approved,
                code=code.strip(),
                note=note.strip(),
                decided_by=by,
                decided_at=now,
            )

    try:
        approval = in_transaction(work)
    except IntegrityError as error:
        raise AlreadyDecidedError(_by_whom(participation_id, organization_id)) from error
    mark(Q(pk=participation_id), now=now)
    return approval


def _by_whom(participation_id: int, organization_id: int) -> str:
    first = models.Approval.objects.get(
        participation_id=participation_id, organization_id=organization_id
    )
    word = "approved" if first.approved else "declined"
    return f"{first.decided_by} {word} it at {first.decided_at:%Y-%m-%d %H:%M} UTC already"
