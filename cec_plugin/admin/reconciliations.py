"""Reports of reconciliations: what a registry says otherwise, as a list, a file, and to repair."""

from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cec_plugin import models
from cec_plugin.admin.reading import ReadOnlyAdmin, figure, link, sheet
from cec_plugin.admin.steps import Done, Step, SteppedAdmin
from cec_plugin.admin.words import WORDS, word
from cec_plugin.domain.reconciliation import BY_REVERSING, REPAIRABLE, Kind, Stance, Unrepaired
from cec_plugin.domain.spreadsheets import rows_as_csv
from cec_plugin.models.reconciliation import Difference, Reconciliation
from cec_plugin.selectors.reconciliations import COLUMNS, SETTLED, difference_lines
from cec_plugin.services.repair import ask_repair

MAY_REPAIR = "cec_plugin.repair_difference"


def _left(rows: "QuerySet[Difference]") -> "QuerySet[Difference]":
    """Return what a repair can do something about, and nobody has asked for yet."""
    kinds = [kind.value for kind in REPAIRABLE]
    waiting = rows.filter(kind__in=kinds, repair_asked_at__isnull=True)
    return waiting.exclude(repair__in=SETTLED)


def _asked(count: int) -> str:
    told = ngettext(
        "%(count)d difference is looked at again and put right.",
        "%(count)d differences are looked at again and put right.",
        count,
    )
    return told % {"count": count}


def _meaning(kind: Kind) -> str:
    """Say what a repair does about a kind of difference."""
    match kind:
        case Kind.MISSING:
            return _("What is missing there is looked up and sent again.")
        case Kind.REVERSED_THERE:
            return _("What was reversed there is told again under a new reference.")
        case Kind.STANDING_THERE:
            return _("What stands there and was reversed here is taken back again.")
        case _other:
            return _("What differs there is taken back, and then told under a new reference.")


def _before(kinds: set[str]) -> list[str]:
    says = [_("The registry is asked about each first; what is in order by now is left alone.")]
    says += [_meaning(kind) for kind in REPAIRABLE if kind.value in kinds]
    if kinds & {kind.value for kind in BY_REVERSING}:
        says.append(_("A registry that takes nothing back is left as it is: that takes a person."))
    if kinds - {kind.value for kind in REPAIRABLE}:
        says.append(_("Records that are doubled, foreign or without our reference are left alone."))
    return says


def _before_all(report: Reconciliation) -> list[str]:
    told = _("Differences that can be put right from here: %(count)d.")
    kinds = set(report.differences.order_by().values_list("kind", flat=True))
    return [told % {"count": _left(report.differences.all()).count()}, *_before(kinds)]


def _repair_all(request: HttpRequest, report: Reconciliation) -> Done:
    rows = _left(report.differences.all())
    count = ask_repair(rows, by=request.user.get_username(), now=datetime.now(UTC))
    return Done(text=_asked(count), ok=bool(count))


