"""Member numbers from a file: previewed, imported, a second time to no effect, and nobody named."""

from datetime import date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from cec_plugin import models
from cec_plugin.adapters.platform import LmsPlatform
from cec_plugin.domain.delivery import State
from cec_plugin.domain.members import read_members
from cec_plugin.services.import_members import Imported, Into, import_members, preview
from tests import factories
from tests.factories import NOW
from tests.threads import together

HEADER = "account,member_number,member_from,member_until\n"
ACCOUNTS = LmsPlatform()

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def guild(settings: Any) -> models.Organization:
    """Make an organization, two accounts, and a member who has a number already."""
    settings.CEC_PLATFORM = "cec_plugin.adapters.platform.LmsPlatform"
    guild = factories.organization()
    for name in ("ada", "grace", "zoe"):
        factories.user(name)
    _link("zoe", guild, "M-9")
    return guild


def _link(name: str, to: models.Organization, number: str) -> models.Membership:
    user = ACCOUNTS.find_account(name)
    assert user is not None
    identity = factories.prepare.identity(site="tests", subject=user.subject)
    return factories.linking.link(
        person_id=identity.person_id,
        organization_id=to.pk,
        number=number,
        verified_by="desk",
        now=NOW,
    )


def _sheet(*rows: str) -> Any:
    return read_members((HEADER + "\n".join(rows) + "\n").encode())


def _into(*, replace: bool = False) -> Into:
    return Into(organization_id=models.Organization.objects.earliest("pk").pk, replace=replace)


def _import(*rows: str, all_or_nothing: bool = False, replace: bool = False) -> Imported:
    return import_members(
        _sheet(*rows),
        into=_into(replace=replace),
        platform=ACCOUNTS,
        by="desk",
        now=NOW,
        all_or_nothing=all_or_nothing,
    )


def _told(done: Imported) -> list[tuple[int, str, str]]:
    return [(one.row, one.outcome.value, one.field) for one in done.report]


def _numbers() -> set[str]:
    return set(models.Membership.objects.values_list("number", flat=True))


ADA, GRACE = "ada,M-1,2020-01-01,", "grace@example.org,M-2,,"


def test_an_import_links_accounts_to_numbers_and_says_who_answers_for_it() -> None:
    done = _import(ADA, GRACE)
    assert _told(done) == [(2, "new", ""), (3, "new", "")]
    assert (done.applied, done.bad) == (True, 0)
    ada = models.Membership.objects.get(number="M-1")
    assert (ada.valid_from, ada.valid_until) == (date(2020, 1, 1), None)
    assert (ada.verified_by, ada.verified_at) == ("desk", NOW)


def test_a_preview_says_the_same_and_writes_nothing() -> None:
    people = models.Person.objects.count()
    done = preview(_sheet(ADA, GRACE), into=_into(), platform=ACCOUNTS)
    assert _told(done) == [(2, "new", ""), (3, "new", "")]
    assert not done.applied
    assert _numbers() == {"M-9"}
    assert models.Person.objects.count() == people


def test_a_second_import_changes_nothing() -> None:
    _import(ADA, GRACE)
    before = list(models.Membership.objects.values_list())
    done = _import(ADA, GRACE)
    assert _told(done) == [(2, "unchanged", ""), (3, "unchanged", "")]
    assert done.bad == 0
    assert list(models.Membership.objects.values_list()) == before


def test_what_waited_for_the_number_goes_out(guild: models.Organization) -> None:
    factories.table(guild, [factories.rule("ethics")])
    factories.registry(guild)
    ada = ACCOUNTS.find_account("ada")
    assert ada is not None
    factories.finish(ada.subject, "ethics", datetime(2026, 5, 4, tzinfo=NOW.tzinfo))
    factories.settle(ada.subject)
    assert models.Delivery.objects.get().state == State.HELD
    _import(ADA)
    assert models.Delivery.objects.get().state == State.PENDING


