"""Who holds a designation, how far they are, and the decision on each cycle."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cec_plugin import models
from cec_plugin.admin.acting import OfOrganizations, actor
from cec_plugin.admin.reading import Inline, ReadOnlyInline, sheet
from cec_plugin.admin.steps import Done, Step, SteppedAdmin
from cec_plugin.domain.progress import Progress
from cec_plugin.models.certifications import Renewal, Requirement
from cec_plugin.selectors.progress import Standing, standings, today
from cec_plugin.services.authorize import NotAnsweringError, OwnCreditError, authorize
from cec_plugin.services.conferred import conferred
from cec_plugin.services.renew import renew
from cec_plugin.wording import standing as words


class StatusInline(ReadOnlyInline):
    """The history of a holding; written through its own page."""

    model = models.HoldingStatus
    fields = ("status", "since", "reason", "recorded_by", "recorded_at")


class LeaveInline(Inline):
    """The leaves of a holding."""

    model = models.HoldingLeave
    extra = 1


def _standing(holding: models.Holding) -> Standing | None:
    found = standings(holding.person_id, on=today(holding, datetime.now(UTC)))
    return next((one for one in found if one.holding.pk == holding.pk), None)


def _undecided(holding: models.Holding) -> Progress | None:
    """Return the first cycle that nobody has decided on."""
    found = _standing(holding)
    if found is None:
        return None
    return next(
        (
            one
            for one in found.cycles
            if one.cycle.ends_on is not None and one.cycle.starts_on not in found.decided
        ),
        None,
    )


def _decide(decision: Renewal.Decision) -> Callable[[HttpRequest, models.Holding], Done]:
    def run(request: HttpRequest, holding: models.Holding) -> Done:
        one = _undecided(holding)
        if one is None:
            return Done(text=_("Every cycle is decided on."), ok=False)
        made = renew(
            holding.pk,
            starts_on=one.cycle.starts_on,
            decision=decision,
            by=actor(request),
            now=datetime.now(UTC),
        )
        return Done(text=f"{words.cycle(one)}: {made.get_decision_display()}")

    return run


def _before_deciding(holding: models.Holding) -> list[str]:
    one = _undecided(holding)
    if one is None:
        return []
    spreads = _spreads(holding)
    unit = holding.designation.organization.unit
    return [
        _("The cycle %(cycle)s: %(standing)s.")
        % {"cycle": words.cycle(one), "standing": words.standing(one)},
        *words.checks(one, unit, spreads),
        _("These figures are kept with the decision, which is made once."),
    ]


def _spreads(holding: models.Holding) -> frozenset[str]:
    rows = holding.designation.requirements.filter(kind=Requirement.Kind.SPREAD)
    return frozenset(rows.values_list("code", flat=True))


@admin.register(models.Holding)
class HoldingAdmin(OfOrganizations, SteppedAdmin):
    """Who holds a designation, and how far they are in each cycle."""

    organization_path = "designation__organization"
    offered: ClassVar[dict[str, str]] = {"designation": "organization"}

    list_display = ("person", "designation", "conferred_on", "origin")
    list_filter = ("designation",)
    list_select_related = ("person", "designation")
    search_fields = ("=person__id", "=number")
    raw_id_fields = ("person",)
    fields = ("person", "designation", "number", "conferred_on", "origin", "progress")
    readonly_fields = ("progress",)
    inlines = (StatusInline, LeaveInline)
    steps: ClassVar[tuple[Step, ...]] = tuple(
        Step(
            name=decision.value,
            label=label,
            permission="decide",
            says=_before_deciding,
            offered=lambda holding: _undecided(holding) is not None,
            run=_decide(decision),
        )
        for decision, label in (
            (Renewal.Decision.RENEWED, gettext_lazy("Renew")),
            (Renewal.Decision.EXTENDED, gettext_lazy("Extend")),
            (Renewal.Decision.LEAVE, gettext_lazy("On leave")),
            (Renewal.Decision.LAPSED, gettext_lazy("Let lapse")),
        )
    )

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission of its own."""
        return request.user.has_perm("cec_plugin.decide_renewal")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep whose it is, and of what."""
        return ("person", "designation", "progress") if obj else ("progress",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: its history ends it."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        """Save it, unless it is the officer's own."""
        authorize(
            actor(request),
            organization_id=obj.designation.organization_id,
            person_id=obj.person_id,
        )
        super().save_model(request, obj, form, change)

        def settle_again() -> None:
            conferred([obj.person_id], now=datetime.now(UTC))

        transaction.on_commit(settle_again)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Tell why it was not saved."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except (NotAnsweringError, OwnCreditError) as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(request.path)

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, holding: models.Holding) -> str:
        """List the cycles, each with what is asked for and what was decided."""
        found = _standing(holding) if holding.pk else None
        if found is None:
            return ""
        spreads = _spreads(holding)
        return sheet(
            [_("cycle"), _("state"), _("asks for"), _("decision"), _("why")],
            (
                [
                    words.cycle(one),
                    words.standing(one),
                    _lines(words.checks(one, found.unit, spreads)),
                    _decided(found, one),
                    _lines(words.steps(one, found.unit)),
                ]
                for one in reversed(found.cycles)
            ),
        )


def _lines(texts: Any) -> str:
    return format_html_join("", "<div>{}</div>", ((text,) for text in texts))


def _decided(found: Standing, one: Progress) -> str:
    decided = found.decided.get(one.cycle.starts_on)
    if decided is None:
        return ""
    said = f"{decided.renewal.get_decision_display()} ({decided.renewal.decided_by})"
    if decided.differs:
        said += " – " + _("today its figures would be others")  # noqa: RUF001 - a dash
    return said


@admin.register(models.HoldingStatus)
class HoldingStatusAdmin(OfOrganizations):
    """The history of holdings: entered, never changed."""

    organization_path = "holding__designation__organization"
    offered: ClassVar[dict[str, str]] = {"holding": "designation__organization"}

    list_display = ("holding", "status", "since", "recorded_by")
    fields = ("holding", "status", "since", "reason")
    raw_id_fields = ("holding",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        """Say who recorded it, and when."""
        obj.recorded_by, obj.recorded_at = request.user.get_username(), datetime.now(UTC)
        super().save_model(request, obj, form, change)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False
