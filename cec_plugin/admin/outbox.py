"""Deliveries with their attempts; read, and sent again at an administrator's word."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from cec_plugin import models
from cec_plugin.admin.acting import OfOrganizations, OwnRegistries
from cec_plugin.admin.reading import ReadOnlyAdmin, ReadOnlyInline, figure, link
from cec_plugin.admin.sending import STEPS, requeued
from cec_plugin.admin.steps import SteppedAdmin
from cec_plugin.admin.words import WORDS, word
from cec_plugin.domain.delivery import Errand, Presence, Result, State
from cec_plugin.services.requeue import requeue_all
from cec_plugin.wording.reasons import in_words

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
    fields = ("lease", "at", "came_to", "status", "milliseconds", "answer", "fenced")
    readonly_fields = ("came_to", "answer")

    @admin.display(description=gettext_lazy("result"))
    def came_to(self, attempt: models.Attempt) -> str:
        """Say in words what came of it."""
        return word(Result, attempt.result)

    @admin.display(description=gettext_lazy("answer"))
    def answer(self, attempt: models.Attempt) -> str:
        """Say what was answered."""
        return in_words(attempt.reason)


@admin.register(models.Delivery)
class DeliveryAdmin(OfOrganizations, SteppedAdmin, ReadOnlyAdmin):
    """The duty to tell one registry of one credit."""

    organization_path = "registry__organization"
    list_display = (
        "reference",
        "state_in_words",
        "hold_code",
        "answer",
        "registry",
        "errand_in_words",
        "due_at",
        "lease",
        "failures",
    )
    list_filter = (("registry", OwnRegistries), StateFilter, "hold_code")
    list_select_related = ()
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
        "errand_in_words",
        "award_reference",
        "round",
        "state_in_words",
        "hold_code",
        "presence_in_words",
        "due_at",
        "lease",
        "failures",
        "remote_id",
        "approved",
        "answer",
        "after",
        "created_at",
        "settled_at",
    )
    readonly_fields = (
        "answer",
        "person",
        "credit",
        "amount",
        "errand_in_words",
        "state_in_words",
        "presence_in_words",
    )
    steps = STEPS

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """Read the few registries apart: joined with them, MariaDB sorts all of a full outbox."""
        return super().get_queryset(request).prefetch_related("registry")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Show the newest first; of what is not sent yet, what has waited longest."""
        waiting = request.GET.get(StateFilter.parameter_name) in ("unsent", *UNSENT)
        return ("created_at", "id") if waiting else ("-id",)

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission that registries have."""
        return request.user.has_perm("cec_plugin.operate_registry")

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission of its own."""
        return request.user.has_perm("cec_plugin.requeue_delivery")

    @admin.action(description=gettext_lazy("Requeue"), permissions=["requeue"])
    def requeue(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        """Send the chosen deliveries again."""

        def log(ids: Sequence[int]) -> None:
            for one in models.Delivery.objects.filter(pk__in=ids):
                self.log_change(request, one, str(gettext_lazy("Requeue")))

        # Chosen across all pages there may be a million of them.
        count = requeue_all(queryset, now=datetime.now(UTC), follow=log)
        messages.add_message(
            request, messages.SUCCESS if count else messages.WARNING, requeued(count)
        )

    @admin.display(description=gettext_lazy("errand"), ordering="errand")
    def errand_in_words(self, delivery: models.Delivery) -> str:
        """Say what it is to do."""
        return word(Errand, delivery.errand)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_in_words(self, delivery: models.Delivery) -> str:
        """Say where it stands."""
        return word(State, delivery.state)

    @admin.display(description=gettext_lazy("last answer"))
    def answer(self, delivery: models.Delivery) -> str:
        """Say what came of the last attempt, or why it waits."""
        return in_words(delivery.reason)

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
