"""Say under which number an organization knows a person, and let go what waited for it."""

from datetime import date, datetime

from django.db import IntegrityError
from django.db.models import F

from cec_plugin import models
from cec_plugin.domain.delivery import State
from cec_plugin.domain.keys import digest
from cec_plugin.domain.terms import AwardsTo
from cec_plugin.exceptions import CecError
from cec_plugin.models.outbox import HoldCode
from cec_plugin.services import prepare
from cec_plugin.services.relink import relink
from cec_plugin.services.retry import in_transaction
from cec_plugin.services.wake import deliver_on_commit, resettle_on_commit


class NumberTakenError(CecError):
    """The member number belongs to somebody else in that organization."""


def link(
    *,
    person_id: int,
    organization_id: int,
    number: str,
    verified_by: str,
    now: datetime,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> models.Membership:
    """Link the person to a member number and release the deliveries that waited for one.

    Opens a transaction of its own and takes the person's account locks in it. Spaces around the
    number do not count. ``valid_from`` and ``valid_until`` are the first and the last day of
    membership, None for an open side; where the organization awards to its members, the person is
    settled again by them.

    Raises:
        NumberTakenError: somebody else has the number.
        CecError: the number is empty.
    """
    number = number.strip()
    if not number:
        raise CecError("the member number is empty")
    prepare.accounts(person_id)

    def work() -> models.Membership:
        models.Account.objects.filter(person_id=person_id).update(revision=F("revision") + 1)
        taken = models.Membership.objects.filter(
            organization_id=organization_id, number_key=digest("number", number)
        ).exclude(person_id=person_id)
        if taken.exists():
            raise NumberTakenError("this member number is linked to somebody else already")
        before = _number_key(person_id, organization_id)
        membership, _ = models.Membership.objects.update_or_create(
            person_id=person_id,
            organization_id=organization_id,
            defaults={
                "number": number,
                "number_key": digest("number", number),
                "valid_from": valid_from,
                "valid_until": valid_until,
                "verified_by": verified_by,
                "verified_at": now,
            },
        )
        release(person_id, organization_id, now=now)
        relink(
            person_id=person_id,
            organization_id=organization_id,
            before=before,
            number_key=membership.number_key,
            now=now,
        )
        _settle_members(person_id, organization_id, now)
        return membership

    try:
        return in_transaction(work)
    except IntegrityError as error:  # somebody else was linked to it just now
        raise NumberTakenError("this member number is linked to somebody else already") from error


def unlink(*, person_id: int, organization_id: int, now: datetime) -> int:
    """Take a wrong member number away; return how many credits are taken back at the registries.

    They are told again when there is another number. Opens a transaction of its own and takes the
    person's account locks in it.
    """

    def work() -> int:
        models.Account.objects.filter(person_id=person_id).update(revision=F("revision") + 1)
        before = _number_key(person_id, organization_id)
        models.Membership.objects.filter(
            person_id=person_id, organization_id=organization_id
        ).delete()
        again = relink(
            person_id=person_id,
            organization_id=organization_id,
            before=before,
            number_key="",
            now=now,
        )
        _settle_members(person_id, organization_id, now)
        return again

    return in_transaction(work)


def _number_key(person_id: int, organization_id: int) -> str:
    known = models.Membership.objects.filter(person_id=person_id, organization_id=organization_id)
    return known.values_list("number_key", flat=True).first() or ""


def _settle_members(person_id: int, organization_id: int, now: datetime) -> None:
    asking = models.Schedule.objects.filter(
        organization_id=organization_id,
        activated_at__isnull=False,
        awards_to=AwardsTo.MEMBERS.value,
    )
    if asking.exists():
        models.Participation.objects.filter(identity__person_id=person_id).update(settle_at=now)
        resettle_on_commit()


def release(person_id: int, organization_id: int, *, now: datetime) -> None:
    """Let go what waited for the person's number. Runs under the account locks."""
    waiting = models.Delivery.objects.filter(
        state=State.HELD.value,
        hold_code__in=[HoldCode.NO_MEMBER_NUMBER, HoldCode.MEMBER_UNKNOWN],
    )
    mine = waiting.filter(
        entry__account__person_id=person_id, entry__account__organization_id=organization_id
    )
    found = list(mine.values_list("id", "registry_id"))
    # Asked for the same again: a courier may have come to something with it meanwhile.
    waiting.filter(pk__in=[pk for pk, _ in found]).update(
        state=State.PENDING.value, hold_code="", due_at=now, failures=0, looks=0
    )
    deliver_on_commit(registry_id for _, registry_id in found)
