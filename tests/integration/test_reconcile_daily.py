"""Every registry has its reconciliation once a day, whatever becomes of the others."""

from datetime import timedelta

import pytest

from cec_plugin import models
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.models.reconciliation import Reconciliation
from cec_plugin.services import reconciliations
from cec_plugin.services.reconcile import SILENT, ask, take_up
from cec_plugin.services.reconciliations import AGAIN, EVERY, Reconciled, due, go_on
from tests.paper import PaperRegistry
from tests.reconciled import World, a_world

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
REFUSES = PaperRegistry(before=lambda _: Outcome(result=Result.CONFIGURATION, reason="HTTP 401"))


@pytest.fixture
def world() -> World:
    return a_world()


def daily(world: World) -> Reconciled:
    return go_on(reader=world.reader(), now=world.now)


def test_each_registry_is_reconciled_once_a_day(world: World) -> None:
    world.told(2)
    world.paper.records.pop()
    other = world.another("other")
    assert daily(world) == Reconciled(reconciled=2, differing=1, failed=0, repaired=0)
    assert daily(world) == Reconciled(reconciled=0, differing=0, failed=0, repaired=0)
    world.now += EVERY - SECOND
    assert due(world.now) == []
    world.now += SECOND
    assert due(world.now) == [world.row.pk, other.pk]


def test_one_that_fails_keeps_no_other_from_its_turn_and_is_tried_again_in_an_hour(
    world: World,
) -> None:
    first = world.row
    world.row, world.paper = world.another("other"), world.paper
    world.others[first.pk] = REFUSES
    assert daily(world) == Reconciled(reconciled=2, differing=0, failed=1, repaired=0)
    assert due(world.now + AGAIN - SECOND) == []
    assert due(world.now + AGAIN) == [first.pk]


def test_a_reconciliation_that_was_deleted_meanwhile_keeps_no_other_from_its_turn(
    world: World,
) -> None:
    """Whatever goes wrong beyond the reading itself is one registry's."""
    other = world.another("other")
    world.paper.before = lambda _: Reconciliation.objects.all().delete() and None
    assert daily(world) == Reconciled(reconciled=1, differing=0, failed=1, repaired=0)
    assert Reconciliation.objects.get().registry_id == other.pk


@pytest.mark.parametrize("stop", ["paused", "quiet"])
def test_a_registry_that_is_not_to_be_called_waits(world: World, stop: str) -> None:
    if stop == "paused":
        models.Registry.objects.update(paused=True)
    else:
        models.Registry.objects.update(quiet_until=world.now + SECOND)
    assert due(world.now) == []
    models.Registry.objects.update(paused=False)
    assert due(world.now + SECOND) == [world.row.pk]


def test_what_somebody_asked_for_is_made_and_puts_the_daily_one_not_off(world: World) -> None:
    models.Registry.objects.update(paused=True)
    asked = ask(world.row.pk, by="desk", now=world.now)
    assert daily(world) == Reconciled(reconciled=1, differing=0, failed=0, repaired=0)
    asked.refresh_from_db()
    assert (asked.outcome, asked.asked_by) == ("agrees", "desk")
    models.Registry.objects.update(paused=False)
    assert due(world.now) == [world.row.pk]


def test_what_somebody_else_takes_up_meanwhile_is_not_made_twice(world: World) -> None:
    models.Registry.objects.update(paused=True)
    other = world.another("other")
    models.Registry.objects.update(paused=True)
    ask(world.row.pk, by="desk", now=world.now)
    second = ask(other.pk, by="desk", now=world.now)
    world.paper.before = lambda _: take_up(second.pk, world.reader()) and None
    assert daily(world).reconciled == 1
    assert Reconciliation.objects.filter(outcome="agrees").count() == 2


def test_one_that_runs_is_not_begun_again_and_one_that_was_cut_off_is(world: World) -> None:
    row = Reconciliation.objects.create(
        registry=world.row,
        asked_by=reconciliations.BY,
        asked_at=world.now,
        began_at=world.now,
        seen_at=world.now,
    )
    assert daily(world).reconciled == 0
    world.now += AGAIN + SILENT
    assert daily(world).reconciled == 1
    row.refresh_from_db()
    assert (row.outcome, row.reason) == ("failed", "it was cut off")
