"""Reports in the admin: asked for, followed, read by kind, downloaded, and repaired on purpose."""

import csv
import io
from dataclasses import replace

import pytest
from django.contrib.admin.models import LogEntry

from cec_plugin import models
from cec_plugin.domain.delivery import State
from cec_plugin.domain.spreadsheets import BYTE_ORDER_MARK
from cec_plugin.models.reconciliation import Difference, Reconciliation
from cec_plugin.selectors.reconciliations import COLUMNS
from cec_plugin.services.reconcile import take_up
from cec_plugin.services.repair import repair_asked
from tests.integration.admin_visits import act, administrator, page, superuser, take, text_of
from tests.reconciled import World, a_world

pytestmark = pytest.mark.django_db

READERS = ("view_reconciliation", "view_difference")


@pytest.fixture
def world() -> World:
    return a_world()


def differing(world: World) -> Reconciliation:
    """Reconcile a registry that lacks one credit, has one reversed, and one twice."""
    world.told(4)
    one, two, three, _ = world.paper.records
    world.paper.records.remove(one)
    world.paper.change(two, reversed=True)
    world.paper.records.append(replace(three, remote_id="r-99"))
    return world.reconcile()


def test_a_registry_is_reconciled_from_its_page_and_the_report_says_how_far_it_is(
    world: World,
) -> None:
    world.told(1)
    client = administrator("view_registry", "operate_registry", *READERS)
    said = text_of(client.get(page("registry", world.row.pk, "step/reconcile")))
    assert "Nothing is changed, there or here" in said
    shown = text_of(take(client, "registry", world.row.pk, "reconcile"))
    assert "It waits to be begun." in shown
    report = Reconciliation.objects.get()
    assert report.asked_by == "desk"

    def in_between(read: int) -> None:
        shown = text_of(client.get(page("reconciliation", report.pk)))
        assert "It runs; records read so far: 1." in shown

    assert take_up(report.pk, world.reader(in_between)) is not None
    assert "no difference" in text_of(client.get(page("reconciliation", report.pk)))


def test_reconciling_needs_the_permission_to_operate(world: World) -> None:
    client = administrator("view_registry", *READERS)
    assert take(client, "registry", world.row.pk, "reconcile").status_code == 403
    assert not Reconciliation.objects.exists()


def test_the_report_leads_from_each_kind_to_its_differences(world: World) -> None:
    report = differing(world)
    client = administrator(*READERS)
    shown = text_of(client.get(page("reconciliation", report.pk)))
    for words in ("missing there", "reversed there, stands here", "there more than once"):
        assert words in shown
    chosen = {"reconciliation__id__exact": report.pk, "kind__exact": "duplicate"}
    listed = client.get(page("difference"), chosen)
    (row,) = listed.context["cl"].result_list
    assert (row.kind, row.reconciliation_id) == ("duplicate", report.pk)
    shown = text_of(client.get(page("difference", row.pk)))
    assert "r-3, r-99" in shown
    assert "it stands" in shown


def test_a_failed_reconciliation_says_why(world: World) -> None:
    world.told(3)
    world.paper.page = 0
    report = world.reconcile()
    shown = text_of(superuser().get(page("reconciliation", report.pk)))
    assert "could not be read to the end: the registry&#x27;s list does not move on" in shown


def test_the_differences_are_a_file(world: World) -> None:
    report = differing(world)
    answer = administrator(*READERS).get(page("reconciliation", report.pk, "download"))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(answer.streaming_content).decode()
    rows = list(csv.DictReader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK))))
    assert tuple(rows[0]) == COLUMNS
    assert sorted(row["kind"] for row in rows) == ["duplicate", "missing", "reversed_there"]


def test_the_file_takes_the_permission_to_see_the_report(world: World) -> None:
    report = differing(world)
    address = page("reconciliation", report.pk, "download")
    assert administrator("view_registry").get(address).status_code == 403
    assert superuser().get(page("reconciliation", report.pk + 1, "download")).status_code == 404


