"""Link somebody to a member number unless that would overrule another link; say what came of it."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from django.db.models import F

from cec_plugin import models
from cec_plugin.domain.keys import digest
from cec_plugin.services import prepare
from cec_plugin.services.link import NumberTakenError, link
from cec_plugin.services.retry import in_transaction


class Linked(StrEnum):
    """What came of it."""

    LINKED = "linked"
    THERE = "there"  # they have this number, with these days
    OTHER = "other"  # they have another number: a person decides
    TAKEN = "taken"  # somebody else has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whom to link to which number.

    A day that is None leaves the one that is there. ``instead_of`` is the digest of the number
    that this one may take the place of, empty where it may take none's.
    """

    person_id: int
    organization_id: int
    number: str = field(repr=False)
    valid_from: date | None = None
    valid_until: date | None = None
    instead_of: str = ""


def link_once(wanted: Wanted, *, verified_by: str, now: datetime) -> Linked:
    """Link the person if nothing else is linked; under their account locks, so looked at once.

    Opens a transaction of its own. Deliveries that waited for the number go out.
    """
    prepare.accounts(wanted.person_id)

    def work() -> Linked:
        models.Account.objects.filter(person_id=wanted.person_id).update(revision=F("revision") + 1)
        held = models.Membership.objects.filter(
            person_id=wanted.person_id, organization_id=wanted.organization_id
        ).first()
        begins, ends = wanted.valid_from, wanted.valid_until
        if held is not None:
            begins, ends = begins or held.valid_from, ends or held.valid_until
            if held.number_key == digest("number", wanted.number):
                if (begins, ends) == (held.valid_from, held.valid_until):
                    return Linked.THERE
            elif held.number_key != wanted.instead_of:
                return Linked.OTHER
        try:
            link(
                person_id=wanted.person_id,
                organization_id=wanted.organization_id,
                number=wanted.number,
                verified_by=verified_by,
                now=now,
                valid_from=begins,
                valid_until=ends,
            )
        except NumberTakenError:
            return Linked.TAKEN
        return Linked.LINKED

    return in_transaction(work)
