"""Holdings from a file: previewed, imported, a second time to no effect, and nobody named."""

from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from cec_plugin import models
from cec_plugin.adapters.platform import LmsPlatform
from cec_plugin.domain.holdings import Status, read_holdings
from cec_plugin.models.certifications import HoldingStatus
from cec_plugin.selectors.holdings import Outcome
from cec_plugin.services.import_holdings import Imported, import_holdings, preview
from tests import factories
from tests.factories import NOW
from tests.threads import together

HEADER = "account,member_number,designation,organization,number,conferred_on,status,since,reason\n"
ACCOUNTS = LmsPlatform()

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def ccdp(settings: Any) -> models.Designation:
    """Make a designation, an account that never finished anything, and a member without one."""
    settings.CEC_PLATFORM = "cec_plugin.adapters.platform.LmsPlatform"
    guild = factories.organization()
    factories.user("ada")
    member = models.Person.objects.create()
    factories.linking.link(
        person_id=member.pk, organization_id=guild.pk, number="M-9", verified_by="desk", now=NOW
    )
    return models.Designation.objects.create(organization=guild, code="ccdp", name="CCDP")


def _sheet(*rows: str) -> Any:
    return read_holdings((HEADER + "\n".join(rows) + "\n").encode())


def _import(*rows: str, all_or_nothing: bool = False, by: str = "desk") -> Imported:
    return import_holdings(
        _sheet(*rows), platform=ACCOUNTS, by=by, now=NOW, all_or_nothing=all_or_nothing
    )


def _told(done: Imported) -> list[tuple[int, str, str]]:
    return [(one.row, one.outcome.value, one.field) for one in done.report]


def _history() -> list[tuple[str, date]]:
    rows = models.HoldingStatus.objects.order_by("pk")
    return list(rows.values_list("status", "since"))


ADA = "ada,,ccdp,,C-17,2019-05-01,,,"
MEMBER = ",M-9,ccdp,guild,,2020-02-29,,,"


def test_an_import_says_who_holds_what_since_when_and_that_it_was_imported() -> None:
    assert _told(_import(ADA, MEMBER)) == [(2, "new", ""), (3, "new", "")]
    ada, member = models.Holding.objects.order_by("pk")
    assert (ada.number, ada.conferred_on, ada.origin) == ("C-17", date(2019, 5, 1), "imported")
    assert ada.person_id == models.Identity.objects.get().person_id
    assert member.person_id == models.Membership.objects.get().person_id
    assert _history() == [("active", date(2019, 5, 1)), ("active", date(2020, 2, 29))]
    assert set(models.HoldingStatus.objects.values_list("recorded_by", "recorded_at")) == {
        ("desk", NOW)
    }


def test_a_preview_says_the_same_and_writes_nothing() -> None:
    done = preview(_sheet(ADA, MEMBER), platform=ACCOUNTS)
    assert _told(done) == [(2, "new", ""), (3, "new", "")]
    assert not done.applied
    assert not models.Holding.objects.exists()
    assert not models.Identity.objects.exists()
    assert models.Person.objects.count() == 1


def test_a_second_import_changes_nothing() -> None:
    _import(ADA, MEMBER)
    before = list(models.Holding.objects.values_list()), _history()
    done = _import(ADA, MEMBER)
    assert _told(done) == [(2, "unchanged", ""), (3, "unchanged", "")]
    assert done.bad == 0
    assert (list(models.Holding.objects.values_list()), _history()) == before
    assert models.Person.objects.count() == 2


def test_an_account_is_known_by_its_name_its_address_and_its_id() -> None:
    pk = str(factories.user("grace").pk)
    done = _import(
        "grace,,ccdp,,,2019-05-01,,,", "grace@example.org,,ccdp,,,2019-05-01,,,",
        f"{pk},,ccdp,,,2019-05-01,,,",
    )  # fmt: skip
    assert _told(done) == [(2, "new", ""), (3, "unchanged", ""), (4, "unchanged", "")]
    assert models.Holding.objects.count() == 1


def test_several_rows_make_up_the_history_of_one_holding() -> None:
    rows = (
        "ada,,ccdp,,C-17,2019-05-01,active,2019-05-01,",
        "ada,,ccdp,,C-17,2019-05-01,LAPSED,2021-05-01,no credits",
        "ada,,ccdp,,C-17,2019-05-01,reinstated,2022-01-01,",
    )
    done = _import(*rows)
    assert _told(done) == [(2, "new", ""), (3, "new status", ""), (4, "new status", "")]
    assert _history() == [
        ("active", date(2019, 5, 1)),
        ("lapsed", date(2021, 5, 1)),
        ("reinstated", date(2022, 1, 1)),
    ]
    assert models.HoldingStatus.objects.get(status="lapsed").reason == "no credits"
    later = "ada,,ccdp,,C-17,2019-05-01,suspended,2025-01-01,"
    assert _told(_import(*rows, later))[-1] == (5, "new status", "")
    assert _history()[-1] == ("suspended", date(2025, 1, 1))


