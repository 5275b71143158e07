"""Decide on a cycle of a holding: once, with the figures frozen as evidence."""

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from cec_plugin import models
from cec_plugin.domain.actors import Actor
from cec_plugin.domain.cycles import DAY
from cec_plugin.domain.progress import Progress
from cec_plugin.exceptions import CecError
from cec_plugin.models.certifications import HoldingStatus, Renewal
from cec_plugin.selectors.progress import figures, figures_digest, standings, today
from cec_plugin.services.authorize import authorize
from cec_plugin.services.retry import in_transaction


class RenewalError(CecError):
    """The cycle cannot be decided on (any more)."""


def renew(
    holding_id: int,
    *,
    starts_on: date,
    decision: Renewal.Decision,
    by: Actor,
    now: datetime,
) -> models.Renewal:
    """Write the decision on the cycle that begins on a day, with its figures as of now.

    A lapse is written into the holding's history too, from the day after the cycle. Opens a
    transaction of its own.

    Raises:
        RenewalError: there is no such cycle, or it was decided on.
        NotAnsweringError, OwnCreditError: see ``authorize``.
    """
    holding = models.Holding.objects.select_related("designation__organization").get(pk=holding_id)
    authorize(by, organization_id=holding.designation.organization_id, person_id=holding.person_id)

    def work() -> models.Renewal:
        # A write first, which two who decide at once take one after the other.
        models.Holding.objects.filter(pk=holding_id).update(number=F("number"))
        one = _cycle(holding, starts_on, now)
        ends_on = one.cycle.ends_on
        if ends_on is None:
            raise RenewalError("this certification has no cycles to decide on")
        with transaction.atomic():
            made = models.Renewal.objects.create(
                holding=holding,
                starts_on=starts_on,
                ends_on=ends_on,
                decision=decision,
                decided_by=by.name,
                decided_at=now,
                figures=figures(one),
                digest=figures_digest(one),
            )
        if decision == Renewal.Decision.LAPSED:
            models.HoldingStatus.objects.create(
                holding=holding,
                status=HoldingStatus.Status.LAPSED,
                since=ends_on + DAY,
                reason=f"cycle from {starts_on}",
                recorded_by=by.name,
                recorded_at=now,
            )
        return made

    try:
        return in_transaction(work)
    except IntegrityError as error:
        first = models.Renewal.objects.get(holding_id=holding_id, starts_on=starts_on)
        raise RenewalError(
            f"{first.decided_by} decided on this cycle at {first.decided_at:%Y-%m-%d %H:%M} UTC: "
            f"{first.decision}"
        ) from error


def _cycle(holding: models.Holding, starts_on: date, now: datetime) -> Progress:
    for standing in standings(holding.person_id, on=today(holding, now)):
        if standing.holding.pk == holding.pk:
            for one in standing.cycles:
                if one.cycle.starts_on == starts_on:
                    return one
    raise RenewalError(f"there is no cycle from {starts_on} on")
