"""What was finished without credit, and the decisions for which some of it waits."""

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
from cec_plugin.admin.figures import FigureField
from cec_plugin.admin.people import user_names
from cec_plugin.admin.reading import NOTHING, ReadOnlyAdmin, figure, link
from cec_plugin.admin.steps import Done, Step, SteppedAdmin
from cec_plugin.admin.words import WORDS, word
from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.domain.notices import Via
from cec_plugin.exceptions import CecError
from cec_plugin.services.decide import decide


class ApprovalForm(forms.Form):
    """What goes along with an approval."""

    code = forms.CharField(
        label=gettext_lazy("approval code and number"), max_length=100, required=False
    )
    note = forms.CharField(label=gettext_lazy("note"), max_length=255, required=False)
    hours_hundredths = FigureField(
        label=gettext_lazy("hours of service"),
        required=False,
        help_text=gettext_lazy("Where the bonus is by the hour and nobody has entered them."),
    )


class DeclineForm(forms.Form):
    """Why it is declined."""

    note = forms.CharField(label=gettext_lazy("note"), max_length=255)


def _waits(refusal: models.Refusal) -> bool:
    """Say whether an officer can decide on it: also on a proposal that lacks its hours."""
    if refusal.code == RefusalCode.NO_HOURS:
        return refusal.participation.via == Via.TEAM.value
    return refusal.code == RefusalCode.AWAITS_APPROVAL


def _approve(request: HttpRequest, refusal: models.Refusal, **typed: Any) -> Done:
    _decide(request, refusal, approved=True, **typed)
    return Done(text=_("Approved. The credit is being recorded."))


def _decline(request: HttpRequest, refusal: models.Refusal, **typed: Any) -> Done:
    _decide(request, refusal, approved=False, **typed)
    return Done(text=_("Declined. The person sees that it was."))


def _decide(request: HttpRequest, refusal: models.Refusal, **said: Any) -> None:
    decide(
        participation_id=refusal.participation_id,
        organization_id=refusal.organization_id,
        by=actor(request),
        now=datetime.now(UTC),
        **said,
    )


def _before_deciding(refusal: models.Refusal) -> list[str]:
    one = refusal.participation
    names = user_names([one.identity])
    said = [
        _("%(name)s, as %(role)s in “%(activity)s”, for %(organization)s.")
        % {
            "name": names.get(one.identity_id, one.identity),
            "role": one.role,
            "activity": one.activity,
            "organization": refusal.organization,
        },
    ]
    if refusal.details.get("hundredths"):
        said.append(
            _("By the credit table it is worth %(figure)s.")
            % {"figure": figure(int(refusal.details["hundredths"]))}
        )
    if one.via == Via.TEAM.value:
        said.append(_("Proposed because of a place in the course's team; nobody entered it."))
    return [*said, _("It is decided once.")]


class ReasonFilter(admin.SimpleListFilter):
    """Refusals by their reason, in words."""

    title = gettext_lazy("reason")
    parameter_name = "code"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[Any, Any]]:
        """Offer every reason."""
        return list(WORDS[RefusalCode].items())

    def queryset(self, request: Any, queryset: Any) -> Any:
        """Keep the chosen reason."""
        return queryset.filter(code=self.value()) if self.value() else queryset


@admin.register(models.Refusal)
class RefusalAdmin(OfOrganizations, SteppedAdmin, ReadOnlyAdmin):
    """What people finished that earned no credit; what waits is approved or declined here."""

    list_display = ("activity", "role", "organization", "reason", "decided_at")
    list_filter = (ReasonFilter, "organization")
    list_select_related = ("participation__activity", "organization")
    ordering = ("-id",)
    search_fields = ("participation__activity__key", "participation__activity__title")
    fields = ("finished", "role", "organization", "reason", "details", "decided_at")
    readonly_fields = ("finished", "role", "reason")
    actions = ("approve_chosen",)
    steps: ClassVar[tuple[Step, ...]] = (
        Step(
            name="approve",
            label=gettext_lazy("Approve"),
            permission="decide",
            says=_before_deciding,
            offered=_waits,
            run=_approve,
            form=ApprovalForm,
        ),
        Step(
            name="decline",
            label=gettext_lazy("Decline"),
            permission="decide",
            says=_before_deciding,
            offered=_waits,
            run=_decline,
            form=DeclineForm,
        ),
    )

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission of its own."""
        return request.user.has_perm("cec_plugin.decide_approval")

    @admin.action(description=gettext_lazy("Approve the chosen"), permissions=["decide"])
    def approve_chosen(self, request: HttpRequest, chosen: "QuerySet[Any]") -> None:
        """Approve each that waits; one that cannot be is told and keeps no other from it."""
        approved = 0
        for refusal in chosen.select_related("participation__identity"):
            if refusal.code != RefusalCode.AWAITS_APPROVAL:
                continue
            try:
                _decide(request, refusal, approved=True)
            except CecError as error:
                messages.error(request, f"{refusal.participation.activity}: {error}")
            else:
                approved += 1
        text = ngettext("%(count)d was approved.", "%(count)d were approved.", approved)
        messages.success(request, text % {"count": approved})

    @admin.display(description=gettext_lazy("activity"), ordering="participation__activity__title")
    def activity(self, refusal: models.Refusal) -> str:
        """Name what was finished."""
        return str(refusal.participation.activity)

    @admin.display(description=gettext_lazy("finished activity"))
    def finished(self, refusal: models.Refusal) -> str:
        """Link to what was finished."""
        return link(refusal.participation, refusal.participation.activity)

    @admin.display(description=gettext_lazy("role"))
    def role(self, refusal: models.Refusal) -> str:
        """Say in what capacity."""
        return refusal.participation.role

    @admin.display(description=gettext_lazy("reason"), ordering="code")
    def reason(self, refusal: models.Refusal) -> str:
        """Say why in words."""
        return word(RefusalCode, refusal.code)


@admin.register(models.Approval)
class ApprovalAdmin(OfOrganizations, ReadOnlyAdmin):
    """What organizations decided, by whom and when."""

    list_display = ("activity", "organization", "approved", "code", "decided_by", "decided_at")
    list_filter = ("organization", "approved")
    list_select_related = ("participation__activity", "organization")
    ordering = ("-id",)
    fields = (
        "finished",
        "organization",
        "approved",
        "code",
        "note",
        "hours",
        "decided_by",
        "decided_at",
    )
    readonly_fields = ("finished", "hours")

    @admin.display(description=gettext_lazy("activity"))
    def activity(self, approval: models.Approval) -> str:
        """Name what was finished."""
        return str(approval.participation.activity)

    @admin.display(description=gettext_lazy("finished activity"))
    def finished(self, approval: models.Approval) -> str:
        """Link to what was finished."""
        return link(approval.participation, approval.participation.activity)

    @admin.display(description=gettext_lazy("hours of service"))
    def hours(self, approval: models.Approval) -> str:
        """Return the hours as a figure."""
        return figure(approval.hours_hundredths) if approval.hours_hundredths else NOTHING
