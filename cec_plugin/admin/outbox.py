"""Deliveries with their attempts; read, and sent again at an administrator's word."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cec_plugin import models
from cec_plugin.admin.reading import ReadOnlyAdmin, ReadOnlyInline, figure, link
from cec_plugin.admin.steps import Done, Step, SteppedAdmin
from cec_plugin.admin.words import WORDS, word
from cec_plugin.domain.delivery import Presence, Result, State
from cec_plugin.models.outbox import HoldCode
from cec_plugin.services.requeue import requeue
from cec_plugin.services.settle_by_hand import settle_by_hand

UNSENT = (State.PENDING.value, State.HELD.value, State.PARKED.value)


class StateFilter(admin.SimpleListFilter):
    """Deliveries by state; what is not sent yet can be asked for as a whole."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[Any, Any]]:
        """Offer every state, and all that are not sent."""
        return [("unsent", gettext_lazy("not sent yet")), *WORDS[State].items()]

    def queryset(self, request: Any, queryset: Any) -> Any:
        """Keep the chosen state."""
        if self.value() is None:
            return queryset
        return queryset.filter(state__in=UNSENT if self.value() == "unsent" else [self.value()])


class AttemptInline(ReadOnlyInline):
    """Every attempt, in order."""

    model = models.Attempt
    ordering = ("id",)
    fields = ("lease", "at", "came_to", "status", "milliseconds", "reason", "fenced")
    readonly_fields = ("came_to",)

    @admin.display(description=gettext_lazy("result"))
    def came_to(self, attempt: models.Attempt) -> str:
        """Say in words what came of it."""
        return word(Result, attempt.result)


def _can_be_requeued(delivery: models.Delivery) -> bool:
    waits = delivery.state in (State.PARKED, State.HELD)
    return waits and delivery.hold_code != HoldCode.PREDECESSOR


def _requeue(_request: HttpRequest, delivery: models.Delivery) -> Done:
    count = requeue([delivery.pk], now=datetime.now(UTC))
    return Done(text=_words(count), ok=bool(count))


def _is_parked(delivery: models.Delivery) -> bool:
    return delivery.state == State.PARKED


def _done(request: HttpRequest, delivery: models.Delivery) -> Done:
    return _by_hand(request, delivery, done=True)


def _dropped(request: HttpRequest, delivery: models.Delivery) -> Done:
    return _by_hand(request, delivery, done=False)


def _by_hand(request: HttpRequest, delivery: models.Delivery, *, done: bool) -> Done:
    by = request.user.get_username()
    ended = settle_by_hand(delivery.pk, done=done, by=by, now=datetime.now(UTC))
    text = _("The delivery is settled.") if ended else _("The delivery is not parked any more.")
    return Done(text=text, ok=ended)


def _before_done(_delivery: models.Delivery) -> list[str]:
    return [
        _("You have looked at the registry: what this delivery asks for stands there."),
        _("Nothing is sent for it any more; what waited for it goes on."),
    ]


def _before_dropping(_delivery: models.Delivery) -> list[str]:
    return [
        _("You have looked at the registry: nothing of this delivery is there, or is to be."),
        _("Nothing is sent for it any more; what waited for it goes on."),
    ]


def _words(count: int) -> str:
    told = ngettext(
        "%(count)d delivery is due again.", "%(count)d deliveries are due again.", count
    )
    return told % {"count": count}


def _before_requeueing(_delivery: models.Delivery) -> list[str]:
    return [
        _("The registry is told of this credit again, its failures being counted anew."),
        _("Whatever may have been written before is looked up first; nothing is written twice."),
    ]


@admin.register(models.Delivery)
class DeliveryAdmin(SteppedAdmin, ReadOnlyAdmin):
    """The duty to tell one registry of one credit."""

    list_display = (
        "reference",
        "registry",
        "state_in_words",
        "hold_code",
        "due_at",
        "lease",
        "failures",
        "reason",
    )
    list_filter = ("registry", StateFilter, "hold_code")
    list_select_related = ("registry",)
    search_fields = ("^reference", "^award_reference", "=remote_id")
    search_help_text = gettext_lazy("A reference, or how it begins.")
    inlines = (AttemptInline,)
    actions = ("requeue",)
    fields = (
        "registry",
        "person",
        "credit",
        "amount",
        "reference",
        "award_reference",
        "state_in_words",
        "hold_code",
        "presence_in_words",
        "due_at",
        "lease",
        "failures",
        "remote_id",
        "reason",
        "after",
        "created_at",
        "settled_at",
    )
    readonly_fields = ("person", "credit", "amount", "state_in_words", "presence_in_words")
    steps: ClassVar[tuple[Step, ...]] = (
        Step(
            name="requeue",
            label=gettext_lazy("Requeue"),
            permission="requeue",
            says=_before_requeueing,
            offered=_can_be_requeued,
            run=_requeue,
        ),
        Step(
            name="done",
            label=gettext_lazy("It is in the registry"),
            permission="requeue",
            says=_before_done,
            offered=_is_parked,
            run=_done,
        ),
        Step(
            name="drop",
            label=gettext_lazy("Drop it"),
            permission="requeue",
            says=_before_dropping,
            offered=_is_parked,
            run=_dropped,
        ),
    )

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Show the newest first; of what is not sent yet, what has waited longest."""
        waiting = request.GET.get(StateFilter.parameter_name) in ("unsent", *UNSENT)
        return ("created_at", "id") if waiting else ("-id",)

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission of its own."""
        return request.user.has_perm("cec_plugin.requeue_delivery")

    @admin.action(description=gettext_lazy("Requeue"), permissions=["requeue"])
    def requeue(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        """Send the chosen deliveries again."""
        chosen = [one for one in queryset if _can_be_requeued(one)]
        count = requeue([one.pk for one in chosen], now=datetime.now(UTC))
        for one in chosen:
            self.log_change(request, one, str(gettext_lazy("Requeue")))
        messages.add_message(
            request, messages.SUCCESS if count else messages.WARNING, _words(count)
        )

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_in_words(self, delivery: models.Delivery) -> str:
        """Say where it stands."""
        return word(State, delivery.state)

    @admin.display(description=gettext_lazy("in the registry"))
    def presence_in_words(self, delivery: models.Delivery) -> str:
        """Say what is proven of the registry's record."""
        return word(Presence, delivery.presence)

    @admin.display(description=gettext_lazy("person"))
    def person(self, delivery: models.Delivery) -> str:
        """Link to the person."""
        return link(delivery.entry.account.person)

    @admin.display(description=gettext_lazy("credit"))
    def credit(self, delivery: models.Delivery) -> str:
        """Link to the line of the ledger."""
        return link(delivery.entry)

    @admin.display(description=gettext_lazy("amount"))
    def amount(self, delivery: models.Delivery) -> str:
        """Return the amount as a figure."""
        return figure(delivery.entry.hundredths)
