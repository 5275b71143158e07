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
from cec_plugin.admin.reading import NOTHING
from cec_plugin.admin.rostering import CLOSE, takes_files, what_waits
from cec_plugin.admin.steps import Done, Step, SteppedAdmin
from cec_plugin.admin.words import word
from cec_plugin.domain.delivery import State
from cec_plugin.exceptions import ConfigurationError
from cec_plugin.selectors.health import registry_health
from cec_plugin.services.pause import pause, resume
from cec_plugin.services.reconcile import ask
from cec_plugin.services.requeue import requeue_parked
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


def _waiting(registry: models.Registry) -> int:
    return registry.deliveries.filter(state=State.PENDING.value).count()


def _is_asked_again(registry: models.Registry) -> bool:
    return bool(registry.pause_kind == models.Registry.Pause.ACCESS)


def _pause(request: HttpRequest, registry: models.Registry) -> Done:
    reason = f"paused by {request.user.get_username()}"
    pause(registry.pk, reason=reason, now=datetime.now(UTC), by_person=True)
    return Done(text=_("Paused. Nothing more is sent; what is due waits."))


def _resume(_request: HttpRequest, registry: models.Registry) -> Done:
    resume(registry.pk)
    return Done(text=_("Resumed. What is due is being sent."))


def _try(_request: HttpRequest, registry: models.Registry) -> Done:
    health = build(registry).health()
    if not health.ok:
        return Done(
            text=_("It cannot be used: %(why)s") % {"why": in_words(health.detail)}, ok=False
        )
    told = _("It answers, and knows us as %(caller)s.") % {"caller": health.caller}
    if health.entities:
        told += " " + _("We can reach: %(entities)s.") % {"entities": ", ".join(health.entities)}
    return Done(text=told)


def _requeue(_request: HttpRequest, registry: models.Registry) -> Done:
    count = requeue_parked(registry.pk, now=datetime.now(UTC))
    told = ngettext(
        "%(count)d delivery is due again.", "%(count)d deliveries are due again.", count
    )
    return Done(text=told % {"count": count}, ok=bool(count))


def _before_requeueing(registry: models.Registry) -> list[str]:
    parked = registry.deliveries.filter(state=State.PARKED.value).count()
    return [
        _("Deliveries that are being looked into: %(count)d. All of them become due again.")
        % {"count": parked},
        _("Whatever may have been written before is looked up first; nothing is written twice."),
    ]


def _reconcile(request: HttpRequest, registry: models.Registry) -> Done:
    row = ask(registry.pk, by=request.user.get_username(), now=datetime.now(UTC))
    page = reverse("admin:cec_plugin_reconciliation_change", args=[row.pk])
    return Done(text=_("The registry is being read; this page says what came of it."), go=page)


def _before_reconciling(_registry: models.Registry) -> list[str]:
    return [
        _("All that the registry holds of ours is read and compared with what we say."),
        _("Nothing is changed, there or here: you get a report, and repair what you choose."),
    ]


def _before_pausing(_registry: models.Registry) -> list[str]:
    return [
        _("Nothing more is sent to this registry until it is resumed."),
        _("No credit is lost: deliveries wait untouched, and new ones are added to them."),
    ]


def _before_resuming(registry: models.Registry) -> list[str]:
    return [
        _("Deliveries that are being sent or wait to be: %(count)d. They go out from now on.")
        % {"count": _waiting(registry)},
        _("It was paused because: %(why)s") % {"why": _why(registry)},
    ]


def _before_trying(registry: models.Registry) -> list[str]:
    if takes_files(registry):
        return [_("Nobody is called: files are carried to it. Only its options are looked at.")]
    return [
        _("The registry at %(address)s is asked who we are. Nothing is written there.")
        % {"address": registry.base_url},
    ]


def _why(registry: models.Registry) -> str:
    return in_words(registry.paused_reason) or _("it is new and was not resumed yet")


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
    steps: ClassVar[tuple[Step, ...]] = (
        Step(
            name="try",
            label=gettext_lazy("Try the connection"),
            permission="operate",
            says=_before_trying,
            offered=lambda _: True,
            run=_try,
        ),
        Step(
            name="reconcile",
            label=gettext_lazy("Reconcile"),
            permission="operate",
            says=_before_reconciling,
            offered=lambda _: True,
            run=_reconcile,
        ),
        Step(
            name="pause",
            label=gettext_lazy("Pause"),
            permission="operate",
            says=_before_pausing,
            offered=lambda registry: not registry.paused or _is_asked_again(registry),
            run=_pause,
        ),
        Step(
            name="resume",
            label=gettext_lazy("Resume"),
            permission="operate",
            says=_before_resuming,
            offered=lambda registry: registry.paused,
            run=_resume,
        ),
        Step(
            name="requeue",
            label=gettext_lazy("Requeue all that is being looked into"),
            permission="requeue",
            says=_before_requeueing,
            offered=lambda registry: registry.deliveries.filter(state=State.PARKED.value).exists(),
            run=_requeue,
        ),
        CLOSE,
    )

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
            return _("Paused: %(why)s.") % {"why": _why(registry)}
        since = display_for_value(registry.paused_at, NOTHING)
        return _("Paused since %(since)s: %(why)s") % {"since": since, "why": _why(registry)}

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
