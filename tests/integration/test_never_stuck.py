"""Nothing waits for ever: what one record, one course or one table has wrong stops nothing else."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, date, datetime, timedelta

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from cec_plugin import models
from cec_plugin.adapters.couriers import deliver_registry
from cec_plugin.adapters.registries.answers import redact
from cec_plugin.domain.delivery import Outcome, Policy, Result
from cec_plugin.domain.platform import CourseFacts
from cec_plugin.domain.ports import Capabilities, Health, Posting, Retraction
from cec_plugin.exceptions import FaultsError
from cec_plugin.sandbox.records import Member
from cec_plugin.sandbox.server import Sandbox, running_sandbox
from cec_plugin.services.activate import activate
from cec_plugin.services.deliver import deliver_due
from cec_plugin.services.go_round import Courier, step_reached
from cec_plugin.services.pause import pause, resume
from cec_plugin.services.requeue import requeue
from cec_plugin.services.settle_by_hand import settle_by_hand
from cec_plugin.services.sweep import sweep
from tests import factories
from tests.events import ETHICS
from tests.factories import NOW, SmallPlatform

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    members = [Member(number=f"M-{number}", name=str(number)) for number in range(5)]
    with running_sandbox(members=members) as sandbox:
        yield sandbox


@pytest.fixture
def guild() -> models.Organization:
    guild = factories.organization()
    factories.table(guild, [factories.rule(ETHICS, "10")])
    return guild


def _register(guild: models.Organization, sandbox: Sandbox, **fields: object) -> models.Registry:
    return models.Registry.objects.create(
        organization=guild,
        name="register",
        base_url=sandbox.url,
        options={"batch_path": ""},
        secret="sandbox",
        **{"paused": False, "calls_per_minute": 600_000, "timeout_s": 2, **fields},
    )


def _earn(guild: models.Organization, *subjects: str) -> None:
    for subject in subjects:
        factories.finish(subject, ETHICS, T0)
        factories.settle(subject)
        factories.link(subject, guild, f"M-{subject}")


def _states() -> list[str]:
    return list(models.Delivery.objects.order_by("pk").values_list("state", flat=True))


def _now_due() -> None:
    models.Delivery.objects.filter(state="pending").update(due_at=T0)


def test_a_table_from_the_year_one_is_refused(guild: models.Organization) -> None:
    draft = factories.table(
        guild, [factories.rule(ETHICS)], effective_from=date(1, 1, 1), active=False
    )
    with pytest.raises(FaultsError, match="the year is not between"):
        activate(draft.pk, by="tester", now=NOW)


def test_a_course_with_an_endless_name_is_credited(guild: models.Organization) -> None:
    platform = SmallPlatform(courses={ETHICS: CourseFacts(key=ETHICS, title="E" * 3000)})
    factories.finish("0", ETHICS, T0)
    assert factories.settle("0", platform=platform) == 1
    assert models.Activity.objects.get().title == "E" * 255


def test_a_course_that_the_platform_knew_too_late_is_still_matched() -> None:
    guild = factories.organization()
    factories.table(guild, [factories.rule("course-v1:CPC+Ethics", "10", selector="course")])
    factories.finish("0", ETHICS, T0)
    assert factories.settle("0") == 0
    known = SmallPlatform(
        courses={ETHICS: CourseFacts(key=ETHICS, title="Ethics", course="course-v1:CPC+Ethics")}
    )
    for day in (2, 4):
        sweep(platform=known, now=NOW + timedelta(days=day))
    assert models.CreditEntry.objects.count() == 1


def test_a_wrong_reason_is_put_right_by_a_table_from_an_earlier_date() -> None:
    guild = factories.organization()
    rules = [factories.rule("something else", "1")]
    factories.table(guild, rules, effective_from=date(2026, 6, 1))
    factories.finish("0", ETHICS, T0)
    factories.settle("0")
    assert models.Refusal.objects.get().code == "no_table"
    factories.table(guild, rules)
    sweep(platform=SmallPlatform(), now=NOW)
    assert models.Refusal.objects.get().code == "no_rule"


def test_a_registry_that_comes_later_is_told_of_what_was_recorded_before(
    guild: models.Organization, sandbox: Sandbox
) -> None:
    _earn(guild, "0", "1", "2")
    factories.withdraw("2", ETHICS, T0 + HOUR)
    factories.settle("2")
    registry = _register(guild, sandbox)
    for _ in range(2):
        sweep(platform=SmallPlatform(), now=NOW)
    assert _states() == ["pending", "pending", "void", "void"]
    deliver_registry(registry.pk)
    held = sandbox.control.data()
    assert sorted(credit.member_number for credit in held.credits) == ["M-0", "M-1"]
    assert held.reversals == ()


def test_a_registry_never_hears_of_an_award_that_ended_before_it_was_caught_up(
    guild: models.Organization, sandbox: Sandbox
) -> None:
    _earn(guild, "0", "1")
    registry = _register(guild, sandbox, paused=True)
    for subject in ("0", "1"):
        factories.withdraw(subject, ETHICS, T0 + HOUR)
        factories.settle(subject)
    factories.finish("1", ETHICS, T0 + 2 * HOUR)
    factories.settle("1")
    resume(registry.pk)
    sweep(platform=SmallPlatform(), now=NOW)
    deliver_registry(registry.pk)
    held = sandbox.control.data()
    assert [credit.member_number for credit in held.credits] == ["M-1"]
    assert held.reversals == ()


def test_a_registry_that_nobody_has_opened_yet_is_told_of_nothing(
    guild: models.Organization, sandbox: Sandbox
) -> None:
    _earn(guild, "0")
    registry = _register(guild, sandbox, paused=True)
    sweep(platform=SmallPlatform(), now=NOW)
    assert _states() == []
    resume(registry.pk)
    sweep(platform=SmallPlatform(), now=NOW)
    assert _states() == ["pending"]


def test_one_record_that_is_refused_as_if_it_were_us_is_parked_and_holds_up_nobody(
    guild: models.Organization, sandbox: Sandbox
) -> None:
    registry = _register(guild, sandbox)
    _earn(guild, "0", "1", "2")
    first = models.Delivery.objects.order_by("pk")[0]
    for _ in range(Policy().max_failures):
        sandbox.control.set_faults(unauthorized={"times": 1, "on": "write"})
        models.Delivery.objects.filter(pk=first.pk, state="pending").update(
            due_at=T0 - timedelta(days=1)
        )
        deliver_registry(registry.pk)
        assert not models.Registry.objects.filter(paused=True).exists()
        assert _states()[1:] == ["delivered", "delivered"]
    assert _states()[0] == "parked"


class Unforeseeing:
    """A registry's adapter with a fault of its own, which shows at its first call."""

    capabilities = Capabilities(finds=True)

    def __init__(self) -> None:
        self.calls = 0

    def within(self, seconds: float) -> AbstractContextManager[None]:
        return nullcontext()

    def health(self) -> Health:
        return Health(ok=True, caller="us")

    def find(self, reference: str) -> None:
        return None

    def post(self, posting: Posting) -> Outcome:
        self.calls += 1
        return Outcome(result=Result.DELIVERED, remote_id=str(1 // (self.calls - 1)))

    def reverse(self, retraction: Retraction) -> Outcome:
        raise AssertionError("nothing is taken back here")


def test_what_an_adapter_did_not_foresee_stops_one_delivery_and_no_other(
    guild: models.Organization, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    registry = _register(guild, sandbox)
    _earn(guild, "0", "1")
    courier = Courier(
        registry_id=registry.pk,
        registry=Unforeseeing(),
        clock=lambda: NOW,
        dice=lambda: 0.0,
        policy=Policy(),
        lease_s=60,
    )
    assert deliver_due(courier) == {"ambiguous": 1, "delivered": 1}
    assert "The adapter failed: ZeroDivisionError" in caplog.text
    assert _states() == ["pending", "delivered"]


def test_a_reversal_of_what_the_association_deleted_itself_is_done(
    guild: models.Organization, sandbox: Sandbox
) -> None:
    registry = _register(guild, sandbox)
    _earn(guild, "0")
    deliver_registry(registry.pk)
    sandbox.control.reset()
    factories.withdraw("0", ETHICS, T0 + HOUR)
    factories.finish("0", ETHICS, T0 + 2 * HOUR)
    factories.settle("0")
    _now_due()
    deliver_registry(registry.pk)
    _now_due()
    deliver_registry(registry.pk)
    assert _states() == ["delivered"] * 3
    assert [credit.state for credit in sandbox.control.data().credits] == ["active"]


@pytest.mark.parametrize(("done", "state"), [(True, "delivered"), (False, "void")])
def test_an_administrator_can_end_what_is_parked_and_what_waited_goes_on(
    guild: models.Organization,
    sandbox: Sandbox,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    done: bool,
    state: str,
) -> None:
    registry = _register(guild, sandbox)
    _earn(guild, "0")
    sandbox.control.set_faults(lost_reference=True)
    deliver_registry(registry.pk)
    assert _states() == ["parked"]
    sandbox.control.clear_faults()
    factories.withdraw("0", ETHICS, T0 + HOUR)
    factories.settle("0")
    assert _states() == ["parked", "held"]
    award = models.Delivery.objects.order_by("pk")[0]
    assert requeue([models.Delivery.objects.order_by("pk")[1].pk], now=NOW) == 0
    with django_capture_on_commit_callbacks():
        assert settle_by_hand(award.pk, done=done, by="admin", now=NOW)
    assert _states() == [state, "pending" if done else "void"]
    assert not settle_by_hand(award.pk, done=done, by="admin", now=NOW)


def test_a_pause_stops_a_batch_that_was_claimed_before_it(
    guild: models.Organization, sandbox: Sandbox
) -> None:
    registry = _register(guild, sandbox)
    _earn(guild, "0", "1", "2")

    def stop(step: str, **_: object) -> None:
        if step == "sent":
            pause(registry.pk, reason="an administrator", now=NOW)

    step_reached.connect(stop)
    try:
        assert deliver_registry(registry.pk).sent == 1
    finally:
        step_reached.disconnect(stop)
    assert len(sandbox.control.data().credits) == 1
    assert sorted(_states()) == ["delivered", "pending", "pending"]
    assert set(models.Delivery.objects.filter(state="pending").values_list("presence")) == {
        ("absent",)
    }


def test_a_slow_rate_sends_what_it_may_and_gives_the_rest_back(
    guild: models.Organization, sandbox: Sandbox
) -> None:
    registry = _register(guild, sandbox, calls_per_minute=1)
    _earn(guild, "0", "1", "2")
    deliver_registry(registry.pk)
    assert sorted(_states()) == ["delivered", "pending", "pending"]
    waits = models.Attempt.objects.filter(result="retryable").get()
    assert waits.reason == "our own rate limit"
    assert sorted(models.Delivery.objects.values_list("presence", flat=True)) == [
        "absent",
        "absent",
        "present",
    ]


def test_words_without_a_space_are_read_in_no_time() -> None:
    assert len(redact("a" * 1_000_000)) <= 160
