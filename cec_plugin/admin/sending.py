"""What can be done with one delivery beyond looking at it."""

from datetime import UTC, datetime

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cec_plugin import models
from cec_plugin.adapters.couriers import deliver_first
from cec_plugin.admin.reading import NOTHING
from cec_plugin.admin.steps import Done, Step
from cec_plugin.admin.words import word
from cec_plugin.domain.delivery import State
from cec_plugin.models.outbox import HoldCode
from cec_plugin.services.requeue import requeue
from cec_plugin.services.settle_by_hand import settle_by_hand
from cec_plugin.wording.reasons import in_words


def can_be_requeued(delivery: models.Delivery) -> bool:
    waits = delivery.state in (State.PARKED, State.HELD)
    return waits and delivery.hold_code != HoldCode.PREDECESSOR


def _requeue(_request: HttpRequest, delivery: models.Delivery) -> Done:
    count = requeue([delivery.pk], now=datetime.now(UTC))
    return Done(text=requeued(count), ok=bool(count))


def _is_parked(delivery: models.Delivery) -> bool:
    return delivery.state == State.PARKED


def _is_first(delivery: models.Delivery) -> bool:
    return delivery.registry.paused and delivery.state == State.PENDING


def _send_first(_request: HttpRequest, delivery: models.Delivery) -> Done:
    deliver_first(delivery.pk)
    delivery.refresh_from_db()
    if delivery.state == State.DELIVERED:
        told = _("The registry has it, under its own number %(id)s. Look at it there.")
        return Done(text=told % {"id": delivery.remote_id or NOTHING})
    told = _("It was not taken: %(why)s")
    return Done(
        text=told % {"why": in_words(delivery.reason) or word(State, delivery.state)}, ok=False
    )


def _before_first(delivery: models.Delivery) -> list[str]:
    return [
        _("This one credit is sent to %(registry)s, which is paused and stays so.")
        % {"registry": delivery.registry.name},
        _("Look at it in the registry's own records: the person, the amount, the date, the type."),
        _("If it is right, resume the registry: the others go out then."),
    ]


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


def requeued(count: int) -> str:
    told = ngettext(
        "%(count)d delivery is due again.", "%(count)d deliveries are due again.", count
    )
    return told % {"count": count}


def _before_requeueing(_delivery: models.Delivery) -> list[str]:
    return [
        _("The registry is told of this credit again, its failures being counted anew."),
        _("Whatever may have been written before is looked up first; nothing is written twice."),
    ]


STEPS: tuple[Step, ...] = (
    Step(
        name="first",
        label=gettext_lazy("Send this one first"),
        permission="operate",
        says=_before_first,
        offered=_is_first,
        run=_send_first,
    ),
    Step(
        name="requeue",
        label=gettext_lazy("Requeue"),
        permission="requeue",
        says=_before_requeueing,
        offered=can_be_requeued,
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