def test_a_history_that_begins_otherwise_is_taken_as_it_is() -> None:
    _import("ada,,ccdp,,,2019-05-01,lapsed,2021-05-01,")
    assert _history() == [("lapsed", date(2021, 5, 1))]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("ada,,ccdp,,C-18,2019-05-01,,,", "number"),
        ("ada,,ccdp,,C-17,2019-05-02,,,", "conferred_on"),
        ("ada,,ccdp,,C-17,2019-05-01,lapsed,2019-05-01,", "status"),
    ],
)
def test_what_is_there_already_and_differs_is_told_and_left(row: str, field: str) -> None:
    _import(ADA)
    before = list(models.Holding.objects.values_list()), _history()
    done = _import(row, MEMBER)
    assert _told(done) == [(2, "differs", field), (3, "new", "")]
    assert (done.bad, done.applied) == (1, True)
    assert (list(models.Holding.objects.values_list())[:1], _history()[:1]) == before


def test_a_holding_that_was_entered_by_hand_stays_entered(ccdp: models.Designation) -> None:
    person = models.Membership.objects.get().person
    models.Holding.objects.create(person=person, designation=ccdp, conferred_on=date(2020, 2, 29))
    assert _told(_import(MEMBER)) == [(2, "unchanged", "")]
    assert models.Holding.objects.get().origin == "entered"
    assert _history() == []


def test_rows_that_contradict_one_another_are_faults_from_the_second_on() -> None:
    done = _import(
        ADA, "ada,,ccdp,,C-18,2019-05-01,,,", "ada,,ccdp,,C-17,2019-06-01,,,",
        ",M-9,ccdp,,,2020-02-29,lapsed,2021-01-01,", ",M-9,ccdp,,,2020-02-29,active,2021-01-01,",
    )  # fmt: skip
    assert _told(done) == [
        (2, "new", ""),
        (3, "fault", "number"),
        (4, "fault", "conferred_on"),
        (5, "new", ""),
        (6, "fault", "status"),
    ]


def test_bad_rows_are_told_and_the_good_ones_written() -> None:
    lakeshore = factories.organization("lakeshore", "Lakeshore")
    models.Designation.objects.create(organization=lakeshore, code="both", name="Both")
    guild = models.Organization.objects.get(code="guild")
    models.Designation.objects.create(organization=guild, code="both", name="Both")
    done = _import(
        "nobody,,ccdp,,,2019-05-01,,,",
        ",M-8,ccdp,,,2019-05-01,,,",
        "ada,,CCDP,,,2019-05-01,,,",
        "ada,,ccdp,lakeshore,,2019-05-01,,,",
        "ada,,both,,,2019-05-01,,,",
        "ada,,ccdp,,,soon,,,",
        "ada,,both,lakeshore,,2019-05-01,,,",
        ",M-9,both,lakeshore,,2019-05-01,,,",  # a member of the guild alone
    )
    assert _told(done) == [
        (2, "unknown person", "account"),
        (3, "unknown person", "member_number"),
        (4, "fault", "designation"),
        (5, "fault", "organization"),
        (6, "fault", "organization"),
        (7, "fault", "conferred_on"),
        (8, "new", ""),
        (9, "unknown person", "member_number"),
    ]
    assert (done.bad, done.applied) == (7, True)
    assert models.Holding.objects.get().designation.organization == lakeshore


@pytest.mark.parametrize(
    "bad",
    ["nobody,,ccdp,,,2019-05-01,,,", "ada,,ccdp,,C-18,2019-05-01,,,", "ada,,gone,,,2019-05-01,,,"],
    ids=[Outcome.UNKNOWN, "contradicts", Outcome.FAULT],
)
def test_all_or_nothing_writes_nothing_if_any_row_is_bad(bad: str) -> None:
    done = _import(ADA, MEMBER, bad, all_or_nothing=True)
    assert (done.bad, done.applied) == (1, False)
    assert not models.Holding.objects.exists()
    assert _import(ADA, MEMBER, all_or_nothing=True).applied
    assert models.Holding.objects.count() == 2


def test_many_rows_cost_few_queries_to_look_at(django_assert_max_num_queries: Any) -> None:
    rows = [f",N-{number},ccdp,,,2019-05-01,,," for number in range(1200)]
    with django_assert_max_num_queries(10):
        assert preview(_sheet(*rows), platform=ACCOUNTS).bad == 1200


