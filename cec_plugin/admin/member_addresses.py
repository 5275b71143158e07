"""Suggested links: an organization's list of addresses, matched, looked at, and confirmed.

An address says who might be meant, and not more: nothing is linked that nobody chose. The
addresses are read and forgotten; from the preview to the links only accounts and numbers go.
"""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from cec_plugin.adapters.platform import get_platform
from cec_plugin.admin.carrying import packed, unpacked
from cec_plugin.admin.member_files import SHOWN, FileForm, FilingAdmin
from cec_plugin.admin.reading import unreported
from cec_plugin.domain.members import ADDRESS_COLUMNS, read_addresses
from cec_plugin.selectors.addresses import Match, Suggested, suggestions
from cec_plugin.services.link_once import Linked
from cec_plugin.services.link_suggested import Chosen, link_suggested
from cec_plugin.wording import sheets as words

ERRAND = "suggested_links"


class SuggestingAdmin(FilingAdmin):
    """An admin of memberships that suggests some from a list of addresses."""

    def get_urls(self) -> list[URLPattern]:
        """Put the page's address before the records' own."""
        view = self.admin_site.admin_view(self.suggested_view)
        view = unreported(transaction.non_atomic_requests(view))
        mine = path("suggested/", view, name="cec_plugin_membership_suggested")
        return [mine, *super().get_urls()]

    def suggested_view(self, request: HttpRequest) -> HttpResponse:
        """Match a list; link what was chosen of it."""
        self.may_file(request)
        if "carried" in request.POST:
            return self._link(request)
        given = (request.POST, request.FILES) if request.method == "POST" else ()
        form = FileForm(request, *given)
        if not form.is_valid():
            return self._page(request, form=form)
        organization = form.cleaned_data["organization"]
        told = suggestions(
            read_addresses(form.cleaned_data["file"]),
            organization_id=organization.pk,
            platform=get_platform(),
        )
        found = [one for one in told if one.match is Match.SUGGESTED]
        shown = found[:SHOWN]
        carried = [[one.account.subject, one.number] for one in shown if one.account]
        others = [one for one in told if one.match is not Match.SUGGESTED]
        return self._page(
            request,
            organization=organization,
            counts=_counts(told),
            suggested=list(enumerate(shown)),
            left=len(found) - len(shown),
            lines=[_line(one) for one in others[:SHOWN]],
            more=max(len(others) - SHOWN, 0),
            carried=packed(request, ERRAND, [organization.pk, carried]),
        )

    def _link(self, request: HttpRequest) -> HttpResponse:
        form = FileForm(request)
        carried = unpacked(request, ERRAND, request.POST["carried"])
        organization = carried and self.offered_organization(form, carried[0])
        if not organization:
            messages.error(request, _("This preview can no longer be used: give the file again."))
            return self._page(request, form=form)
        ticked = set(request.POST.getlist("chosen"))
        came = link_suggested(
            [
                Chosen(subject=subject, number=number)
                for at, (subject, number) in enumerate(carried[1])
                if str(at) in ticked
            ],
            organization_id=organization.pk,
            by=request.user.get_username(),
            now=datetime.now(UTC),
        )
        self.tell_linked(request, organization, came[Linked.LINKED])
        if late := came[Linked.OTHER] + came[Linked.TAKEN]:
            text = _("Linked another way meanwhile, and left as they are: %(count)d.")
            messages.warning(request, text % {"count": late})
        return self._page(request, form=form)

    def _page(self, request: HttpRequest, **context: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Suggested links"),
            "columns": ", ".join(ADDRESS_COLUMNS),
            **context,
        }
        return TemplateResponse(request, "cec_plugin/admin/suggested_links.html", context)


def _counts(told: tuple[Suggested, ...]) -> list[tuple[str, int]]:
    counts = Counter({one.row: one.match for one in told}.values())
    return [(words.match(one), counts[one]) for one in Match if counts[one]]


def _line(one: Suggested) -> tuple[int, str, str, bool]:
    why = words.fault(one.fault) if one.fault else words.match(one.match)
    return (one.row, one.fault.field if one.fault else "", why, one.match is Match.UNCHANGED)
