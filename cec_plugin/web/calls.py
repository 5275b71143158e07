"""What a person is asked to do, on top of their page, and where it is done."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cec_plugin import models
from cec_plugin.models.outbox import HoldCode
from cec_plugin.selectors.transcript import Credit
from cec_plugin.web.own_word import OwnWord

NO_CLAIMS: Mapping[int, models.Claim] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a person is asked to do, and why; ``leads_to`` is the address of the place for it."""

    what: str
    how: str
    leads_to: str = ""


def needs_number(credits_: Iterable[Credit]) -> set[int]:
    """Return the organizations whose member number some of these credits wait for."""
    return {
        one.organization_id
        for one in credits_
        for told in one.receipts
        if told.waits_for == HoldCode.NO_MEMBER_NUMBER
    }


def calls_for_numbers(
    credits_: Iterable[Credit], claims: Mapping[int, models.Claim]
) -> Iterator[Call]:
    """Yield a call for each organization and each thing that its registry waits for.

    ``claims`` are the person's newest, by organization.
    """
    waiting = Counter(
        (one.organization, one.organization_id, told.waits_for)
        for one in credits_
        for told in one.receipts
        if told.waits_for
    )
    for (organization, organization_id, code), number in sorted(waiting.items()):
        told = {"number": number, "organization": organization}
        if code != HoldCode.NO_MEMBER_NUMBER:
            yield _unknown_there(told)
            continue
        claim = claims.get(organization_id)
        leads_to = reverse("cec_plugin:number", args=[organization_id])
        if claim is not None and claim.waits:
            yield Call(
                what=ngettext(
                    "%(number)s credit waits until your member number at %(organization)s is "
                    "confirmed.",
                    "%(number)s credits wait until your member number at %(organization)s is "
                    "confirmed.",
                    number,
                )
                % told,
                how=_("See how it stands, or take it back."),
                leads_to=leads_to,
            )
        else:
            yield Call(
                what=ngettext(
                    "%(number)s credit needs your member number at %(organization)s.",
                    "%(number)s credits need your member number at %(organization)s.",
                    number,
                )
                % told,
                how=_(
                    "Say which number is yours: once it is confirmed, what waits for it is sent by "
                    "itself."
                ),
                leads_to=leads_to,
            )


def _unknown_there(told: Mapping[str, object]) -> Call:
    return Call(
        what=ngettext(
            "%(number)s credit waits: %(organization)s does not know your member number.",
            "%(number)s credits wait: %(organization)s does not know your member number.",
            int(str(told["number"])),
        )
        % told,
        how=_(
            "Check with %(organization)s that your membership is in order, "
            "and with the team that runs your courses that the number is right."
        )
        % told,
    )


def calls_for_word(own_words: Mapping[int, OwnWord]) -> Iterator[Call]:
    """Yield a call where the learner's own word is asked for."""
    asked = [word for word in own_words.values() if not word.given]
    if asked:
        yield Call(
            what=ngettext(
                "%(number)s activity needs your word that it relates to your work.",
                "%(number)s activities need your word that they relate to your work.",
                len(asked),
            )
            % {"number": len(asked)},
            how=_("Read the sentence and give it below."),
            leads_to=f"#cec-word-{asked[0].participation_id}",
        )
