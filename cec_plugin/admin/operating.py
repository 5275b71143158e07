"""What can be done with a registry beyond configuring it: tried, read, paused, resumed."""

from datetime import UTC, datetime

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cec_plugin import models
from cec_plugin.adapters.registries.build import build
from cec_plugin.admin.rostering import CLOSE, takes_files
from cec_plugin.admin.steps import Done, Step
from cec_plugin.domain.delivery import State
from cec_plugin.services.pause import pause, resume
from cec_plugin.services.reconcile import ask
from cec_plugin.services.requeue import requeue_all
from cec_plugin.wording.reasons import in_words


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
    parked = registry.deliveries.filter(state=State.PARKED.value)
    count = requeue_all(parked, now=datetime.now(UTC))
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
        _("It was paused because: %(why)s") % {"why": why_paused(registry)},
    ]


def _before_trying(registry: models.Registry) -> list[str]:
    if takes_files(registry):
        return [_("Nobody is called: files are carried to it. Only its options are looked at.")]
    return [
        _("The registry at %(address)s is asked who we are. Nothing is written there.")
        % {"address": registry.base_url},
    ]


def why_paused(registry: models.Registry) -> str:
    """Say why it is paused."""
    return in_words(registry.paused_reason) or _("it is new and was not resumed yet")


ON_A_REGISTRY: tuple[Step, ...] = (
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
