"""Competencies, and the designations that ask for them: what contradicts itself is not saved."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy

from cec_plugin import models
from cec_plugin.admin.acting import OfOrganizations
from cec_plugin.admin.figures import CodesField, FigureField
from cec_plugin.admin.reading import Inline
from cec_plugin.admin.steps import Step, SteppedAdmin
from cec_plugin.admin.suggestions import SuggestionShown, adopting
from cec_plugin.exceptions import FaultsError
from cec_plugin.selectors import suggestions
from cec_plugin.services.adopt import adopt_in_designation
from cec_plugin.services.designate import check

if TYPE_CHECKING:
    _RequirementModelForm = forms.ModelForm[models.Requirement]
    _DesignationModelForm = forms.ModelForm[models.Designation]
else:
    _RequirementModelForm = _DesignationModelForm = forms.ModelForm


@admin.register(models.Tag)
class TagAdmin(OfOrganizations):
    """Competencies and categories, and the activities that show them."""

    list_display = ("label", "code", "organization")
    list_filter = ("organization",)
    search_fields = ("code", "label")
    fields = ("organization", "code", "label", "activities")
    filter_horizontal = ("activities",)


class RequirementForm(_RequirementModelForm):
    """One requirement, its credit typed as a figure."""

    hundredths = FigureField(label=gettext_lazy("credit"), required=False)
    tags = CodesField(
        label=gettext_lazy("of"),
        required=False,
        help_text=gettext_lazy("Codes of competencies, categories or credit types, with commas."),
    )

    class Meta:
        model = models.Requirement
        fields = (
            "kind",
            "code",
            "hundredths",
            "tags",
            "needed",
            "each_months",
            "per_activity",
            "source",
        )


class RequirementInline(SuggestionShown, Inline):
    """What a designation asks for beside its target."""

    model = models.Requirement
    form = RequirementForm
    fields = (
        "kind",
        "code",
        "hundredths",
        "suggestion",
        "tags",
        "needed",
        "each_months",
        "per_activity",
        "source",
    )
    readonly_fields = ("suggestion",)
    extra = 1


class DesignationForm(_DesignationModelForm):
    """A designation, its amounts typed as figures."""

    target_hundredths = FigureField(label=gettext_lazy("target"), required=False)
    carry_cap_hundredths = FigureField(label=gettext_lazy("carried over at most"), required=False)

    class Meta:
        model = models.Designation
        fields = "__all__"


@admin.register(models.Designation)
class DesignationAdmin(OfOrganizations, SuggestionShown, SteppedAdmin):
    """What is asked of whoever holds a designation; what contradicts itself is not saved."""

    form = DesignationForm
    list_display = ("name", "code", "organization", "cycle", "months")
    list_filter = ("organization",)
    list_select_related = ("organization",)
    search_fields = ("code", "name")
    fields = (
        "organization",
        ("code", "name"),
        ("cycle", "months", "anchor", "grace_days"),
        ("target_hundredths", "suggestion"),
        ("carry_over", "carry_cap_hundredths"),
        "accepts",
        "source",
    )
    readonly_fields = ("suggestion",)
    filter_horizontal = ("accepts",)
    inlines = (RequirementInline,)
    steps: ClassVar[tuple[Step, ...]] = (
        adopting(suggestions.in_designation, adopt_in_designation),
    )

    def has_adopt_permission(self, request: HttpRequest) -> bool:
        """Ask for the permissions to change what the figures stand in."""
        return all(
            request.user.has_perm(f"cec_plugin.change_{model}")
            for model in ("designation", "requirement")
        )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        """Save the requirements, and refuse all of it where it contradicts itself."""
        super().save_related(request, form, formsets, change)
        check(form.instance.pk)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Tell every fault; nothing is saved then."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except FaultsError as error:
            for fault in error.faults:
                messages.error(request, fault)
            return HttpResponseRedirect(request.path)
