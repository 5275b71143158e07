"""Deliveries of one registry go together; the registry's own data say what came of each."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from cec_plugin import models
from cec_plugin.adapters.couriers import deliver_registry
from cec_plugin.sandbox.server import Sandbox, running_sandbox
from cec_plugin.services.go_round import step_reached
from cec_plugin.services.sweep import sweep
from tests import factories
from tests.events import ETHICS

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PEOPLE = 10

pytestmark = pytest.mark.django_db


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox() as sandbox:
        for number in range(PEOPLE):
            sandbox.control.add_member(f"M-{number}", f"Member {number}")
        yield sandbox


@pytest.fixture
def registry(sandbox: Sandbox, settings: Settings) -> models.Registry:
    settings.CEC_POLICY = {"base_s": 0.0, "cap_s": 0.0, "grace_s": 0.0, "quiet_s": 0.0}
    guild = factories.organization()
    factories.table(guild, [factories.rule(ETHICS, "10")])
    registry = factories.registry(guild)
    registry.base_url, registry.secret = sandbox.url, "sandbox"
    registry.calls_per_minute = 60_000_000
    registry.options = {"batch_size": 8}
    registry.save()
    return registry


def _earn(registry: models.Registry, *, nobody: int = -1) -> None:
    """Let everybody earn a credit; the registry does not know the member in place ``nobody``."""
    for number in range(PEOPLE):
        subject = f"9{number:05d}"
        factories.finish(subject, ETHICS, T0)
        factories.settle(subject, now=datetime.now(UTC))
        known = f"M-{number}" if number != nobody else "M-unknown"
        factories.link(subject, registry.organization, known, now=datetime.now(UTC))


def _writes(sandbox: Sandbox) -> list[str]:
    return [call.path for call in sandbox.control.calls() if call.method in ("PUT", "POST")]


class _DiedError(BaseException):
    """What a worker that dies does not live to see."""


@contextmanager
def _dying_after_the_call() -> Iterator[None]:
    def die(*, step: str, **_: Any) -> None:
        if step == "sent":
            raise _DiedError

    step_reached.connect(die, weak=False)
    try:
        yield
    finally:
        step_reached.disconnect(die)


def _states() -> Counter[str]:
    return Counter(models.Delivery.objects.values_list("state", flat=True))


def _all_there_once(sandbox: Sandbox, count: int = PEOPLE) -> None:
    references = [one.reference for one in sandbox.control.data().credits]
    assert len(references) == len(set(references)) == count


def test_as_many_as_one_call_takes_go_in_one_call(
    registry: models.Registry, sandbox: Sandbox
) -> None:
    _earn(registry)
    assert deliver_registry(registry.pk).sent == PEOPLE
    assert _states() == {"delivered": PEOPLE}
    assert _writes(sandbox) == ["/credits/batch", "/credits/batch"]
    _all_there_once(sandbox)
    remote = dict(models.Delivery.objects.values_list("reference", "remote_id"))
    assert remote == {one.reference: str(one.id) for one in sandbox.control.data().credits}
    assert models.Attempt.objects.count() == PEOPLE


def test_what_is_alone_goes_alone(registry: models.Registry, sandbox: Sandbox) -> None:
    _earn(registry)
    deliver_registry(registry.pk, limit=1)
    assert [path for path in _writes(sandbox) if "batch" in path] == []


@pytest.mark.parametrize("switch", ["", "errors_in_200"])
def test_a_partial_answer_settles_by_position(
    registry: models.Registry, sandbox: Sandbox, switch: str
) -> None:
    _earn(registry, nobody=3)
    if switch:
        sandbox.control.set_faults(**{switch: True})
    deliver_registry(registry.pk)
    assert _states() == {"delivered": PEOPLE - 1, "held": 1}
    held = models.Delivery.objects.get(state="held")
    assert held.hold_code == "member_unknown"
    assert held.entry.account.person_id == factories.person_of("900003")
    _all_there_once(sandbox, PEOPLE - 1)


def test_a_batch_refused_as_a_whole_is_halved_until_the_bad_one_is_alone(
    registry: models.Registry, sandbox: Sandbox
) -> None:
    _earn(registry, nobody=3)
    sandbox.control.set_faults(all_or_nothing=True)
    deliver_registry(registry.pk)
    assert _states() == {"delivered": PEOPLE - 1, "held": 1}
    _all_there_once(sandbox, PEOPLE - 1)


def test_an_opaque_error_of_one_record_parks_that_one_alone(
    registry: models.Registry, sandbox: Sandbox
) -> None:
    """It answers 500 and says of nobody why: smaller company each time, after a look."""
    _earn(registry, nobody=3)
    sandbox.control.set_faults(opaque_data_errors=True)
    for _ in range(8):
        deliver_registry(registry.pk)
    assert _states() == {"delivered": PEOPLE - 1, "parked": 1}
    parked = models.Delivery.objects.get(state="parked")
    assert parked.entry.account.person_id == factories.person_of("900003")
    _all_there_once(sandbox, PEOPLE - 1)


def test_a_batch_that_was_written_and_not_answered_is_not_written_again(
    registry: models.Registry, sandbox: Sandbox
) -> None:
    _earn(registry)
    sandbox.control.set_faults(commit_then_reset={"times": 1})
    deliver_registry(registry.pk)
    assert _states()["pending"] == 8
    deliver_registry(registry.pk)
    assert _states() == {"delivered": PEOPLE}
    _all_there_once(sandbox)


def test_a_batch_that_loses_the_references_is_looked_into_and_not_sent_again(
    registry: models.Registry, sandbox: Sandbox
) -> None:
    _earn(registry)
    sandbox.control.set_faults(lost_reference={"times": 1})
    for _ in range(4):
        deliver_registry(registry.pk)
    assert _states() == {"parked": 8, "delivered": 2}
    assert len(sandbox.control.data().credits) == PEOPLE


def test_a_worker_that_dies_leaves_one_in_doubt_where_nothing_can_be_looked_up(
    registry: models.Registry, sandbox: Sandbox
) -> None:
    registry.options = {"batch_path": "", "find_path": ""}
    registry.save()
    _earn(registry)
    for _ in range(3):
        assert deliver_registry(registry.pk).sent == 1
    with _dying_after_the_call(), pytest.raises(_DiedError):
        deliver_registry(registry.pk)
    models.Delivery.objects.filter(state="pending").update(due_at=T0)
    while deliver_registry(registry.pk).sent:
        pass
    assert _states() == {"delivered": PEOPLE - 1, "parked": 1}
    _all_there_once(sandbox)


def test_what_is_confirmed_later_is_looked_for_and_never_written_again(
    registry: models.Registry, sandbox: Sandbox, settings: Settings
) -> None:
    settings.CEC_POLICY = {**settings.CEC_POLICY, "receipt_wait_s": 0.0}
    _earn(registry)
    sandbox.control.set_faults(receipts_later=True)
    deliver_registry(registry.pk)
    assert _states() == {"held": PEOPLE}
    assert set(models.Delivery.objects.values_list("hold_code", flat=True)) == {"receipt"}
    for _ in range(3):
        sweep(platform=factories.SmallPlatform(), now=datetime.now(UTC) + timedelta(seconds=1))
        deliver_registry(registry.pk)
    assert _states() == {"held": PEOPLE}
    written = len(_writes(sandbox))
    sandbox.control.let_receipts_arrive()
    sweep(platform=factories.SmallPlatform(), now=datetime.now(UTC) + timedelta(seconds=1))
    deliver_registry(registry.pk)
    assert _states() == {"delivered": PEOPLE}
    assert len(_writes(sandbox)) == written
    _all_there_once(sandbox)
