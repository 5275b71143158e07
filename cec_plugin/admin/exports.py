"""Exports of the ledger for organizations without a registry: made once, downloaded at will."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cec_plugin.admin.acting import OfOrganizations, actor
from cec_plugin.admin.reading import Admin, ReadOnlyAdmin
from cec_plugin.admin.spreadsheets import as_csv
from cec_plugin.models.export import Export
from cec_plugin.selectors.exports import lines_of
from cec_plugin.selectors.officers import answers_for
from cec_plugin.services.export import export, waiting


def download(made: Export) -> StreamingHttpResponse:
    """Return the export as a file."""
    name = f"credits-{made.organization.code}-{made.number}.csv"
    return StreamingHttpResponse(
        as_csv(lines_of(made.pk)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


class ExportingAdmin(Admin):
    """An admin of organizations with the action that exports one's new credits."""

    actions = ("export_new",)

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission to make an export."""
        return request.user.has_perm("cec_plugin.add_export")

    @admin.action(
        description=gettext_lazy("Export the credits since the last export"),
        permissions=["export"],
    )
    def export_new(
        self, request: HttpRequest, queryset: "QuerySet[Any]"
    ) -> StreamingHttpResponse | None:
        """Make the next export of one organization and download it."""
        if len(queryset) != 1:
            messages.error(request, _("Choose one organization: an export is for one alone."))
            return None
        organization = queryset[0]
        mine = answers_for(actor(request))
        if mine is not None and organization.pk not in mine:
            raise PermissionDenied
        made = export(organization.pk, by=request.user.get_username(), now=datetime.now(UTC))
        if held := waiting(organization.pk):
            told = ngettext(
                "%(count)d credit waits for a member number and is not exported yet.",
                "%(count)d credits wait for a member number and are not exported yet.",
                held,
            )
            messages.warning(request, told % {"count": held})
        if made is None:
            messages.info(request, _("There is nothing new to export."))
            return None
        self.log_change(request, organization, _("Export %(number)d") % {"number": made.number})
        return download(made)


@admin.register(Export)
class ExportAdmin(OfOrganizations, ReadOnlyAdmin):
    """The exports made so far; each can be downloaded again, unchanged."""

    list_display = ("organization", "number", "made_at", "made_by", "file")
    list_display_links = ("organization", "number")
    list_filter = ("organization",)
    list_select_related = ("organization",)
    ordering = ("-id",)
    fields = ("organization", "number", "made_at", "made_by", "size", "file")
    readonly_fields = ("size", "file")

    def get_urls(self) -> list[URLPattern]:
        """Put the file's address before the record's own."""
        view = self.admin_site.admin_view(self.download_view)
        mine = path("<int:pk>/download/", view, name="cec_plugin_export_download")
        return [mine, *super().get_urls()]

    def download_view(self, request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
        """Return the file of an export."""
        made = self.get_queryset(request).select_related("organization").filter(pk=pk).first()
        if made is None:
            raise Http404
        if not self.has_view_permission(request, made):
            raise PermissionDenied
        return download(made)

    @admin.display(description=gettext_lazy("credits"))
    def size(self, made: Export) -> int:
        """Count the lines."""
        return int(made.lines.aggregate(count=Count("pk"))["count"])

    @admin.display(description=gettext_lazy("file"))
    def file(self, made: Export) -> str:
        """Link to the file."""
        url = reverse("admin:cec_plugin_export_download", args=[made.pk])
        return format_html('<a href="{}">{}</a>', url, _("download"))
