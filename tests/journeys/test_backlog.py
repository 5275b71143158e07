"""A worker's memory does not grow with what is due."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from cec_plugin import models
from cec_plugin.domain.delivery import State
from cec_plugin.sandbox.records import Member
from cec_plugin.sandbox.server import Sandbox, running_sandbox
from cec_plugin.services.deliver import BATCH
from tests import factories
from tests.backlog import REFERENCE, empty, load
from tests.events import ETHICS
from tests.journeys.one_courier import CLAIMS
from tests.processes import ROOT, process_environment

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FEW, MANY = 1_000, 1_000_000
AT_MOST = 1.05
"""A list of the numbers of all that is due is a third of what a worker has besides."""

pytestmark = [
    pytest.mark.journey,
    pytest.mark.mariadb,  # which numbers a million rows by itself
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(members=[Member(number="M-7", name="Léa Roy")]) as sandbox:
        yield sandbox


@pytest.fixture
def pattern(sandbox: Sandbox) -> Iterator[models.Delivery]:
    """Let somebody earn a credit, of which the registry has not heard."""
    guild = factories.organization()
    factories.table(guild, [factories.rule(ETHICS, "10")])
    registry = factories.registry(guild)
    registry.base_url, registry.secret, registry.calls_per_minute = sandbox.url, "sandbox", 60_000
    registry.options = {"batch_size": BATCH}
    registry.save()
    factories.finish("7", ETHICS, T0)
    factories.settle("7", now=datetime.now(UTC))
    factories.link("7", guild, "M-7", now=datetime.now(UTC))
    delivery = models.Delivery.objects.get()
    models.Delivery.objects.all().delete()
    delivery.state = State.PENDING.value
    delivery.due_at = delivery.created_at = datetime.now(UTC) - timedelta(hours=1)
    yield delivery
    empty()


def _peak(pattern: models.Delivery, due: int) -> int:
    """Let a worker deliver out of so many due deliveries; return the most memory it had."""
    empty()
    models.JobRun.objects.all().delete()  # so that all jobs are due
    load(1, due, pattern, {"id": "seq", "round": "seq", "reference": REFERENCE})
    done = subprocess.run(
        [sys.executable, "-m", "tests.journeys.one_courier", str(pattern.registry_id)],
        cwd=ROOT, env=process_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    delivered, peak = map(int, done.stdout.split())
    assert delivered == CLAIMS * BATCH
    assert models.Delivery.objects.filter(state=State.DELIVERED.value).count() == delivered
    return peak


def test_a_workers_memory_is_the_same_with_a_thousand_and_with_a_million_due(
    pattern: models.Delivery, sandbox: Sandbox
) -> None:
    peaks = {due: _peak(pattern, due) for due in (FEW, MANY)}
    assert peaks[MANY] <= AT_MOST * peaks[FEW], peaks
    references = [credit.reference for credit in sandbox.control.data().credits]
    assert len(references) == len(set(references)) >= CLAIMS * BATCH
