"""The plans use the indexes, as each database itself says it will."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from cec_plugin import models
from cec_plugin.domain.delivery import State
from tests import factories
from tests.events import ETHICS

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

pytestmark = [pytest.mark.query_plan, pytest.mark.django_db(transaction=True)]


def _plan(query: "QuerySet[Any, Any]") -> str:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # A planner prefers a scan of a small table; asked not to, it says what it could use.
            cursor.execute("SET enable_seqscan = off")
            cursor.execute("SET enable_bitmapscan = off")
    return query.explain()


@pytest.fixture(autouse=True)
def rows() -> None:
    """Fill the tables enough for a planner to care, and let it take stock."""
    guild = factories.organization()
    factories.table(guild, [factories.rule(ETHICS, "10")])
    paused = factories.registry(guild, "paused", paused=True)
    open_one = factories.registry(guild, "open")
    for number in range(40):
        factories.finish(str(number), ETHICS, T0 + timedelta(minutes=number))
        factories.settle(str(number))
    models.Delivery.objects.update(state=State.PENDING.value, due_at=T0)
    models.Notice.objects.bulk_create(
        models.Notice(
            source="test", site="tests", subject=str(number), activity="x", role="learner",
            kind="earned", via="certificate", occurred_at=T0, received_at=T0,
            settled_at=T0 if number % 3 else None,
            participation_key=f"{number:064d}", identity_key=f"{number:064d}",
        )
        for number in range(3000)
    )  # fmt: skip
    assert paused.pk != open_one.pk
    with connection.cursor() as cursor:
        tables = [models.Notice, models.Delivery, models.Participation, models.CreditEntry]
        for model in tables:
            verb = "ANALYZE TABLE" if connection.vendor == "mysql" else "ANALYZE"
            cursor.execute(f"{verb} {model._meta.db_table}")


def test_a_claim_reads_the_index_of_one_registrys_due_deliveries() -> None:
    registry = models.Registry.objects.get(name="open")
    due = (
        models.Delivery.objects.filter(
            registry_id=registry.pk, state=State.PENDING.value, due_at__lte=factories.NOW
        )
        .order_by("due_at", "id")
        .values_list("id", "lease", "presence")[:50]
    )
    plan = _plan(due)
    assert "cec_delivery_due" in plan
    assert "filesort" not in plan.lower()
    assert "temp b-tree" not in plan.lower()


def test_the_receivers_read_uses_the_index_of_its_participation() -> None:
    query = models.Notice.objects.filter(participation_key="0" * 64, via="passing")
    assert "cec_notice_part" in _plan(query.order_by("-occurred_at", "-id")[:1])


def test_settling_finds_a_persons_notices_by_index() -> None:
    unsettled = models.Notice.objects.filter(identity_key="0" * 64, settled_at__isnull=True)
    assert "cec_notice_identity" in _plan(unsettled)
    assert "cec_notice_part" in _plan(models.Notice.objects.filter(participation_key="0" * 64))


def test_the_sweep_finds_what_is_unsettled_and_due_by_index() -> None:
    models.Notice.objects.exclude(subject="0").update(settled_at=T0)
    unsettled = models.Notice.objects.filter(settled_at__isnull=True, pk__gt=0)
    assert "cec_notice_unsettled" in _plan(unsettled.order_by("settled_at", "pk")[:500])
    due = models.Participation.objects.filter(settle_at__lte=T0).order_by("settle_at", "pk")
    assert "cec_part_settle" in _plan(due[:500])


def test_the_awards_for_what_a_person_finished_are_read_by_index() -> None:
    person = models.Person.objects.order_by("pk")[0]
    awards = models.CreditEntry.objects.filter(
        participation__identity__person_id__in=[person.pk], kind="award"
    )
    plan = _plan(awards.values_list("id", "account__person_id")).lower()
    assert "cec_plugin_creditent" in plan
    assert "participation_id" in plan
    assert "scan cec_plugin" not in plan
    assert "seq scan" not in plan


def test_a_persons_ledger_is_read_by_index() -> None:
    account = models.Account.objects.order_by("pk")[0]
    plan = _plan(models.CreditEntry.objects.filter(account_id__in=[account.pk], kind="award"))
    assert "cec_entry_account" in plan or "account_id" in plan
