"""Credit by hand: the steps on a credit and an account, and what waits for a second person."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cec_plugin import models
from cec_plugin.admin.acting import OfOrganizations, actor
from cec_plugin.admin.figures import FigureField
from cec_plugin.admin.reading import ReadOnlyAdmin, figure, link
from cec_plugin.admin.steps import Done, Step, SteppedAdmin
from cec_plugin.models.adjustments import Adjustment
from cec_plugin.models.fields import validate_day
from cec_plugin.models.ledger import EntryKind
from cec_plugin.selectors.fixed import last_by_hand
from cec_plugin.services import adjust

ADJUST = "cec_plugin.add_adjustment"
"""The permission to award, correct and take back; ``decide_adjustment`` is the second person's."""


class _ReasonForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("reason"), max_length=255)


class CorrectForm(_ReasonForm):
    """What the credit is to be."""

    hundredths = FigureField(label=gettext_lazy("credit"))
    field_order = ("hundredths", "reason")


class AwardForm(_ReasonForm):
    """What is awarded, and for what."""

    hundredths = FigureField(label=gettext_lazy("credit"))
    earned_on = forms.DateField(
        label=gettext_lazy("finished on"),
        validators=[validate_day],
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    activity = forms.CharField(
        label=gettext_lazy("activity"),
        required=False,
        help_text=gettext_lazy("The key of an activity; empty for an opening balance."),
    )
    credit_type = forms.CharField(label=gettext_lazy("credit type"), max_length=50, initial="cec")
    field_order = ("hundredths", "earned_on", "activity", "credit_type", "reason")

    def clean_activity(self) -> models.Activity | None:
        """Find the activity.

        Raises:
            ValidationError: there is none with this key, or several sites have one.
        """
        key = self.cleaned_data["activity"].strip()
        if not key:
            return None
        found = [one for one in models.Activity.objects.filter(key=key) if one.key == key]
        if len(found) != 1:
            raise forms.ValidationError(
                _("There is no single activity with this key: look it up among the activities."),
                code="unknown_activity",
            )
        return found[0]


def stands(entry: models.CreditEntry) -> bool:
    """Say whether a credit can be corrected or taken back."""
    return entry.kind != EntryKind.REVERSAL and not hasattr(entry, "reversed_by")


def is_fixed(entry: models.CreditEntry) -> bool:
    """Say whether an officer set what came of the same participation."""
    last = last_by_hand(entry)
    return last is not None and last.kind != Adjustment.Kind.RELEASE


def _told(made: Adjustment) -> Done:
    if made.outcome == Adjustment.Outcome.WAITING:
        return Done(text=_("It is above the limit: it waits for a second person."))
    return Done(text=_("Done. The credits change in a moment, and the member records hear of it."))


def _correct(request: HttpRequest, entry: models.CreditEntry, **typed: Any) -> Done:
    by, now = actor(request), datetime.now(UTC)
    return _told(adjust.correct(entry_id=entry.pk, by=by, now=now, **typed))


def _reverse(request: HttpRequest, entry: models.CreditEntry, reason: str) -> Done:
    by, now = actor(request), datetime.now(UTC)
    return _told(adjust.reverse(entry_id=entry.pk, reason=reason, by=by, now=now))


def _release(request: HttpRequest, entry: models.CreditEntry, reason: str) -> Done:
    by, now = actor(request), datetime.now(UTC)
    return _told(adjust.release(entry_id=entry.pk, reason=reason, by=by, now=now))


def _award(request: HttpRequest, account: models.Account, **typed: Any) -> Done:
    activity = typed.pop("activity")
    return _told(
        adjust.award(
            person_id=account.person_id,
            organization_id=account.organization_id,
            activity_id=activity.pk if activity else None,
            by=actor(request),
            now=datetime.now(UTC),
            **typed,
        )
    )


def _of(entry: models.CreditEntry) -> str:
    return _("The credit is %(figure)s, for %(activity)s.") % {
        "figure": figure(entry.hundredths),
        "activity": entry.activity or _("nothing in particular"),
    }


def _before_correcting(entry: models.CreditEntry) -> list[str]:
    return [
        _of(entry),
        _("It is taken back and awarded anew in one step, with the same date."),
        _("It then stays so, whatever the table says, until it is left to the table again."),
    ]


def _before_reversing(entry: models.CreditEntry) -> list[str]:
    return [
        _of(entry),
        _("It is taken back, and not given again until it is left to the table again."),
    ]


def _before_releasing(entry: models.CreditEntry) -> list[str]:
    return [_of(entry), _("The credit table decides again what it is worth.")]


def _before_awarding(account: models.Account) -> list[str]:
    return [
        _("Credit that no table gives, at %(organization)s.")
        % {"organization": account.organization}
    ]


ON_A_CREDIT: tuple[Step, ...] = (
    Step(
        name="correct",
        label=gettext_lazy("Correct"),
        permission="adjust",
        says=_before_correcting,
        offered=stands,
        run=_correct,
        form=CorrectForm,
    ),
    Step(
        name="reverse",
        label=gettext_lazy("Take back"),
        permission="adjust",
        says=_before_reversing,
        offered=stands,
        run=_reverse,
        form=_ReasonForm,
    ),
    Step(
        name="release",
        label=gettext_lazy("Leave to the table again"),
        permission="adjust",
        says=_before_releasing,
        offered=is_fixed,
        run=_release,
        form=_ReasonForm,
    ),
)
ON_AN_ACCOUNT: tuple[Step, ...] = (
    Step(
        name="award",
        label=gettext_lazy("Award by hand"),
        permission="adjust",
        says=_before_awarding,
        offered=lambda _: True,
        run=_award,
        form=AwardForm,
    ),
)


class AdjustingAdmin(SteppedAdmin):
    """An admin whose records have steps by hand."""

    def has_adjust_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission to adjust."""
        return request.user.has_perm(ADJUST)


def _decide(*, approved: bool) -> Any:
    def run(request: HttpRequest, waiting: Adjustment) -> Done:
        adjust.decide(waiting.pk, approved=approved, by=actor(request), now=datetime.now(UTC))
        return Done(text=_("Approved.") if approved else _("Declined. Nothing changes."))

    return run


def _before_deciding(waiting: Adjustment) -> list[str]:
    return [
        _("%(name)s asked for it: %(reason)s")
        % {"name": waiting.asked_by, "reason": waiting.reason},
        _("The credit comes to %(figure)s by it.") % {"figure": figure(waiting.hundredths)},
    ]


def _waits(adjustment: Adjustment) -> bool:
    return adjustment.outcome == Adjustment.Outcome.WAITING


@admin.register(Adjustment)
class AdjustmentAdmin(OfOrganizations, SteppedAdmin, ReadOnlyAdmin):
    """What was done by hand, by whom and why, and what waits for a second person."""

    organization_path = "account__organization"
    list_display = ("__str__", "kind", "amount", "asked_by", "asked_at", "outcome", "decided_by")
    list_filter = ("outcome", "kind", "account__organization")
    list_select_related = ("account",)
    ordering = ("-id",)
    search_fields = ("=account__person__id", "=id")
    fields = (
        "kind",
        "whose",
        "organization",
        "entry",
        "activity",
        "amount",
        "credit_type",
        "earned_on",
        "reason",
        "asked_by",
        "asked_at",
        "outcome",
        "decided_by",
        "decided_at",
    )
    readonly_fields = ("whose", "organization", "amount")
    steps: ClassVar[tuple[Step, ...]] = (
        Step(
            name="approve",
            label=gettext_lazy("Approve"),
            permission="decide",
            says=_before_deciding,
            offered=_waits,
            run=_decide(approved=True),
        ),
        Step(
            name="decline",
            label=gettext_lazy("Decline"),
            permission="decide",
            says=_before_deciding,
            offered=_waits,
            run=_decide(approved=False),
        ),
    )

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission of its own."""
        return request.user.has_perm("cec_plugin.decide_adjustment")

    @admin.display(description=gettext_lazy("credit"), ordering="hundredths")
    def amount(self, adjustment: Adjustment) -> str:
        """Return the amount as a figure."""
        return figure(adjustment.hundredths)

    @admin.display(description=gettext_lazy("person"))
    def whose(self, adjustment: Adjustment) -> str:
        """Link to the person."""
        return link(adjustment.account.person)

    @admin.display(description=gettext_lazy("organization"))
    def organization(self, adjustment: Adjustment) -> str:
        """Name whose credit it is."""
        return str(adjustment.account.organization)
