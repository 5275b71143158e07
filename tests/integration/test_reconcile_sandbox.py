"""From a registry's own data over HTTP to a report, and by repair and delivery back to agreement."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from cec_plugin import models
from cec_plugin.adapters.couriers import deliver_registry
from cec_plugin.adapters.registries.by_id import registry_of
from cec_plugin.domain.delivery import Errand, Result, State
from cec_plugin.domain.ports import Posting, Retraction
from cec_plugin.models.reconciliation import Reconciliation
from cec_plugin.sandbox.records import Member
from cec_plugin.sandbox.records import State as Standing
from cec_plugin.sandbox.server import Sandbox, running_sandbox
from cec_plugin.services.reconcile import ask
from cec_plugin.services.repair import ask_repair
from cec_plugin.services.settle_by_hand import settle_by_hand
from cec_plugin.tasks import reconciling
from tests import factories
from tests.events import ETHICS

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STRANGER = "cec-ffffffffffffffffffffffffffffffff"

pytestmark = pytest.mark.django_db


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    members = [Member(number=f"M-{number}", name=str(number)) for number in range(5)]
    with running_sandbox(members=members) as sandbox:
        yield sandbox


@pytest.fixture
def registry(sandbox: Sandbox, settings: Settings) -> models.Registry:
    """Make a registry in which four members have the credit that they earned."""
    settings.CEC_POLICY = {"grace_s": 0.0, "base_s": 0.0, "cap_s": 0.0}
    guild = factories.organization()
    factories.table(guild, [factories.rule(ETHICS, "10")])
    row = factories.registry(guild)
    row.base_url, row.secret, row.calls_per_minute = sandbox.url, "sandbox", 600_000
    row.save()
    for subject in "0123":
        factories.finish(subject, ETHICS, T0)
        factories.settle(subject)
        factories.link(subject, guild, f"M-{subject}")
    deliver_registry(row.pk)
    return row


def _of(subject: str) -> models.Delivery:
    return models.Delivery.objects.get(
        entry__account__person_id=factories.person_of(subject), errand=Errand.TELL.value, round=0
    )


def _meddle(row: models.Registry) -> None:
    """Let people and strangers do what no courier of ours would."""
    registry = registry_of(row.pk)
    # Someone reverses a credit in the registry itself.
    reverse = Retraction(
        reference=_of("0").reference, own_reference="staff-1", on=date(2026, 4, 1), reason=""
    )
    assert registry.reverse(reverse).result is Result.DELIVERED
    # Someone says by hand of a credit that it was taken back, and it was not.
    factories.withdraw("1", ETHICS, T0 + timedelta(hours=1))
    factories.settle("1")
    taking_back = models.Delivery.objects.get(errand=Errand.RETRACT.value)
    _by_hand(taking_back)
    # Someone says by hand of a credit that it is there, and it is not.
    factories.finish("4", ETHICS, T0)
    factories.settle("4")
    factories.link("4", row.organization, "M-4")
    _by_hand(_of("4"))
    # Another site sends under a reference like ours.
    stranger = Posting(
        reference=STRANGER, member_number="M-2", activity="x", title="X", credit_type="cec",
        hundredths=300, unit="hours", earned_on=date(2026, 4, 1), role="",
    )  # fmt: skip
    assert registry.post(stranger).result is Result.DELIVERED


def _by_hand(delivery: models.Delivery) -> None:
    models.Delivery.objects.filter(pk=delivery.pk).update(state=State.PARKED.value)
    settle_by_hand(delivery.pk, done=True, by="desk", now=datetime.now(UTC))


def _standing(sandbox: Sandbox) -> list[tuple[str, int]]:
    credits_ = sandbox.control.data().credits
    standing = [one for one in credits_ if one.state is Standing.ACTIVE]
    return sorted((one.member_number, one.hundredths) for one in standing)


def _deliver(registry: models.Registry) -> None:
    """Deliver until nothing is due, what is tried again included."""
    for _ in range(5):
        if not deliver_registry(registry.pk).sent:
            return
    pytest.fail("something is due without end")


def _found() -> dict[str, set[str]]:
    report = Reconciliation.objects.latest("pk")
    found: dict[str, set[str]] = {}
    for one in report.differences.all():
        found.setdefault(one.kind, set()).add(one.reference)
    return found


def _run(*arguments: str) -> int:
    try:
        call_command("cec_reconcile", *arguments, stdout=StringIO())
    except CommandError as error:
        return error.returncode
    return 0


def test_a_registry_that_nobody_meddled_with_agrees(registry: models.Registry) -> None:
    assert _run(registry.name) == 0
    report = Reconciliation.objects.get()
    assert (report.way, report.listed, report.outcome) == ("listed", 4, "agrees")


def test_all_that_was_meddled_with_is_found_and_repaired_and_the_strangers_credit_is_left(
    registry: models.Registry, sandbox: Sandbox
) -> None:
    _meddle(registry)
    assert _run() == 1
    assert _found() == {
        "reversed_there": {_of("0").reference},
        "standing_there": {_of("1").reference},
        "missing": {_of("4").reference},
        "extra": {STRANGER},
    }
    assert _run("--repair") == 1
    _deliver(registry)
    assert _standing(sandbox) == sorted(
        [("M-0", 1000), ("M-2", 300), ("M-2", 1000), ("M-3", 1000), ("M-4", 1000)]
    )
    assert _run("--repair") == 1
    assert _found() == {"extra": {STRANGER}}
    assert deliver_registry(registry.pk).sent == 0  # a second repair sends nothing


def test_what_is_asked_for_on_a_page_is_made_by_the_tasks(
    registry: models.Registry, sandbox: Sandbox
) -> None:
    _meddle(registry)
    report = ask(registry.pk, by="desk", now=datetime.now(UTC))
    reconciling.reconcile(report.pk)
    report.refresh_from_db()
    assert (report.outcome, sum(report.counts.values())) == ("differs", 4)
    ask_repair(report.differences.all(), by="desk", now=datetime.now(UTC))
    reconciling.repair(report.pk)
    _deliver(registry)
    assert [number for number, _ in _standing(sandbox)] == ["M-0", "M-2", "M-2", "M-3", "M-4"]


def test_credentials_that_are_refused_conclude_nothing(
    registry: models.Registry, sandbox: Sandbox
) -> None:
    sandbox.control.set_faults(unauthorized=True)
    assert _run() == 2
    report = Reconciliation.objects.get()
    assert (report.outcome, report.counts) == ("failed", {})
    assert "401" in report.reason


def test_the_daily_job_reconciles_by_the_adapters_of_the_site(registry: models.Registry) -> None:
    out = StringIO()
    call_command("cec_run_due", "--now", "reconcile", stdout=out)
    assert out.getvalue() == "reconcile: reconciled 1, differing 0, failed 0, repaired 0\n"
