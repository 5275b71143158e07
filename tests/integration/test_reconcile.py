"""Reconciling: what a registry says otherwise is found, whatever moves meanwhile; nothing else is."""

import logging
import tracemalloc
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest

from cec_plugin import models
from cec_plugin.domain.delivery import Outcome, Result, State
from cec_plugin.domain.ports import Capabilities, Held, Page, Registry
from cec_plugin.exceptions import ConfigurationError
from cec_plugin.models.reconciliation import Reconciliation
from cec_plugin.selectors import expected
from cec_plugin.services import survey
from cec_plugin.services.patience import LONGEST_WAIT_S, TRIES
from cec_plugin.services.reconcile import (
    KEPT,
    SILENT,
    Reader,
    ask,
    give_up_cut_off,
    reconcile,
    take_up,
)
from cec_plugin.services.settle_by_hand import settle_by_hand
from tests.paper import EVERYTHING
from tests.reconciled import World, a_world

pytestmark = pytest.mark.django_db

BUSY = Outcome(result=Result.RETRYABLE, reason="HTTP 503", retry_after_s=7.0)
REFUSED_US = Outcome(result=Result.CONFIGURATION, status=401, reason="HTTP 401")


@pytest.fixture
def world() -> World:
    return a_world()


def at_call(number: int, act: Callable[[], Outcome | None]) -> Callable[[str], Outcome | None]:
    """Do something before the list is asked for the so-manieth time."""
    calls = iter(range(1, 1000))

    def before(name: str) -> Outcome | None:
        return act() if name == "changes" and next(calls) == number else None

    return before