@admin.register(Reconciliation)
class ReconciliationAdmin(SteppedAdmin, ReadOnlyAdmin):
    """What a registry was found to say otherwise than we."""

    list_display = ("__str__", "standing", "counted", "asked_by", "began_at", "ended_at")
    list_filter = ("registry", "outcome")
    list_select_related = ("registry",)
    ordering = ("-id",)
    fields = (
        "registry",
        "standing",
        "asked_by",
        "asked_at",
        "began_at",
        "ended_at",
        "way",
        "listed",
        "unnamed",
        "unlisted",
        "kinds",
        "repairs",
        "file",
    )
    readonly_fields = ("standing", "kinds", "repairs", "file")
    steps: ClassVar[tuple[Step, ...]] = (
        Step(
            name="repair",
            label=gettext_lazy("Repair all"),
            permission="repair",
            says=_before_all,
            offered=lambda report: _left(report.differences.all()).exists(),
            run=_repair_all,
        ),
    )

    def has_repair_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission of its own."""
        return request.user.has_perm(MAY_REPAIR)

    def get_urls(self) -> list[URLPattern]:
        """Put the file's address before the record's own."""
        view = self.admin_site.admin_view(self.download_view)
        mine = path("<int:pk>/download/", view, name="cec_plugin_reconciliation_download")
        return [mine, *super().get_urls()]

    def download_view(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        """Return the differences as a file."""
        report = self.get_queryset(request).filter(pk=pk).first()
        if report is None:
            raise Http404
        if not self.has_view_permission(request, report):
            raise PermissionDenied
        return StreamingHttpResponse(
            rows_as_csv(COLUMNS, difference_lines(pk)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="differences-{pk}.csv"'},
        )

    @admin.display(description=gettext_lazy("state"))
    def standing(self, report: Reconciliation) -> str:
        """Say how far it is, or how it ended."""
        if report.ended_at is not None:
            outcome = report.get_outcome_display()
            return f"{outcome}: {report.reason}" if report.reason else str(outcome)
        if report.began_at is None:
            return _("It waits to be begun.")
        return _("It runs; records read so far: %(count)d. Look again in a while.") % {
            "count": report.listed
        }

    @admin.display(description=gettext_lazy("differences"))
    def counted(self, report: Reconciliation) -> int:
        """Count the differences."""
        return int(sum(report.counts.values())) + report.unlisted

    @admin.display(description=gettext_lazy("differences by kind"))
    def kinds(self, report: Reconciliation) -> str:
        """Count the differences of each kind, each with a link to its list."""
        rows = report.counts.items()
        return sheet(
            [_("kind"), _("differences")],
            ([_listed(report, word(Kind, kind), kind__exact=kind), count] for kind, count in rows),
        )

    @admin.display(description=gettext_lazy("repairs"))
    def repairs(self, report: Reconciliation) -> str:
        """Count what came of the repairs, and what waits for one."""
        rows = report.differences.order_by("repair").values_list("repair")
        told: list[list[object]] = [
            [_listed(report, Difference.Repair(repair).label, repair__exact=repair), count]
            for repair, count in rows.annotate(Count("pk"))
        ]
        waiting = report.differences.filter(repair_asked_at__isnull=False).count()
        if waiting:
            told.append([_("asked for, and still to be made"), waiting])
        return sheet([_("repair"), _("differences")], told)

    @admin.display(description=gettext_lazy("file"))
    def file(self, report: Reconciliation) -> str:
        """Link to the file."""
        url = reverse("admin:cec_plugin_reconciliation_download", args=[report.pk])
        return format_html('<a href="{}">{}</a>', url, _("download"))


def _listed(report: Reconciliation, text: object, **chosen: str) -> str:
    """Return a link to the report's differences that are chosen so."""
    query = urlencode({"reconciliation__id__exact": report.pk, **chosen})
    url = reverse("admin:cec_plugin_difference_changelist")
    return format_html('<a href="{}?{}">{}</a>', url, query, text)


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
    return _left(Difference.objects.filter(pk=row.pk)).exists()


def _repair(request: HttpRequest, row: Difference) -> Done:
    rows = _left(Difference.objects.filter(pk=row.pk))
    count = ask_repair(rows, by=request.user.get_username(), now=datetime.now(UTC))
    return Done(text=_asked(count), ok=bool(count))


@admin.register(Difference)
class DifferenceAdmin(SteppedAdmin, ReadOnlyAdmin):
    """One reference of which a registry says something else than we."""

    list_display = (
        "__str__",
        "kind_in_words",
        "registry",
        "amount_here",
        "amount_there",
        "another_member",
        "repair",
    )
    list_filter = ("reconciliation__registry", KindFilter, "repair", "another_member")
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
            says=lambda row: _before({row.kind}),
            offered=_can_be_repaired,
            run=_repair,
        ),
    )

    def has_repair_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission of its own."""
        return request.user.has_perm(MAY_REPAIR)

    @admin.action(description=gettext_lazy("Repair"), permissions=["repair"])
    def repair_chosen(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        """Ask for the chosen differences to be repaired."""
        chosen = list(_left(queryset).order_by())
        rows = Difference.objects.filter(pk__in=[one.pk for one in chosen])
        count = ask_repair(rows, by=request.user.get_username(), now=datetime.now(UTC))
        for one in chosen:
            self.log_change(request, one, str(gettext_lazy("Repair")))
        level = messages.SUCCESS if count else messages.WARNING
        messages.add_message(request, level, _asked(count))

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
        return word(Unrepaired, row.repair_reason)
