"""What a change of an organization's ledger would mean for certifications, before it is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from cec_plugin import models
from cec_plugin.domain.falling import Fall, falls
from cec_plugin.domain.held import Change, after
from cec_plugin.selectors.progress import Reckoning, digests, holdings, today


@dataclass(slots=True, kw_only=True)
class Consequences:
    """What a change means for one person.

    ``falls`` pairs a holding's id with what it would fall under; ``closed`` are the ids of
    decisions whose figures are still as they were decided on, and would be others.
    """

    falls: list[tuple[int, Fall]]
    closed: list[int]


NOTHING = Consequences(falls=[], closed=[])
"""What a change means for somebody who holds nothing that counts it."""


def consequences(
    organization_id: int, changes: Mapping[int, Change], *, now: datetime
) -> dict[int, Consequences]:
    """Return what changes of some people's lines at an organization would mean, by person.

    Of the designations that count its credits: its own and those that accept them. Nine queries
    for any number of people, one where none of them holds any, none where nothing changes.
    """
    if not changes:
        return {}
    accepting = models.Designation.objects.filter(accepts=organization_id)
    reckoning = Reckoning(
        holdings()
        .filter(
            Q(designation__organization=organization_id) | Q(designation__in=accepting),
            person__in=list(changes),
        )
        .order_by("pk"),
        activities={
            one.activity_id
            for change in changes.values()
            for one in change.come
            if one.activity_id is not None
        },
    )
    found: dict[int, Consequences] = {}
    for holding in reckoning.holdings:
        mine = found.setdefault(holding.person_id, Consequences(falls=[], closed=[]))
        _look(reckoning, holding, changes[holding.person_id], now, mine)
    return found


def _look(
    reckoning: Reckoning,
    holding: models.Holding,
    change: Change,
    now: datetime,
    into: Consequences,
) -> None:
    on = today(holding, now)
    before = reckoning.cycles(holding, on)
    would = reckoning.cycles(holding, on, after(reckoning.held(holding.person_id), change))
    renewals = list(holding.renewals.all())
    decided = {row.starts_on for row in renewals}
    into.falls += [(holding.pk, fall) for fall in falls(before, would, decided=decided)]
    if renewals:
        was, will = digests(before), digests(would)
        into.closed += [
            row.pk
            for row in renewals
            if was.get(row.starts_on) == row.digest != will.get(row.starts_on)
        ]
