"""Reports of reconciliations: how far they are, what they found, as a file, and to repair."""

from typing import ClassVar
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cec_plugin.admin.acting import OfOrganizations, OwnRegistries
from cec_plugin.admin.reading import ReadOnlyAdmin, sheet
from cec_plugin.admin.repairing import RepairingAdmin, ask_for, before_repairing, left_to_repair
from cec_plugin.admin.steps import Done, Step, SteppedAdmin
from cec_plugin.admin.words import word
from cec_plugin.domain.reconciliation import Kind
from cec_plugin.domain.spreadsheets import rows_as_csv
from cec_plugin.models.reconciliation import Difference, Reconciliation
from cec_plugin.selectors.reconciliations import COLUMNS, difference_lines
from cec_plugin.wording.reasons import in_words


def _before_all(report: Reconciliation) -> list[str]:
    told = _("Differences that can be put right from here: %(count)d.")
    kinds = set(report.differences.order_by().values_list("kind", flat=True))
    return [
        told % {"count": left_to_repair(report.differences.all()).count()},
        *before_repairing(kinds),
    ]


def _repair_all(request: HttpRequest, report: Reconciliation) -> Done:
    return ask_for(request, report.differences.all())


@admin.register(Reconciliation)
class ReconciliationAdmin(OfOrganizations, RepairingAdmin, SteppedAdmin, ReadOnlyAdmin):
    """What a registry was found to say otherwise than we."""

    organization_path = "registry__organization"
    list_display = ("__str__", "standing", "counted", "asked_by", "began_at", "ended_at")
    list_filter = (("registry", OwnRegistries), "outcome")
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
            offered=lambda report: left_to_repair(report.differences.all()).exists(),
            run=_repair_all,
        ),
    )

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
            outcome = str(report.get_outcome_display())
            if not report.reason:
                return outcome
            told = _("%(outcome)s: %(why)s")
            return told % {"outcome": outcome, "why": in_words(report.reason)}
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
