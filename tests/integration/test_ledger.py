"""The ledger: written once through whichever door, and what it promises held by the database itself."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F, ProtectedError

from cec_plugin import models
from cec_plugin.domain.keys import digest
from cec_plugin.exceptions import AppendOnlyError, LockedVersionError
from cec_plugin.models.ledger import EntryKind
from tests import factories
from tests.events import ETHICS
from tests.factories import NOW

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def award() -> models.CreditEntry:
    """Make an award of 10 hours through the real services."""
    guild = factories.organization()
    factories.table(guild, [factories.rule(ETHICS, "10")])
    factories.finish("7", ETHICS, T0)
    factories.settle("7")
    return models.CreditEntry.objects.get()


def _row(entry: models.CreditEntry) -> dict[str, Any]:
    return models.CreditEntry.objects.filter(pk=entry.pk).values().get()


def _another(like: models.CreditEntry, **fields: Any) -> models.CreditEntry:
    """Make an award like this one under a key of its own, not saved yet."""
    return models.CreditEntry(
        **{
            "account": like.account,
            "participation": like.participation,
            "kind": EntryKind.AWARD,
            "credit_type": like.credit_type,
            "hundredths": 100,
            "earned_at": T0,
            "recorded_at": NOW,
            "natural_key": digest("another", str(sorted(fields))),
            **fields,
        }
    )


def _change(award: models.CreditEntry) -> models.CreditEntry:
    award.hundredths = 1
    return award


def _entries(award: models.CreditEntry) -> Any:
    return models.CreditEntry.objects.filter(pk=award.pk)


def _same_key(award: models.CreditEntry) -> list[models.CreditEntry]:
    return [_another(award, natural_key=award.natural_key, hundredths=1)]


DOORS: dict[str, Callable[[models.CreditEntry], object]] = {
    "save": lambda one: _change(one).save(),
    "save of one field": lambda one: _change(one).save(update_fields=["hundredths"]),
    "a forced update": lambda one: _change(one).save(force_update=True),
    "delete": lambda one: one.delete(),
    "update": lambda one: _entries(one).update(hundredths=1),
    "update of everything": lambda _: models.CreditEntry.objects.update(hundredths=F("id")),
    "delete of a query": lambda one: _entries(one).delete(),
    "delete of everything": lambda _: models.CreditEntry.objects.all().delete(),
    "bulk update": lambda one: models.CreditEntry.objects.bulk_update(
        [_change(one)], ["hundredths"]
    ),
    "update or create": lambda one: models.CreditEntry.objects.update_or_create(
        pk=one.pk, defaults={"hundredths": 1}
    ),
    "a bulk insert that updates": lambda one: models.CreditEntry.objects.bulk_create(
        _same_key(one),
        update_conflicts=True,
        update_fields=["hundredths"],
        # MySQL and MariaDB find the conflict themselves and take no names.
        unique_fields=None if connection.vendor == "mysql" else ["natural_key"],
    ),
    "the base manager's update": lambda one: models.CreditEntry._base_manager.filter(
        pk=one.pk
    ).update(hundredths=1),
    "the base manager's delete": lambda one: models.CreditEntry._base_manager.filter(
        pk=one.pk
    ).delete(),
    "the account's entries": lambda one: one.account.entries.update(hundredths=1),
    "the account's entries, deleted": lambda one: one.account.entries.all().delete(),
    "adding to another account": lambda one: _other_account(one).entries.add(one),
    "clearing a participation's": lambda one: _participation(one).entries.clear(),
    "removing from a participation's": lambda one: _participation(one).entries.remove(one),
    "setting a participation's": lambda one: _participation(one).entries.set([]),
    "clearing a credit table's": lambda one: _schedule(one).entries.clear(),
}


def _participation(award: models.CreditEntry) -> Any:
    return models.Participation.objects.get(pk=award.participation_id)


def _schedule(award: models.CreditEntry) -> Any:
    return models.Schedule.objects.get(pk=award.schedule_id)


def _other_account(award: models.CreditEntry) -> Any:
    return models.Account.objects.create(
        person=models.Person.objects.create(), organization=award.account.organization
    )


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_an_entry_is_never_changed_nor_deleted(
    award: models.CreditEntry, door: Callable[[models.CreditEntry], object]
) -> None:
    before = _row(award)
    with pytest.raises(AppendOnlyError), transaction.atomic():
        door(award)
    assert _row(award) == before
    assert models.CreditEntry.objects.count() == 1


def test_an_entry_made_over_another_one_is_refused(award: models.CreditEntry) -> None:
    before = _row(award)
    with pytest.raises(IntegrityError), transaction.atomic():
        _another(award, pk=award.pk).save()
    assert _row(award) == before


HOLDERS: dict[str, Callable[[models.CreditEntry], Any]] = {
    "account": lambda one: one.account,
    "person": lambda one: one.account.person,
    "organization": lambda one: one.account.organization,
    "participation": _participation,
    "identity": lambda one: _participation(one).identity,
    "activity": lambda one: _participation(one).activity,
    "credit table": _schedule,
}


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
def test_nothing_that_an_entry_stands_on_can_be_deleted(
    award: models.CreditEntry, holder: Callable[[models.CreditEntry], Any]
) -> None:
    row = holder(award)
    refusal = LockedVersionError if isinstance(row, models.Schedule) else ProtectedError
    with pytest.raises(refusal):
        row.delete()
    with pytest.raises(refusal):
        type(row)._default_manager.filter(pk=row.pk).delete()
    assert models.CreditEntry.objects.filter(pk=award.pk).exists()


def test_an_award_that_was_reversed_cannot_lose_its_reversal(award: models.CreditEntry) -> None:
    factories.withdraw("7", ETHICS, T0.replace(day=2))
    factories.settle("7")
    reversal = models.CreditEntry.objects.get(reverses=award)
    for one in (award, reversal):
        with pytest.raises(AppendOnlyError):
            one.delete()
    assert models.CreditEntry.objects.count() == 2


def test_every_foreign_key_to_the_ledger_protects_it() -> None:
    told = {
        f"{relation.related_model.__name__}.{relation.field.name}": relation.on_delete.__name__
        for relation in models.CreditEntry._meta.related_objects
    }
    assert set(told.values()) == {"PROTECT"}
    assert {"Delivery.entry", "CreditEntry.reverses"} <= set(told)


def test_the_ledger_holds_no_name_no_e_mail_and_no_member_number() -> None:
    held = {field.name for field in models.CreditEntry._meta.concrete_fields}
    assert held == {
        "id", "account", "participation", "adjustment", "kind", "credit_type", "hundredths",
        "earned_at", "recorded_at", "schedule", "line", "stint", "generation", "natural_key",
        "reverses", "basis",
    }  # fmt: skip


def _insert(entry: models.CreditEntry) -> None:
    """Insert past everything that Python might look at first."""
    with transaction.atomic():
        models.CreditEntry.objects.bulk_create([entry])


CONTRADICTIONS: dict[str, dict[str, Any]] = {
    "an award of nothing": {"hundredths": 0},
    "an award below zero": {"hundredths": -100},
    "an adjustment of nothing": {"kind": EntryKind.ADJUSTMENT, "hundredths": 0},
    "a reversal of nothing that stands": {"kind": EntryKind.REVERSAL, "hundredths": -100},
    "a kind that nobody knows": {"kind": "gift"},
    "no kind": {"kind": ""},
}


@pytest.mark.migration
@pytest.mark.parametrize("fields", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_the_database_refuses_a_kind_and_a_sign_that_contradict(
    award: models.CreditEntry, fields: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError):
        _insert(_another(award, **fields))


@pytest.mark.migration
@pytest.mark.parametrize(
    ("kind", "hundredths"),
    [
        (EntryKind.AWARD, 100),
        (EntryKind.ADJUSTMENT, -100),
        (EntryKind.ADJUSTMENT, 100),
        (EntryKind.REVERSAL, 0),
        (EntryKind.REVERSAL, 100),
    ],
)
def test_the_database_refuses_what_reverses_and_is_no_reversal_below_zero(
    award: models.CreditEntry, kind: EntryKind, hundredths: int
) -> None:
    with pytest.raises(IntegrityError):
        _insert(_another(award, kind=kind, hundredths=hundredths, reverses=award))


@pytest.mark.migration
@pytest.mark.parametrize(
    ("kind", "hundredths", "reverses"),
    [
        (EntryKind.AWARD, 1, False),
        (EntryKind.ADJUSTMENT, 1, False),
        (EntryKind.ADJUSTMENT, -1, False),
        (EntryKind.REVERSAL, -1, True),
    ],
)
def test_the_database_takes_what_makes_sense(
    award: models.CreditEntry, kind: EntryKind, hundredths: int, *, reverses: bool
) -> None:
    _insert(_another(award, kind=kind, hundredths=hundredths, reverses=award if reverses else None))
    assert models.CreditEntry.objects.count() == 2


@pytest.mark.migration
def test_the_database_refuses_a_second_entry_of_one_natural_key(
    award: models.CreditEntry,
) -> None:
    with pytest.raises(IntegrityError):
        _insert(_another(award, natural_key=award.natural_key))


@pytest.mark.migration
def test_the_database_refuses_a_second_reversal_of_one_award(award: models.CreditEntry) -> None:
    reversal = {"kind": EntryKind.REVERSAL, "hundredths": -1000, "reverses": award}
    _insert(_another(award, natural_key=digest("one"), **reversal))
    with pytest.raises(IntegrityError):
        _insert(_another(award, natural_key=digest("two"), **reversal))
    _insert(_another(award, natural_key=digest("many reverse nothing"), hundredths=5))


@pytest.mark.migration
def test_the_database_refuses_an_entry_of_no_account(award: models.CreditEntry) -> None:
    fields = {name: value for name, value in _row(award).items() if name != "id"}
    fields |= {"natural_key": digest("raw"), "account_id": None, "basis": "[]"}
    table = connection.ops.quote_name(models.CreditEntry._meta.db_table)
    columns = ", ".join(connection.ops.quote_name(name) for name in fields)
    marks = ", ".join(["%s"] * len(fields))
    with (
        pytest.raises(IntegrityError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(fields.values()))