class TestDifferences:
    def test_where_all_is_as_we_say_there_is_no_difference(self, world: World) -> None:
        world.told(5)
        world.withdraw(1)
        world.deliver()
        report = world.reconcile()
        assert (report.outcome, report.counts, report.listed) == ("agrees", {}, 5)
        assert report.ended_at is not None
        # Nothing looked wrong, so nothing was read a second time.
        assert world.paper.calls.count("changes") == 3

    def test_each_kind_is_found_under_its_reference(self, world: World) -> None:
        world.told(7)
        world.withdraw(6)
        world.deliver()
        gone, less, another, reversed_, twice, _fine, back = sorted(
            world.paper.records, key=lambda one: int(one.remote_id[2:])
        )
        assert back.reversed
        world.paper.records.remove(gone)
        world.paper.change(less, hundredths=700)
        world.paper.change(another, member_number="M-99")
        world.paper.change(reversed_, reversed=True)
        world.paper.change(back, reversed=False)
        world.paper.records.append(replace(twice, remote_id="r-99"))
        world.paper.records.append(replace(twice, remote_id="r-100", reference="cec-nobody's"))
        found = world.found()
        assert found == {
            "missing": [gone.reference],
            "different": sorted([less.reference, another.reference]),
            "reversed_there": [reversed_.reference],
            "standing_there": [back.reference],
            "duplicate": [twice.reference],
            "extra": ["cec-nobody's"],
        }
        one = models.Difference.objects.get(reference=less.reference)
        assert (one.ours_hundredths, one.theirs_hundredths) == (750, 700)
        assert (one.ours_stance, one.another_member, one.remote_ids) == ("stands", False, ["r-2"])
        assert one.delivery is not None
        assert one.delivery.reference == less.reference
        assert models.Difference.objects.get(reference=another.reference).another_member
        twice_ids = models.Difference.objects.get(kind="duplicate").remote_ids
        assert twice_ids == [twice.remote_id, "r-99"]
        assert models.Difference.objects.get(kind="extra").delivery is None

    def test_no_member_number_is_written_down(self, world: World) -> None:
        world.told(1)
        world.paper.change(world.record(0), member_number="M-99")
        world.reconcile()
        told = [*models.Difference.objects.values(), *Reconciliation.objects.values()]
        assert "M-99" not in str(told)
        assert "M-0" not in str(told)

    def test_what_was_never_sent_and_stands_there_is_extra(self, world: World) -> None:
        world.told(1)
        delivery = models.Delivery.objects.get()
        models.Delivery.objects.update(state=State.PARKED.value)
        settle_by_hand(delivery.pk, done=False, by="desk", now=world.now)
        world.now += timedelta(days=1)
        assert world.found() == {"extra": [delivery.reference]}

    def test_what_somebody_else_sent_is_nobodys_difference(self, world: World) -> None:
        world.told(1)
        world.paper.records.append(replace(world.record(0), remote_id="x", reference="other-1"))
        report = world.reconcile()
        assert (report.outcome, report.listed, report.unnamed) == ("agrees", 2, 0)

    def test_a_record_of_a_taking_back_under_its_own_reference_is_known(self, world: World) -> None:
        world.told(1)
        world.withdraw(0)
        world.deliver()
        own = models.Delivery.objects.get(errand="retract").reference
        world.paper.records.append(replace(world.record(0), remote_id="x", reference=own))
        assert world.found() == {}

    def test_records_without_a_reference_are_counted_and_are_extra_only_where_all_is_ours(
        self, world: World
    ) -> None:
        world.told(1)
        nameless = replace(world.record(0), remote_id="x", reference="")
        world.paper.records += [nameless, replace(nameless, remote_id="y", reversed=True)]
        report = world.reconcile()
        assert (report.outcome, report.unnamed) == ("agrees", 1)
        models.Registry.objects.update(ours_alone=True)
        assert world.found() == {"extra": [""]}
        assert models.Difference.objects.get().remote_ids == ["x"]

    def test_a_credit_that_lost_its_reference_there_is_not_missing(self, world: World) -> None:
        world.told(2)
        lost = world.paper.change(world.record(0), reference="")
        world.paper.records.append(replace(lost, remote_id="somebody's"))
        found = world.found()
        assert found.keys() == {"lost"}
        assert models.Difference.objects.get().remote_ids == [lost.remote_id]

    def test_what_a_registry_rounds_is_no_difference(self, world: World) -> None:
        world.told(1)
        world.paper.change(world.record(0), hundredths=800)
        world.paper.capabilities = replace(EVERYTHING, decimals=0)
        assert world.found() == {}

    def test_another_registrys_deliveries_are_not_its_own(self, world: World) -> None:
        world.told(1)
        models.Registry.objects.create(
            organization=world.row.organization, name="other", base_url="https://x.example"
        )
        world.row = models.Registry.objects.get(name="other")
        assert world.found() == {"extra": [world.record(0).reference]}


class TestWhatMoves:
    def test_what_is_on_its_way_is_no_difference(self, world: World) -> None:
        world.told(2)
        world.earn(1, begin=2)
        world.withdraw(0)
        models.Delivery.objects.filter(state=State.PENDING.value).update(presence="unknown")
        assert world.found() == {}

    def test_what_was_settled_while_the_registry_was_read_is_no_difference(
        self, world: World
    ) -> None:
        world.told(2)
        world.paper.records.clear()
        models.Delivery.objects.filter(pk=models.Delivery.objects.earliest("pk").pk).update(
            settled_at=world.now - timedelta(seconds=30)
        )
        assert world.found() == {"missing": [models.Delivery.objects.latest("pk").reference]}

    def test_a_credit_taken_back_between_the_two_looks_is_no_difference(self, world: World) -> None:
        world.told(5)
        world.paper.change(world.record(0), reversed=True)

        def take_back() -> None:
            world.withdraw(0)
            world.now -= timedelta(days=1)
            world.deliver()

        world.paper.before = at_call(4, take_back)
        assert world.found() == {}

    def test_a_record_that_changes_while_it_is_listed_is_listed_twice_and_is_one(
        self, world: World
    ) -> None:
        world.told(5)

        def touch() -> None:
            world.paper.records.insert(0, world.record(0))  # all move on by one place

        world.paper.before = at_call(2, touch)
        assert world.found() == {}
        assert world.paper.calls.count("changes") == 6

    def test_a_record_that_slips_through_between_two_pages_is_not_missing(
        self, world: World
    ) -> None:
        world.told(5)
        world.paper.before = at_call(2, lambda: world.paper.change(world.record(0)) and None)
        assert world.found() == {}

    def test_what_differs_each_time_it_is_listed_is_one_difference(self, world: World) -> None:
        world.told(5)
        less = world.paper.change(world.record(0), hundredths=100)
        world.paper.records.insert(0, less)
        assert world.found() == {"different": [less.reference]}

    def test_a_credit_told_while_the_registry_is_read_is_no_difference(self, world: World) -> None:
        world.told(3)

        def tell() -> None:
            world.earn(1, begin=3)
            world.deliver()
            world.now -= timedelta(days=1)

        world.paper.before = at_call(1, tell)
        assert world.found() == {}


