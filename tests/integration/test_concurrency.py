"""Many at once, on every database: no double, no loss, no error that escapes."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import connection
from django.db.models import Count, Sum

from cec_plugin import models
from cec_plugin.domain.keys import identity_key
from cec_plugin.services.activate import mark_concerned
from cec_plugin.services.claim import claim
from cec_plugin.services.settle import settle_identities
from cec_plugin.services.sweep import settle_due
from tests import factories
from tests.events import ETHICS
from tests.processes import process_environment
from tests.threads import together

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
THREADS = 16
PROCESSES = 4

pytestmark = [pytest.mark.concurrency, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def two_bodies() -> list[models.Organization]:
    """Make two organizations that both credit Ethics, each with a registry."""
    bodies = []
    for code in ("guild", "society"):
        body = factories.organization(code, code)
        factories.table(body, [factories.rule(ETHICS, "10")])
        factories.registry(body, f"register of {code}")
        bodies.append(body)
    return bodies


def _hear(people: int) -> list[str]:
    for number in range(people):
        for hour in (0, 2, 4):
            factories.finish(str(number), ETHICS, T0 + timedelta(hours=hour))
        if number % 3 == 0:
            factories.withdraw(str(number), ETHICS, T0 + timedelta(hours=3))
    return [identity_key(site="tests", subject=str(number)) for number in range(people)]


def _each_is_right(people: int) -> None:
    """Say that every person has 10 hours at each organization, by the right lines."""
    balances = models.CreditEntry.objects.values("account_id").annotate(
        balance=Sum("hundredths"), lines=Count("pk")
    )
    assert len(balances) == 2 * people
    assert {row["balance"] for row in balances} == {1000}
    assert sum(row["lines"] for row in balances) == 2 * (people + 2 * len(range(0, people, 3)))
    assert models.Delivery.objects.count() == models.CreditEntry.objects.count()
    assert models.Person.objects.count() == models.Identity.objects.count() == people
    assert not models.Notice.objects.filter(settled_at__isnull=True).exists()


def test_sixteen_threads_settle_the_same_and_different_people(
    two_bodies: list[models.Organization],
) -> None:
    keys = _hear(12)
    platform = factories.SmallPlatform()

    def work(number: int) -> None:
        mine = keys[number % 12 :] + keys[: number % 12]
        for key in mine:
            settle_identities([key], platform=platform, now=factories.NOW)

    together([partial(work, number) for number in range(THREADS)])
    _each_is_right(12)


WORK = """
import sys
import django
django.setup()
from cec_plugin.services.settle import settle_identities
from tests import factories
sys.stdin.readline()
keys = sys.argv[1].split(",")
for key in keys:
    settle_identities([key], platform=factories.SmallPlatform(), now=factories.NOW)
"""


def test_four_processes_settle_the_same_and_different_people(
    two_bodies: list[models.Organization],
) -> None:
    keys = _hear(12)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WORK, ",".join(keys[3 * number :] + keys[: 3 * number])],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=process_environment(),
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES, "\n".join(ended)
    _each_is_right(12)


def test_an_activation_in_the_midst_of_settling_misses_nobody(
    two_bodies: list[models.Organization],
) -> None:
    keys = _hear(12)
    platform = factories.SmallPlatform()

    def activate() -> None:
        for body in two_bodies:
            factories.table(body, [factories.rule(ETHICS, "7")])

    def work(number: int) -> None:
        for key in keys[number % 12 :] + keys[: number % 12]:
            settle_identities([key], platform=platform, now=factories.NOW)

    together([activate, *(partial(work, number) for number in range(7))])
    mark_concerned(now=factories.NOW)
    settle_due(platform=platform, now=factories.NOW)
    balances = models.CreditEntry.objects.values("account_id").annotate(b=Sum("hundredths"))
    assert [row["b"] for row in balances] == [700] * 24


def test_two_claims_at_once_never_take_the_same_delivery(
    two_bodies: list[models.Organization],
) -> None:
    for key in _hear(30):
        settle_identities([key], platform=factories.SmallPlatform(), now=factories.NOW)
    registry = models.Registry.objects.order_by("pk")[0]
    models.Delivery.objects.filter(registry=registry, state="held").update(
        state="pending", due_at=factories.NOW
    )
    waiting = models.Delivery.objects.filter(registry=registry, state="pending").count()
    taken: list[int] = []

    def work() -> None:
        while claimed := claim(registry.pk, limit=3, lease_s=60, now=factories.NOW):
            taken.extend(one.id for one in claimed)

    together([work] * 8)
    assert len(taken) == len(set(taken)) == waiting >= 30
    assert set(models.Delivery.objects.filter(pk__in=taken).values_list("lease", flat=True)) == {1}


def test_the_database_is_the_one_that_the_run_is_for() -> None:
    """Guards the other tests: they prove something only where several connections meet."""
    assert connection.settings_dict["NAME"] != ":memory:"
