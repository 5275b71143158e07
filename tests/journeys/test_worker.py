"""A finished course becomes a recorded credit through real processes, whatever is killed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from cec_plugin import models
from cec_plugin.sandbox.records import Member
from cec_plugin.sandbox.server import Sandbox, running_sandbox
from cec_plugin.services import prepare
from cec_plugin.services.link import link
from tests import factories
from tests.events import ETHICS
from tests.journeys.site import Site, delivered, until
from tests.servers.redis_server import RedisServer

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(members=[Member(number="M-7", name="Léa Roy")]) as sandbox:
        yield sandbox


@pytest.fixture
def site(empty_redis: RedisServer, tmp_path: Path) -> Site:
    return Site(broker_url=empty_redis.url, folder=tmp_path)


@pytest.fixture
def learner(sandbox: Sandbox) -> User:
    """Make a learner with a member number, a table that credits Ethics, and a registry."""
    guild = factories.organization()
    factories.table(guild, [factories.rule(ETHICS, "10")])
    models.Registry.objects.create(
        organization=guild, name="register", base_url=sandbox.url, secret="sandbox",
        paused=False, timeout_s=5, calls_per_minute=60_000,
    )  # fmt: skip
    learner = User.objects.create(username="learner")
    link(
        person_id=prepare.identity(site="tests", subject=str(learner.pk)).person_id,
        organization_id=guild.pk, number="M-7", verified_by="test", now=T0,
    )  # fmt: skip
    return learner


def _once(sandbox: Sandbox, state: str = "active") -> None:
    """Say that the registry's own data holds the credit exactly once."""
    credit = sandbox.control.data().credits
    assert [(one.member_number, one.hundredths, one.state) for one in credit] == [
        ("M-7", 1000, state)
    ]
    assert credit[0].reference == models.Delivery.objects.order_by("pk")[0].reference


def test_an_event_becomes_a_credit_in_the_registry(
    site: Site, learner: User, sandbox: Sandbox
) -> None:
    with site.worker():
        site.platform(learner.pk, T0)
        until("the credit is delivered", delivered(1))
    _once(sandbox)


def test_a_certificate_taken_back_is_taken_back_in_the_registry(
    site: Site, learner: User, sandbox: Sandbox
) -> None:
    with site.worker():
        site.platform(learner.pk, T0)
        until("the credit is delivered", delivered(1))
        site.platform(learner.pk, T0 + timedelta(hours=1), "revoked")
        until("the reversal is delivered", delivered(2))
    _once(sandbox, "reversed")


def test_while_the_broker_is_down_nothing_is_raised_and_nothing_is_lost(
    site: Site, learner: User, sandbox: Sandbox, empty_redis: RedisServer
) -> None:
    empty_redis.stop()
    said = site.platform(learner.pk, T0)
    assert "Traceback" not in said
    assert User.objects.get(pk=learner.pk).last_name == "created"
    assert models.Notice.objects.filter(settled_at__isnull=True).count() == 1
    empty_redis.start()
    with site.worker():
        site.sweep()
        until("the credit is delivered", delivered(1))
    _once(sandbox)


@pytest.mark.parametrize("step", ["claimed", "sent"])
def test_a_worker_killed_at_a_step_of_delivering_costs_nothing(
    site: Site, learner: User, sandbox: Sandbox, step: str
) -> None:
    with site.worker(barrier=step) as worker:
        site.platform(learner.pk, T0)
        until(f"the worker is held at {step!r}", lambda: site.held)
        assert len(sandbox.control.data().credits) == (step == "sent")
        worker.kill()
    assert models.Delivery.objects.get().state == "pending"
    site.let_time_pass()
    with site.worker():
        site.sweep()
        until("the credit is delivered", delivered(1))
    delivery = models.Delivery.objects.get()
    assert (delivery.lease, delivery.failures) == (2, 0)
    _once(sandbox)


def test_a_worker_killed_while_the_registry_answers_costs_nothing(
    site: Site, learner: User, sandbox: Sandbox
) -> None:
    sandbox.control.set_faults(commit_then_timeout={"value": 600, "times": 1})
    with site.worker() as worker:
        site.platform(learner.pk, T0)
        until("the registry has it", lambda: bool(sandbox.control.data().credits))
        worker.kill()
    site.let_time_pass()
    with site.worker():
        site.sweep()
        until("the credit is delivered", delivered(1))
    _once(sandbox)


def test_a_late_worker_is_fenced_off_by_the_one_that_took_over(
    site: Site, learner: User, sandbox: Sandbox
) -> None:
    with site.worker(barrier="sent"):
        site.platform(learner.pk, T0)
        until("the worker is held", lambda: site.held)
        models.Delivery.objects.update(due_at=T0)  # its lease ran out while it was frozen
        with site.worker(barrier="nowhere"):
            site.sweep()
            until("the other has delivered", delivered(1))
        (site.folder / "held").unlink()
        until("both have written their attempt", lambda: models.Attempt.objects.count() == 2)
    assert sorted(models.Attempt.objects.values_list("lease", "fenced")) == [(1, True), (2, False)]
    _once(sandbox)
