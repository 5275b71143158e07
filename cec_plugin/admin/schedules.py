"""Credit tables: edited as drafts, then activated, and from then on only read."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cec_plugin import models
from cec_plugin.admin.acting import OfOrganizations
from cec_plugin.admin.figures import CodesField, FigureField
from cec_plugin.admin.reading import Inline
from cec_plugin.admin.steps import Done, Step, SteppedAdmin
from cec_plugin.admin.suggestions import SuggestionShown, adopting
from cec_plugin.exceptions import LockedVersionError
from cec_plugin.selectors import suggestions
from cec_plugin.services import draft
from cec_plugin.services.activate import activate
from cec_plugin.services.adopt import adopt
from cec_plugin.services.rehearse import begin

if TYPE_CHECKING:
    _RuleModelForm = forms.ModelForm[models.Rule]
    _BonusModelForm = forms.ModelForm[models.RoleBonus]
    _CapModelForm = forms.ModelForm[models.Cap]
    _InlineFormSet = BaseInlineFormSet[Any, Any, Any]
else:
    _RuleModelForm = _BonusModelForm = _CapModelForm = forms.ModelForm
    _InlineFormSet = BaseInlineFormSet


class RuleForm(_RuleModelForm):
    """One line of the table, its credit typed as a figure."""

    hundredths = FigureField(
        label=gettext_lazy("learner's credit"),
        required=False,
        help_text=gettext_lazy(
            "Such as 10 or 66.67; empty while the organization has set no figure."
        ),
    )

    class Meta:
        model = models.Rule
        fields = ("code", "title", "selector", "pattern", "credit_type", "hundredths", "source")


class BonusForm(_BonusModelForm):
    """What a role earns, typed as a figure."""

    hundredths = FigureField(label=gettext_lazy("credit"), required=False)

    class Meta:
        model = models.RoleBonus
        fields = ("rule", "role", "kind", "hundredths", "first_time_only", "stacks", "source")


class CapForm(_CapModelForm):
    """The most that some roles earn, typed as a figure."""

    hundredths = FigureField(label=gettext_lazy("at most"))
    roles = CodesField(
        label=gettext_lazy("roles"),
        required=False,
        help_text=gettext_lazy("Codes with commas between them; empty: all roles together."),
    )

    class Meta:
        model = models.Cap
        fields = ("code", "roles", "per", "hundredths", "source")


class BonusFormSet(_InlineFormSet):
    """The bonuses of one table, offered the rules of that table alone."""

    def add_fields(self, form: Any, index: int | None) -> None:
        """Limit the rules to the table's own."""
        super().add_fields(form, index)
        rule = form.fields["rule"]
        rule.queryset = models.Rule.objects.filter(schedule_id=self.instance.pk)
        rule.empty_label = _("every rule of the table")
        if not hasattr(self, "_rules"):  # asked once for all the lines
            self._rules = list(rule.choices)
        rule.choices = self._rules


