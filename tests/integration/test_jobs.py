"""Periodic work without a scheduler: what is due runs, what fails is written down and comes again."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from cec_plugin import models
from cec_plugin.adapters.registries.by_id import registry_of
from cec_plugin.domain.notices import Via
from cec_plugin.domain.platform import CompletionFacts, Platform
from cec_plugin.selectors.health import JobHealth, health
from cec_plugin.services import jobs
from cec_plugin.services.retry import goes_well
from cec_plugin.services.sweep import Swept
from cec_plugin.tasks.periodic import run_due
from tests import factories
from tests.events import ETHICS
from tests.factories import NOW, SmallPlatform

HOUR = timedelta(hours=1)
SWEEP, PREVIEWS, COMPARE, TEAMS, SSO, RECONCILE = jobs.JOBS

pytestmark = pytest.mark.django_db


class DownPlatform(SmallPlatform):
    """A platform whose certificates cannot be asked for."""

    def completions_since(self, since: datetime, via: Via) -> Iterator[CompletionFacts]:
        raise ConnectionError("the replica is gone")


class TellingPlatform(SmallPlatform):
    """A platform that says in its errors whom they are about."""

    def completions_since(self, since: datetime, via: Via) -> Iterator[CompletionFacts]:
        raise ConnectionError("Avery Quill cannot be read")


def _call(*arguments: str) -> str:
    out = StringIO()
    call_command("cec_run_due", *arguments, stdout=out)
    return out.getvalue()


def _ended(job: jobs.Job, ago: timedelta) -> None:
    """Let a job have ended well some time ago, by the clock on the wall."""
    at = datetime.now(UTC) - ago
    models.JobRun.objects.create(job=job.name, began_at=at, ended_at=at, result={"before": 1})


def _down(settings: Any) -> None:
    settings.CEC_PLATFORM = f"{__name__}.DownPlatform"


def _outside(platform: Platform, clock: Callable[[], datetime]) -> jobs.Outside:
    return jobs.Outside(platform=platform, registries=registry_of, clock=clock)


def _run(job: str) -> models.JobRun:
    return models.JobRun.objects.get(job=job)


def test_on_a_new_site_every_job_is_due_and_the_command_says_what_came_of_each() -> None:
    said = _call().splitlines()
    assert said == [
        "sweep: settled 0, failed 0, registries 0",
        "previews: made 0, applied 0",
        "compare: looked_at 0, missing_completions 0, missing_revocations 0",
        "teams: runs 0, joined 0, left 0",
        "sso: linked 0, taken 0, unclear 0",
        "reconcile: reconciled 0, differing 0, failed 0, repaired 0",
    ]
    for job in jobs.JOBS:
        run = _run(job.name)
        assert run.ok
        assert run.began_at is not None
        assert run.ended_at is not None
        assert run.began_at <= run.ended_at


def test_what_is_due_runs_and_what_is_not_does_not() -> None:
    _ended(SWEEP, ago=10 * HOUR)
    _ended(COMPARE, ago=HOUR)
    assert _call().startswith("sweep: ")
    assert _run("sweep").result == asdict(Swept(settled=0, failed=0, registries=0))
    assert _run("compare").result == {"before": 1}


def test_with_nothing_due_nothing_runs_and_nothing_is_said() -> None:
    for job in jobs.JOBS:
        _ended(job, ago=-HOUR)
    assert _call() == ""
    assert set(models.JobRun.objects.values_list("ok", flat=True)) == {True}


def test_a_job_that_is_asked_for_by_name_runs_due_or_not_and_alone() -> None:
    for job in jobs.JOBS:
        _ended(job, ago=-HOUR)
    assert _call("--now", "compare").startswith("compare: ")
    assert _run("sweep").result == {"before": 1}


def test_a_job_that_nobody_knows_is_refused() -> None:
    with pytest.raises(CommandError, match="invalid choice"):
        _call("--now", "mop")


@pytest.mark.parametrize("job", jobs.JOBS, ids=lambda job: job.name)
def test_a_job_is_due_when_its_last_good_end_is_its_interval_ago(job: jobs.Job) -> None:
    assert job in jobs.due(NOW)
    models.JobRun.objects.create(job=job.name, began_at=NOW, ended_at=NOW)
    assert job not in jobs.due(NOW + job.every - timedelta(microseconds=1))
    assert job in jobs.due(NOW + job.every)


def test_the_sweep_that_the_command_runs_credits_what_was_finished() -> None:
    factories.table(factories.organization(), [factories.rule(ETHICS, "10")])
    factories.finish("7", ETHICS, NOW)
    assert _call("--now", "sweep") == "sweep: settled 1, failed 0, registries 0\n"
    assert models.CreditEntry.objects.get().hundredths == 1000


def test_a_job_that_fails_is_told_written_down_and_does_not_keep_another_from_running(
    settings: Any,
) -> None:
    _down(settings)
    out = StringIO()
    with pytest.raises(CommandError, match=r"compare: ConnectionError at .+\.py:\d+$"):
        call_command("cec_run_due", stdout=out)
    assert out.getvalue().startswith("sweep: ")
    assert (_run("sweep").ok, _run("compare").ok) == (True, False)
    assert _run("compare").ended_at is None


def test_what_a_failed_job_says_stays_out_of_the_log(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CEC_PLATFORM = f"{__name__}.TellingPlatform"
    run_due()
    assert "compare" in caplog.text
    assert "ConnectionError at" in caplog.text
    assert "Quill" not in caplog.text


def test_nor_does_a_step_of_one_say_it(caplog: pytest.LogCaptureFixture) -> None:
    def step() -> None:
        raise ValueError("Failing row contains (5, M-77, Avery Quill)")

    assert not goes_well(step)
    assert "ValueError at" in caplog.text
    assert "Quill" not in caplog.text


def test_a_job_that_failed_is_due_at_once_and_keeps_when_it_last_ended_well(
    settings: Any,
) -> None:
    _ended(COMPARE, ago=48 * HOUR)
    before = _run("compare")
    _down(settings)
    with pytest.raises(CommandError):
        _call("--now", "compare")
    after = _run("compare")
    assert (after.ok, after.ended_at, after.result) == (False, before.ended_at, {"before": 1})
    assert after.began_at is not None
    assert before.began_at is not None
    assert after.began_at > before.began_at
    assert COMPARE in jobs.due(datetime.now(UTC))


def test_a_job_that_works_again_is_well_again(settings: Any) -> None:
    _down(settings)
    with pytest.raises(CommandError):
        _call("--now", "compare")
    settings.CEC_PLATFORM = "tests.factories.SmallPlatform"
    _call("--now", "compare")
    assert _run("compare").ok


def test_what_a_job_raises_is_raised_to_whoever_runs_it() -> None:
    with pytest.raises(ConnectionError):
        jobs.run(COMPARE, _outside(DownPlatform(), lambda: NOW))
    run = _run("compare")
    assert (run.began_at, run.ended_at, run.ok) == (NOW, None, False)


def test_when_a_job_began_and_ended_is_read_from_the_clock_it_is_given() -> None:
    hours = iter(range(9))
    run = jobs.run(SWEEP, _outside(SmallPlatform(), lambda: NOW + next(hours) * HOUR))
    assert (run.began_at, run.ended_at) == (NOW, NOW + HOUR)


def _job_health(job: jobs.Job, now: datetime) -> JobHealth:
    every = {one.name: one.every for one in jobs.JOBS}
    (found,) = [one for one in health(every=every, now=now).jobs if one.name == job.name]
    return found


def test_a_job_that_never_ran_is_overdue() -> None:
    found = _job_health(SWEEP, NOW)
    assert (found.overdue, found.ended_at, found.ok) == (True, None, False)


@pytest.mark.parametrize("job", jobs.JOBS, ids=lambda job: job.name)
def test_a_job_shows_as_overdue_when_one_turn_of_it_was_missed(job: jobs.Job) -> None:
    jobs.run(job, _outside(SmallPlatform(), lambda: NOW))
    assert not _job_health(job, NOW + job.every).overdue
    assert not _job_health(job, NOW + 2 * job.every - timedelta(microseconds=1)).overdue
    assert _job_health(job, NOW + 2 * job.every).overdue


def test_a_job_that_fails_again_and_again_becomes_overdue_however_often_it_is_tried() -> None:
    jobs.run(COMPARE, _outside(SmallPlatform(), lambda: NOW))
    tried_at = NOW + 3 * COMPARE.every
    with pytest.raises(ConnectionError):
        jobs.run(COMPARE, _outside(DownPlatform(), lambda: tried_at))
    found = _job_health(COMPARE, tried_at)
    assert (found.overdue, found.ok, found.began_at) == (True, False, tried_at)
