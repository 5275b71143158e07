"""Approve or decline, for an organization, what somebody finished under a rule that asks for it."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q

from cec_plugin import models
from cec_plugin.domain.actors import Actor
from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.exceptions import CecError
from cec_plugin.services.authorize import authorize
from cec_plugin.services.mark import change


class AlreadyDecidedError(CecError):
    """Somebody else decided first."""


class HoursMissingError(CecError):
    """An approval without hours would come to nothing, and there is only one."""


def decide(
    *,
    participation_id: int,
    organization_id: int,
    approved: bool,
    by: Actor,
    code: str = "",
    note: str = "",
    hours_hundredths: int | None = None,
    now: datetime,
) -> models.Approval:
    """Write the organization's decision; the person is settled again by it.

    ``hours_hundredths`` are the hours of service that the decider knows of, where nobody entered
    any. Opens a transaction of its own.

    Raises:
        AlreadyDecidedError: there is a decision; it says who made it and when.
        HoursMissingError: it is by the hour, and neither anybody nor the decider says how many.
        NotAnsweringError, OwnCreditError: see ``authorize``.
    """
    participation = models.Participation.objects.select_related("identity").get(pk=participation_id)
    authorize(by, organization_id=organization_id, person_id=participation.identity.person_id)
    if approved and hours_hundredths is None and _lacks_hours(participation_id, organization_id):
        raise HoursMissingError("the hours of service are missing: say how many with the approval")

    def work() -> models.Approval:
        with transaction.atomic():
            return models.Approval.objects.create(
                participation=participation,
                organization_id=organization_id,
                approved=approved,
                code=code.strip(),
                note=note.strip(),
                hours_hundredths=hours_hundredths,
                decided_by=by.name,
                decided_at=now,
            )

    try:
        return change(work, Q(pk=participation_id), now=now)
    except IntegrityError as error:
        raise AlreadyDecidedError(_by_whom(participation_id, organization_id)) from error


def _lacks_hours(participation_id: int, organization_id: int) -> bool:
    return models.Refusal.objects.filter(
        participation_id=participation_id,
        organization_id=organization_id,
        code=RefusalCode.NO_HOURS.value,
    ).exists()


def _by_whom(participation_id: int, organization_id: int) -> str:
    first = models.Approval.objects.get(
        participation_id=participation_id, organization_id=organization_id
    )
    word = "approved" if first.approved else "declined"
    return f"{first.decided_by} {word} it at {first.decided_at:%Y-%m-%d %H:%M} UTC already"
