"""Before a repair a registry is asked by reference, or its list is read once where that shows more."""

from dataclasses import replace

import pytest

from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.models.reconciliation import Difference
from cec_plugin.services.repair import repair, repair_all
from tests.paper import EVERYTHING
from tests.reconciled import World, a_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    """Make a registry whose looks by reference show less than its list."""
    world = a_world()
    world.told(4)
    world.paper.capabilities = replace(EVERYTHING, finds_all=False)
    world.paper.page = 50
    return world


def _repaired(world: World) -> dict[str, int]:
    report = world.reconcile()
    world.paper.calls.clear()
    return dict(repair_all(report.pk, world.reader(), by="desk"))


def test_the_list_is_read_once_for_all_that_is_to_be_repaired(world: World) -> None:
    first, second, third, _ = world.paper.records
    world.paper.records.remove(first)
    world.paper.change(second, reversed=True)
    world.paper.records.append(replace(third, remote_id="x"))
    assert _repaired(world) == {"under_way": 2, "refused": 1}
    assert world.paper.calls == ["changes"]
    assert Difference.objects.get(repair="refused").repair_reason == "person"


def test_what_is_listed_page_by_page_is_put_together(world: World) -> None:
    world.paper.page = 2
    first = world.record(0)
    world.paper.records.append(replace(first, remote_id="x"))
    assert _repaired(world) == {"refused": 1}
    assert world.paper.calls == ["changes"] * 3


def test_what_is_in_order_by_now_is_closed(world: World) -> None:
    first = world.record(0)
    changed = world.paper.change(first, hundredths=100)
    row = world.reconcile().differences.get()
    world.paper.change(changed, hundredths=first.hundredths)
    done = repair(row.pk, world.paper, by="desk", reader=world.reader())
    assert (done.repair, done.repair_reason) == ("gone", "")


def test_a_list_that_cannot_be_read_fails_them_all_and_is_not_read_again(world: World) -> None:
    world.paper.records.clear()
    report = world.reconcile()
    world.paper.before = lambda _: Outcome(result=Result.CONFIGURATION, reason="HTTP 401")
    world.paper.calls.clear()
    assert repair_all(report.pk, world.reader(), by="desk") == {"failed": 4}
    assert world.paper.calls == ["changes"]
    assert set(report.differences.values_list("repair_reason", flat=True)) == {"HTTP 401"}
