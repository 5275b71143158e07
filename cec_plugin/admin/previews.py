"""Previews: asked for on a draft's page, read here, and applied from here."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, F, Q, Sum
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cec_plugin import models
from cec_plugin.admin.acting import OfOrganizations
from cec_plugin.admin.reading import ReadOnlyAdmin, figure, link, sheet
from cec_plugin.admin.steps import Done, Step, SteppedAdmin
from cec_plugin.models.certifications import Requirement
from cec_plugin.models.previews import PreviewedAccount
from cec_plugin.services.apply_preview import ask
from cec_plugin.wording import standing as words

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
        _fallen(told["falling"]),
        _closed(told["closing"]),
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
        awards=Sum("awards"),
        reversals=Sum("reversals"),
        falling=Count("pk", filter=~Q(falls_under=[])),
        closing=Count("pk", filter=~Q(closed=[])),
    )
    return {name: int(value or 0) for name, value in totals.items()}


def _fallen(people: int) -> str:
    return ngettext(
        "%(people)d person falls under something that a certification asks for.",
        "%(people)d people fall under something that a certification asks for.",
        people,
    ) % {"people": people}


def _closed(people: int) -> str:
    return ngettext(
        "Closed cycles of %(people)d person would have other figures; what was decided stays.",
        "Closed cycles of %(people)d people would have other figures; what was decided stays.",
        people,
    ) % {"people": people}


@admin.register(models.Preview)
class PreviewAdmin(OfOrganizations, SteppedAdmin, ReadOnlyAdmin):
    """What a draft would do to everybody, and how far it was done."""

    organization_path = "schedule__organization"

    list_display = ("__str__", "asked_by", "asked_at", "made_at", "applied_by", "applied_at")
    list_select_related = ("schedule__organization",)
    fields = (
        "schedule",
        "asked_by",
        "asked_at",
        "made_at",
        "totals",
        "registries",
        "falling",
        "closing",
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
        told = _totals(preview)
        rows = models.Registry.objects.filter(organization=preview.schedule.organization)
        return sheet(
            [_("registry"), _("awards"), _("reversals")],
            ([link(one), told["awards"], told["reversals"]] for one in rows),
        )

    @admin.display(description=gettext_lazy("who falls under a minimum"))
    def falling(self, preview: models.Preview) -> str:
        """Say how many fall under what is asked for, and list who, under what, by how much."""
        if preview.made_at is None:
            return ""
        rows = preview.accounts.exclude(falls_under=[]).order_by("pk")
        listed = rows.values_list("falls_under", flat=True)[:LARGEST]
        return format_html(
            "<p>{}</p>{}",
            _fallen(_totals(preview)["falling"]),
            sheet(
                [_("person"), _("holding"), _("cycle from"), _("asks for"), _("before"),
                 _("after"), _("needed")],
                _falls([fall for falls in listed for fall in falls]),
            ),
        )  # fmt: skip

    @admin.display(description=gettext_lazy("closed cycles concerned"))
    def closing(self, preview: models.Preview) -> str:
        """List the decisions whose figures would be others; nothing of them is changed."""
        if preview.made_at is None:
            return ""
        rows = preview.accounts.exclude(closed=[]).order_by("pk")
        listed = rows.values_list("closed", flat=True)[:LARGEST]
        renewals = models.Renewal.objects.filter(pk__in={pk for pks in listed for pk in pks})
        return format_html(
            "<p>{}</p>{}",
            _closed(_totals(preview)["closing"]),
            sheet(
                [_("person"), _("holding"), _("decision")],
                (
                    [
                        link(one.holding.person),
                        link(one.holding, one.holding.designation),
                        link(one),
                    ]
                    for one in renewals.select_related(
                        "holding__person", "holding__designation"
                    ).order_by("pk")
                ),
            ),
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


def _falls(found: list[list[Any]]) -> Iterator[list[object]]:
    """Yield a line for each fall, as ``PreviewedAccount.falls_under`` keeps them."""
    holdings = (
        models.Holding.objects.select_related("person", "designation__organization")
        .prefetch_related("designation__requirements")
        .in_bulk({fall[0] for fall in found})
    )
    for pk, code, before, after, needed, begins in found:
        if (holding := holdings.get(pk)) is None:
            continue
        unit = holding.designation.organization.unit
        spreads = frozenset(
            part.code
            for part in holding.designation.requirements.all()
            if part.kind == Requirement.Kind.SPREAD
        )
        yield [
            link(holding.person),
            link(holding, holding.designation),
            "" if begins == date.min.isoformat() else date_format(date.fromisoformat(begins)),
            words.asked(code),
            *(words.amount(one, code, unit, spreads) for one in (before, after, needed)),
        ]


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
