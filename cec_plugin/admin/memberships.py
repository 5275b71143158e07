"""Under which number an organization knows a person; saved through the service that links."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _

from cec_plugin import models
from cec_plugin.admin.acting import OfOrganizations
from cec_plugin.admin.figures import AccountField
from cec_plugin.admin.member_addresses import SuggestingAdmin
from cec_plugin.admin.reading import unreported
from cec_plugin.admin.relinking import ON_A_MEMBERSHIP, taken
from cec_plugin.admin.steps import SteppedAdmin
from cec_plugin.conf import get_settings
from cec_plugin.domain import keys
from cec_plugin.services import prepare
from cec_plugin.services.link import NumberTakenError, link

if TYPE_CHECKING:
    _MembershipModelForm = forms.ModelForm[models.Membership]
else:
    _MembershipModelForm = forms.ModelForm


class TermsForm(_MembershipModelForm):
    """From when until when somebody is a member; ``by`` is the user name of who types."""

    by: ClassVar[str] = ""

    class Meta:
        model = models.Membership
        fields: ClassVar[tuple[str, ...]] = ("valid_from", "valid_until")

    def clean(self) -> dict[str, Any] | None:
        """Link as soon as the form is sound: only then is it known whether the number is free.

        Raises:
            ValidationError: the number belongs to somebody else.
        """
        cleaned = super().clean()
        if cleaned is None or self.errors:
            return cleaned
        begins, ends = cleaned.get("valid_from"), cleaned.get("valid_until")
        if begins and ends and begins > ends:
            self.add_error("valid_until", _("The last day lies before the first."))
            return cleaned
        person_id, organization_id = self.whose(cleaned)
        try:
            self.instance = link(
                person_id=person_id,
                organization_id=organization_id,
                number=cleaned.get("number", self.instance.number),
                verified_by=self.by,
                now=datetime.now(UTC),
                valid_from=begins,
                valid_until=ends,
            )
        except NumberTakenError:
            self.add_error("number", ValidationError(taken(), code="number_taken"))
        return cleaned

    def whose(self, cleaned: dict[str, Any]) -> tuple[int, int]:
        """Return the ids of the person and the organization."""
        return self.instance.person_id, self.instance.organization_id


class MembershipForm(TermsForm):
    """A new membership of whoever has an account here."""

    account = AccountField()

    class Meta(TermsForm.Meta):
        fields = ("organization", "number", "valid_from", "valid_until")

    def clean_account(self) -> Any:
        """Refuse somebody whom the organization knows under a number already.

        Raises:
            ValidationError: the membership is there; it can be corrected.
        """
        account = self.cleaned_data["account"]
        key = keys.identity_key(site=get_settings().site, subject=account.subject)
        known = models.Membership.objects.filter(
            person__identities__key=key, organization=self.data.get("organization") or None
        )
        if known.exists():
            raise ValidationError(
                _("%(name)s has a member number in this organization already: correct it there."),
                params={"name": account.username},
                code="known_member",
            )
        return account

    def whose(self, cleaned: dict[str, Any]) -> tuple[int, int]:
        """Return the account's person, made where it is new, and the chosen organization."""
        identity = prepare.identity(site=get_settings().site, subject=cleaned["account"].subject)
        return identity.person_id, cleaned["organization"].pk


@admin.register(models.Membership)
class MembershipAdmin(OfOrganizations, SuggestingAdmin, SteppedAdmin):
    """Memberships are added and their numbers corrected; deliveries that waited are released."""

    list_display = ("person", "organization", "number", "verified_by", "verified_at")
    list_display_links = ("person", "number")
    list_filter = ("organization",)
    list_select_related = ("person", "organization")
    search_fields = ("=number", "=person__id")
    show_full_result_count = False
    steps = ON_A_MEMBERSHIP

    def has_link_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission to change memberships."""
        return request.user.has_perm("cec_plugin.change_membership")

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002
        **kwargs: Any,
    ) -> Any:
        """Ask for an account only when the membership is new."""
        kwargs["form"] = TermsForm if obj else MembershipForm
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.by = request.user.get_username()
        return form

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Show when it was verified once it is there."""
        if obj is None:
            return ("account", "organization", "number", "valid_from", "valid_until")
        return (
            "person",
            "organization",
            "number",
            "valid_from",
            "valid_until",
            "verified_by",
            "verified_at",
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep whose membership it is, and the number but for its own steps."""
        kept = ("person", "organization", "number", "verified_by", "verified_at")
        return kept if obj else ()

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """Read the organization along."""
        return super().get_queryset(request).select_related("organization")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: unlinking takes back what was sent under the number."""
        return False

    @method_decorator(unreported)
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Keep what is typed out of reports of errors."""
        return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        """Leave it at that: the form has linked them."""
