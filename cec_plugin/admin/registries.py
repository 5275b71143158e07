"""Registries: configured, tried, paused and resumed."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import display_for_value
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cec_plugin import models
from cec_plugin.adapters.registries.build import build
from cec_plugin.admin.acting import OfOrganizations, answers_everywhere
from cec_plugin.admin.operating import ON_A_REGISTRY, why_paused
from cec_plugin.admin.reading import NOTHING
from cec_plugin.admin.rostering import what_waits
from cec_plugin.admin.steps import SteppedAdmin
from cec_plugin.admin.words import word
from cec_plugin.domain.delivery import State
from cec_plugin.exceptions import ConfigurationError
from cec_plugin.selectors.health import registry_health
from cec_plugin.wording.reasons import in_words

if TYPE_CHECKING:
    _RegistryModelForm = forms.ModelForm[models.Registry]
else:
    _RegistryModelForm = forms.ModelForm

CONFIGURATION = (
    "name",
    "adapter",
    "base_url",
    "auth",
    "secret",
    "options",
    "timeout_s",
    "calls_per_minute",
    "ours_alone",
)


class RegistryForm(_RegistryModelForm):
    """How a registry is reached; refused where no adapter can be made from it."""

    class Meta:
        model = models.Registry
        fields = ("organization", *CONFIGURATION)
        # The model checks the address. A form's URLField would add a scheme to it, and which one
        # differs between the versions of Django.
        field_classes: ClassVar[dict[str, type[forms.Field]]] = {"base_url": forms.CharField}

    def clean(self) -> dict[str, Any] | None:
        """Make the adapter, calling nobody.

        Raises:
            ValidationError: the secret is missing, an option unknown, the address no address.
        """
        cleaned = super().clean()
        if cleaned is None or self.errors:
            return cleaned
        wanted = {name: cleaned[name] for name in CONFIGURATION if name in cleaned}
        try:
            build(models.Registry(pk=self.instance.pk, **wanted))
        except ConfigurationError as error:
            raise ValidationError(in_words(error), code="configuration") from error
        return cleaned


@admin.register(models.Registry)
class RegistryAdmin(OfOrganizations, SteppedAdmin):
    """The outside systems that are told of credits.

    Officers try, pause and resume those of their own; how one is reached says who answers for all.
    """

    form = RegistryForm
    list_display = ("name", "organization", "standing", "keeping_up")
    list_filter = ("organization", "paused")
    list_select_related = ("organization",)
    search_fields = ("name",)
    fields = ("standing", "keeping_up", "organization", *CONFIGURATION)
    steps = ON_A_REGISTRY

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Keep it to who answers for all: the secrets are the site's, and go where a row says."""
        return super().has_add_permission(request) and answers_everywhere(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep it to who answers for all, as adding one is."""
        return super().has_change_permission(request, obj) and answers_everywhere(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep it to who answers for all, as adding one is."""
        return super().has_delete_permission(request, obj) and answers_everywhere(request)

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission of its own."""
        return request.user.has_perm("cec_plugin.operate_registry")

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission that deliveries have."""
        return request.user.has_perm("cec_plugin.requeue_delivery")

    def has_close_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission to close a roster file."""
        return request.user.has_perm("cec_plugin.add_rosterfile")

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, ...]:
        """Count the deliveries that keep a registry: Django would read and list every one."""
        if count := models.Delivery.objects.filter(registry__in=objs).count():
            told = ngettext("%(count)d delivery", "%(count)d deliveries", count)
            return [], {}, set(), [told % {"count": count}]
        return super().get_deleted_objects(objs, request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep whose registry it is once it exists: its deliveries are that organization's."""
        shown = ("standing", "keeping_up")
        return (*shown, "organization") if obj else shown

    @admin.display(description=gettext_lazy("state"))
    def standing(self, registry: models.Registry) -> str:
        """Say whether it is paused, since when, and why."""
        if registry.pk is None:
            return _(
                "A new registry starts paused: try the connection, and resume it when you have "
                "checked what it will be sent."
            )
        if not registry.paused and registry.quiet_since:
            return _("Left alone since %(since)s, tried again at %(until)s: %(why)s") % {
                "since": display_for_value(registry.quiet_since, NOTHING),
                "until": display_for_value(registry.quiet_until, NOTHING),
                "why": in_words(registry.quiet_reason),
            }
        if not registry.paused:
            return _("It is being told of credits.")
        if registry.paused_at is None:
            return _("Paused: %(why)s.") % {"why": why_paused(registry)}
        since = display_for_value(registry.paused_at, NOTHING)
        return _("Paused since %(since)s: %(why)s") % {"since": since, "why": why_paused(registry)}

    @admin.display(description=gettext_lazy("deliveries"))
    def keeping_up(self, registry: models.Registry) -> str:
        """Count the deliveries by state, each leading to them, and say how old the oldest is."""
        if registry.pk is None:
            return NOTHING
        found = registry_health(registry, now=datetime.now(UTC))
        page = reverse("admin:cec_plugin_delivery_changelist", current_app=self.admin_site.name)
        counts = format_html_join(
            " · ",
            '<a href="{}?registry__id__exact={}&amp;state={}">{} {}</a>',
            (
                (page, registry.pk, state, word(State, state), found.counts[state])
                for state in State
                if found.counts.get(state)
            ),
        )
        if found.oldest_unsent_s is None:
            return counts or NOTHING
        oldest = _("oldest not sent: %(age)s") % {
            "age": timesince(datetime.now(UTC) - timedelta(seconds=found.oldest_unsent_s))
        }
        return format_html("{}{}<br>{}", counts, what_waits(registry), oldest)
