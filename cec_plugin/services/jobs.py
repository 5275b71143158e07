"""Run periodic work, and remember when and how each job last ran, so that silence shows."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from cec_plugin import models
from cec_plugin.conf import get_settings
from cec_plugin.domain.platform import Platform
from cec_plugin.domain.ports import Registry
from cec_plugin.services import reconciliations
from cec_plugin.services.compare import compare
from cec_plugin.services.link_from_sso import link_from_sso
from cec_plugin.services.previews import go_on
from cec_plugin.services.reconcile import Reader
from cec_plugin.services.sweep import sweep
from cec_plugin.services.team import compare_teams


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What jobs call: the platform, any registry by the id of its row, and the clock.

    ``registries`` raises ``ConfigurationError`` for one that is not configured as it must be.
    """

    platform: Platform
    registries: Callable[[int], Registry]
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A periodic job and how often it is due. ``run`` is given when it began."""

    name: str
    every: timedelta
    run: Callable[[Outside, datetime], Any]


def _sweep(outside: Outside, now: datetime) -> Any:
    return sweep(platform=outside.platform, now=now)


def _compare(outside: Outside, now: datetime) -> Any:
    since = now - timedelta(days=get_settings().compare_days)
    return compare(platform=outside.platform, since=since, now=now)


def _teams(outside: Outside, now: datetime) -> Any:
    since = now - timedelta(days=get_settings().compare_days)
    return compare_teams(platform=outside.platform, ended_since=since, now=now)


def _previews(outside: Outside, now: datetime) -> Any:
    return go_on(platform=outside.platform, now=now)


def _reconcile(outside: Outside, now: datetime) -> Any:
    reader = Reader(registries=outside.registries, clock=outside.clock)
    return reconciliations.go_on(reader=reader, now=now)


def _sso(outside: Outside, now: datetime) -> Any:
    return link_from_sso(platform=outside.platform, now=now)


JOBS = (
    Job(name="sweep", every=timedelta(minutes=1), run=_sweep),
    Job(name="previews", every=timedelta(minutes=1), run=_previews),
    Job(name="compare", every=timedelta(days=1), run=_compare),
    Job(name="teams", every=timedelta(days=1), run=_teams),
    Job(name="sso", every=timedelta(days=1), run=_sso),
    # The last, for it takes longest; it looks often, and reconciles each registry once a day.
    Job(name="reconcile", every=timedelta(minutes=1), run=_reconcile),
)


def run(job: Job, outside: Outside) -> models.JobRun:
    """Run a job and write down when it began and ended and what came of it.

    What it raises is raised, once it is written down that it failed.
    """
    began_at = outside.clock()
    row, _ = models.JobRun.objects.get_or_create(job=job.name)
    row.began_at, row.ok = began_at, False
    row.save(update_fields=["began_at", "ok"])
    result = job.run(outside, began_at)
    row.ended_at, row.ok, row.result = outside.clock(), True, asdict(result)
    row.save(update_fields=["ended_at", "ok", "result"])
    return row


def due(now: datetime) -> list[Job]:
    """Return the jobs whose last good end is longer ago than they are to run."""
    ended = {
        job: ended_at
        for job, ended_at in models.JobRun.objects.values_list("job", "ended_at")
        if ended_at is not None
    }
    return [job for job in JOBS if job.name not in ended or ended[job.name] <= now - job.every]
