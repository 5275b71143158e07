"""Who answers for which organization."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cec_plugin import models
from cec_plugin.admin.acting import OfOrganizations
from cec_plugin.admin.figures import AccountField
from cec_plugin.admin.people import user_names
from cec_plugin.admin.reading import NOTHING
from cec_plugin.conf import get_settings
from cec_plugin.services import prepare

if TYPE_CHECKING:
    _OfficerModelForm = forms.ModelForm[models.Officer]
else:
    _OfficerModelForm = forms.ModelForm


class OfficerForm(_OfficerModelForm):
    """Name somebody who has an account here."""

    account = AccountField()

    class Meta:
        model = models.Officer
        fields = ("organization",)

    def clean(self) -> dict[str, Any] | None:
        """Find the account's identity.

        Raises:
            ValidationError: they answer for the organization already.
        """
        cleaned = super().clean()
        if cleaned is None or self.errors:
            return cleaned
        identity = prepare.identity(site=get_settings().site, subject=cleaned["account"].subject)
        known = models.Officer.objects.filter(
            identity=identity, organization=cleaned["organization"]
        )
        if known.exists():
            raise ValidationError(
                _("%(name)s answers for this organization already."),
                params={"name": cleaned["account"].username},
                code="known_officer",
            )
        self.instance.identity = identity
        return cleaned


@admin.register(models.Officer)
class OfficerAdmin(OfOrganizations):
    """Officers are named and dismissed, never changed."""

    form = OfficerForm
    list_display = ("identity", "user_name", "organization", "named_by", "named_at")
    list_filter = ("organization",)
    list_select_related = ("identity", "organization")
    search_fields = ("=identity__subject",)
    fields = ("account", "organization")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Show who it is once they are named."""
        if obj is None:
            return ("account", "organization")
        return ("identity", "user_name", "organization", "named_by", "named_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Show the name that the platform knows."""
        return ("user_name",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        """Say who named them, and when."""
        obj.named_by, obj.named_at = request.user.get_username(), datetime.now(UTC)
        super().save_model(request, obj, form, change)

    @admin.display(description=_("user name"))
    def user_name(self, officer: models.Officer) -> str:
        """Return the platform's own name of the account."""
        return user_names([officer.identity]).get(officer.identity_id, NOTHING)
