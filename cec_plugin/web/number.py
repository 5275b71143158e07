"""One's member number at an organization, in words: to be claimed, waiting, or declined."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from cec_plugin import models
from cec_plugin.services.claim_number import MOST_A_DAY, Heard
from cec_plugin.wording import words

Found = models.Claim.Found


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberPage:
    """What the page says; ``waits`` says that a number waits, so that none can be claimed.

    ``number`` is what somebody typed or has claimed, ``steps`` how that stands, ``error`` why it
    was not taken.
    """

    organization: str
    organization_id: int
    waits: bool
    number: str
    steps: tuple[str, ...]
    error: str = ""


def number_page(
    of: models.Organization,
    claim: models.Claim | None,
    *,
    typed: str = "",
    heard: Heard | None = None,
) -> NumberPage:
    """Put into words how the newest claim at an organization stands."""
    waits = claim is not None and bool(claim.waits)
    return NumberPage(
        organization=of.name,
        organization_id=of.pk,
        waits=waits,
        number=claim.number if claim is not None and waits else typed,
        steps=_steps(of, claim),
        error=_error(heard),
    )


def _steps(of: models.Organization, claim: models.Claim | None) -> tuple[str, ...]:
    if claim is None:
        return ()
    told = {"organization": of.name}
    if claim.state == models.Claim.State.DECLINED:
        told |= {"number": claim.number, "note": claim.note, "date": _day(claim.decided_at)}
        if claim.note:
            return (_("The number %(number)s was declined on %(date)s: %(note)s") % told,)
        return (_("The number %(number)s was declined on %(date)s.") % told,)
    if not claim.waits:
        return ()
    told |= {"date": _day(claim.asked_at), "checked": _day(claim.checked_at)}
    asked = (
        _("You said on %(date)s that this number is yours.")
        if claim.source == models.Claim.OWN
        else _("It came on %(date)s with your sign-in.")
    )
    return (asked % told, *(step % told for step in _found(claim)))


def _found(claim: models.Claim) -> tuple[str, ...]:
    if claim.found == Found.ABSENT:
        return (
            _("On %(checked)s, the records of %(organization)s did not have it."),
            _("We ask again every day for some days; you can also take the number back.")
            if claim.next_look_at
            else _("Check the number, and take it back if it is wrong."),
        )
    if claim.found == Found.UNASKED and claim.next_look_at:
        return (_("The records of %(organization)s are being asked whether they have it."),)
    return (_("Somebody who answers for %(organization)s confirms that it is yours."),)


def _day(at: object) -> str:
    return words.day(timezone.localdate(at)) if at else ""  # type: ignore[arg-type]


def _error(heard: Heard | None) -> str:
    match heard:
        case Heard.UNFIT:
            return _("This is no member number: type it as your association writes it.")
        case Heard.TOO_MANY:
            return _(
                "You gave %(most)d numbers within a day. Look yours up, and come back tomorrow."
            ) % {"most": MOST_A_DAY}
        case _:
            return ""