@pytest.mark.parametrize("all_or_nothing", [False, True])
def test_what_somebody_enters_meanwhile_is_told_and_left(
    ccdp: models.Designation, all_or_nothing: bool
) -> None:
    """Nobody's lock keeps a holding from being entered by hand between the look and the write."""
    person = models.Membership.objects.get().person
    entered: list[int] = []

    def somebody_enters(execute: Any, sql: str, *others: Any) -> Any:
        if sql.startswith("INSERT") and "cec_plugin_holding" in sql and not entered:
            entered.append(1)
            models.Holding.objects.create(
                person=person, designation=ccdp, conferred_on=date(2001, 1, 1)
            )
        return execute(sql, *others)

    with connection.execute_wrapper(somebody_enters):
        done = _import(MEMBER, ADA, all_or_nothing=all_or_nothing)
    assert _told(done) == [(2, "fault", ""), (3, "new", "")]
    assert "just now" in done.report[0].reason
    assert (done.bad, done.applied) == (1, not all_or_nothing)
    # The connection is one here, so what somebody else entered is undone along with the rest.
    days = {row.conferred_on for row in models.Holding.objects.all()}
    assert days == (set() if all_or_nothing else {date(2019, 5, 1)})


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_two_who_import_the_same_file_at_once_import_it_once() -> None:
    told: list[list[str]] = []

    def work() -> None:
        told.append([one.outcome.value for one in _import(ADA, MEMBER).report])

    together([work, work, work])
    assert sorted(told) == [["new"] * 2, ["unchanged"] * 2, ["unchanged"] * 2]
    assert models.Holding.objects.count() == 2
    assert len(_history()) == 2


def test_the_statuses_of_a_file_are_those_that_are_kept() -> None:
    assert [one.value for one in Status] == HoldingStatus.Status.values


def _command(path: Path, **options: Any) -> tuple[list[str], str]:
    out = StringIO()
    error = ""
    try:
        call_command("cec_import_holdings", str(path), stdout=out, **options)
    except CommandError as raised:
        error = str(raised)  # Django exits with its return code, which is 1
    return out.getvalue().splitlines(), error


def _written(folder: Path, *rows: str) -> Path:
    path = folder / "holdings.csv"
    path.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8-sig")
    return path


def test_the_command_previews_unless_it_is_told_to_write(tmp_path: Path) -> None:
    path = _written(tmp_path, ADA, MEMBER)
    assert _command(path) == (
        ["row 2: new", "row 3: new", "new 2.", "Nothing was written: add --apply to write."],
        "",
    )
    assert not models.Holding.objects.exists()
    assert _command(path, apply=True, by="registrar") == (
        ["row 2: new", "row 3: new", "new 2."],
        "",
    )
    assert models.HoldingStatus.objects.first().recorded_by == "registrar"
    assert _command(path, apply=True) == (
        ["row 2: unchanged", "row 3: unchanged", "unchanged 2."],
        "",
    )


def test_the_command_tells_rows_and_fields_and_no_person_and_fails(tmp_path: Path) -> None:
    secrets = ("zoe@example.org", "M-77", "C-99")
    path = _written(
        tmp_path,
        "zoe@example.org,,ccdp,,C-99,2019-05-01,,,",
        ",M-77,ccdp,,,2019-05-01,,,",
        "ada,,,,C-99,zoe@example.org,M-77,,",
        ADA,
    )
    lines, error = _command(path, apply=True)
    assert lines == [
        "row 2: unknown person, account",
        "row 3: unknown person, member_number",
        "row 4: fault, conferred_on: it is no date such as 2026-01-31",
        "row 4: fault, designation: it is missing",
        "row 4: fault, status: it is one of active, suspended, lapsed, reinstated",
        "row 5: new",
        "new 1, unknown person 2, fault 1.",
    ]
    assert error == "rows that are not on this site as the file says: 3"
    assert not any(one in line for one in secrets for line in [*lines, error])
    assert models.Holding.objects.count() == 1


def test_the_command_writes_all_or_nothing(tmp_path: Path) -> None:
    path = _written(tmp_path, ADA, "ada,,gone,,,2019-05-01,,,")
    lines, error = _command(path, apply=True, all_or_nothing=True)
    assert lines[-2:] == ["new 1, fault 1.", "Nothing was written."]
    assert error
    assert not models.Holding.objects.exists()


def test_an_empty_file_and_one_that_is_none_are_told(tmp_path: Path) -> None:
    assert _command(_written(tmp_path))[0] == [
        "no rows.",
        "Nothing was written: add --apply to write.",
    ]
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe")
    assert _command(tmp_path / "picture.csv")[0][0] == (
        "row 1: fault: the file is not UTF-8 text: save it as CSV UTF-8"
    )
    assert _command(tmp_path / "gone.csv")[1].startswith("there is no readable file")
    assert _command(tmp_path)[1].startswith("there is no readable file")
