"""Member numbers that people claim: an officer who knows whose they are confirms or declines."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cec_plugin import models
from cec_plugin.admin.acting import OfOrganizations, actor
from cec_plugin.admin.people import user_names
from cec_plugin.admin.reading import ReadOnlyAdmin
from cec_plugin.admin.steps import Done, Step, SteppedAdmin
from cec_plugin.exceptions import CecError
from cec_plugin.selectors.claims import is_taken
from cec_plugin.services.decide_claim import confirm, decline
from cec_plugin.wording.reasons import in_words


class WhyForm(forms.Form):
    """Why it is declined."""

    note = forms.CharField(
        label=gettext_lazy("note"),
        max_length=255,
        help_text=gettext_lazy("The person reads it."),
    )


def _confirm(request: HttpRequest, claim: models.Claim) -> Done:
    confirm(claim.pk, by=actor(request), now=datetime.now(UTC))
    return Done(text=_("Linked. What waited for the number is being sent."))


def _decline(request: HttpRequest, claim: models.Claim, *, note: str) -> Done:
    decline(claim.pk, by=actor(request), note=note, now=datetime.now(UTC))
    return Done(text=_("Declined. The person sees that it was, and why."))


def _before_deciding(claim: models.Claim) -> list[str]:
    names = user_names(claim.person.identities.all()).values()
    said = [
        _("%(name)s, as number %(number)s at %(organization)s.")
        % {
            "name": ", ".join(names) or claim.person,
            "number": claim.number,
            "organization": claim.organization,
        },
        str(claim.get_found_display()).capitalize() + ".",
        _("That a registry knows the number does not say whose it is."),
    ]
    if is_taken(claim):
        said.append(_("The number is linked to somebody else here."))
    return said


@admin.register(models.Claim)
class ClaimAdmin(OfOrganizations, SteppedAdmin, ReadOnlyAdmin):
    """What waits comes first to whoever filters by it; the rest is how it was decided."""

    list_display = ("person", "organization", "number", "state", "found", "said_by", "asked_at")
    list_display_links = ("person", "number")
    list_filter = ("state", "found", "organization")
    list_select_related = ("person", "organization")
    ordering = ("-id",)
    search_fields = ("=number", "=person__id")
    fields = (
        "person",
        "accounts",
        "organization",
        "number",
        "taken",
        "said_by",
        "asked_at",
        "state",
        "found",
        "checked_at",
        "looks",
        "next_look_at",
        "decided_by",
        "decided_at",
        "note",
    )
    readonly_fields = ("accounts", "taken", "said_by")
    actions = ("confirm_chosen",)
    steps: ClassVar[tuple[Step, ...]] = (
        Step(
            name="confirm",
            label=gettext_lazy("Confirm"),
            permission="decide",
            says=_before_deciding,
            offered=lambda claim: bool(claim.waits),
            run=_confirm,
        ),
        Step(
            name="decline",
            label=gettext_lazy("Decline"),
            permission="decide",
            says=_before_deciding,
            offered=lambda claim: bool(claim.waits),
            run=_decline,
            form=WhyForm,
        ),
    )

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission of its own."""
        return request.user.has_perm("cec_plugin.decide_claim")

    @admin.action(description=gettext_lazy("Confirm the chosen"), permissions=["decide"])
    def confirm_chosen(self, request: HttpRequest, chosen: "QuerySet[Any]") -> None:
        """Confirm each that waits; one that cannot be is told and keeps no other from it."""
        confirmed = 0
        for claim in chosen.filter(waits=True):
            try:
                confirm(claim.pk, by=actor(request), now=datetime.now(UTC))
            except CecError as error:
                told = _("%(what)s: %(why)s") % {"what": claim, "why": in_words(error)}
                messages.error(request, told)
            else:
                self.log_change(request, claim, _("Confirmed"))
                confirmed += 1
        text = ngettext("%(count)d was confirmed.", "%(count)d were confirmed.", confirmed)
        messages.add_message(
            request,
            messages.SUCCESS if confirmed else messages.WARNING,
            text % {"count": confirmed},
        )

    @admin.display(description=gettext_lazy("accounts"))
    def accounts(self, claim: models.Claim) -> str:
        """Name who says so, as the platform does."""
        return ", ".join(user_names(claim.person.identities.all()).values())

    @admin.display(description=gettext_lazy("said by"), ordering="source")
    def said_by(self, claim: models.Claim) -> str:
        """Say whether it is their own word, or which sign-on's."""
        return _("the person") if claim.source == models.Claim.OWN else claim.source

    @admin.display(description=gettext_lazy("linked to somebody else"), boolean=True)
    def taken(self, claim: models.Claim) -> bool:
        """Say whether the number is somebody else's here."""
        return is_taken(claim)
