"""A member number that was wrong: the steps that correct it, or link the person to none."""

from datetime import UTC, datetime

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cec_plugin import models
from cec_plugin.admin.steps import Done, Step
from cec_plugin.selectors.sent import sent_credits
from cec_plugin.services.link import NumberTakenError, link, unlink


class NumberForm(forms.Form):
    """The right member number."""

    number = forms.CharField(label=gettext_lazy("member number"), max_length=100)


def taken() -> str:
    """Say that a number is somebody else's."""
    return _("This member number is linked to somebody else in this organization.")


def _sent(membership: models.Membership) -> str:
    count = sent_credits(membership.person_id, membership.organization_id)
    if not count:
        return _("No credit was sent under this number yet.")
    told = ngettext(
        "%(count)d credit was sent under this number, or may have been.",
        "%(count)d credits were sent under this number, or may have been.",
        count,
    )
    return told % {"count": count}


def _before_correcting(membership: models.Membership) -> list[str]:
    return [
        _sent(membership),
        _(
            "What was sent is taken back in the member records, and told again under the right "
            "number."
        ),
        _("What was not sent yet goes out under the right number alone."),
    ]


def _before_unlinking(membership: models.Membership) -> list[str]:
    return [
        _sent(membership),
        _("What was sent is taken back in the member records."),
        _("All credits then wait until somebody links the person to another number."),
    ]


def _correct(request: HttpRequest, membership: models.Membership, number: str) -> Done:
    try:
        link(
            person_id=membership.person_id,
            organization_id=membership.organization_id,
            number=number,
            verified_by=request.user.get_username(),
            now=datetime.now(UTC),
            valid_from=membership.valid_from,
            valid_until=membership.valid_until,
        )
    except NumberTakenError:
        return Done(text=taken(), ok=False)
    return Done(text=_("The number is corrected. The member records hear of it."))


def _unlink(_request: HttpRequest, membership: models.Membership) -> Done:
    again = unlink(
        person_id=membership.person_id,
        organization_id=membership.organization_id,
        now=datetime.now(UTC),
    )
    told = ngettext(
        "The person is linked to no number any more; %(count)d credit is being taken back.",
        "The person is linked to no number any more; %(count)d credits are being taken back.",
        again,
    )
    return Done(text=told % {"count": again}, go=reverse("admin:cec_plugin_membership_changelist"))


ON_A_MEMBERSHIP: tuple[Step, ...] = (
    Step(
        name="correct",
        label=gettext_lazy("Correct the number"),
        permission="link",
        says=_before_correcting,
        offered=lambda _membership: True,
        run=_correct,
        form=NumberForm,
    ),
    Step(
        name="unlink",
        label=gettext_lazy("Unlink"),
        permission="link",
        says=_before_unlinking,
        offered=lambda _membership: True,
        run=_unlink,
    ),
)
