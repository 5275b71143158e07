"""The ledger: accounts and credits. They are only read; the steps on them make new lines."""

from django.contrib import admin
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from cec_plugin import models
from cec_plugin.admin.acting import OfOrganizations
from cec_plugin.admin.adjusting import ON_A_CREDIT, ON_AN_ACCOUNT, AdjustingAdmin
from cec_plugin.admin.reading import NOTHING, ReadOnlyAdmin, figure, link, newest, sheet
from cec_plugin.admin.words import word
from cec_plugin.domain.delivery import State


@admin.register(models.Account)
class AccountAdmin(OfOrganizations, AdjustingAdmin, ReadOnlyAdmin):
    """One person's credits at one organization."""

    steps = ON_AN_ACCOUNT

    list_display = ("__str__", "person", "organization")
    list_filter = ("organization",)
    list_select_related = ("person", "organization")
    search_fields = ("=person__id",)
    fields = ("person", "organization", "balance", "entries")
    readonly_fields = ("balance", "entries")

    @admin.display(description=_("balance"))
    def balance(self, account: models.Account) -> str:
        """Add up the entries, by credit type."""
        sums = account.entries.values_list("credit_type").annotate(total=Sum("hundredths"))
        return ", ".join(f"{figure(total)} {kind}" for kind, total in sums.order_by()) or "0"

    @admin.display(description=_("credits"))
    def entries(self, account: models.Account) -> str:
        """List the newest lines."""
        rows = newest(account.entries.select_related("participation__activity"))
        return sheet(
            [_("recorded at"), _("credit"), _("amount"), _("activity")],
            (
                [
                    one.recorded_at,
                    link(one, one.get_kind_display()),
                    figure(one.hundredths),
                    one.participation.activity if one.participation else NOTHING,
                ]
                for one in rows
            ),
        )


@admin.register(models.CreditEntry)
class CreditEntryAdmin(OfOrganizations, AdjustingAdmin, ReadOnlyAdmin):
    """One line of the ledger, with the steps that led to it and what the registries were told."""

    organization_path = "account__organization"
    steps = ON_A_CREDIT

    list_display = ("id", "kind", "amount", "credit_type", "activity", "earned_at", "recorded_at")
    list_display_links = ("id", "kind")
    list_filter = ("kind", "account__organization")
    list_select_related = ("participation__activity",)
    ordering = ("-id",)
    search_fields = ("=id", "=account__person__id", "participation__activity__key")
    fields = (
        "kind",
        "amount",
        "credit_type",
        "person",
        "organization",
        "finished",
        "earned_at",
        "recorded_at",
        "schedule",
        "line",
        "reverses",
        "reversal",
        "basis",
        "deliveries",
    )
    readonly_fields = (
        "amount",
        "person",
        "organization",
        "finished",
        "reversal",
        "deliveries",
    )

    @admin.display(description=_("credit"), ordering="hundredths")
    def amount(self, entry: models.CreditEntry) -> str:
        """Return the amount as a figure."""
        return figure(entry.hundredths)

    @admin.display(description=_("activity"))
    def activity(self, entry: models.CreditEntry) -> str:
        """Name the activity; an opening balance has none."""
        return str(entry.activity or NOTHING)

    @admin.display(description=_("person"))
    def person(self, entry: models.CreditEntry) -> str:
        """Link to the person."""
        return link(entry.account.person)

    @admin.display(description=_("organization"))
    def organization(self, entry: models.CreditEntry) -> str:
        """Name whose credit it is."""
        return str(entry.account.organization)

    @admin.display(description=_("finished activity"))
    def finished(self, entry: models.CreditEntry) -> str:
        """Link to what was finished."""
        one = entry.participation
        return link(one, one.activity if one else "")

    @admin.display(description=_("reversed by"))
    def reversal(self, entry: models.CreditEntry) -> str:
        """Link to the entry that takes this one back."""
        return link(models.CreditEntry.objects.filter(reverses=entry).first())

    @admin.display(description=_("deliveries"))
    def deliveries(self, entry: models.CreditEntry) -> str:
        """List what the registries were or will be told."""
        return sheet(
            [_("reference"), _("registry"), _("state")],
            (
                [link(one), one.registry, word(State, one.state)]
                for one in entry.deliveries.select_related("registry")
            ),
        )
