"""One line of a credit table on a page of its own: its conditions, beside what it is worth."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cec_plugin import models
from cec_plugin.admin.acting import OfOrganizations
from cec_plugin.admin.figures import CodesField, FigureField
from cec_plugin.admin.reading import Admin
from cec_plugin.admin.suggestions import SuggestionShown
from cec_plugin.domain.notices import Via
from cec_plugin.models.catalogue import EarnedBy

if TYPE_CHECKING:
    _RuleModelForm = forms.ModelForm[models.Rule]
else:
    _RuleModelForm = forms.ModelForm

EVIDENCE = [
    (Via.CERTIFICATE.value, EarnedBy.CERTIFICATE.label),
    (Via.PASSING.value, EarnedBy.PASSING.label),
    (Via.ENTRY.value, _("entered by hand")),
]


class ConditionsForm(_RuleModelForm):
    """A rule with all its conditions."""

    hundredths = FigureField(label=_("learner's credit"), required=False)
    minimum_grade = FigureField(
        label=_("minimum grade (per cent)"), required=False, help_text=_("Such as 70 or 66.5.")
    )
    modes = CodesField(
        label=_("enrolment modes"),
        required=False,
        help_text=_("With commas between them, such as verified, honor; empty: every mode."),
    )
    tags = CodesField(
        label=_("competencies and categories"),
        required=False,
        help_text=_("Their codes with commas between them, as the organization defines them."),
    )
    evidence = forms.MultipleChoiceField(
        label=_("finished by"),
        required=False,
        choices=EVIDENCE,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: by anything."),
    )

    class Meta:
        model = models.Rule
        fields = "__all__"


@admin.register(models.Rule)
class RuleAdmin(OfOrganizations, SuggestionShown, Admin):
    """The lines of credit tables; those of an active table are only read."""

    organization_path = "schedule__organization"

    form = ConditionsForm
    list_display = ("__str__", "schedule", "selector", "pattern")
    list_select_related = ("schedule__organization",)
    list_filter = ("schedule__organization",)
    search_fields = ("code", "title", "pattern")
    readonly_fields = ("schedule", "suggestion")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "schedule",
                    "code",
                    "title",
                    ("selector", "pattern"),
                    ("hundredths", "suggestion", "credit_type"),
                    "of_program",
                    "tags",
                    "source",
                )
            },
        ),
        (
            _("What it asks of learners"),
            {"fields": ("modes", "minimum_grade", "evidence", "registered", "related")},
        ),
        (
            _("What it asks of everybody"),
            {
                "fields": (
                    ("counts_from", "counts_until"),
                    "repeat",
                    "approval",
                    "approved_as",
                )
            },
        ),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: a line is added on the page of its table."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow it in a draft."""
        is_draft = obj is None or not obj.schedule.is_active
        return is_draft and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow it in a draft."""
        is_draft = obj is None or not obj.schedule.is_active
        return is_draft and super().has_delete_permission(request, obj)