def test_bad_rows_are_told_and_the_good_ones_linked() -> None:
    done = _import(
        "nobody,M-5,,",
        "ada,M-9,,",  # somebody else's
        "zoe,M-10,,",  # who has M-9
        "grace,,,",
        "grace,M-2,soon,",
        GRACE,
    )
    assert _told(done) == [
        (2, "unknown account", "account"),
        (3, "number taken", "member_number"),
        (4, "other number", "member_number"),
        (5, "fault", "member_number"),
        (6, "fault", "member_from"),
        (7, "new", ""),
    ]
    assert (done.bad, done.applied) == (5, True)
    assert _numbers() == {"M-2", "M-9"}


def test_another_number_takes_the_place_of_one_only_where_that_was_chosen() -> None:
    assert _told(_import("zoe,M-10,,")) == [(2, "other number", "member_number")]
    assert _told(_import("zoe,M-10,,", replace=True)) == [(2, "new number", "")]
    assert _numbers() == {"M-10"}
    assert _told(_import("ada,M-10,,", replace=True)) == [(2, "number taken", "member_number")]


def test_rows_that_contradict_one_another_link_nobody() -> None:
    done = _import(
        "ada,M-1,,", "ada@example.org,M-3,,",  # two numbers of one account
        "grace,M-4,,", "zoe,M-4,,",  # one number of two accounts
    )  # fmt: skip
    assert _told(done) == [(row, "twice in the file", "member_number") for row in (2, 3, 4, 5)]
    assert _numbers() == {"M-9"}


def test_the_same_row_twice_is_linked_once() -> None:
    assert _told(_import("ada,M-1,,", "ada@example.org,M-1,,")) == [
        (2, "new", ""),
        (3, "unchanged", ""),
    ]


def test_days_are_added_and_an_empty_one_leaves_what_is_there() -> None:
    _import(ADA)
    assert _told(_import("ada,M-1,,2026-12-31")) == [(2, "new days", "")]
    ada = models.Membership.objects.get(number="M-1")
    assert (ada.valid_from, ada.valid_until) == (date(2020, 1, 1), date(2026, 12, 31))
    assert _told(_import("ada,M-1,,")) == [(2, "unchanged", "")]
    assert _told(_import("ada,M-1,,2019-12-31")) == [(2, "days turned", "member_until")]


def test_a_number_of_another_organization_is_free_here() -> None:
    lakeshore = factories.organization("lakeshore", "Lakeshore")
    done = import_members(
        _sheet("ada,M-9,,", "zoe,M-8,,"),
        into=Into(organization_id=lakeshore.pk),
        platform=ACCOUNTS,
        by="desk",
        now=NOW,
    )
    assert _told(done) == [(2, "new", ""), (3, "new", "")]


@pytest.mark.parametrize("bad", ["nobody,M-5,,", "zoe,M-10,,", "grace,,,"])
def test_all_or_nothing_links_nobody_if_any_row_is_bad(bad: str) -> None:
    done = _import(ADA, bad, all_or_nothing=True)
    assert (done.bad, done.applied) == (1, False)
    assert _numbers() == {"M-9"}
    assert _import(ADA, GRACE, all_or_nothing=True).applied
    assert _numbers() == {"M-1", "M-2", "M-9"}


