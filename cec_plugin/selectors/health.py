"""Whether credits flow: registries, notices that wait, periodic jobs."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, QuerySet

from cec_plugin import models
from cec_plugin.domain.delivery import State
from cec_plugin.selectors.reconciliations import LastReconciliation, last_reconciliations
from cec_plugin.selectors.rosters import RosterWaiting, rosters

UNSENT = (State.PENDING.value, State.HELD.value, State.PARKED.value)

LATE_AFTER = timedelta(hours=1)
"""How long a delivery may be due at a registry that is not paused, or a notice wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryHealth:
    """How one registry keeps up. ``oldest_unsent_s`` is None where everything is sent.

    ``quiet_since`` is None where calls flow; else it is left alone until ``quiet_until``.
    ``reached_at`` is when it last took what was sent. ``late`` counts the deliveries that have been
    due for too long. A state that no delivery is in has no count. ``reconciled`` is the last
    reconciliation that ended, None where none did.
    """

    name: str
    paused: bool
    paused_at: datetime | None
    paused_reason: str
    quiet_since: datetime | None
    quiet_until: datetime | None
    quiet_reason: str
    reached_at: datetime | None
    counts: Mapping[str, int]
    oldest_unsent_s: int | None
    late: int
    reconciled: LastReconciliation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsettled:
    """The notices that nobody settled yet; ``oldest_s`` is None where there are none.

    ``expected`` says that they wait because there is no organization yet to give credit.
    """

    count: int
    oldest_s: int | None
    expected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobHealth:
    """When a periodic job last began and last ended well, and whether it is overdue.

    ``ok`` is false also while the job runs.
    """

    name: str
    began_at: datetime | None
    ended_at: datetime | None
    ok: bool
    overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """All of it at one time."""

    registries: tuple[RegistryHealth, ...]
    unsettled: Unsettled
    jobs: tuple[JobHealth, ...]
    rosters: tuple[RosterWaiting, ...] = ()


def health(*, every: Mapping[str, timedelta], now: datetime) -> Health:
    """Return how things stand; ``every`` says how often each periodic job is to run."""
    return Health(
        registries=_registries(now),
        unsettled=_unsettled(now),
        jobs=_jobs(every, now),
        rosters=rosters(now),
    )


def registry_health(registry: models.Registry, *, now: datetime) -> RegistryHealth:
    """Return how one registry keeps up."""
    return next(iter(_registries(now, models.Registry.objects.filter(pk=registry.pk))))


def _registries(
    now: datetime, registries: QuerySet[models.Registry] | None = None
) -> tuple[RegistryHealth, ...]:
    chosen = models.Registry.objects.all() if registries is None else registries
    deliveries = models.Delivery.objects.filter(registry__in=chosen)
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    by_state = deliveries.values_list("registry_id", "state")
    for registry_id, state, count in by_state.annotate(count=Count("id")).order_by():
        counts[registry_id][state] = count
    unsent = deliveries.filter(state__in=UNSENT).values_list("registry_id")
    oldest = dict(unsent.annotate(oldest=Min("created_at")).order_by())
    due = deliveries.filter(
        state=State.PENDING.value, registry__paused=False, due_at__lte=now - LATE_AFTER
    )
    late = dict(due.values_list("registry_id").annotate(count=Count("id")).order_by())
    rows = list(chosen.order_by("name"))
    reconciled = last_reconciliations([one.pk for one in rows])
    return tuple(
        RegistryHealth(
            name=one.name,
            paused=one.paused,
            paused_at=one.paused_at,
            paused_reason=one.paused_reason,
            quiet_since=one.quiet_since,
            quiet_until=one.quiet_until if one.quiet_since else None,
            quiet_reason=one.quiet_reason,
            reached_at=one.reached_at,
            counts=counts.get(one.pk, {}),
            oldest_unsent_s=_age_s(oldest.get(one.pk), now),
            late=late.get(one.pk, 0),
            reconciled=reconciled.get(one.pk),
        )
        for one in rows
    )


def _unsettled(now: datetime) -> Unsettled:
    waiting = models.Notice.objects.filter(settled_at__isnull=True)
    found = waiting.aggregate(count=Count("id"), oldest=Min("received_at"))
    return Unsettled(
        count=found["count"],
        oldest_s=_age_s(found["oldest"], now),
        expected=not models.Organization.objects.exists(),
    )


def _jobs(every: Mapping[str, timedelta], now: datetime) -> tuple[JobHealth, ...]:
    runs = {run.job: run for run in models.JobRun.objects.filter(job__in=list(every))}
    found = []
    for name, interval in every.items():
        run = runs.get(name)
        ended_at = run.ended_at if run else None
        found.append(
            JobHealth(
                name=name,
                began_at=run.began_at if run else None,
                ended_at=ended_at,
                ok=run.ok if run else False,
                # Whoever runs it looks once in an interval, so one that is just due is not late.
                overdue=ended_at is None or ended_at <= now - 2 * interval,
            )
        )
    return tuple(found)


def _age_s(since: datetime | None, now: datetime) -> int | None:
    return None if since is None else max(0, int((now - since).total_seconds()))
