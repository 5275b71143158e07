"""Organizations, roles and activities: what administrators name and describe."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cec_plugin import models
from cec_plugin.adapters.platform import course_parts
from cec_plugin.admin.acting import answers
from cec_plugin.admin.exports import ExportingAdmin
from cec_plugin.admin.reading import Admin
from cec_plugin.conf import get_settings
from cec_plugin.domain import keys
from cec_plugin.domain.notices import Via
from cec_plugin.selectors.designations import bound_to_unit
from cec_plugin.services.mark import mark

if TYPE_CHECKING:
    _OrganizationModelForm = forms.ModelForm[models.Organization]
    _ActivityModelForm = forms.ModelForm[models.Activity]
else:
    _OrganizationModelForm = _ActivityModelForm = forms.ModelForm

SETTLED_BY = {"earned_by", "counts", "ends_at", "concluded_at", "course", "organization_key"}
"""The fields of an activity on which somebody's credit depends."""

READ_FROM_PLATFORM = ("title", "course", "organization_key", "ends_at")


class OrganizationForm(_OrganizationModelForm):
    """An organization, whose unit stays while credits are accepted in it."""

    class Meta:
        model = models.Organization
        fields = ("code", "name", "unit", "time_zone", "claims_confirmed_by_lookup")

    def clean_unit(self) -> str:
        """Refuse a unit in which credits that a designation accepts would not be alike."""
        unit = str(self.cleaned_data["unit"])
        names = bound_to_unit(self.instance.pk, unit) if self.instance.pk else []
        if names:
            raise ValidationError(
                _("These designations accept credits in the unit as it is: %(names)s.")
                % {"names": ", ".join(names)}
            )
        return unit


@admin.register(models.Organization)
class OrganizationAdmin(ExportingAdmin):
    """Bodies that allocate credits."""

    form = OrganizationForm
    list_display = ("name", "code", "unit", "time_zone")
    search_fields = ("name", "code")
    fields = ("code", "name", "unit", "time_zone", "claims_confirmed_by_lookup")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let an officer change their own: also who confirms a claim is decided here."""
        mine = obj is None or answers(request, obj.pk)
        return mine and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let an officer delete their own at most."""
        mine = obj is None or answers(request, obj.pk)
        return mine and super().has_delete_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep the code once it exists: the ledger's keys are made with it."""
        return ("code",) if obj else ()


@admin.register(models.Role)
class RoleAdmin(Admin):
    """In what capacity people take part."""

    list_display = ("label", "code")
    search_fields = ("label", "code")
    fields = ("code", "label")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep the code once it exists: what people finished is kept under it."""
        return ("code",) if obj else ()


class ActivityForm(_ActivityModelForm):
    """An activity typed in by hand, or the words of an administrator about one that was read."""

    class Meta:
        model = models.Activity
        fields = (
            "site",
            "key",
            "type",
            "title",
            "course",
            "organization_key",
            "ends_at",
            "concluded_at",
            "earned_by",
            "counts",
        )

    def clean(self) -> dict[str, Any] | None:
        """Name a new activity by its digest, and take a course run's key apart.

        Raises:
            ValidationError: the activity is there already.
        """
        cleaned = super().clean()
        if cleaned is None or self.instance.pk or not {"site", "key"} <= cleaned.keys():
            return cleaned
        digest = keys.activity_key(site=cleaned["site"], key=cleaned["key"])
        if models.Activity.objects.filter(key_digest=digest).exists():
            raise ValidationError(_("This activity is there already."), code="known_activity")
        self.instance.key_digest = digest
        course, organization = course_parts(cleaned["key"])
        cleaned["course"] = cleaned.get("course") or course
        cleaned["organization_key"] = cleaned.get("organization_key") or organization
        return cleaned


class EndlessFilter(admin.SimpleListFilter):
    """Runs in whose team somebody served and of which nobody knows the end."""

    title = _("end of the run")
    parameter_name = "end"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[Any, Any]]:
        """Offer what waits for a decision."""
        return [("none", _("none, and its team waits for one"))]

    def queryset(self, request: Any, queryset: Any) -> Any:
        """Keep the runs whose team waits."""
        if self.value() != "none":
            return queryset
        serving = models.Participation.objects.filter(via=Via.TEAM.value, stands=True)
        return queryset.filter(
            ends_at__isnull=True,
            concluded_at__isnull=True,
            pk__in=serving.values("activity_id"),
        )


@admin.register(models.Activity)
class ActivityAdmin(Admin):
    """Courses as the platform tells of them, and whatever else is typed in by hand."""

    form = ActivityForm
    list_display = ("__str__", "key", "type", "ends_at", "earned_by", "counts")
    list_filter: ClassVar[tuple[Any, ...]] = (EndlessFilter, "type", "earned_by", "counts", "site")
    search_fields = ("title", "key")
    show_full_result_count = False
    fields = (*ActivityForm.Meta.fields, "refreshed_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep the name of an activity, and what the platform says of it and would say again."""
        if obj is None:
            return ("refreshed_at",)
        named = ("refreshed_at", "site", "key")
        return named if obj.refreshed_at is None else (*named, *READ_FROM_PLATFORM)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Propose this site."""
        return {"site": get_settings().site, **super().get_changeform_initial_data(request)}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        """Save; have whoever took part settled again where their credit may depend on it."""
        super().save_model(request, obj, form, change)
        if change and SETTLED_BY.intersection(form.changed_data):
            concerned = Q(activity_id=obj.pk)

            def settle_again() -> None:
                mark(concerned, now=datetime.now(UTC))

            transaction.on_commit(settle_again)
