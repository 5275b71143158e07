"""A registry that fails is left alone as a whole: nothing is parked, nothing is dropped."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from cec_plugin import models
from cec_plugin.adapters.couriers import deliver_registry
from cec_plugin.adapters.registries.build import _limit, build
from cec_plugin.domain.delivery import Policy
from cec_plugin.sandbox.records import Member
from cec_plugin.sandbox.server import Sandbox, running_sandbox
from cec_plugin.services.deliver import deliver_due
from cec_plugin.services.go_round import Courier
from cec_plugin.services.pause import pause
from tests import factories
from tests.events import ETHICS

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PEOPLE = 8
POLICY = Policy(base_s=0, cap_s=0, grace_s=0, trips_after=3, quiet_s=600, quiet_cap_s=3600)

pytestmark = pytest.mark.django_db


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC) + timedelta(hours=1)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    members = [Member(number=f"M-{number}", name=f"Member {number}") for number in range(PEOPLE)]
    with running_sandbox(members=members) as sandbox:
        yield sandbox


@pytest.fixture
def registry(sandbox: Sandbox) -> models.Registry:
    guild = factories.organization()
    factories.table(guild, [factories.rule(ETHICS, "10")])
    registry = factories.registry(guild)
    registry.base_url, registry.secret = sandbox.url, "sandbox"
    registry.calls_per_minute = 60_000_000
    registry.options = {"batch_path": ""}
    registry.save()
    for number in range(PEOPLE):
        subject = f"9{number:05d}"
        factories.finish(subject, ETHICS, T0)
        factories.settle(subject, now=datetime.now(UTC))
        factories.link(subject, guild, f"M-{number}", now=datetime.now(UTC))
    return registry


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _run(registry: models.Registry, clock: Clock) -> int:
    courier = Courier(
        registry_id=registry.pk, registry=build(registry), clock=clock, dice=lambda: 0.0,
        policy=POLICY, lease_s=300,
    )  # fmt: skip
    return deliver_due(courier).total()


def _writes(sandbox: Sandbox) -> int:
    return sum(call.method == "PUT" for call in sandbox.control.calls())


def _states() -> dict[str, int]:
    found = list(models.Delivery.objects.values_list("state", flat=True))
    return {state: found.count(state) for state in set(found)}


def test_after_a_few_failed_calls_the_rest_is_not_even_tried(
    registry: models.Registry, sandbox: Sandbox, clock: Clock
) -> None:
    sandbox.control.set_faults(unavailable=True)
    assert _run(registry, clock) == 3
    assert _run(registry, clock) == 0
    assert _writes(sandbox) == 3
    assert _states() == {"pending": PEOPLE}
    registry.refresh_from_db()
    assert registry.quiet_since == clock.now
    assert registry.quiet_reason.startswith("HTTP 503")
    assert not registry.paused


def test_when_the_time_is_over_one_call_tries_and_a_failure_doubles_the_wait(
    registry: models.Registry, sandbox: Sandbox, clock: Clock
) -> None:
    sandbox.control.set_faults(unavailable=True)
    _run(registry, clock)
    clock.now += timedelta(seconds=601)
    assert _run(registry, clock) == 1
    registry.refresh_from_db()
    assert registry.quiet_until == clock.now + timedelta(seconds=1200)
    assert _run(registry, clock) == 0


def test_one_call_that_goes_well_lets_everything_go(
    registry: models.Registry, sandbox: Sandbox, clock: Clock
) -> None:
    sandbox.control.set_faults(unavailable=True)
    _run(registry, clock)
    sandbox.control.clear_faults()
    clock.now += timedelta(seconds=601)
    assert _run(registry, clock) == 1
    assert _run(registry, clock) == PEOPLE - 1
    assert _states() == {"delivered": PEOPLE}
    assert len(sandbox.control.data().credits) == PEOPLE
    registry.refresh_from_db()
    assert (registry.troubles, registry.quiet_since, registry.quiet_reason) == (0, None, "")
    assert registry.reached_at is not None


def test_while_it_is_quiet_ambiguous_writes_are_nobodys_fault(
    registry: models.Registry, sandbox: Sandbox, clock: Clock
) -> None:
    sandbox.control.set_faults(commit_then_reset=True, unavailable={"on": "read"})
    for _ in range(30):
        _run(registry, clock)
        clock.now += timedelta(hours=2)
    assert _states() == {"pending": PEOPLE}
    sandbox.control.clear_faults()
    for _ in range(3):
        _run(registry, clock)
        clock.now += timedelta(hours=2)
    assert _states() == {"delivered": PEOPLE}
    assert len(sandbox.control.data().credits) == PEOPLE


def test_a_registry_that_says_when_to_come_back_is_left_alone_till_then(
    registry: models.Registry, sandbox: Sandbox, clock: Clock
) -> None:
    sandbox.control.set_faults(too_many={"times": 1, "value": 120})
    assert _run(registry, clock) == 1
    clock.now += timedelta(seconds=119)
    assert _run(registry, clock) == 0
    clock.now += timedelta(seconds=2)
    _limit.cache_clear()  # the limit of calls keeps quiet as long, by the real clock
    assert _run(registry, clock) == 1
    assert _run(registry, clock) == PEOPLE - 1


def test_a_registry_that_does_not_let_us_in_is_asked_again_and_goes_on_by_itself(
    registry: models.Registry, sandbox: Sandbox, settings: Settings
) -> None:
    settings.CEC_SECRETS = {"sandbox": {"key": "an old key"}}
    deliver_registry(registry.pk)
    registry.refresh_from_db()
    assert (registry.paused, registry.pause_kind) == (True, "access")
    assert _states() == {"pending": PEOPLE}
    asked = len(sandbox.control.calls())
    settings.CEC_SECRETS = {"sandbox": {"key": "sandbox-key"}}
    deliver_registry(registry.pk)  # too early to ask again
    assert len(sandbox.control.calls()) == asked
    models.Registry.objects.update(quiet_until=datetime.now(UTC) - timedelta(hours=1))
    deliver_registry(registry.pk)
    registry.refresh_from_db()
    assert not registry.paused
    deliver_registry(registry.pk)
    assert _states() == {"delivered": PEOPLE}


def test_what_a_person_paused_stays_so(registry: models.Registry, sandbox: Sandbox) -> None:
    pause(registry.pk, reason="a person's", now=datetime.now(UTC), by_person=True)
    deliver_registry(registry.pk)
    registry.refresh_from_db()
    assert registry.paused
    assert sandbox.control.calls() == ()
