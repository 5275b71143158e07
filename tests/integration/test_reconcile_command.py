"""``cec_reconcile``: counts, a file, an exit code, and a bar for whoever watches."""

import csv
import io
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper

from cec_plugin import models
from cec_plugin.domain.delivery import Outcome, Result, State
from cec_plugin.domain.ports import Capabilities, Registry
from cec_plugin.domain.spreadsheets import BYTE_ORDER_MARK
from cec_plugin.management.commands.cec_reconcile import Command
from cec_plugin.management.progress import LINE_EVERY, Progress
from cec_plugin.services import survey
from tests.paper import PaperRegistry
from tests.reconciled import World, a_world

pytestmark = pytest.mark.django_db


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def world() -> World:
    return a_world()


def run(world: World, *arguments: str, out: StringIO | None = None) -> tuple[int, str]:
    """Run the command over the registry on paper; return its exit code and what it said."""

    class OverPaper(Command):
        def registry(self, registry_id: int) -> Registry:
            return world.registry_of(registry_id)

    out = out or StringIO()
    try:
        call_command(OverPaper(), *arguments, stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue() + str(error)
    return 0, out.getvalue()


def test_no_difference_is_said_and_ends_with_zero(world: World) -> None:
    world.told(3)
    assert run(world) == (0, "Guild register: no difference, records read 3\n")


def test_differences_are_counted_by_kind_and_end_with_one(world: World) -> None:
    world.told(3)
    world.paper.records.pop()
    world.paper.change(world.record(0), reversed=True)
    world.paper.records.append(replace(world.record(0), remote_id="x", reference=""))
    code, said = run(world, "Guild register")
    assert code == 1
    assert said == (
        "Guild register: missing 1, reversed_there 1, records read 3, without a reference 1\n"
        "there are differences"
    )


def test_a_registry_that_cannot_be_read_ends_with_two_and_the_others_are_still_told(
    world: World,
) -> None:
    world.told(2)
    refuses = Outcome(result=Result.CONFIGURATION, reason="HTTP 401")
    world.another("A register", PaperRegistry(before=lambda _: refuses))
    world.another("B register", PaperRegistry(capabilities=Capabilities(finds=False)))
    code, said = run(world)
    assert code == 2
    assert said.splitlines() == [
        "A register: failed, HTTP 401",
        "B register: unable, the registry neither lists what it holds nor finds it by reference",
        "Guild register: no difference, records read 2",
        "could not be reconciled: A register, B register",
    ]


def test_only_the_registries_that_are_named_are_read(world: World) -> None:
    world.another("A register")
    assert run(world, "A register") == (0, "A register: no difference, records read 0\n")
    assert world.paper.calls == []


def test_a_name_that_nobody_has_is_refused_before_anything_is_read(world: World) -> None:
    code, said = run(world, "Guild register", "Gild register")
    assert (code, said) == (2, "there is no registry 'Gild register'")
    assert world.paper.calls == []


def test_with_repair_what_can_be_put_right_is_due_and_the_rest_is_counted(world: World) -> None:
    world.told(3)
    one, two, _ = world.paper.records
    world.paper.records.remove(one)
    world.paper.records.append(replace(two, remote_id="x"))
    code, said = run(world, "--repair")
    assert code == 1
    assert said.splitlines()[1:] == [
        "Guild register: repairs: refused 1, under_way 1",
        "there are differences",
    ]
    assert models.Delivery.objects.get(reference=one.reference).state == State.PENDING
    assert set(models.Difference.objects.values_list("repaired_by", flat=True)) == {"shell"}


def test_without_repair_nothing_is_due(world: World) -> None:
    world.told(1)
    world.paper.records.clear()
    assert run(world)[0] == 1
    assert models.Delivery.objects.get().state == State.DELIVERED


def test_a_registry_that_is_asked_says_how_many_credits_it_was_asked_about(world: World) -> None:
    world.told(2)
    world.paper.capabilities = Capabilities(lists=False)
    assert run(world)[1] == "Guild register: no difference, credits asked about 2\n"


def test_what_is_not_looked_into_is_said_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "MOST", 1)
    world.told(3)
    world.paper.records.clear()
    assert "missing 1, and 2 more that look wrong, records read 0" in run(world)[1]


def test_every_difference_is_a_row_of_the_file_and_no_cell_a_formula(
    world: World, tmp_path: Path
) -> None:
    world.told(2)
    less = world.paper.change(world.record(0), hundredths=700, member_number="M-9")
    world.paper.records.append(replace(less, reference="cec-x", remote_id="=1+1"))
    file = tmp_path / "differences.csv"
    assert run(world, "--csv", str(file))[0] == 1
    text = file.read_text(encoding="utf-8")
    assert "M-9" not in text
    extra, different = sorted(
        csv.DictReader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK))),
        key=lambda row: row["kind"],
        reverse=True,
    )
    delivery = models.Delivery.objects.get(reference=less.reference)
    assert different == {
        "registry": "Guild register",
        "kind": "different",
        "reference": less.reference,
        "we say": "stands",
        "amount here": "7.5",
        "amount there": "7",
        "another member": "yes",
        "registry ids": less.remote_id,
        "delivery id": str(delivery.pk),
        "repair": "",
        "repair reason": "",
    }
    assert (extra["kind"], extra["registry ids"], extra["we say"]) == ("extra", "'=1+1", "")


def test_whoever_watches_sees_a_bar_that_is_gone_at_the_end(world: World) -> None:
    world.told(4)
    code, said = run(world, out=Terminal())
    assert code == 0
    drawn = said.split("\r")
    assert drawn[1] == f"Guild register [{'#' * 15}{'-' * 15}] 2"
    assert drawn[2] == f"Guild register [{'#' * 30}] 4"
    assert drawn[3].strip() == ""
    assert drawn[4] == "Guild register: no difference, records read 4\n"


def test_where_nobody_watches_a_line_is_written_now_and_then() -> None:
    out = StringIO()
    progress = Progress(OutputWrapper(out), label="Guild", expected=25_000)
    for done in range(0, 25_001, 500):
        progress(done)
    progress.clear()
    assert out.getvalue() == (
        f"Guild: {LINE_EVERY} read, of about 25000\nGuild: {2 * LINE_EVERY} read, of about 25000\n"
    )


def test_a_bar_of_nothing_expected_is_full() -> None:
    out = Terminal()
    Progress(OutputWrapper(out), label="Guild", expected=0)(7)
    assert out.getvalue() == f"\rGuild [{'#' * 30}] 7"