class _DraftInline(Inline):
    """Parts that are edited only while their table is a draft."""

    extra = 1

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow it in a draft."""
        return _is_draft(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow it in a draft."""
        return _is_draft(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow it in a draft."""
        return _is_draft(obj) and super().has_delete_permission(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show the parts to whoever may see the table."""
        return request.user.has_perm("cec_plugin.view_schedule") or request.user.has_perm(
            "cec_plugin.change_schedule"
        )


class RuleInline(SuggestionShown, _DraftInline):
    """The lines of a table."""

    model = models.Rule
    form = RuleForm
    fields = (*RuleForm.Meta.fields[:-1], "suggestion", "source")
    readonly_fields = ("suggestion",)
    show_change_link = True  # to its conditions


class BonusInline(SuggestionShown, _DraftInline):
    """The role bonuses of a table."""

    model = models.RoleBonus
    form = BonusForm
    formset = BonusFormSet
    fields = (
        "rule",
        "role",
        "kind",
        "hundredths",
        "suggestion",
        "first_time_only",
        "stacks",
        "source",
    )
    readonly_fields = ("suggestion",)
    verbose_name_plural = gettext_lazy("role bonuses (a new rule can be chosen once it is saved)")


class CapInline(_DraftInline):
    """The caps of a table."""

    model = models.Cap
    form = CapForm


def _is_draft(schedule: Any) -> bool:
    return schedule is None or not schedule.is_active


def _activate(request: HttpRequest, schedule: models.Schedule) -> Done:
    activate(schedule.pk, by=request.user.get_username(), now=datetime.now(UTC))
    return Done(text=_("Activated. The people it concerns are being settled again."))


def _before_activating(schedule: models.Schedule) -> list[str]:
    rules, bonuses = schedule.rules.count(), schedule.bonuses.count()
    return [
        _(
            "Rules: %(rules)d, role bonuses: %(bonuses)d. They take effect for whatever was "
            "finished on or after %(date)s."
        )
        % {"rules": rules, "bonuses": bonuses, "date": schedule.effective_from},
        _(
            "Whoever finished something that this table, or an earlier version, names is settled "
            "again: credits are awarded, and credits that no longer hold are reversed."
        ),
        _("The member records of the organization are told of every one of these credits."),
        _("From then on this version cannot be changed or deleted; a new draft can replace it."),
    ]


def _preview(request: HttpRequest, schedule: models.Schedule) -> Done:
    asked = begin(schedule.pk, by=request.user.get_username(), now=datetime.now(UTC))
    return Done(
        text=_("The accounts are being looked at; reload this page in a minute or two."),
        go=reverse("admin:cec_plugin_preview_change", args=[asked.pk]),
    )


def _before_previewing(_schedule: models.Schedule) -> list[str]:
    return [
        _("Every account of the organization is looked at: what it has, and what it would have."),
        _("Nothing is awarded, reversed or sent."),
    ]


def _new_draft(_request: HttpRequest, schedule: models.Schedule) -> Done:
    made = draft.draft_from(schedule.pk)
    return Done(
        text=_("Version %(number)d is a new draft.") % {"number": made.version},
        go=reverse("admin:cec_plugin_schedule_change", args=[made.pk]),
    )


def _before_drafting(schedule: models.Schedule) -> list[str]:
    return [
        _(
            "A new draft with the rules and bonuses of %(table)s is made. Nothing that is in force "
            "changes until it is activated."
        )
        % {"table": schedule},
    ]


@admin.register(models.Schedule)
class ScheduleAdmin(OfOrganizations, SteppedAdmin):
    """An organization's credit tables, version by version."""

    list_display = ("__str__", "title", "effective_from", "activated_at", "activated_by")
    list_filter = ("organization",)
    list_select_related = ("organization",)
    ordering = ("organization__name", "-version")
    search_fields = ("title", "organization__name")
    fields = (
        "organization",
        "version",
        "title",
        "effective_from",
        "source",
        ("decides", "awards_to"),
        ("units", "per_hours"),
        ("increment_hundredths", "rounding", "smallest_hundredths"),
        ("period_months", "period_anchor", "period_of"),
        "activated_at",
        "activated_by",
    )
    inlines = (RuleInline, BonusInline, CapInline)
    actions = None
    steps: ClassVar[tuple[Step, ...]] = (
        Step(
            name="activate",
            label=gettext_lazy("Activate"),
            permission="activate",
            says=_before_activating,
            offered=_is_draft,
            run=_activate,
        ),
        adopting(suggestions.in_table, adopt, offered=_is_draft),
        Step(
            name="preview",
            label=gettext_lazy("Preview"),
            permission="preview",
            says=_before_previewing,
            offered=lambda _: True,
            run=_preview,
        ),
        Step(
            name="draft",
            label=gettext_lazy("New draft from this version"),
            permission="draft",
            says=_before_drafting,
            offered=lambda _: True,
            run=_new_draft,
        ),
    )

    def has_activate_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission of its own."""
        return request.user.has_perm("cec_plugin.activate_schedule")

    def has_adopt_permission(self, request: HttpRequest) -> bool:
        """Ask for the permissions to change what the figures stand in."""
        return all(
            request.user.has_perm(f"cec_plugin.change_{model}")
            for model in ("schedule", "rule", "rolebonus")
        )

    def has_preview_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission to see previews: it shows what everybody has."""
        return request.user.has_perm("cec_plugin.view_preview")

    def has_draft_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission to add a table."""
        return self.has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow a draft to be edited."""
        return _is_draft(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow a draft to be deleted."""
        return _is_draft(obj) and super().has_delete_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep whose table it is once it exists; the number is given, not chosen."""
        given = ("version", "activated_at", "activated_by")
        return ("organization", *given) if obj else given

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """Read the organization along: it is part of the name."""
        return super().get_queryset(request).select_related("organization")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        """Number a new draft; save an edited one only while it is a draft."""
        if change:
            draft.edit(obj)
        else:
            draft.begin(obj)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Tell whoever edited what somebody else activated meanwhile; nothing is saved then."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except LockedVersionError as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(request.path)
