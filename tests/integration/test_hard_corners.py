"""Where an outbox could get stuck, hurry or say things twice: what a registry on paper then has."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.db.models.signals import pre_save
from pytest_django import Settings

from cec_plugin import models
from cec_plugin.adapters.couriers import courier, deliver_registry
from cec_plugin.adapters.reading import Answer
from cec_plugin.adapters.registries.answers import failure, words_of
from cec_plugin.domain.delivery import Outcome, Policy, Result
from cec_plugin.domain.ports import Held, Page, Posting
from cec_plugin.services.claim import claim
from cec_plugin.services.deliver import deliver_due
from cec_plugin.services.enqueue import void_unsent
from cec_plugin.services.go_round import Courier
from cec_plugin.services.link import unlink
from cec_plugin.services.patience import EMPTY_PAGES, MOST_PAGES, pages
from cec_plugin.services.pause import may_ask_again, pause, resume
from cec_plugin.services.quiet import hear, standing
from cec_plugin.services.repair import repair_all
from cec_plugin.services.requeue import requeue
from cec_plugin.services.sweep import sweep
from tests import factories
from tests.contract.civicrm_tenant import SECRETS
from tests.emulations.civicrm.server import running_civicrm
from tests.events import ETHICS
from tests.paper import EVERYTHING, PaperRegistry
from tests.reconciled import T0, World, a_world
from tests.threads import Step, beside

LEASE_S = 120
NO_ANSWER = Outcome(result=Result.RETRYABLE, reason="no connection")

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return a_world()


def _run(world: World) -> dict[str, int]:
    """Deliver what one claim takes."""
    courier = Courier(
        registry_id=world.row.pk,
        registry=world.paper,
        clock=world.clock,
        dice=lambda: 0.0,
        policy=Policy(),
        lease_s=LEASE_S,
    )
    return dict(deliver_due(courier))


def _may_be_there(world: World) -> None:
    """Let a worker claim everything, and die."""
    claim(world.row.pk, limit=100, lease_s=LEASE_S, now=world.now)
    world.now += timedelta(seconds=LEASE_S)


def test_slow_looks_leave_time_to_write_what_they_showed(world: World) -> None:
    """A registry that takes two seconds for a look: all of a claim takes longer than its lease."""
    world.paper.capabilities = replace(EVERYTHING, bulk=50)
    world.earn(60)
    _may_be_there(world)

    def before(name: str) -> Outcome | None:
        world.now += timedelta(seconds=2 if name == "find" else 0)
        return None

    world.paper.before = before
    while models.Delivery.objects.filter(state="pending").exists():
        began = world.now
        assert _run(world)["delivered"] >= 10
        assert world.now - began <= timedelta(seconds=LEASE_S / 2)
    assert len({one.reference for one in world.paper.records}) == len(world.paper.records) == 60
    assert world.paper.calls.count("find") == 60


def test_a_credit_given_again_by_another_line_waits_for_what_is_taken_back_still(
    world: World,
) -> None:
    """The table gave nothing for a while: its reversal and the new award are days apart."""
    world.told(1)
    guild = world.row.organization
    for rule in (factories.rule("something else", "1"), factories.rule(ETHICS, "5", code="new")):
        factories.table(guild, [rule], now=world.now)
        factories.settle_everybody(now=world.now)
    last = models.Delivery.objects.order_by("-pk")[0]
    assert (last.errand, last.state, last.hold_code) == ("tell", "held", "predecessor")
    world.paper.before = lambda name: NO_ANSWER if name == "reverse" else None
    for _ in range(3):
        world.deliver()
    assert [one.hundredths for one in world.paper.records if not one.reversed] == [750]
    world.paper.before = lambda _: None
    world.deliver()
    world.deliver()
    assert [one.hundredths for one in world.paper.records if not one.reversed] == [500]


class Slow(PaperRegistry):
    """Takes what it is told, and shows it days later: ``desk`` is where it lies meanwhile."""

    def __init__(self) -> None:
        super().__init__(capabilities=replace(EVERYTHING, receipts=True))
        self.desk: list[Posting] = []

    def post(self, posting: Posting) -> Outcome:
        self.desk.append(posting)
        return Outcome(result=Result.TAKEN, reason="taken")


def test_what_waits_for_a_receipt_is_not_written_again_at_an_administrators_word(
    world: World,
) -> None:
    world.paper = slow = Slow()
    world.earn(1)
    for _ in range(3):
        _run(world)
        requeue(models.Delivery.objects.values_list("pk", flat=True), now=world.now)
    assert len(slow.desk) == 1
    slow.add(slow.desk[0])
    _run(world)
    assert models.Delivery.objects.get().state == "delivered"
    assert len(slow.records) == 1


@pytest.mark.parametrize(
    "mine",
    [
        Outcome(result=Result.AMBIGUOUS, reason="no answer in time"),
        Outcome(result=Result.RETRYABLE, status=503, retry_after_s=5.0),
        Outcome(result=Result.DELIVERED, status=200),
    ],
)
def test_what_one_worker_was_told_to_wait_for_no_other_ends(world: World, mine: Outcome) -> None:
    """Both began while all was well but for one failed call, and hear of it one after the other."""
    models.Registry.objects.update(troubles=1, trouble_of=7)
    began = standing(world.row.pk).circuit
    busy = Outcome(result=Result.RETRYABLE, status=429, retry_after_s=3600.0)
    for outcome, of in ((busy, 1), (mine, 2)):
        hear(world.row.pk, began, outcome, of=of, now=world.now, jitter=0.0, policy=Policy())
    assert standing(world.row.pk).circuit.until == world.now + timedelta(hours=1)


def test_the_longer_of_two_waits_holds(world: World) -> None:
    began = standing(world.row.pk).circuit
    for wait_s in (60.0, 3600.0):
        busy = Outcome(result=Result.RETRYABLE, status=429, retry_after_s=wait_s)
        hear(world.row.pk, began, busy, of=1, now=world.now, jitter=0.0, policy=Policy())
    assert standing(world.row.pk).circuit.until == world.now + timedelta(hours=1)


class Blind(PaperRegistry):
    """Finds nothing by our reference, and cannot be asked to."""

    def __init__(self) -> None:
        super().__init__(capabilities=replace(EVERYTHING, finds=False))

    def find(self, reference: str) -> Outcome:
        return Outcome(result=Result.UNABLE, reason="finds nothing by our reference")


def test_what_was_never_taken_back_needs_no_look_where_none_is_possible(world: World) -> None:
    world.paper = blind = Blind()
    world.told(1)
    world.withdraw(0)
    blind.before = lambda name: NO_ANSWER if name == "reverse" else None
    world.deliver()
    blind.before = lambda _: None
    world.deliver()
    assert list(models.Delivery.objects.order_by("pk").values_list("state", flat=True)) == [
        "delivered",
        "delivered",
    ]
    assert [one.reversed for one in blind.records] == [True]


def test_what_may_have_been_taken_back_waits_for_a_person_where_no_look_is_possible(
    world: World,
) -> None:
    world.paper = blind = Blind()
    world.told(1)
    world.withdraw(0)
    lost = Outcome(result=Result.AMBIGUOUS, reason="no answer in time")
    blind.before = lambda name: lost if name == "reverse" else None
    world.deliver()
    world.deliver()
    assert models.Delivery.objects.get(errand="retract").state == "parked"
    assert blind.calls.count("reverse") == 1


def test_what_calls_nobody_does_not_use_up_the_one_call_that_tries(world: World) -> None:
    """Two that do not fit the registry are due before the one that shows that it is back."""
    world.earn(4)
    models.Registry.objects.update(troubles=5, quiet_since=world.now, quiet_until=world.now)
    unfit = iter([Outcome(result=Result.REFUSED, reason="it has too many decimals")] * 2)
    world.paper.before = lambda name: next(unfit, None)
    assert [_run(world) for _ in range(4)] == [
        {"refused": 1},
        {"refused": 1},
        {"delivered": 1},
        {"delivered": 1},
    ]
    assert not standing(world.row.pk).circuit.is_open


def test_a_quiet_registry_is_tried_by_what_is_due_next_though_nothing_was_before(
    world: World,
) -> None:
    models.Registry.objects.update(troubles=5, quiet_since=world.now, quiet_until=world.now)
    assert _run(world) == {}
    world.earn(1)
    assert _run(world) == {"delivered": 1}


def _a_list(following: Callable[[int], str], *, records: int) -> PaperRegistry:
    """Return a registry whose list says after each page, of so many records, where to go on."""

    class Endless(PaperRegistry):
        def changes(self, cursor: str) -> Page | Outcome:
            self.calls.append("changes")
            held = Held(remote_id="r", hundredths=1, reversed=False)
            cursor = following(len(self.calls))
            return Page(records=(held,) * records, cursor=cursor, more=True)

    return Endless()


@pytest.mark.parametrize("way_round", [1, 2, 3, 70, 1000])
def test_a_list_that_leads_back_to_any_page_before_ends(way_round: int) -> None:
    endless = _a_list(lambda call: str(call % way_round), records=1)
    *_, last = pages(endless, wait=lambda _: None)
    assert isinstance(last, Outcome)
    assert last.result is Result.UNREADABLE
    assert len(endless.calls) <= 3 * way_round + 3


def test_a_list_of_nothing_but_empty_pages_ends() -> None:
    endless = _a_list(str, records=0)
    assert isinstance(list(pages(endless, wait=lambda _: None))[-1], Outcome)
    assert len(endless.calls) == EMPTY_PAGES + 1


def test_a_list_that_never_ends_does() -> None:
    endless = _a_list(str, records=1)
    *_, last = iter(pages(endless, wait=lambda _: None))
    assert isinstance(last, Outcome)
    assert len(endless.calls) == MOST_PAGES


def test_a_repair_does_not_write_again_what_was_written_a_moment_ago(world: World) -> None:
    """Two reports say that it is missing. The second is repaired while reads still lag."""
    world.told(1)
    world.paper.records.clear()
    reports = [world.reconcile(), world.reconcile()]
    assert [one.counts for one in reports] == [{"missing": 1}] * 2
    repair_all(reports[0].pk, world.reader(), by="desk")
    _run(world)
    (written,) = world.paper.records
    world.paper.records.clear()
    world.now += timedelta(seconds=5)
    assert repair_all(reports[1].pk, world.reader(), by="desk") == {"gone": 1}
    _run(world)
    world.paper.records.append(written)
    assert world.paper.calls.count("post") == 2
    world.now += timedelta(days=1)
    assert world.found() == {}


def test_a_credit_that_cannot_be_read_keeps_no_other_from_being_asked_about(
    world: World,
) -> None:
    world.paper.capabilities = replace(EVERYTHING, lists=False)
    world.told(5)
    world.paper.records.clear()
    broken = Outcome(result=Result.UNREADABLE, reason="HTTP 200: the answer is not JSON")
    world.paper.before = lambda _: broken if len(world.paper.calls) % 5 == 2 else None
    world.paper.calls.clear()
    report = world.reconcile()
    assert (report.outcome, report.reason) == ("differs", "")
    assert (report.counts, report.unlisted) == ({"missing": 4}, 1)


def test_a_registry_of_which_nothing_can_be_read_is_not_reconciled(world: World) -> None:
    world.paper.capabilities = replace(EVERYTHING, lists=False)
    world.told(5)
    broken = Outcome(result=Result.UNREADABLE, reason="HTTP 200: the answer is not JSON")
    world.paper.before = lambda _: broken
    world.paper.calls.clear()
    report = world.reconcile()
    assert (report.outcome, report.reason) == ("failed", broken.reason)
    assert len(world.paper.calls) == 3


def test_a_credit_that_a_page_of_html_confirmed_is_taken_back_with_its_award(
    world: World,
) -> None:
    """PHP printed a warning ahead of the JSON: it was written, and is withdrawn before a look."""
    page = Answer(status=200, html=True)

    class Printing(PaperRegistry):
        def post(self, posting: Posting) -> Outcome:
            self.add(posting)
            return failure(page, write=True) or NO_ANSWER

    world.paper = Printing()
    world.earn(1)
    _run(world)
    world.withdraw(0)
    world.now += timedelta(days=1)
    resume(world.row.pk)
    for _ in range(2):
        _run(world)
    assert [one.reversed for one in world.paper.records] == [True]


def test_a_person_can_pause_what_would_go_on_by_itself(world: World) -> None:
    assert pause(world.row.pk, reason="HTTP 401", now=world.now)
    assert pause(world.row.pk, reason="until the audit is over", now=world.now, by_person=True)
    world.row.refresh_from_db()
    assert world.row.paused_reason == "until the audit is over"
    assert not may_ask_again(world.row.pk, now=world.now + timedelta(days=1))
    # Whoever asked the registry just before hears now that it lets us in.
    assert not resume(world.row.pk, let_in=True)
    assert not pause(world.row.pk, reason="HTTP 401", now=world.now)
    assert resume(world.row.pk)


def test_a_number_taken_away_does_not_undo_what_takes_its_credits_back(world: World) -> None:
    """What was sent before numbers were noted was sent under one all the same."""
    world.told(1)
    models.Delivery.objects.update(number_key="")
    guild = world.row.organization
    factories.link("0", guild, "M-right", now=world.now)
    unlink(person_id=factories.person_of("0"), organization_id=guild.pk, now=world.now)
    for _ in range(2):
        _run(world)
    assert [one.reversed for one in world.paper.records] == [True]


def test_a_credit_that_takes_several_calls_is_told_at_a_rate_of_one_in_some_seconds(
    world: World, settings: Settings
) -> None:
    """A CiviCRM is asked for the member, asked for the credit, told of it and asked again."""
    settings.CEC_SECRETS = SECRETS
    world.now = datetime.now(UTC)
    factories.finish("0", ETHICS, T0)
    factories.settle("0", now=world.now)
    factories.link("0", world.row.organization, "M-1001", now=world.now)
    with running_civicrm() as civicrm:
        world.row.adapter, world.row.base_url = "civicrm", civicrm.url
        world.row.secret, world.row.calls_per_minute = "civicrm", 26
        world.row.save()
        began = time.monotonic()
        assert deliver_registry(world.row.pk).came_to == {"delivered": 1}
        places = len(civicrm.calls) - 1
        assert places >= 3
        assert time.monotonic() - began >= places * 60 / 26 - 0.1


def test_the_lease_is_long_enough_for_all_the_places_that_one_credit_takes(
    world: World,
) -> None:
    for calls_per_minute, lease_s in ((600, 120), (10, 288), (1, 2880)):
        world.row.calls_per_minute = calls_per_minute
        assert courier(world.row, world.paper).lease_s == lease_s


def test_a_link_leaves_alone_what_a_courier_has_just_had_taken(world: World) -> None:
    """It was held for its member when the link read it, and waits for a receipt when it writes."""
    world.earn(1)
    held = models.Delivery.objects.all()
    held.update(state="held", hold_code="member_unknown", due_at=None)
    moves = iter([{"hold_code": "receipt", "presence": "unknown"}])

    def courier_comes_first(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE") and "cec_plugin_delivery" in sql:
            for move in moves:
                held.update(**move)
        return execute(sql, *rest)

    with connection.execute_wrapper(courier_comes_first):
        factories.link("0", world.row.organization, "M-0", now=world.now)
    assert held.values_list("state", "hold_code").get() == ("held", "receipt")


@contextmanager
def _unwritable(entry_id: int) -> Iterator[None]:
    """Let no delivery of a ledger entry be written, whatever the database has against it."""

    def refuse(instance: models.Delivery, **_: object) -> None:
        if instance.entry_id == entry_id:
            raise DatabaseError("no")

    pre_save.connect(refuse, sender=models.Delivery, weak=False)
    try:
        yield
    finally:
        pre_save.disconnect(refuse, sender=models.Delivery)


def test_an_account_that_cannot_be_caught_up_stops_no_other_and_not_the_sweep(
    world: World,
) -> None:
    world.told(1)
    late = world.another("a register that came later")
    world.earn(2, begin=1)
    models.Delivery.objects.filter(registry=late).delete()
    first = models.CreditEntry.objects.order_by("pk")[0]
    with _unwritable(first.pk):
        swept = sweep(platform=factories.SmallPlatform(), now=world.now)
    assert swept.registries == 2
    assert models.Delivery.objects.filter(registry=late).count() == 2
    sweep(platform=factories.SmallPlatform(), now=world.now)
    assert models.Delivery.objects.filter(registry=late).count() == 3


def test_a_repair_that_cannot_be_written_stops_no_other(world: World) -> None:
    world.told(3)
    for record in list(world.paper.records):
        world.paper.change(record, reversed=True)
    report = world.reconcile()
    first = models.CreditEntry.objects.order_by("pk")[0]
    with _unwritable(first.pk):
        done = repair_all(report.pk, world.reader(), by="desk")
    assert done == {"failed": 1, "under_way": 2}
    assert repair_all(report.pk, world.reader(), by="desk") == {"under_way": 1}


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_what_is_voided_while_it_is_claimed_is_not_sent_where_no_lock_can_be_skipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """MariaDB has SKIP LOCKED from 10.6 on."""
    monkeypatch.setattr(connection.features, "has_select_for_update_skip_locked", False)
    world = a_world()
    world.earn(1)
    (only,) = models.Delivery.objects.values_list("pk", flat=True)
    voided: list[int] = []
    read = Step()

    def void() -> None:
        read.wait()
        voided.append(void_unsent([only], now=world.now))

    def pause_before_the_claim(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE `cec_plugin_delivery`"):
            read.reach()
            time.sleep(0.5)  # time enough for whoever has to wait for nothing
        return execute(sql, *rest)

    with beside(void), connection.execute_wrapper(pause_before_the_claim):
        claimed = claim(world.row.pk, limit=1, lease_s=LEASE_S, now=world.now)
    assert len(claimed) + voided[0] == 1


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_a_registrys_words_fit_into_a_database_of_three_bytes_a_character() -> None:
    """What Open edX sites made before Redwood have: a smiley in an answer is an error there."""
    world = a_world()
    world.earn(3)
    body = {"error": {"code": "bad_date", "message": "the date lies in the future \U0001f600"}}
    words = words_of(body, code_path="error.code", message_path="error.message", fields_path="e")
    refused = failure(Answer(status=422, body=body), write=True, words=words)
    assert refused is not None
    world.paper.before = lambda _: refused
    tables = [one._meta.db_table for one in (models.Attempt, models.Delivery, models.Registry)]
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} CONVERT TO CHARACTER SET utf8mb3")
        try:
            assert _run(world) == {"refused": 3}
        finally:
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} CONVERT TO CHARACTER SET utf8mb4")
    reasons = set(models.Delivery.objects.values_list("reason", flat=True))
    assert reasons == {"HTTP 422: bad_date the date lies in the future"}
