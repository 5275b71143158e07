"""Roster files: downloaded, withdrawn, and settled by their receipts."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cec_plugin import models
from cec_plugin.adapters import rosters
from cec_plugin.admin.acting import OfOrganizations, OwnRegistries
from cec_plugin.admin.carrying import CarriedFile, packed, unpacked
from cec_plugin.admin.reading import NOTHING, ReadOnlyAdmin, link, sheet, unreported
from cec_plugin.admin.steps import Done, Step, SteppedAdmin
from cec_plugin.exceptions import CecError
from cec_plugin.models.roster import LineAnswer
from cec_plugin.selectors.roster_receipts import GOOD, Outcome, counts
from cec_plugin.services.settle_receipts import Received
from cec_plugin.services.withdraw_roster import withdraw_roster
from cec_plugin.wording import rosters as words
from cec_plugin.wording.reasons import in_words

SHOWN = 500
"""How many lines a page shows."""


class ReceiptsForm(forms.Form):
    """A file of receipts."""

    file = CarriedFile(label=gettext_lazy("receipts (CSV)"))


def _withdraw(request: HttpRequest, file: models.RosterFile) -> Done:
    by = request.user.get_username()
    count = withdraw_roster(file.pk, by=by, now=datetime.now(UTC))
    told = ngettext(
        "Withdrawn: %(count)d line goes into the next file.",
        "Withdrawn: %(count)d lines go into the next file.",
        count,
    )
    if not count:
        return Done(text=_("The body has answered a line of it: it has the file."), ok=False)
    return Done(text=told % {"count": count})


def _before_withdrawing(file: models.RosterFile) -> list[str]:
    told = [
        _("You know that nobody at the body has this file, and nobody will give it to them."),
        _("Its lines go into the next file. Were it there after all, each would be there twice."),
    ]
    if file.fetched_at is not None:
        told.append(_("It was downloaded: ask whoever did what became of it."))
    return told


@admin.register(models.RosterFile)
class RosterFileAdmin(OfOrganizations, SteppedAdmin, ReadOnlyAdmin):
    """The files that were closed; each can be downloaded again, unchanged."""

    organization_path = "registry__organization"
    list_display = ("registry", "number", "closed_at", "closed_by", "size", "waits", "file")
    list_display_links = ("registry", "number")
    list_filter = (("registry", OwnRegistries),)
    list_select_related = ("registry",)
    ordering = ("-id",)
    fields = (
        "registry",
        "number",
        "closed_at",
        "closed_by",
        "size",
        "waits",
        "fetched_at",
        "withdrawn_at",
        "withdrawn_by",
        "file",
        "receipts",
        "content",
    )
    readonly_fields = ("size", "waits", "file", "receipts", "content")
    steps: ClassVar[tuple[Step, ...]] = (
        Step(
            name="withdraw",
            label=gettext_lazy("It was never handed over"),
            permission="close",
            says=_before_withdrawing,
            offered=lambda file: not file.lines.exclude(answer=LineAnswer.NONE).exists(),
            run=_withdraw,
        ),
    )

    def has_close_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission to close a file."""
        return request.user.has_perm("cec_plugin.add_rosterfile")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """Count the lines, and those that wait."""
        waits = Count("lines", filter=Q(lines__answer=LineAnswer.NONE))
        rows = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(in_all=Count("lines"), left=waits)
        return counted

    def get_urls(self) -> list[URLPattern]:
        """Put the addresses of the file and its receipts before the record's own."""
        receipts = self.admin_site.admin_view(self.receipts_view)
        receipts = unreported(transaction.non_atomic_requests(receipts))
        mine = [
            path(
                "<int:pk>/download/",
                self.admin_site.admin_view(self.download_view),
                name="cec_plugin_rosterfile_download",
            ),
            path("<int:pk>/receipts/", receipts, name="cec_plugin_rosterfile_receipts"),
        ]
        return [*mine, *super().get_urls()]

    def download_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Return the file as it was closed; say why where it cannot be."""
        file = self._file(request, pk, "download")
        try:
            made = rosters.write(file)
        except CecError as error:
            messages.error(request, in_words(error))
            page = reverse("admin:cec_plugin_rosterfile_change", args=[pk])
            return HttpResponseRedirect(page)
        self.log_change(request, file, _("downloaded"))
        headers = {"Content-Disposition": f'attachment; filename="{made.name}"'}
        return HttpResponse(made.content, content_type="text/csv", headers=headers)

    def receipts_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Preview receipts; settle by them when that is confirmed."""
        file = self._file(request, pk, "receive")
        errand = f"receipts.{pk}"
        if "carried" in request.POST:
            carried = unpacked(request, errand, request.POST["carried"])
            if carried is None:
                told = _("This preview can no longer be used: give the file again.")
                messages.error(request, told)
                return self._page(request, file, form=ReceiptsForm())
            by = request.user.get_username()
            content = carried.encode("latin-1")
            done = rosters.receive(file.registry, content, by=by, file=file)
            return self._settled(request, file, done)
        form = ReceiptsForm(request.POST, request.FILES) if request.method == "POST" else None
        if form is not None and form.is_valid():
            content = form.cleaned_data["file"]
            done = rosters.preview(file.registry, content, file=file)
            carried = packed(request, errand, content.decode("latin-1"))
            some = any(one.outcome in (Outcome.ACCEPTED, Outcome.REJECTED) for one in done.report)
            return self._page(request, file, carried=carried, some=some, **_told(done))
        return self._page(request, file, form=form or ReceiptsForm())

    def _file(self, request: HttpRequest, pk: int, may: str) -> models.RosterFile:
        file: models.RosterFile | None = self.get_queryset(request).filter(pk=pk).first()
        if file is None:
            raise Http404
        if not request.user.has_perm(f"cec_plugin.{may}_rosterfile"):
            raise PermissionDenied
        return file

    def _settled(
        self, request: HttpRequest, file: models.RosterFile, done: Received
    ) -> HttpResponse:
        found = counts(done.report)
        text = _("Receipts: %(accepted)d accepted, %(rejected)d rejected.") % {
            "accepted": found.get(Outcome.ACCEPTED, 0),
            "rejected": found.get(Outcome.REJECTED, 0),
        }
        messages.add_message(request, messages.WARNING if done.bad else messages.SUCCESS, text)
        self.log_change(request, file, text)
        return self._page(request, file, form=ReceiptsForm(), **_told(done))

    def _page(self, request: HttpRequest, file: models.RosterFile, **more: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Import receipts"),
            "object": file,
            "back": reverse("admin:cec_plugin_rosterfile_change", args=[file.pk]),
            **more,
        }
        return TemplateResponse(request, "cec_plugin/admin/roster_receipts.html", context)

    @admin.display(description=gettext_lazy("lines"))
    def size(self, file: Any) -> int:
        """Return how many lines it has."""
        return int(file.in_all)

    @admin.display(description=gettext_lazy("without a receipt"))
    def waits(self, file: Any) -> int:
        """Return how many lines wait for their receipt."""
        return int(file.left)

    @admin.display(description=gettext_lazy("file"))
    def file(self, file: models.RosterFile) -> str:
        """Link to the file, unless it was withdrawn."""
        if file.withdrawn_at is not None:
            return NOTHING
        url = reverse("admin:cec_plugin_rosterfile_download", args=[file.pk])
        return format_html('<a href="{}">{}</a>', url, _("download"))

    @admin.display(description=gettext_lazy("receipts"))
    def receipts(self, file: models.RosterFile) -> str:
        """Link to the page that takes them."""
        url = reverse("admin:cec_plugin_rosterfile_receipts", args=[file.pk])
        return format_html('<a href="{}">{}</a>', url, _("import"))

    @admin.display(description=gettext_lazy("content"))
    def content(self, file: models.RosterFile) -> str:
        """Show the lines with what became of them; who they are about stands in the file alone."""
        rows = file.lines.select_related("delivery").order_by("position")[:SHOWN]
        return sheet(
            (_("line"), _("delivery"), _("answer"), _("reason")),
            (
                (r.position, link(r.delivery), r.get_answer_display(), in_words(r.reason))
                for r in rows
            ),
        )


def _told(done: Received) -> dict[str, Any]:
    return {
        "counts": [(words.outcome(one), count) for one, count in counts(done.report).items()],
        "lines": [
            (one.row, one.field, words.why(one), one.outcome in GOOD) for one in done.report[:SHOWN]
        ],
        "more": max(len(done.report) - SHOWN, 0),
    }
