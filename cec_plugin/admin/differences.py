"""Differences: each reference of which a registry says something else, read and repaired."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cec_plugin import models
from cec_plugin.admin.acting import OfOrganizations, OwnRegistries
from cec_plugin.admin.reading import ReadOnlyAdmin, figure, link
from cec_plugin.admin.repairing import RepairingAdmin, ask_for, before_repairing, left_to_repair
from cec_plugin.admin.steps import Done, Step, SteppedAdmin
from cec_plugin.admin.words import WORDS, word
from cec_plugin.domain.reconciliation import Kind, Stance, Unrepaired
from cec_plugin.models.reconciliation import Difference
from cec_plugin.wording.reasons import in_words

CONFIRMED = "confirmed"
"""What the page that asks first sends along."""


class KindFilter(admin.SimpleListFilter):
    """Differences by kind, in words."""

    title = gettext_lazy("kind")
    parameter_name = "kind__exact"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[Any, Any]]:
        """Offer every kind."""
        return list(WORDS[Kind].items())

    def queryset(self, request: Any, queryset: Any) -> Any:
        """Keep the chosen kind."""
        return queryset if self.value() is None else queryset.filter(kind=self.value())


def _can_be_repaired(row: Difference) -> bool:
    return left_to_repair(Difference.objects.filter(pk=row.pk)).exists()


def _repair(request: HttpRequest, row: Difference) -> Done:
    return ask_for(request, Difference.objects.filter(pk=row.pk))


@admin.register(Difference)
class DifferenceAdmin(OfOrganizations, RepairingAdmin, SteppedAdmin, ReadOnlyAdmin):
    """One reference of which a registry says something else than we."""

    organization_path = "reconciliation__registry__organization"
    list_display = (
        "__str__",
        "kind_in_words",
        "registry",
        "amount_here",
        "amount_there",
        "another_member",
        "repair",
    )
    list_filter = (
        ("reconciliation__registry", OwnRegistries),
        KindFilter,
        "repair",
        "another_member",
    )
    list_select_related = ("reconciliation__registry",)
    search_fields = ("^reference",)
    search_help_text = gettext_lazy("A reference, or how it begins.")
    ordering = ("-reconciliation_id", "id")
    actions = ("repair_chosen",)
    fields = (
        "reconciliation",
        "kind_in_words",
        "reference",
        "sent",
        "we_say",
        "amount_here",
        "amount_there",
        "another_member",
        "there",
        "repair",
        "why",
        "repair_asked_by",
        "repair_asked_at",
        "repaired_by",
        "repaired_at",
    )
    readonly_fields = (
        "kind_in_words", "sent", "we_say", "amount_here", "amount_there", "there", "why",
    )  # fmt: skip
    steps: ClassVar[tuple[Step, ...]] = (
        Step(
            name="repair",
            label=gettext_lazy("Repair"),
            permission="repair",
            says=lambda row: before_repairing({row.kind}),
            offered=_can_be_repaired,
            run=_repair,
        ),
    )

    @admin.action(description=gettext_lazy("Repair"), permissions=["repair"])
    def repair_chosen(
        self, request: HttpRequest, queryset: "QuerySet[Any]"
    ) -> TemplateResponse | None:
        """Say what a repair of the chosen does; ask for it when that is confirmed."""
        chosen = list(left_to_repair(queryset).order_by())
        if chosen and CONFIRMED not in request.POST:
            return self._confirmed_first(request, chosen)
        done = ask_for(request, Difference.objects.filter(pk__in=[one.pk for one in chosen]))
        for one in chosen:
            self.log_change(request, one, str(gettext_lazy("Repair")))
        level = messages.SUCCESS if done.ok else messages.WARNING
        messages.add_message(request, level, done.text)
        return None

    def _confirmed_first(
        self, request: HttpRequest, chosen: Sequence[Difference]
    ) -> TemplateResponse:
        told = ngettext("%(count)d difference", "%(count)d differences", len(chosen))
        carried = [(ACTION_CHECKBOX_NAME, one.pk) for one in chosen]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Repair"),
            "object": told % {"count": len(chosen)},
            "says": before_repairing({one.kind for one in chosen}),
            "back": request.get_full_path(),
            "carried": [("action", "repair_chosen"), (CONFIRMED, "yes"), *carried],
        }
        return TemplateResponse(request, "cec_plugin/admin/confirm.html", context)

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def kind_in_words(self, row: Difference) -> str:
        """Say in what it differs."""
        return word(Kind, row.kind)

    @admin.display(description=gettext_lazy("registry"))
    def registry(self, row: Difference) -> models.Registry:
        """Return whose it is."""
        return row.reconciliation.registry

    @admin.display(description=gettext_lazy("delivery"))
    def sent(self, row: Difference) -> str:
        """Link to our own record."""
        return link(row.delivery)

    @admin.display(description=gettext_lazy("we say"))
    def we_say(self, row: Difference) -> str:
        """Say what we hold true of it."""
        return word(Stance, row.ours_stance) if row.ours_stance else _("nobody here knows of it")

    @admin.display(description=gettext_lazy("amount here"))
    def amount_here(self, row: Difference) -> str:
        """Return our amount as a figure."""
        return figure(row.ours_hundredths)

    @admin.display(description=gettext_lazy("amount there"))
    def amount_there(self, row: Difference) -> str:
        """Return the registry's amount as a figure."""
        return figure(row.theirs_hundredths)

    @admin.display(description=gettext_lazy("registry's ids"))
    def there(self, row: Difference) -> str:
        """List the registry's own ids of the records, for whoever looks there."""
        return ", ".join(row.remote_ids)

    @admin.display(description=gettext_lazy("because"))
    def why(self, row: Difference) -> str:
        """Say why it was not repaired."""
        known = row.repair_reason in list(Unrepaired)
        return word(Unrepaired, row.repair_reason) if known else in_words(row.repair_reason)
