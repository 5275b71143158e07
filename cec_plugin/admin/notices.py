"""What the sources told us and what it folds into; only read."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from cec_plugin import models
from cec_plugin.admin.acting import InParts, seen
from cec_plugin.admin.people import user_names
from cec_plugin.admin.reading import NOTHING, ReadOnlyAdmin, figure, link, newest, sheet
from cec_plugin.admin.words import word
from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.domain.notices import Kind, Via


class SettledFilter(admin.SimpleListFilter):
    """Notices by whether they were settled."""

    title = _("settled")
    parameter_name = "settled"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[Any, Any]]:
        """Offer both."""
        return [("no", _("not yet")), ("yes", _("yes"))]

    def queryset(self, request: Any, queryset: Any) -> Any:
        """Keep the chosen ones."""
        if self.value() is None:
            return queryset
        return queryset.filter(settled_at__isnull=self.value() == "no")


@admin.register(models.Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """One thing a source told us, as it told it."""

    list_display = ("id", "says", "by", "subject", "activity", "role", "occurred_at", "settled_at")
    list_display_links = ("id", "says")
    list_filter = (SettledFilter, "kind", "via")
    ordering = ("-id",)
    search_fields = ("=subject", "=activity", "=participation_key")
    fields = (
        "says",
        "by",
        "source",
        "site",
        "subject",
        "activity",
        "role",
        "occurrence",
        "occurred_at",
        "finished_at",
        "grade",
        "mode",
        "hours",
        "evidence",
        "received_at",
        "settled_at",
    )
    readonly_fields = ("says", "by", "hours")

    @admin.display(description=_("says"), ordering="kind")
    def says(self, notice: models.Notice) -> str:
        """Say what it says in words."""
        return word(Kind, notice.kind)

    @admin.display(description=_("by"), ordering="via")
    def by(self, notice: models.Notice) -> str:
        """Say by which evidence."""
        return word(Via, notice.via)

    @admin.display(description=_("hours of service"))
    def hours(self, notice: models.Notice) -> str:
        """Return the hours as a figure."""
        return figure(notice.service_hundredths)


@admin.register(models.Participation)
class ParticipationAdmin(InParts, ReadOnlyAdmin):
    """One finished activity: everything we heard, what it earned and what it did not."""

    list_display = ("activity", "identity", "role", "stands", "earned_at")
    list_filter = ("stands", "has_refusals")
    list_select_related = ("activity", "identity")
    ordering = ("-id",)
    search_fields = ("=identity__subject", "activity__key", "activity__title", "=key")
    fields = (
        "activity",
        "identity",
        "user_name",
        "person",
        "role",
        "occurrence",
        "stands",
        "stints",
        "earned_at",
        "earned_from",
        "grade",
        "mode",
        "hours",
        "settle_at",
        "changed_at",
        "notices",
        "refused",
        "credits",
    )
    readonly_fields = ("user_name", "person", "hours", "notices", "refused", "credits")

    @admin.display(description=_("user name"))
    def user_name(self, one: models.Participation) -> str:
        """Return the platform's own name of the account."""
        return user_names([one.identity]).get(one.identity_id, NOTHING)

    @admin.display(description=_("person"))
    def person(self, one: models.Participation) -> str:
        """Link to the person."""
        return link(one.identity.person)

    @admin.display(description=_("hours of service"))
    def hours(self, one: models.Participation) -> str:
        """Return the hours as a figure."""
        return figure(one.service_hundredths)

    @admin.display(description=_("what we heard"))
    def notices(self, one: models.Participation) -> str:
        """List the notices that fold into this."""
        rows = models.Notice.objects.filter(participation_key=one.key)
        return sheet(
            [_("source time"), _("says"), _("by"), _("source"), _("settled at")],
            (
                [
                    notice.occurred_at,
                    link(notice, word(Kind, notice.kind)),
                    word(Via, notice.via),
                    notice.source,
                    notice.settled_at or _("not yet"),
                ]
                for notice in newest(rows)
            ),
        )

    @admin.display(description=_("not credited"))
    def refused(self, one: models.Participation) -> str:
        """List who gives no credit, and why."""
        rows = seen(one.refusals.select_related("organization"), one, "organization")
        return sheet(
            [_("organization"), _("reason"), _("decided at")],
            (
                [
                    refusal.organization,
                    link(refusal, word(RefusalCode, refusal.code)),
                    refusal.decided_at,
                ]
                for refusal in rows
            ),
        )

    @admin.display(description=_("credits"))
    def credits(self, one: models.Participation) -> str:
        """List the lines of the ledger."""
        rows = one.entries.select_related("account__organization")
        return sheet(
            [_("recorded at"), _("credit"), _("amount"), _("organization")],
            (
                [
                    entry.recorded_at,
                    link(entry, entry.get_kind_display()),
                    figure(entry.hundredths),
                    entry.account.organization,
                ]
                for entry in newest(seen(rows, one, "account__organization"))
            ),
        )
