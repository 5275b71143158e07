"""The decisions on cycles, and which of them rest on figures that later facts would change."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from cec_plugin import models
from cec_plugin.admin.acting import OfOrganizations
from cec_plugin.admin.reading import ReadOnlyAdmin
from cec_plugin.selectors.progress import differing


class RenewalList(ChangeList):
    """One page of decisions, whose flags are reckoned together."""

    def get_results(self, request: HttpRequest) -> None:
        """Say of each row of the page whether its figures would be others today."""
        super().get_results(request)
        rows = list(self.result_list)
        differ = differing(rows, now=datetime.now(UTC))
        for row in rows:
            row.differs_today = row.pk in differ
        self.result_list = rows


@admin.register(models.Renewal)
class RenewalAdmin(OfOrganizations, ReadOnlyAdmin):
    """The decisions, with the figures on which they were made."""

    organization_path = "holding__designation__organization"

    list_display = (
        "holding",
        "starts_on",
        "ends_on",
        "decision",
        "decided_by",
        "decided_at",
        "differs",
    )
    list_filter = ("decision", "holding__designation")
    fields = (*list_display, "figures")
    readonly_fields = ("differs",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RenewalList]:
        """Reckon the flags of a page in one go."""
        return RenewalList

    @admin.display(description=gettext_lazy("today its figures would be others"), boolean=True)
    def differs(self, renewal: models.Renewal) -> bool:
        """Say whether later facts would change the figures; the decision stays as it is."""
        flagged = getattr(renewal, "differs_today", None)
        if flagged is None:
            flagged = renewal.pk in differing([renewal], now=datetime.now(UTC))
        return bool(flagged)
