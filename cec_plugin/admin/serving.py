"""Service in a role, typed in by hand: entered, corrected and withdrawn, each as a notice."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cec_plugin import models
from cec_plugin.admin.figures import AccountField, FigureField
from cec_plugin.admin.people import user_names
from cec_plugin.admin.reading import NOTHING, figure
from cec_plugin.admin.steps import Done, Step, SteppedAdmin
from cec_plugin.conf import get_settings
from cec_plugin.domain.platform import AccountFacts
from cec_plugin.services import prepare
from cec_plugin.services.serve import enter, withdraw

if TYPE_CHECKING:
    _ServiceModelForm = forms.ModelForm[models.Service]
else:
    _ServiceModelForm = forms.ModelForm


class CorrectionForm(_ServiceModelForm):
    """The hours and the date of service, which can be corrected."""

    hours_hundredths = FigureField(
        label=gettext_lazy("hours"),
        required=False,
        help_text=gettext_lazy("Such as 6 or 1.5; needed where the bonus is by the hour."),
    )

    class Meta:
        model = models.Service
        fields: ClassVar[tuple[str, ...]] = ("hours_hundredths", "served_on")


class ServiceForm(CorrectionForm):
    """Service of whoever has an account here."""

    account = AccountField()
    typist: ClassVar[str] = ""
    """The account of whoever types."""

    class Meta(CorrectionForm.Meta):
        fields = ("activity", "role", "hours_hundredths", "served_on")

    def clean_account(self) -> AccountFacts:
        """Refuse one's own service.

        Raises:
            ValidationError: nobody enters their own.
        """
        account: AccountFacts = self.cleaned_data["account"]
        if account.subject == self.typist:
            raise ValidationError(
                gettext_lazy("Nobody enters their own service: ask somebody else to."), code="own"
            )
        return account

    def clean_activity(self) -> models.Activity:
        """Refuse an activity of another site: the account is one of this site.

        Raises:
            ValidationError: the sites differ; both are named.
        """
        activity: models.Activity = self.cleaned_data["activity"]
        site = get_settings().site
        if activity.site != site:
            raise ValidationError(
                gettext_lazy("This activity is on the site %(there)s, the account on %(here)s."),
                params={"there": activity.site, "here": site},
                code="other_site",
            )
        return activity


def _stands(service: models.Service) -> bool:
    return service.withdrawn_at is None


def _withdraw(_request: HttpRequest, service: models.Service) -> Done:
    withdraw(service, now=datetime.now(UTC))
    return Done(text=_("Withdrawn. What it earned is being taken back."))


def _before_withdrawing(_service: models.Service) -> list[str]:
    return [
        _("The service is taken back; whatever credit it earned is reversed."),
        _("The entry stays, marked as withdrawn. To give the credit again, enter it anew."),
    ]


@admin.register(models.Service)
class ServiceAdmin(SteppedAdmin):
    """Presenting, facilitating, volunteering: what nobody but an administrator knows of."""

    list_display = ("__str__", "identity", "hours", "served_on", "entered_by", "withdrawn_at")
    list_filter = ("role", ("withdrawn_at", admin.EmptyFieldListFilter))
    list_select_related = ("role", "activity", "identity")
    ordering = ("-id",)
    search_fields = ("=identity__subject", "activity__key", "activity__title")
    autocomplete_fields = ("activity",)
    show_full_result_count = False
    steps: ClassVar[tuple[Step, ...]] = (
        Step(
            name="withdraw",
            label=gettext_lazy("Withdraw"),
            permission="withdraw",
            says=_before_withdrawing,
            offered=_stands,
            run=_withdraw,
        ),
    )

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002
        **kwargs: Any,
    ) -> Any:
        """Ask for an account only when the service is new."""
        kwargs["form"] = CorrectionForm if obj else ServiceForm
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.typist = str(request.user.pk)
        return form

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Show who entered it and what became of it once it is there."""
        if obj is None:
            return ("account", *ServiceForm.Meta.fields)
        kept = ("identity", "user_name", "activity", "role")
        hours = "hours_hundredths" if self.has_change_permission(request, obj) else "hours"
        return (*kept, hours, "served_on", "entered_by", "entered_at", "withdrawn_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep who served where, and as what: another service is another entry."""
        if obj is None:
            return ()
        kept = ("identity", "user_name", "activity", "role", "hours")
        return (*kept, "entered_by", "entered_at", "withdrawn_at")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow corrections while it stands."""
        return (obj is None or _stands(obj)) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: it is withdrawn instead."""
        return False

    def has_withdraw_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission to change service."""
        return request.user.has_perm("cec_plugin.change_service")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        """Enter it, or its correction, as a notice."""
        if not change:
            account = form.cleaned_data["account"]
            obj.identity = prepare.identity(site=get_settings().site, subject=account.subject)
            obj.person_id = obj.identity.person_id
        enter(obj, by=request.user.get_username(), now=datetime.now(UTC))

    @admin.display(description=gettext_lazy("hours"), ordering="hours_hundredths")
    def hours(self, service: models.Service) -> str:
        """Return the hours as a figure."""
        return figure(service.hours_hundredths)

    @admin.display(description=gettext_lazy("user name"))
    def user_name(self, service: models.Service) -> str:
        """Return the platform's own name of the account."""
        return user_names([service.identity]).get(service.identity_id, NOTHING)