def test_all_that_can_be_is_repaired_and_the_page_follows_it(world: World) -> None:
    report = differing(world)
    client = administrator("repair_difference", *READERS)
    said = text_of(client.get(page("reconciliation", report.pk, "step/repair")))
    assert "can be put right from here: 2." in said
    assert "looked up and sent again" in said
    assert "told again under a new reference" in said
    assert "are left alone" in said
    shown = text_of(take(client, "reconciliation", report.pk, "repair"))
    assert "2 differences are looked at again and put right." in shown
    assert "asked for, and still to be made" in shown
    assert "step/repair" not in shown  # it was asked for
    assert repair_asked(report.pk, world.reader()) == {"under_way": 2}
    shown = text_of(client.get(page("reconciliation", report.pk)))
    assert "on its way to the registry" in shown
    assert "asked for, and still to be made" not in shown
    assert models.Delivery.objects.filter(state=State.PENDING.value).count() == 2


@pytest.mark.parametrize("way", ["step", "action"])
def test_one_difference_is_repaired_and_who_wanted_it_is_kept(world: World, way: str) -> None:
    report = differing(world)
    row = report.differences.get(kind="missing")
    client = administrator("repair_difference", *READERS)
    if way == "step":
        answer = take(client, "difference", row.pk, "repair")
    else:
        asked = act(client, "difference", "repair_chosen", [row.pk])
        assert "What is missing there is looked up and sent again." in text_of(asked)
        row.refresh_from_db()
        assert row.repair_asked_at is None, "it is asked for only when that is confirmed"
        answer = act(client, "difference", "repair_chosen", [row.pk], confirmed="yes")
    assert "1 difference is looked at again and put right." in text_of(answer)
    assert LogEntry.objects.count() == 1
    repair_asked(report.pk, world.reader())
    row.refresh_from_db()
    assert (row.repair, row.repaired_by) == ("under_way", "desk")
    assert report.differences.filter(repair="").count() == 2


def test_what_is_left_to_a_person_is_not_offered(world: World) -> None:
    row = differing(world).differences.get(kind="duplicate")
    client = superuser()
    assert "step/repair" not in text_of(client.get(page("difference", row.pk)))
    answer = act(client, "difference", "repair_chosen", [row.pk])
    assert "0 differences" in text_of(answer)
    row.refresh_from_db()
    assert row.repair_asked_at is None


def test_why_a_repair_was_refused_is_said(world: World) -> None:
    world.told(1)
    world.paper.change(world.record(0), hundredths=100)
    report = world.reconcile()
    world.paper.capabilities = replace(world.paper.capabilities, reverses=False)
    client = superuser()
    said = text_of(client.get(page("difference", Difference.objects.get().pk, "step/repair")))
    assert "takes nothing back is left as it is" in said
    assert "taken back, and then told under a new reference" in said
    take(client, "difference", Difference.objects.get().pk, "repair")
    repair_asked(report.pk, world.reader())
    shown = text_of(client.get(page("difference", Difference.objects.get().pk)))
    assert "the registry takes nothing back" in shown
    assert "needs a person" in shown


def test_what_stands_there_says_what_a_repair_does(world: World) -> None:
    world.told(1)
    world.withdraw(0)
    world.deliver()
    world.paper.change(world.record(0), reversed=False)
    row = world.reconcile().differences.get()
    said = text_of(superuser().get(page("difference", row.pk, "step/repair")))
    assert "was reversed here is taken back again" in said


def test_repairing_needs_its_own_permission(world: World) -> None:
    report = differing(world)
    row = report.differences.get(kind="missing")
    client = administrator("change_difference", "operate_registry", *READERS)
    assert take(client, "reconciliation", report.pk, "repair").status_code == 403
    assert take(client, "difference", row.pk, "repair").status_code == 403
    act(client, "difference", "repair_chosen", [row.pk])
    assert not Difference.objects.exclude(repair_asked_at=None).exists()


def test_lists_show_what_there_is(world: World) -> None:
    report = differing(world)
    client = administrator(*READERS)
    listed = text_of(client.get(page("reconciliation")))
    assert str(report) in listed
    listed = text_of(client.get(page("difference"), {"repair__exact": "", "q": "cec-"}))
    assert "missing there" in listed
