"""Close a roster file: choose what goes into it, number it, and say why the rest does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import IntegrityError
from django.db.models import Max

from cec_plugin import models
from cec_plugin.domain.allocation import local_date
from cec_plugin.domain.delivery import Errand, Presence, State
from cec_plugin.domain.roster import RosterFormat, digest_of, fault_of, is_late, written
from cec_plugin.exceptions import CecError
from cec_plugin.models.outbox import HoldCode
from cec_plugin.selectors.roster_rows import Candidate, candidates, waiting
from cec_plugin.services.enqueue import release_successors
from cec_plugin.services.retry import in_transaction
from cec_plugin.services.wake import deliver_on_commit

LOST_NUMBER = (
    "the member number under which it was told is not known here any more: take it back by hand"
)
KEPT = (
    "the window is closed: what is to stand instead would be taken no more, so this is not taken "
    "back"
)


class _EmptyError(Exception):
    """There is nothing to put into a file: the number goes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """What came of it: the file, None where nothing was fit for one, and its number of lines.

    ``aside`` counts what waited and went into no file, ``left`` what waits for the next one.
    """

    file: models.RosterFile | None
    lines: int
    aside: int
    left: int


def close_roster(registry: models.Registry, *, how: RosterFormat, by: str, now: datetime) -> Closed:
    """Close the next file of a registry that takes files, of what has waited longest.

    Set aside is what was taken back before any file had it (nobody hears of either), what has no
    member number any more, and what the body would not take: too late, or not fit for a file; with
    a credit that is too late also the taking back of the one that it replaces. The number that
    stands in the file is the one that is known now. ``by`` is a user name. Opens transactions of
    its own; of two who close at once each gets other lines.

    Raises:
        CecError: the registry is paused; while it is new, what was sent first can be closed.
    """
    if registry.paused and registry.pause_kind != models.Registry.Pause.NEW:
        raise CecError("the registry is paused: resume it first")
    aside = 0
    while count := in_transaction(partial(_set_aside, registry, how, now)):
        aside += count
    made, lines = _file(registry, how, by, now)
    return Closed(file=made, lines=lines, aside=aside, left=waiting(registry.pk).count())


def _file(
    registry: models.Registry, how: RosterFormat, by: str, now: datetime
) -> tuple[models.RosterFile | None, int]:
    while True:
        number = _last_number(registry) + 1
        try:
            return in_transaction(partial(_make, registry, number, how, by, now))
        except _EmptyError:
            return None, 0
        except IntegrityError:
            if _last_number(registry) < number:
                raise  # nobody took the number: it is something else


def _last_number(registry: models.Registry) -> int:
    made = models.RosterFile.objects.filter(registry=registry)
    return int(made.aggregate(last=Max("number"))["last"] or 0)


def _next(registry: models.Registry, how: RosterFormat, now: datetime) -> list[Candidate]:
    # Whoever settles one, or takes it back, waits for us and sees what we did; or we see it.
    ids = waiting(registry.pk).values_list("pk", flat=True).select_for_update()[: how.lines]
    return candidates(list(ids), registry.organization, how, now=now)


def _why(one: Candidate, how: RosterFormat, registry: models.Registry, now: datetime) -> str:
    if one.row is None:
        return LOST_NUMBER
    today = local_date(now, registry.organization.time_zone)
    if one.instead_on is not None and is_late(one.instead_on, how, today=today):
        return KEPT
    return fault_of(one.row, how, today=today)


def _set_aside(registry: models.Registry, how: RosterFormat, now: datetime) -> int:
    aside = 0
    for one in _next(registry, how, now):
        delivery = one.delivery
        if one.taken_back:
            models.Delivery.objects.filter(pk=delivery.pk).update(presence=Presence.ABSENT.value)
            delivery.presence = Presence.ABSENT.value
        elif one.row is None and delivery.errand == Errand.TELL:
            models.Delivery.objects.filter(pk=delivery.pk).update(
                hold_code=HoldCode.NO_MEMBER_NUMBER, presence=Presence.ABSENT.value, reason=""
            )
            aside += 1
            continue
        elif why := _why(one, how, registry, now):
            delivery.state, delivery.presence = State.PARKED.value, Presence.ABSENT.value
            models.Delivery.objects.filter(pk=delivery.pk).update(
                state=delivery.state,
                presence=delivery.presence,
                hold_code="",
                reason=why[:255],
                settled_at=now,
            )
        else:
            continue
        aside += 1
        deliver_on_commit(release_successors(delivery, now=now))
    return aside


def _make(
    registry: models.Registry, number: int, how: RosterFormat, by: str, now: datetime
) -> tuple[models.RosterFile, int]:
    # The unique number goes first: what is read from here on is what the file before left.
    made = models.RosterFile.objects.create(
        registry=registry,
        number=number,
        closed_at=now,
        closed_by=by,
        unit=registry.organization.unit,
        options=registry.options,
    )
    fit = [
        one
        for one in _next(registry, how, now)
        if not one.taken_back and not _why(one, how, registry, now)
    ]
    rows = [one.row for one in fit if one.row is not None]
    if not rows:
        raise _EmptyError
    made.content_digest = digest_of(written(rows, how))
    made.save(update_fields=["content_digest"])
    _keep(made, fit)
    return made, len(rows)


def _keep(made: models.RosterFile, fit: Sequence[Candidate]) -> None:
    lines = []
    for position, one in enumerate(fit, start=1):
        if one.row is not None:
            one.delivery.number_key = one.number_key
            one.delivery.reason = f"in roster file {made.number}, its receipt is to come"
            lines.append(
                models.RosterLine(
                    file=made,
                    position=position,
                    delivery=one.delivery,
                    number_key=one.number_key,
                    title=one.row.title,
                    earned_on=one.row.earned_on,
                    reversed_on=one.row.reversed_on,
                )
            )
    models.RosterLine.objects.bulk_create(lines)
    models.Delivery.objects.bulk_update(
        [one.delivery for one in fit], ["number_key", "reason"], batch_size=100
    )
