"""Previews: asked for on a draft's page, read here, and applied from here."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, F, Q, Sum
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cec_plugin import models
from cec_plugin.admin.reading import ReadOnlyAdmin, figure, link, sheet
from cec_plugin.admin.steps import Done, Step, SteppedAdmin
from cec_plugin.models.previews import PreviewedAccount
from cec_plugin.services.apply_preview import ask

LARGEST = 200
"""How many accounts the page shows: those that change the most."""


def _apply(request: HttpRequest, preview: models.Preview) -> Done:
    ask(preview.pk, by=request.user.get_username(), now=datetime.now(UTC))
    return Done(text=_("The table is in force; the accounts are being settled one by one."))


def _before_applying(preview: models.Preview) -> list[str]:
    told = _totals(preview)
    return [
        _("%(accounts)d accounts change, by %(by)s in all.")
        % {"accounts": told["changing"], "by": figure(told["by"])},
        _("Accounts that changed since the preview are skipped and stay listed here."),
        _("The member records of the organization are told of every one of these credits."),
    ]


def _totals(preview: models.Preview) -> dict[str, int]:
    totals = preview.accounts.aggregate(
        accounts=Count("pk"),
        changing=Count("pk", filter=~Q(changes=[])),
        less=Count("pk", filter=Q(after_hundredths__lt=F("before_hundredths"))),
        skipped=Count("pk", filter=Q(outcome=PreviewedAccount.Outcome.SKIPPED)),
        by=Sum(F("after_hundredths") - F("before_hundredths")),
    )
    return {name: int(value or 0) for name, value in totals.items()}


@admin.register(models.Preview)
class PreviewAdmin(SteppedAdmin, ReadOnlyAdmin):
    """What a draft would do to everybody, and how far it was done."""

    list_display = ("__str__", "asked_by", "asked_at", "made_at", "applied_by", "applied_at")
    list_select_related = ("schedule__organization",)
    fields = (
        "schedule",
        "asked_by",
        "asked_at",
        "made_at",
        "totals",
        "registries",
        "changed",
        "applied_by",
        "applied_at",
        "skipped",
    )
    readonly_fields = fields
    steps: ClassVar[tuple[Step, ...]] = (
        Step(
            name="apply",
            label=gettext_lazy("Apply"),
            permission="apply",
            says=_before_applying,
            offered=lambda preview: preview.made_at is not None and not preview.applied_by,
            run=_apply,
        ),
    )

    def has_apply_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission of its own."""
        return request.user.has_perm("cec_plugin.apply_preview")

    @admin.display(description=gettext_lazy("in all"))
    def totals(self, preview: models.Preview) -> str:
        """Say how many accounts change, and by how much."""
        if preview.made_at is None:
            return _("The accounts are being looked at.")
        told = _totals(preview)
        return _(
            "%(accounts)d accounts, of which %(changing)d change (%(less)d have less), "
            "by %(by)s in all; %(skipped)d were skipped."
        ) % {**told, "by": figure(told["by"])}

    @admin.display(description=gettext_lazy("the registries would hear"))
    def registries(self, preview: models.Preview) -> str:
        """Count the awards and reversals that each registry would be told of."""
        awards = reversals = 0
        for changes in preview.accounts.values_list("changes", flat=True).iterator():
            awards += sum(1 for _part, hundredths, _code in changes if hundredths > 0)
            reversals += sum(1 for _part, hundredths, _code in changes if hundredths < 0)
        rows = models.Registry.objects.filter(organization=preview.schedule.organization)
        return sheet(
            [_("registry"), _("awards"), _("reversals")],
            ([link(one), awards, reversals] for one in rows),
        )

    @admin.display(description=gettext_lazy("the largest changes"))
    def changed(self, preview: models.Preview) -> str:
        """List the accounts that change the most."""
        by = F("after_hundredths") - F("before_hundredths")
        rows = preview.accounts.exclude(changes=[]).annotate(by=by).order_by("by", "pk")
        return _sheet(rows.select_related("account__person")[:LARGEST])

    @admin.display(description=gettext_lazy("skipped"))
    def skipped(self, preview: models.Preview) -> str:
        """List the accounts that changed since the preview, or came later."""
        rows = preview.accounts.filter(outcome=PreviewedAccount.Outcome.SKIPPED)
        return _sheet(rows.select_related("account__person").order_by("pk")[:LARGEST])


def _sheet(rows: Any) -> str:
    return sheet(
        [_("person"), _("before"), _("after"), _("entries"), _("outcome")],
        (
            [
                link(row.account.person),
                figure(row.before_hundredths),
                figure(row.after_hundredths),
                len(row.changes),
                row.get_outcome_display(),
            ]
            for row in rows
        ),
    )