def test_a_user_name_and_an_address_that_change_change_no_link() -> None:
    """Who somebody is, is the id of their account."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - needs the apps

    _import(ADA)
    get_user_model().objects.filter(username="ada").update(
        username="ada.byron", email="byron@example.org"
    )
    assert _told(_import("byron@example.org,M-1,,", "ada.byron,M-1,,")) == [
        (2, "unchanged", ""),
        (3, "unchanged", ""),
    ]
    guild = models.Organization.objects.get(code="guild")
    factories.table(guild, [factories.rule("ethics")])
    factories.registry(guild)
    renamed = ACCOUNTS.find_account("ada.byron")
    assert renamed is not None
    factories.finish(renamed.subject, "ethics", datetime(2026, 5, 4, tzinfo=NOW.tzinfo))
    factories.settle(renamed.subject)
    assert models.Delivery.objects.get().state == State.PENDING, "the number is theirs still"
    factories.user("ada")  # somebody else, who takes the name
    assert _told(_import(ADA)) == [(2, "number taken", "member_number")]
    assert models.Membership.objects.filter(number="M-1").count() == 1


@pytest.mark.parametrize("all_or_nothing", [False, True])
def test_what_somebody_links_meanwhile_is_told_and_left(
    guild: models.Organization, all_or_nothing: bool
) -> None:
    linked: list[int] = []

    def somebody_links(execute: Any, sql: str, *others: Any) -> Any:
        if sql.startswith("UPDATE") and "cec_plugin_account" in sql and not linked:
            linked.append(1)
            _link("grace", guild, "M-1")
        return execute(sql, *others)

    _link("ada", factories.organization("lake", "Lake"), "L-1")  # so that there are accounts
    with connection.execute_wrapper(somebody_links):
        done = _import(ADA, GRACE, all_or_nothing=all_or_nothing)
    assert {told for _, told, _ in _told(done)} == {"just now"}
    assert done.applied is not all_or_nothing


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("all_or_nothing", [False, True])
def test_two_who_import_the_same_file_at_once_link_each_once(all_or_nothing: bool) -> None:
    bad: list[int] = []

    def work() -> None:
        bad.append(_import(ADA, GRACE, all_or_nothing=all_or_nothing).bad)

    together([work, work, work])
    assert bad == [0, 0, 0]
    assert _numbers() == {"M-1", "M-2", "M-9"}


def test_many_rows_cost_few_queries_beside_the_question_who_it_is(
    django_assert_max_num_queries: Any,
) -> None:
    platform = factories.SmallPlatform()
    rows = [f"nobody-{number},N-{number},," for number in range(1200)]
    with django_assert_max_num_queries(10):
        done = preview(_sheet(*rows), into=_into(), platform=platform)
    assert done.bad == 1200


def _command(path: Path, **options: Any) -> tuple[list[str], str]:
    out, error = StringIO(), ""
    try:
        call_command("cec_import_members", str(path), stdout=out, organization="guild", **options)
    except CommandError as raised:
        error = str(raised)  # Django exits with its return code, which is 1
    return out.getvalue().splitlines(), error


def _written(folder: Path, *rows: str) -> Path:
    path = folder / "members.csv"
    path.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8-sig")
    return path


def test_the_command_previews_unless_it_is_told_to_write(tmp_path: Path) -> None:
    path = _written(tmp_path, ADA, GRACE)
    assert _command(path) == (
        ["row 2: new", "row 3: new", "new 2.", "Nothing was written: add --apply to write."],
        "",
    )
    assert _numbers() == {"M-9"}
    assert _command(path, apply=True, by="registrar") == (
        ["row 2: new", "row 3: new", "new 2."],
        "",
    )
    assert models.Membership.objects.get(number="M-1").verified_by == "registrar"


def test_the_command_tells_rows_and_fields_and_no_person_and_fails(tmp_path: Path) -> None:
    secrets = ("lea@example.org", "M-77", "M-9", "zoe")
    path = _written(tmp_path, "lea@example.org,M-77,,", "ada,M-9,M-77,", "zoe,M-77,,", "ada,M-9,,")
    lines, error = _command(path, apply=True)
    assert lines == [
        "row 2: unknown account, account",
        "row 3: fault, member_from: it is no date such as 2026-01-31",
        "row 4: other number, member_number",
        "row 5: number taken, member_number",
        "other number 1, number taken 1, unknown account 1, fault 1.",
    ]
    assert error == "rows that are not on this site as the file says: 4"
    assert not any(one in line for one in secrets for line in [*lines, error])


def test_the_command_replaces_and_refuses_as_it_is_told(tmp_path: Path) -> None:
    path = _written(tmp_path, "zoe,M-10,,", "nobody,M-5,,")
    lines, error = _command(path, apply=True, replace=True, all_or_nothing=True)
    assert lines[-2:] == ["new number 1, unknown account 1.", "Nothing was written."]
    assert error
    _command(path, apply=True, replace=True)
    assert _numbers() == {"M-10"}


def test_an_organization_and_a_file_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no organization with the code 'gone'"):
        call_command("cec_import_members", "x.csv", organization="gone")
    assert _command(tmp_path / "gone.csv")[1].startswith("there is no readable file")