class TestReading:
    @pytest.mark.parametrize("failure", [REFUSED_US, replace(BUSY, retry_after_s=None)])
    def test_a_list_that_breaks_off_concludes_nothing(self, world: World, failure: Outcome) -> None:
        world.told(5)
        world.paper.records.pop()
        world.paper.before = lambda name: failure if len(world.paper.calls) > 7 else None
        report = world.reconcile()
        assert (report.outcome, report.reason, report.counts) == ("failed", failure.reason, {})
        assert report.ended_at is not None
        assert not report.differences.exists()

    def test_a_second_look_that_breaks_off_concludes_nothing_either(self, world: World) -> None:
        world.told(5)
        world.paper.records.pop()
        world.paper.before = at_call(4, lambda: REFUSED_US)
        report = world.reconcile()
        assert (report.outcome, report.reason) == ("failed", "HTTP 401")

    def test_a_registry_that_is_busy_is_waited_for_as_long_as_it_asks(self, world: World) -> None:
        world.told(3)
        waited: list[float] = []
        world.paper.before = at_call(2, lambda: BUSY)
        reader = replace(world.reader(), wait=waited.append)
        assert reconcile(world.row.pk, by="tester", reader=reader).outcome == "agrees"
        assert waited == [7.0]

    def test_patience_ends_and_no_wait_is_longer_than_two_minutes(self, world: World) -> None:
        waited: list[float] = []
        world.paper.before = lambda _: replace(BUSY, retry_after_s=86400.0)
        reader = replace(world.reader(), wait=waited.append)
        assert reconcile(world.row.pk, by="tester", reader=reader).outcome == "failed"
        assert waited == [LONGEST_WAIT_S] * (TRIES - 1)

    def test_a_list_that_does_not_move_on_is_given_up(self, world: World) -> None:
        world.told(3)
        world.paper.page = 0
        report = world.reconcile()
        assert report.outcome == "failed"
        assert "does not move on" in report.reason

    def test_what_an_adapter_does_not_foresee_is_a_failed_reading(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        def break_() -> Outcome | None:
            raise ZeroDivisionError("M-0 is Avery Quill")

        world.paper.before = at_call(1, break_)
        report = world.reconcile()
        assert (report.outcome, report.reason) == (
            "failed",
            "our adapter failed: ZeroDivisionError",
        )
        assert "The adapter failed: ZeroDivisionError at" in caplog.text
        assert "Quill" not in caplog.text

    def test_a_registry_that_is_not_configured_is_a_failed_reading(self, world: World) -> None:
        def registries(_: int) -> Registry:
            raise ConfigurationError("registry 'x', secret: there is none")

        reader = replace(world.reader(), registries=registries)
        report = reconcile(world.row.pk, by="tester", reader=reader)
        assert (report.outcome, report.reason) == (
            "failed",
            "registry 'x', secret: there is none",
        )

    def test_who_follows_is_told_how_many_records_were_read(self, world: World) -> None:
        world.told(3)
        told: list[int] = []
        reconcile(world.row.pk, by="tester", reader=world.reader(told.append))
        assert told == [2, 3]

    def test_what_looks_wrong_beyond_a_bound_is_counted_and_not_looked_into(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(survey, "MOST", 2)
        monkeypatch.setattr(expected, "RANGE", 2)
        world.told(5)
        world.paper.records.clear()
        report = world.reconcile()
        assert (report.counts, report.unlisted) == ({"missing": 2}, 3)

    @pytest.mark.parametrize("count", [2_000, 20_000])
    def test_memory_does_not_grow_with_what_the_registry_lists(
        self, world: World, count: int
    ) -> None:
        world.told(3)
        world.paper = Endless(world.paper.records, count)  # type: ignore[assignment]
        world.reconcile()  # what is loaded once is loaded
        tracemalloc.start()
        try:
            report = world.reconcile()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert (report.outcome, report.listed) == ("agrees", count + 3)
        assert peak < 3_000_000, f"{peak} bytes for {count} records"


class Endless:
    """A registry that lists somebody else's records, made up as they are asked for."""

    capabilities = EVERYTHING

    def __init__(self, records: list[Held], count: int) -> None:
        self._records, self._count = records, count

    def within(self, seconds: float) -> object:
        return nullcontext()

    def changes(self, cursor: str) -> Page:
        begin = int(cursor or 0)
        if begin >= self._count:
            return Page(records=tuple(self._records), cursor="", more=False)
        records = tuple(
            Held(remote_id=f"x-{n}", hundredths=100, reversed=False, reference=f"other-{n}")
            for n in range(begin, begin + 500)
        )
        return Page(records=records, cursor=str(begin + 500), more=True)


class TestApproval:
    def test_what_the_registry_decides_later_is_read_back(self, world: World) -> None:
        world.told(3)
        world.paper.capabilities = replace(EVERYTHING, approves=True)
        world.paper.change(world.record(0), approved=True)
        world.paper.change(world.record(0), approved=False)
        assert world.found() == {}
        decided = models.Delivery.objects.order_by("pk").values_list("approved", flat=True)
        assert list(decided) == [True, False, None]

    def test_a_registry_that_approves_nothing_is_not_listened_to(self, world: World) -> None:
        world.told(1)
        world.paper.change(world.record(0), approved=True)
        world.reconcile()
        assert models.Delivery.objects.get().approved is None


class TestAsking:
    """A registry that cannot list is asked about a few credits at a time, in turn."""

    @pytest.fixture
    def world(self, world: World, settings: object) -> World:
        settings.CEC_RECONCILE_ASKS = 2  # type: ignore[attr-defined]
        world.paper.capabilities = Capabilities(lists=False)
        return world

    def test_every_credit_has_its_turn_and_then_the_first_again(self, world: World) -> None:
        world.told(5)
        world.paper.records.clear()
        references = list(
            models.Delivery.objects.order_by("pk").values_list("reference", flat=True)
        )
        turns = [world.found()["missing"] for _ in range(4)]
        assert turns == [references[:2], references[2:4], references[4:], references[:2]]

    def test_a_reading_that_failed_is_no_turn(self, world: World) -> None:
        world.told(3)
        first = world.reconcile()
        world.paper.before = lambda name: REFUSED_US
        assert world.reconcile().outcome == "failed"
        world.paper.before = lambda name: None
        world.paper.records.clear()
        assert first.asked_until
        assert len(world.found()["missing"]) == 1

    def test_what_is_found_is_held_against_what_we_say(self, world: World) -> None:
        world.told(2)
        world.paper.capabilities = Capabilities(lists=False, approves=True)
        world.paper.change(world.record(0), hundredths=100, approved=True)
        world.paper.records.append(replace(world.record(0), remote_id="r-9"))
        report = world.reconcile()
        assert (report.way, report.listed) == ("asked", 2)
        assert report.counts == {"different": 1, "duplicate": 1}
        assert list(models.Delivery.objects.order_by("pk").values_list("approved", flat=True)) == [
            True,
            None,
        ]

    def test_what_is_on_its_way_is_not_asked_about(self, world: World) -> None:
        world.told(1)
        world.withdraw(0)
        world.paper.calls.clear()
        assert world.found() == {}
        assert world.paper.calls == []

    def test_several_records_of_what_is_taken_back_meanwhile_are_no_difference_yet(
        self, world: World
    ) -> None:
        world.told(1)
        world.paper.records.append(replace(world.record(0), remote_id="r-9"))
        world.paper.before = lambda _: world.withdraw(0)
        assert world.found() == {}

    def test_a_registry_that_can_do_neither_is_said_to_be_so(self, world: World) -> None:
        world.paper.capabilities = Capabilities(lists=False, finds=False)
        report = world.reconcile()
        assert report.outcome == "unable"
        assert "neither lists" in report.reason


class TestReports:
    def test_only_so_many_reports_are_kept_and_another_registrys_are_left(
        self, world: World
    ) -> None:
        other = models.Registry.objects.create(
            organization=world.row.organization, name="other", base_url="https://x.example"
        )
        kept = Reconciliation.objects.create(registry=other, asked_by="x", asked_at=world.now)
        world.told(1)
        world.paper.records.clear()
        reports = [world.reconcile().pk for _ in range(KEPT + 2)]
        mine = Reconciliation.objects.filter(registry=world.row).order_by("pk")
        assert list(mine.values_list("pk", flat=True)) == reports[2:]
        assert models.Difference.objects.count() == KEPT
        assert Reconciliation.objects.filter(pk=kept.pk).exists()

    def test_what_was_asked_for_is_made_once(self, world: World) -> None:
        asked = ask(world.row.pk, by="desk", now=world.now)
        assert ask(world.row.pk, by="other", now=world.now) == asked
        made = take_up(asked.pk, world.reader())
        assert made is not None
        assert (made.pk, made.asked_by, made.outcome) == (asked.pk, "desk", "agrees")
        assert take_up(asked.pk, world.reader()) is None
        assert ask(world.row.pk, by="desk", now=world.now) != asked

    def test_one_that_runs_is_not_asked_for_again(self, world: World) -> None:
        asked = ask(world.row.pk, by="desk", now=world.now)

        def meanwhile() -> None:
            assert ask(world.row.pk, by="other", now=world.now) == asked

        world.paper.before = at_call(1, meanwhile)
        assert take_up(asked.pk, world.reader()) is not None
        assert Reconciliation.objects.count() == 1

    def test_what_was_cut_off_is_given_up_and_its_late_end_changes_nothing(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        world.told(1)
        world.paper.records.clear()

        def hang() -> None:
            assert give_up_cut_off(world.now + SILENT) == 0
            assert give_up_cut_off(world.now + SILENT + timedelta(seconds=1)) == 1

        world.paper.before = at_call(1, hang)
        with caplog.at_level(logging.WARNING):
            report = world.reconcile()
        assert (report.outcome, report.reason) == ("failed", "it was cut off")
        assert not report.differences.exists()

    def test_reconciling_changes_nothing_in_the_outbox_and_nothing_there(
        self, world: World
    ) -> None:
        world.told(3)
        world.paper.change(world.record(0), reversed=True)
        there = list(world.paper.records)
        here = list(models.Delivery.objects.order_by("pk").values())
        world.reconcile()
        assert world.paper.records == there
        assert list(models.Delivery.objects.order_by("pk").values()) == here
        assert not {"post", "reverse"} & set(world.paper.calls[-4:])


def test_a_reader_waits_by_the_clock_on_the_wall_unless_told_otherwise(world: World) -> None:
    reader = Reader(registries=world.registry_of, clock=world.clock)
    assert reconcile(world.row.pk, by="tester", reader=reader).outcome == "agrees"
