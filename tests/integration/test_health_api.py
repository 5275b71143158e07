"""The health address: whether credits flow, for monitoring that has the permission."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from cec_plugin import models
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Capabilities
from cec_plugin.services.jobs import JOBS
from cec_plugin.services.repair import repair_all
from tests import factories
from tests.integration.admin_visits import administrator
from tests.reconciled import a_world

pytestmark = pytest.mark.django_db

HEALTH = "/cec/api/v1/health"
FINISHED = datetime(2026, 10, 3, 15, 0, tzinfo=UTC)


def ago(**time: float) -> datetime:
    return datetime.now(UTC) - timedelta(**time)


@pytest.fixture
def monitor() -> Callable[[], dict[str, Any]]:
    client = administrator("view_delivery", name="monitor")

    def ask() -> dict[str, Any]:
        answer = client.get(HEALTH)
        assert answer.status_code == 200
        assert answer["Content-Type"] == "application/json"
        told: dict[str, Any] = answer.json()
        return told

    return ask


@pytest.fixture
def jobs_ran() -> None:
    for job in JOBS:
        models.JobRun.objects.create(
            job=job.name, began_at=ago(minutes=2), ended_at=ago(minutes=1), ok=True
        )


def with_work(*, paused: bool = False) -> models.Registry:
    """Make a registry that was told of nothing yet, with one credit for it."""
    guild = factories.organization()
    factories.table(guild, [factories.rule("ethics")])
    registry = factories.registry(guild, paused=paused)
    factories.finish("5", "ethics", FINISHED)
    factories.settle("5", now=datetime.now(UTC))
    factories.link("5", guild, "M-77", now=datetime.now(UTC))
    return registry


def test_a_caller_without_a_login_is_turned_away() -> None:
    assert Client().get(HEALTH).status_code in (401, 403)


@pytest.mark.parametrize("permissions", [(), ("view_creditentry",)])
def test_a_caller_without_the_permission_is_turned_away(permissions: tuple[str, ...]) -> None:
    assert administrator(*permissions).get(HEALTH).status_code in (401, 403)


def test_an_officer_of_one_organization_is_not_told_of_the_others() -> None:
    officer = administrator("view_delivery", of=factories.organization())
    assert officer.get(HEALTH).status_code == 403


def test_the_site_chooses_how_callers_say_who_they_are(settings: Any) -> None:
    settings.CEC_REST_AUTHENTICATION = ["rest_framework.authentication.BasicAuthentication"]
    client = administrator("view_delivery")
    assert client.get(HEALTH).status_code == 401  # the session does not count any more
    basic = "Basic ZGVzazphIGxvbmcgcGFzc3dvcmQ="  # desk:a long password
    assert Client().get(HEALTH, HTTP_AUTHORIZATION=basic).status_code == 200


def test_nothing_is_changed_by_asking_another_way() -> None:
    assert administrator("view_delivery").post(HEALTH).status_code in (403, 405)


@pytest.mark.usefixtures("jobs_ran")
def test_a_site_at_rest_is_well(monitor: Callable[[], dict[str, Any]]) -> None:
    told = monitor()
    assert (told["ok"], told["problems"]) == (True, [])
    assert told["unsettled"] == {"count": 0, "oldest_s": None, "expected": True}
    assert [job["name"] for job in told["jobs"]] == [job.name for job in JOBS]
    assert all(job["ok"] and not job["overdue"] for job in told["jobs"])


@pytest.mark.usefixtures("jobs_ran")
def test_a_registry_tells_its_counts_and_how_long_the_oldest_waits(
    monitor: Callable[[], dict[str, Any]],
) -> None:
    with_work()
    models.Delivery.objects.update(created_at=ago(seconds=600))
    told = monitor()
    [registry] = told["registries"]
    assert (registry["name"], registry["paused"]) == ("Guild register", False)
    assert registry["counts"] == {"pending": 1}
    assert 600 <= registry["oldest_unsent_s"] < 1200
    assert told["ok"]


@pytest.mark.usefixtures("jobs_ran")
def test_what_is_sent_is_not_old(monitor: Callable[[], dict[str, Any]]) -> None:
    factories.answer(with_work(), Result.DELIVERED, now=datetime.now(UTC))
    [registry] = monitor()["registries"]
    assert registry["counts"] == {"delivered": 1}
    assert registry["oldest_unsent_s"] is None


@pytest.mark.usefixtures("jobs_ran")
def test_a_paused_registry_with_work_is_a_problem(monitor: Callable[[], dict[str, Any]]) -> None:
    registry = with_work(paused=True)
    models.Registry.objects.filter(pk=registry.pk).update(
        paused_at=ago(minutes=5), paused_reason="HTTP 401"
    )
    told = monitor()
    assert told["problems"] == ["Guild register is paused with 1 delivery waiting."]
    [shown] = told["registries"]
    assert (shown["paused"], shown["paused_reason"]) == (True, "HTTP 401")
    assert shown["paused_at"] is not None


@pytest.mark.usefixtures("jobs_ran")
def test_a_new_registry_without_work_is_none(monitor: Callable[[], dict[str, Any]]) -> None:
    factories.registry(factories.organization(), paused=True)
    assert monitor()["ok"]


@pytest.mark.usefixtures("jobs_ran")
def test_parked_deliveries_are_a_problem(monitor: Callable[[], dict[str, Any]]) -> None:
    factories.answer(with_work(), Result.REFUSED, now=datetime.now(UTC))
    [problem] = monitor()["problems"]
    assert "1 delivery is parked" in problem


@pytest.mark.usefixtures("jobs_ran")
def test_the_last_reconciliation_is_told_and_its_differences_are_a_problem_until_repaired(
    monitor: Callable[[], dict[str, Any]],
) -> None:
    world = a_world()
    world.told(3)
    assert monitor()["registries"][0]["reconciled"] is None
    world.paper.records.pop()
    world.reconcile()
    world.paper.change(world.record(0), reversed=True)
    report = world.reconcile()
    told = monitor()
    assert told["problems"] == [
        "Guild register: 2 differences were found and are not repaired.",
    ]
    shown = told["registries"][0]["reconciled"]
    assert (shown["id"], shown["outcome"]) == (report.pk, "differs")
    assert (shown["counts"], shown["open"]) == ({"missing": 1, "reversed_there": 1}, 2)
    repair_all(report.pk, world.reader(), by="desk")
    told = monitor()
    assert told["registries"][0]["reconciled"]["open"] == 0
    assert "not repaired" not in str(told["problems"])


@pytest.mark.usefixtures("jobs_ran")
def test_a_registry_that_could_not_be_read_is_a_problem_and_one_that_never_can_is_none(
    monitor: Callable[[], dict[str, Any]],
) -> None:
    world = a_world()
    refuses = Outcome(result=Result.CONFIGURATION, reason="HTTP 401")
    world.paper.before = lambda _: refuses
    world.reconcile()
    assert monitor()["problems"] == ["Guild register could not be reconciled: HTTP 401"]
    world.paper.capabilities = Capabilities(finds=False)
    world.reconcile()
    told = monitor()
    assert told["ok"]
    assert told["registries"][0]["reconciled"]["outcome"] == "unable"


@pytest.mark.usefixtures("jobs_ran")
def test_deliveries_that_nobody_takes_are_a_problem(
    monitor: Callable[[], dict[str, Any]],
) -> None:
    with_work()
    models.Delivery.objects.update(due_at=ago(hours=2))
    [problem] = monitor()["problems"]
    assert "due for more than an hour" in problem


@pytest.mark.usefixtures("jobs_ran")
def test_a_notice_that_nobody_settles_is_a_problem(monitor: Callable[[], dict[str, Any]]) -> None:
    factories.organization()
    factories.finish("5", "ethics", FINISHED)
    models.Notice.objects.update(received_at=ago(hours=2))
    told = monitor()
    assert told["unsettled"]["count"] == 1
    assert told["unsettled"]["oldest_s"] >= 7200
    assert "not been settled" in told["problems"][0]


@pytest.mark.usefixtures("jobs_ran")
def test_notices_wait_for_the_first_organization(monitor: Callable[[], dict[str, Any]]) -> None:
    factories.finish("5", "ethics", FINISHED)
    models.Notice.objects.update(received_at=ago(hours=2))
    told = monitor()
    assert told["ok"]
    assert told["unsettled"]["expected"]


def test_a_job_that_never_ran_is_a_problem(monitor: Callable[[], dict[str, Any]]) -> None:
    told = monitor()
    assert not told["ok"]
    assert told["problems"] == [f"The job {job.name} has never ended well." for job in JOBS]


@pytest.mark.usefixtures("jobs_ran")
def test_an_overdue_job_is_a_problem(monitor: Callable[[], dict[str, Any]]) -> None:
    last = JOBS[0]
    models.JobRun.objects.filter(job=last.name).update(
        began_at=ago(minutes=1), ended_at=datetime.now(UTC) - 3 * last.every, ok=False
    )
    told = monitor()
    assert f"The job {last.name} is overdue" in told["problems"][0]
    shown = {job["name"]: job for job in told["jobs"]}
    assert shown[last.name]["overdue"]
    assert not shown[last.name]["ok"]


@pytest.mark.usefixtures("jobs_ran")
def test_problems_are_told_without_anybodys_name_or_number(
    monitor: Callable[[], dict[str, Any]],
) -> None:
    factories.answer(with_work(), Result.REFUSED, now=datetime.now(UTC))
    assert "M-77" not in str(monitor())
