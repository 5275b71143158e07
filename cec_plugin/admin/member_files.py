"""Member numbers from an uploaded file: previewed row by row, then linked by who looked at them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cec_plugin import models
from cec_plugin.adapters.platform import get_platform
from cec_plugin.admin.acting import actor
from cec_plugin.admin.carrying import CarriedFile, packed, unpacked
from cec_plugin.admin.reading import Admin, unreported
from cec_plugin.domain.members import MEMBER_COLUMNS, read_members
from cec_plugin.selectors.members import GOOD, Outcome, Reported
from cec_plugin.selectors.officers import answers_for
from cec_plugin.services.import_members import Imported, Into, import_members, preview
from cec_plugin.wording import sheets as words

ERRAND = "import_members"
SHOWN = 500
"""How many rows of a report the page shows."""


class FileForm(forms.Form):
    """A file for one of the officer's organizations."""

    organization: Any = forms.ModelChoiceField(
        models.Organization.objects.none(), label=gettext_lazy("organization")
    )
    file = CarriedFile(label=gettext_lazy("file (CSV)"))

    def __init__(self, request: HttpRequest, *args: Any, **options: Any) -> None:
        """Offer the organizations that the user answers for."""
        super().__init__(*args, **options)
        mine = answers_for(actor(request))
        rows = models.Organization.objects.order_by("name")
        self.fields["organization"].queryset = (  # type: ignore[attr-defined]
            rows if mine is None else rows.filter(pk__in=mine)
        )


class MembersFileForm(FileForm):
    """A file of accounts with their numbers."""

    replace = forms.BooleanField(
        label=gettext_lazy("replace other numbers"),
        required=False,
        help_text=gettext_lazy(
            "Where somebody is linked to another number, the one in the file takes its place. "
            "Credits that went out under the other number stay there."
        ),
    )


class FilingAdmin(Admin):
    """An admin of memberships to which files can be given."""

    change_list_template = "cec_plugin/admin/memberships.html"
    file_template: ClassVar[str] = "cec_plugin/admin/member_file.html"

    def get_urls(self) -> list[URLPattern]:
        """Put the page's address before the records' own."""
        # Each row is linked in a transaction of its own, and nothing keeps another waiting.
        view = self.admin_site.admin_view(self.import_view)
        view = unreported(transaction.non_atomic_requests(view))
        mine = path("import/", view, name="cec_plugin_membership_import")
        return [mine, *super().get_urls()]

    def may_file(self, request: HttpRequest) -> None:
        """Refuse whoever may not add and correct memberships.

        Raises:
            PermissionDenied: they may not.
        """
        if not (self.has_add_permission(request) and self.has_change_permission(request)):
            raise PermissionDenied

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Preview a file; import it as previewed when that is confirmed."""
        self.may_file(request)
        if "carried" in request.POST:
            return self._imported(request)
        given = (request.POST, request.FILES) if request.method == "POST" else ()
        form = MembersFileForm(request, *given)
        context: dict[str, Any] = {"form": form}
        if form.is_valid():
            into = Into(
                organization_id=form.cleaned_data["organization"].pk,
                replace=form.cleaned_data["replace"],
            )
            content = form.cleaned_data["file"]
            done = preview(read_members(content), into=into, platform=get_platform())
            context = {
                **_told(done),
                "organization": form.cleaned_data["organization"],
                "carried": packed(
                    request,
                    ERRAND,
                    [into.organization_id, into.replace, content.decode("latin-1")],
                ),
                "some": any(one.outcome in GOOD for one in done.report),
            }
        return self.file_page(request, title=_("Import member numbers"), **context)

    def file_page(self, request: HttpRequest, *, title: str, **context: Any) -> HttpResponse:
        """Return the page of a file, whatever stands on it."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "columns": ", ".join(MEMBER_COLUMNS),
            **context,
        }
        return TemplateResponse(request, self.file_template, context)

    def _imported(self, request: HttpRequest) -> HttpResponse:
        carried = unpacked(request, ERRAND, request.POST["carried"])
        form = MembersFileForm(request)
        title = _("Import member numbers")
        organization = carried and self.offered_organization(form, carried[0])
        if not organization:
            messages.error(request, _("This preview can no longer be used: give the file again."))
            return self.file_page(request, title=title, form=form)
        done = import_members(
            read_members(carried[2].encode("latin-1")),
            into=Into(organization_id=organization.pk, replace=carried[1]),
            platform=get_platform(),
            by=request.user.get_username(),
            now=datetime.now(UTC),
            all_or_nothing="all_or_nothing" in request.POST,
        )
        linked = sum(one.outcome in GOOD for one in done.report) if done.applied else 0
        self.tell_linked(request, organization, linked)
        return self.file_page(request, title=title, form=form, done=True, **_told(done))

    def offered_organization(self, form: FileForm, pk: object) -> models.Organization | None:
        """Return an organization that the user answers for still."""
        field: Any = form.fields["organization"]
        found: models.Organization | None = field.queryset.filter(pk=pk).first()
        return found

    def tell_linked(
        self, request: HttpRequest, organization: models.Organization, linked: int
    ) -> None:
        """Say how many were linked, and keep it with the organization."""
        text = ngettext(
            "%(count)d account was linked to its member number.",
            "%(count)d accounts were linked to their member numbers.",
            linked,
        ) % {"count": linked}
        messages.add_message(request, messages.SUCCESS if linked else messages.WARNING, text)
        if linked:
            self.log_change(request, organization, text)


def _told(done: Imported) -> dict[str, Any]:
    counts = dict.fromkeys(Outcome, 0)
    for outcome in {one.row: one.outcome for one in done.report}.values():
        counts[outcome] += 1
    return {
        "counts": [(words.outcome(one), count) for one, count in counts.items() if count],
        "lines": [_line(one) for one in done.report[:SHOWN]],
        "more": max(len(done.report) - SHOWN, 0),
    }


def _line(one: Reported) -> Sequence[object]:
    why = words.fault(one.fault) if one.fault else words.outcome(one.outcome)
    return (one.row, one.field, why, one.outcome in GOOD or one.outcome is Outcome.UNCHANGED)
