"""Repairing: looked at again first, sent by the outbox, and never twice; the rest is a person's."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cec_plugin import models
from cec_plugin.domain.delivery import Errand, Outcome, Presence, Result, State
from cec_plugin.domain.ports import Capabilities, Held, Registry
from cec_plugin.exceptions import ConfigurationError
from cec_plugin.models.reconciliation import Difference
from cec_plugin.services.reconciliations import LOST, go_on
from cec_plugin.services.repair import FAILURES, ask_repair, repair, repair_all, repair_asked
from cec_plugin.services.settle_by_hand import settle_by_hand
from tests.paper import EVERYTHING
from tests.reconciled import DAY, World, a_world
from tests.threads import together

pytestmark = pytest.mark.django_db

NO_REVERSAL = replace(EVERYTHING, reverses=False)
DOWN = Outcome(result=Result.CONFIGURATION, reason="HTTP 401")


@pytest.fixture
def world() -> World:
    return a_world()


def reported(world: World) -> Difference:
    """Reconcile, and return the one difference."""
    return world.reconcile().differences.get()


def repaired(world: World, row: Difference) -> tuple[str, str]:
    done = repair(row.pk, world.paper, by="desk", reader=world.reader())
    assert (done.repaired_by, done.repaired_at) == ("desk", world.now)
    return done.repair, done.repair_reason


def agrees_after_delivery(world: World) -> None:
    """Say that the repair, once delivered, leaves nothing to repair, and that a second adds none."""
    world.deliver()
    before = list(models.Delivery.objects.order_by("pk").values("pk", "state"))
    assert world.found() == {}
    for row in Difference.objects.all():
        repair(row.pk, world.paper, by="desk", reader=world.reader())
    world.deliver()
    assert list(models.Delivery.objects.order_by("pk").values("pk", "state")) == before


def standing(world: World) -> list[tuple[str, int | None]]:
    """Return whose and how much stands in the registry."""
    return [(one.member_number, one.hundredths) for one in world.paper.records if not one.reversed]


class TestMissing:
    def test_it_is_looked_up_and_then_written_under_its_own_reference(self, world: World) -> None:
        world.told(1)
        gone = world.paper.records.pop()
        row = reported(world)
        assert repaired(world, row) == ("under_way", "")
        delivery = models.Delivery.objects.get()
        assert (delivery.state, delivery.presence) == (State.PENDING, Presence.UNKNOWN)
        assert (delivery.settled_at, delivery.due_at, delivery.failures) == (None, world.now, 0)
        world.paper.calls.clear()
        agrees_after_delivery(world)
        assert world.paper.calls[:2] == ["find", "post"]
        assert [one.reference for one in world.paper.records] == [gone.reference]

    def test_what_is_there_again_by_then_is_not_written_twice(self, world: World) -> None:
        world.told(1)
        gone = world.paper.records.pop()
        repaired(world, reported(world))
        world.paper.records.append(gone)
        world.deliver()
        assert world.paper.records == [gone]
        assert models.Delivery.objects.get().state == State.DELIVERED

    def test_a_credit_taken_back_since_is_not_told_again(self, world: World) -> None:
        world.told(1)
        world.paper.records.clear()
        row = reported(world)
        world.withdraw(0)
        assert repaired(world, row) == ("gone", "")
        world.deliver()
        assert repaired_again(world, row) == "gone"
        assert world.paper.records == []

    def test_a_credit_whose_taking_back_was_dropped_is_not_told_again(self, world: World) -> None:
        world.told(1)
        row_there = world.record(0)
        world.paper.capabilities = NO_REVERSAL
        world.withdraw(0)
        world.deliver()
        retract = models.Delivery.objects.get(errand=Errand.RETRACT.value)
        assert settle_by_hand(retract.pk, done=False, by="desk", now=world.now)
        world.now += DAY
        assert world.found() == {}
        world.paper.records.remove(row_there)
        assert world.found() == {}


def repaired_again(world: World, row: Difference) -> str:
    return repair(row.pk, world.paper, by="other", reader=world.reader()).repair


class TestReversedThere:
    def test_it_is_told_under_a_new_reference_and_nothing_is_taken_back(self, world: World) -> None:
        world.told(1)
        old = world.paper.change(world.record(0), reversed=True)
        assert repaired(world, reported(world)) == ("under_way", "")
        agrees_after_delivery(world)
        old_tell, new_tell = models.Delivery.objects.order_by("round")
        assert (new_tell.errand, new_tell.round, old_tell.round) == ("tell", 1, 0)
        assert new_tell.reference != old_tell.reference == old.reference
        assert standing(world) == [("M-0", 750)]

    def test_a_second_time_it_is_told_in_a_third_round(self, world: World) -> None:
        world.told(1)
        for _ in range(2):
            world.paper.change(world.record(-1), reversed=True)
            assert repaired(world, reported(world)) == ("under_way", "")
            agrees_after_delivery(world)
        assert sorted(models.Delivery.objects.values_list("round", flat=True)) == [0, 1, 2]
        assert standing(world) == [("M-0", 750)]

    def test_what_the_ledger_reverses_later_is_taken_back_under_the_new_reference(
        self, world: World
    ) -> None:
        world.told(1)
        world.paper.change(world.record(0), reversed=True)
        repaired(world, reported(world))
        world.deliver()
        world.withdraw(0)
        world.deliver()
        assert standing(world) == []
        assert world.found() == {}

    def test_what_the_ledger_reverses_before_it_goes_out_is_not_told_again(
        self, world: World
    ) -> None:
        world.told(1)
        world.paper.change(world.record(0), reversed=True)
        repaired(world, reported(world))
        world.withdraw(0)
        world.deliver()
        assert standing(world) == []
        assert world.found() == {}

    def test_the_old_record_that_is_opened_again_is_taken_back(self, world: World) -> None:
        world.told(1)
        old = world.paper.change(world.record(0), reversed=True)
        repaired(world, reported(world))
        world.deliver()
        (old,) = world.paper.under(old.reference)
        world.paper.change(old, reversed=False)
        row = reported(world)
        assert row.kind == "standing_there"
        assert repaired(world, row) == ("under_way", "")
        agrees_after_delivery(world)
        assert standing(world) == [("M-0", 750)]


class TestStandingThere:
    def test_it_is_taken_back_again(self, world: World) -> None:
        world.told(1)
        world.withdraw(0)
        world.deliver()
        world.paper.change(world.record(0), reversed=False)
        assert repaired(world, reported(world)) == ("under_way", "")
        retract = models.Delivery.objects.get(errand=Errand.RETRACT.value)
        assert (retract.state, retract.settled_at) == (State.PENDING, None)
        agrees_after_delivery(world)
        assert standing(world) == []

    def test_a_registry_that_takes_nothing_back_leaves_it_to_a_person(self, world: World) -> None:
        world.told(1)
        world.withdraw(0)
        world.deliver()
        world.paper.change(world.record(0), reversed=False)
        row = reported(world)
        world.paper.capabilities = NO_REVERSAL
        assert repaired(world, row) == ("refused", "cannot_reverse")


class TestDifferent:
    @pytest.mark.parametrize("wrong", [{"hundredths": 700}, {"member_number": "M-9"}])
    def test_it_is_taken_back_first_and_then_told_anew(
        self, world: World, wrong: dict[str, object]
    ) -> None:
        world.told(1)
        world.paper.change(world.record(0), **wrong)
        assert repaired(world, reported(world)) == ("under_way", "")
        new = models.Delivery.objects.get(errand=Errand.TELL.value, round=1)
        assert (new.state, new.hold_code) == (State.HELD, "predecessor")
        world.paper.calls.clear()
        agrees_after_delivery(world)
        assert [name for name in world.paper.calls if name in ("post", "reverse")] == [
            "reverse",
            "post",
        ]
        assert standing(world) == [("M-0", 750)]

    def test_a_registry_that_takes_nothing_back_leaves_it_to_a_person(self, world: World) -> None:
        world.told(1)
        world.paper.change(world.record(0), hundredths=700)
        row = reported(world)
        world.paper.capabilities = NO_REVERSAL
        assert repaired(world, row) == ("refused", "cannot_reverse")
        assert models.Delivery.objects.count() == 1
        world.paper.capabilities = EVERYTHING
        assert repaired(world, row) == ("under_way", "")

    def test_what_the_ledger_reverses_meanwhile_is_taken_back_and_not_told(
        self, world: World
    ) -> None:
        world.told(1)
        world.paper.change(world.record(0), hundredths=700)
        repaired(world, reported(world))
        world.withdraw(0)
        world.deliver()
        assert standing(world) == []
        assert world.found() == {}


class TestLeftToPeople:
    def test_what_is_there_twice_is_left_to_a_person(self, world: World) -> None:
        world.told(1)
        world.paper.records.append(replace(world.record(0), remote_id="x"))
        row = reported(world)
        assert repaired(world, row) == ("refused", "person")
        assert len(standing(world)) == 2
        world.paper.records.pop()
        assert repaired(world, row) == ("gone", "")

    @pytest.mark.parametrize("reference", ["cec-nobody's", ""])
    def test_what_we_never_sent_is_never_removed(self, world: World, reference: str) -> None:
        models.Registry.objects.update(ours_alone=True)
        world.paper.records.append(
            Held(remote_id="x", hundredths=100, reversed=False, reference=reference)
        )
        row = reported(world)
        assert row.kind == "extra"
        assert repaired(world, row) == ("refused", "person")
        assert len(world.paper.records) == 1

    def test_what_lost_its_reference_is_not_told_again(self, world: World) -> None:
        world.told(1)
        world.paper.change(world.record(0), reference="")
        row = reported(world)
        assert row.kind == "lost"
        assert repaired(world, row) == ("refused", "person")
        assert models.Delivery.objects.get().state == State.DELIVERED

    def test_what_differs_otherwise_by_now_is_not_repaired_unseen(self, world: World) -> None:
        world.told(2)
        first, second = world.paper.records
        world.paper.change(first, hundredths=100)
        world.paper.change(second, hundredths=100)
        one, other = world.reconcile().differences.order_by("pk")
        (record,) = world.paper.under(one.reference)
        world.paper.change(record, reversed=True)
        (record,) = world.paper.under(other.reference)
        world.paper.records.append(replace(record, remote_id="x"))
        assert repaired(world, one) == ("refused", "otherwise_now")
        assert repaired(world, other) == ("refused", "otherwise_now")

    def test_where_nothing_is_found_by_reference_nothing_is_repaired(self, world: World) -> None:
        world.told(1)
        world.paper.records.clear()
        row = reported(world)
        world.paper.capabilities = Capabilities(lists=True, finds=False)
        assert repaired(world, row) == ("refused", "cannot_find")

    def test_a_difference_that_vanished_is_closed(self, world: World) -> None:
        world.told(1)
        gone = world.paper.records.pop()
        row = reported(world)
        world.paper.records.append(gone)
        assert repaired(world, row) == ("gone", "")
        assert models.Delivery.objects.get().state == State.DELIVERED


class TestAllOfAReport:
    def test_every_difference_has_its_turn_and_a_second_time_nothing_has(
        self, world: World
    ) -> None:
        world.told(4)
        one, two, three, _ = world.paper.records
        world.paper.records.remove(one)
        world.paper.change(two, reversed=True)
        world.paper.records.append(replace(three, remote_id="x"))
        report = world.reconcile()
        assert repair_all(report.pk, world.reader(), by="desk") == {"under_way": 2, "refused": 1}
        world.deliver()
        before = list(models.Delivery.objects.order_by("pk").values())
        assert repair_all(report.pk, world.reader(), by="desk") == {"refused": 1}
        world.deliver()
        assert list(models.Delivery.objects.order_by("pk").values()) == before
        assert world.found() == {"duplicate": [three.reference]}

    def test_what_was_asked_for_is_repaired_by_whom_it_was_asked(self, world: World) -> None:
        world.told(3)
        world.paper.records.clear()
        report = world.reconcile()
        wanted = report.differences.order_by("pk")[:1]
        chosen = Difference.objects.filter(pk__in=[one.pk for one in wanted])
        assert ask_repair(chosen, by="desk", now=world.now) == 1
        assert repair_asked(report.pk, world.reader()) == {"under_way": 1}
        chosen_one = chosen.get()
        assert (chosen_one.repaired_by, chosen_one.repair_asked_at) == ("desk", None)
        assert ask_repair(chosen, by="desk", now=world.now) == 0
        assert repair_asked(report.pk, world.reader()) == {}
        assert report.differences.filter(repair="").count() == 2

    def test_what_no_task_took_up_is_taken_up_later(self, world: World) -> None:
        world.told(1)
        world.paper.records.clear()
        report = world.reconcile()
        models.Registry.objects.update(paused=True)
        ask_repair(report.differences.all(), by="desk", now=world.now)
        assert go_on(reader=world.reader(), now=world.now + LOST).repaired == 0
        after = world.now + LOST + timedelta(seconds=1)
        assert go_on(reader=world.reader(), now=after).repaired == 1

    def test_a_registry_that_is_down_is_not_asked_about_the_rest(self, world: World) -> None:
        world.told(FAILURES + 2)
        world.paper.records.clear()
        report = world.reconcile()
        world.paper.before = lambda _: DOWN
        world.paper.calls.clear()
        ask_repair(report.differences.all(), by="desk", now=world.now)
        assert repair_asked(report.pk, world.reader()) == {"failed": FAILURES + 2}
        assert world.paper.calls == ["find"] * FAILURES
        assert set(report.differences.values_list("repair_reason", "repair_asked_at")) == {
            ("HTTP 401", None)
        }
        world.paper.before = lambda _: None
        assert repair_all(report.pk, world.reader(), by="desk") == {"under_way": FAILURES + 2}

    def test_a_registry_that_is_not_configured_repairs_nothing(self, world: World) -> None:
        world.told(1)
        world.paper.records.clear()
        report = world.reconcile()

        def registries(_: int) -> Registry:
            raise ConfigurationError("there is no secret")

        reader = replace(world.reader(), registries=registries)
        assert repair_all(report.pk, reader, by="desk") == {"failed": 1}
        assert report.differences.get().repair_reason == "there is no secret"

    def test_what_an_adapter_does_not_foresee_fails_one_repair(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        world.told(1)
        world.paper.records.clear()
        row = reported(world)

        def break_(name: str) -> Outcome | None:
            raise ZeroDivisionError("M-0 is Avery Quill")

        world.paper.before = break_
        assert repaired(world, row) == ("failed", "our adapter failed: ZeroDivisionError")
        assert "The adapter failed: ZeroDivisionError at" in caplog.text
        assert "Quill" not in caplog.text


def test_a_credit_that_moves_between_the_look_and_the_repair_is_left(world: World) -> None:
    world.told(1)
    world.paper.records.clear()
    row = reported(world)

    looks = iter(range(10))

    def clock() -> datetime:
        if next(looks) == 1:  # after the look, before the account is locked
            world.withdraw(0)
        return world.now

    reader = replace(world.reader(), clock=clock)
    assert repair(row.pk, world.paper, by="desk", reader=reader).repair == "gone"
    assert models.Delivery.objects.get(errand="tell").state == State.DELIVERED


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_repairs_at_the_same_time_tell_anew_once() -> None:
    world = a_world()
    world.told(3)
    for record in list(world.paper.records):
        world.paper.change(record, hundredths=100)
    report = world.reconcile()
    together([lambda: repair_all(report.pk, world.reader(), by="desk")] * 4)
    assert models.Delivery.objects.filter(errand="tell", round=1).count() == 3
    assert models.Delivery.objects.filter(errand="retract").count() == 3
    assert set(report.differences.values_list("repair", flat=True)) == {"under_way"}
    world.deliver()
    assert sorted(standing(world)) == [(f"M-{number}", 750) for number in range(3)]
    assert world.found() == {}
