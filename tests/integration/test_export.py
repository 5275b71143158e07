"""Exports for organizations without a registry: every credit once, none lost, always the same."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, transaction

from cec_plugin import models
from cec_plugin.admin.spreadsheets import COLUMNS, plain
from cec_plugin.domain.keys import reference
from cec_plugin.exceptions import AppendOnlyError
from cec_plugin.models.export import Export, ExportedEntry
from cec_plugin.services.export import export, waiting
from tests import factories
from tests.integration.admin_visits import act, administrator, page, superuser, text_of
from tests.threads import together

FINISHED = datetime(2026, 10, 3, 15, 0, tzinfo=UTC)


@pytest.fixture
def guild(db: None) -> models.Organization:
    return a_guild()


def a_guild() -> models.Organization:
    guild = factories.organization(time_zone="America/Toronto")
    factories.table(guild, [factories.rule("ethics", "7.5"), factories.rule("theory", "10")])
    return guild


def earn(subject: str, course: str = "ethics", *, title: str = "Ethics") -> None:
    factories.finish(subject, course, FINISHED)
    factories.settle(subject, platform=factories.titled(**{course: title}))


def make(guild: models.Organization) -> Export:
    made = export(guild.pk, by="desk", now=factories.NOW)
    assert made is not None
    return made


def entries_of(made: Export) -> list[int]:
    return list(made.lines.order_by("entry_id").values_list("entry_id", flat=True))


def file_of(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_an_export_holds_what_is_new_since_the_last(guild: models.Organization) -> None:
    earn("5")
    factories.link("5", guild, "M-77")
    first = make(guild)
    earn("5", "theory", title="Theory")
    second = make(guild)
    assert (first.number, second.number) == (1, 2)
    assert (first.made_by, first.made_at) == ("desk", factories.NOW)
    both = list(models.CreditEntry.objects.order_by("id").values_list("id", flat=True))
    assert [entries_of(first), entries_of(second)] == [both[:1], both[1:]]


def test_nothing_new_makes_no_export(guild: models.Organization) -> None:
    assert export(guild.pk, by="desk", now=factories.NOW) is None
    earn("5")
    factories.link("5", guild, "M-77")
    make(guild)
    assert export(guild.pk, by="desk", now=factories.NOW) is None
    assert Export.objects.count() == 1


def test_an_entry_committed_late_with_a_lower_id_is_not_lost(guild: models.Organization) -> None:
    earn("5")
    factories.link("5", guild, "M-77")
    first = models.CreditEntry.objects.get()
    make(guild)
    # What another transaction had numbered before, and committed only now.
    late = models.CreditEntry(
        id=first.pk - 100,
        account=first.account,
        kind="adjustment",
        credit_type="cec",
        hundredths=250,
        earned_at=FINISHED,
        recorded_at=FINISHED,
        natural_key="0" * 64,
    )
    late.save()
    assert entries_of(make(guild)) == [late.pk]


def test_each_organization_is_handed_its_own(guild: models.Organization) -> None:
    other = factories.organization("lakeshore", "Lakeshore")
    factories.table(other, [factories.rule("ethics", "3")])
    earn("5")
    factories.link("5", guild, "M-77")
    factories.link("5", other, "L-1")
    mine, theirs = make(guild), make(other)
    assert (mine.number, theirs.number) == (1, 1)
    assert set(entries_of(mine)).isdisjoint(entries_of(theirs))
    assert mine.lines.get().member_number == "M-77"
    assert theirs.lines.get().member_number == "L-1"


def test_credits_without_a_member_number_wait_for_one(guild: models.Organization) -> None:
    earn("5")
    earn("6")
    factories.link("5", guild, "M-77")
    assert len(entries_of(make(guild))) == 1
    assert waiting(guild.pk) == 1
    factories.link("6", guild, "M-78")
    assert make(guild).lines.get().member_number == "M-78"
    assert waiting(guild.pk) == 0


def test_a_reversal_is_handed_over_like_its_award(guild: models.Organization) -> None:
    earn("5")
    factories.link("5", guild, "M-77")
    make(guild)
    models.Membership.objects.all().delete()  # somebody who left, and whose number is gone
    factories.withdraw("5", "ethics", factories.NOW)
    factories.settle("5")
    line = make(guild).lines.get()
    assert (line.entry.hundredths, line.member_number) == (-750, "M-77")


def test_an_entry_is_in_one_export_whatever_happens(guild: models.Organization) -> None:
    earn("5")
    factories.link("5", guild, "M-77")
    held = make(guild).lines.get()
    other = Export.objects.create(
        organization=guild, number=2, made_at=factories.NOW, made_by="desk"
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        ExportedEntry.objects.create(
            export=other, entry=held.entry, member_number="M-77", earned_on=held.earned_on
        )
    with pytest.raises(AppendOnlyError):
        held.delete()
    with pytest.raises(AppendOnlyError):
        Export.objects.all().delete()


def test_what_the_database_refuses_for_another_reason_is_raised(
    guild: models.Organization,
) -> None:
    nobody: Any = None
    with pytest.raises(IntegrityError), transaction.atomic():
        export(guild.pk, by=nobody, now=factories.NOW)
    assert not Export.objects.exists()


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_exports_while_credits_are_earned_lose_none_and_repeat_none() -> None:
    guild = a_guild()
    for number in range(8):
        earn(str(number))
        factories.link(str(number), guild, f"M-{number}")

    def export_thrice() -> None:
        for _ in range(3):
            export(guild.pk, by="desk", now=factories.NOW)

    def settle_more() -> None:
        for number in range(8):
            earn(str(number), "theory", title="Theory")

    together([export_thrice, export_thrice, settle_more])
    export(guild.pk, by="desk", now=factories.NOW)
    held = list(ExportedEntry.objects.values_list("entry_id", flat=True))
    assert len(held) == 16
    assert sorted(held) == sorted(models.CreditEntry.objects.values_list("id", flat=True))
    numbers = sorted(Export.objects.values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert not Export.objects.filter(lines__isnull=True).exists()


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_exports_at_the_same_time_share_out_the_entries() -> None:
    guild = a_guild()
    for number in range(5):
        earn(str(number))
        factories.link(str(number), guild, f"M-{number}")
    made: list[Export | None] = []

    def work() -> None:
        made.append(export(guild.pk, by="desk", now=factories.NOW))

    together([work] * 4)
    exports = list(Export.objects.all())
    assert len(exports) == 1, "nothing was new for the others"
    assert [one for one in made if one is not None] == exports
    held = list(ExportedEntry.objects.values_list("entry_id", flat=True))
    assert sorted(held) == sorted(models.CreditEntry.objects.values_list("id", flat=True))


def test_an_administrator_downloads_what_is_new(guild: models.Organization) -> None:
    earn("5")
    factories.link("5", guild, "M-77")
    client = administrator("view_organization", "add_export")
    answer = act(client, "organization", "export_new", [guild.pk])
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="credits-guild-1.csv"'
    text = file_of(answer)
    assert text.startswith("\ufeffentry id,kind,")
    entry = models.CreditEntry.objects.get()
    [row] = rows_of(text)
    assert tuple(row) == COLUMNS
    assert row == {
        "entry id": str(entry.pk),
        "kind": "award",
        "member number": "M-77",
        "activity": "ethics",
        "title": "Ethics",
        "role": "learner",
        "credit type": "cec",
        "amount": "7.5",
        "unit": "hours",
        "earned on": "2026-10-03",
        "recorded at": "2026-11-20T12:00:00+00:00",
        "reference": reference(entry.natural_key),
    }
    assert LogEntry.objects.get().get_change_message() == "Export 1"


def test_downloading_again_gives_the_same_file_whatever_changed_since(
    guild: models.Organization,
) -> None:
    earn("5")
    factories.link("5", guild, "M-77")
    client = superuser()
    first = file_of(act(client, "organization", "export_new", [guild.pk]))
    factories.link("5", guild, "M-99")
    models.Activity.objects.update(title="Ethics, revised")
    models.Organization.objects.filter(pk=guild.pk).update(time_zone="Pacific/Auckland")
    earn("6")
    made = Export.objects.get()
    assert file_of(client.get(page("export", made.pk, "download"))) == first
    assert client.get(page("export", made.pk + 1, "download")).status_code == 404


def test_exporting_and_downloading_need_their_permissions(guild: models.Organization) -> None:
    earn("5")
    factories.link("5", guild, "M-77")
    reader = administrator("view_organization")
    act(reader, "organization", "export_new", [guild.pk])
    assert not Export.objects.exists()
    made = make(guild)
    assert reader.get(page("export", made.pk, "download")).status_code == 403
    viewer = administrator("view_export", name="viewer")
    assert viewer.get(page("export", made.pk, "download")).status_code == 200


def test_the_administrator_is_told_what_waits_and_when_nothing_is_new(
    guild: models.Organization,
) -> None:
    earn("5")
    told = text_of(act(superuser(), "organization", "export_new", [guild.pk]))
    assert "1 credit waits for a member number" in told
    assert "There is nothing new to export." in told


def test_an_export_is_for_one_organization(guild: models.Organization) -> None:
    other = factories.organization("lakeshore", "Lakeshore")
    told = text_of(act(superuser(), "organization", "export_new", [guild.pk, other.pk]))
    assert "Choose one organization" in told
    assert not Export.objects.exists()


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1 555 0100", "'+1 555 0100"),
        ("@sum", "'@sum"),
        ("-2+3", "'-2+3"),
        ("-x", "'-x"),
        ("\t=1", "'\t=1"),
        ("  =1", "'  =1"),
        ("-10", "-10"),
        ("-0.5", "-0.5"),
        ("Ethics - part 2", "Ethics - part 2"),
        ("", ""),
    ],
)
def test_no_cell_is_taken_for_a_formula(cell: str, written: str) -> None:
    assert plain(cell) == written


def test_titles_and_numbers_in_the_file_are_plain(guild: models.Organization) -> None:
    earn("5", title='=HYPERLINK("https://example.com")')
    factories.link("5", guild, "@M-77")
    factories.withdraw("5", "ethics", factories.NOW)
    factories.settle("5")
    answer = act(superuser(), "organization", "export_new", [guild.pk])
    rows = rows_of(file_of(answer))
    assert [row["amount"] for row in rows] == ["7.5", "-7.5"]
    assert {row["title"] for row in rows} == {'\'=HYPERLINK("https://example.com")'}
    assert {row["member number"] for row in rows} == {"'@M-77"}
