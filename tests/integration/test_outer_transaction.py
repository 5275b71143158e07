"""Inside the platform's own transaction, with a changed and locked row, on MariaDB.

Whatever goes wrong with our tables, the platform's change stands, or falls, as it would have
without us; nothing is raised; and the comparison finds what was missed. Each is read afterwards
from a second connection.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction
from pytest_django import Settings

from cec_plugin import models
from cec_plugin.domain.keys import participation_key
from cec_plugin.domain.notices import Via
from cec_plugin.domain.platform import CompletionFacts
from cec_plugin.services.compare import compare
from cec_plugin.services.sweep import sweep
from tests import events, factories
from tests.threads import Step, beside

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOTICES = models.Notice._meta.db_table

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def learner(settings: Settings) -> User:
    """Make a learner, and an organization whose table credits Ethics."""
    settings.CEC_PLATFORM = "tests.factories.SmallPlatform"
    guild = factories.organization()
    factories.table(guild, [factories.rule(events.ETHICS, "10")])
    factories.registry(guild)
    return User.objects.create(username="learner", last_name="before")


def _certify(learner: User, *, announce: Callable[[int, datetime], None] = events.created) -> None:
    """Do what the platform does: change and lock its row, send the event, commit."""
    with transaction.atomic():
        User.objects.filter(pk=learner.pk).update(last_name="after")
        announce(learner.pk, T0)


def _elsewhere(learner: User) -> str:
    """Read the platform's row from a second connection."""
    seen: list[str] = []
    with beside(lambda: seen.append(User.objects.get(pk=learner.pk).last_name)):
        pass
    return seen[0]


def _repair(learner: User) -> None:
    """Compare with what the platform holds, and sweep."""
    facts = CompletionFacts(
        subject=str(learner.pk),
        activity=events.ETHICS,
        via=Via.CERTIFICATE,
        stands=True,
        earned_at=T0,
        earned_from="certificate_created",
        modified_at=T0,
    )
    platform = factories.SmallPlatform(facts={(facts.subject, facts.activity): facts})
    compare(platform=platform, since=T0, now=factories.NOW)
    sweep(platform=platform, now=factories.NOW)
    entry = models.CreditEntry.objects.get()
    assert (entry.hundredths, entry.earned_at) == (1000, T0)
    assert models.Delivery.objects.count() == 1


@contextmanager
def _a_table_lock() -> Iterator[None]:
    """Hold the whole table in another connection, as somebody's migration would."""
    locked, done = Step(), Step()

    def hold() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLES {NOTICES} WRITE")
            locked.reach()
            done.wait()
            cursor.execute("UNLOCK TABLES")

    with beside(hold):
        locked.wait()
        try:
            yield
        finally:
            done.reach()


@contextmanager
def _a_row_lock() -> Iterator[None]:
    """Hold the gap into which the notice would go, in another connection."""
    locked, done = Step(), Step()

    def hold() -> None:
        _repeatable_read()
        with transaction.atomic():
            _lock_the_gap()
            locked.reach()
            done.wait()

    with beside(hold):
        locked.wait()
        try:
            yield
        finally:
            done.reach()


@contextmanager
def _a_unique_key() -> Iterator[None]:
    """Let every INSERT after the first fail with an IntegrityError."""
    models.Notice.objects.create(
        source="test", site="tests", subject="0", activity="x", role="learner", kind="withdrawn",
        via="certificate", occurred_at=T0, received_at=T0, settled_at=T0,
    )  # fmt: skip
    _run(f"ALTER TABLE {NOTICES} ADD UNIQUE KEY cec_test_unique (site)")
    try:
        yield
    finally:
        _run(f"ALTER TABLE {NOTICES} DROP KEY cec_test_unique")


@contextmanager
def _a_missing_table() -> Iterator[None]:
    _run(f"RENAME TABLE {NOTICES} TO cec_test_gone")
    try:
        yield
    finally:
        _run(f"RENAME TABLE cec_test_gone TO {NOTICES}")


def _run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def _repeatable_read() -> None:
    # Our own code never runs so; it is how a stranger's statement can hold a gap of an index.
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def _lock_the_gap() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {NOTICES} WHERE participation_key >= '' FOR UPDATE")


@pytest.mark.parametrize("trouble", [_a_table_lock, _a_row_lock, _a_unique_key, _a_missing_table])
def test_the_platforms_change_stands_and_the_comparison_repairs(
    learner: User, trouble: Callable[[], AbstractContextManager[None]]
) -> None:
    with trouble():
        _certify(learner)
        assert _elsewhere(learner) == "after"
    assert not models.Notice.objects.filter(subject=str(learner.pk)).exists()
    _repair(learner)


@pytest.mark.parametrize("trouble", [_a_unique_key, _a_missing_table])
def test_the_platforms_transaction_goes_on_after_the_receiver_failed(
    learner: User, trouble: Callable[[], AbstractContextManager[None]]
) -> None:
    with trouble(), transaction.atomic():
        events.created(learner.pk, T0)
        User.objects.filter(pk=learner.pk).update(last_name="after")
    assert _elsewhere(learner) == "after"


def _in_a_deadlock(learner: User, announce: Callable[[int, datetime], None]) -> None:
    """Certify while another transaction holds what the INSERT needs and wants what we hold."""
    gap_is_held, row_is_changed = Step(), Step()
    heavy = [User(username=f"weight-{number}") for number in range(200)]

    def other() -> None:
        _repeatable_read()
        with transaction.atomic():
            # InnoDB undoes whoever changed less: make sure that it would be the platform.
            User.objects.bulk_create(heavy)
            _lock_the_gap()
            gap_is_held.reach()
            row_is_changed.wait()
            User.objects.filter(pk=learner.pk).update(first_name="other")

    def announce_into_the_gap(user_id: int, at: datetime) -> None:
        _let_the_other_wait_for_us()
        announce(user_id, at)

    def _let_the_other_wait_for_us() -> None:
        row_is_changed.reach()
        with connection.cursor() as cursor:
            # Asked more often than every 0.1 s, InnoDB goes on telling what it told before.
            for _ in range(150):
                cursor.execute(
                    "SELECT COUNT(*) FROM information_schema.innodb_trx "
                    "WHERE trx_state = 'LOCK WAIT'"
                )
                if cursor.fetchone()[0]:
                    return
                cursor.execute("SELECT SLEEP(0.2)")
        raise AssertionError("the other transaction never waited")

    with beside(other):
        gap_is_held.wait()
        _certify(learner, announce=announce_into_the_gap)


def test_a_forced_deadlock_does_not_cost_the_platform_its_change(learner: User) -> None:
    _in_a_deadlock(learner, events.created)
    assert _elsewhere(learner) == "after"
    _repair(learner)


def test_a_receiver_that_could_wait_would_cost_the_platform_its_change(learner: User) -> None:
    """The deadlock above is real: a plain INSERT in a savepoint loses the certificate in it."""

    def plain(user_id: int, at: datetime) -> None:
        try:
            with transaction.atomic():
                models.Notice.objects.create(
                    source="test", site="tests", subject=str(user_id), activity=events.ETHICS,
                    role="learner", kind="earned", via="certificate", occurred_at=at,
                    received_at=at, identity_key="0" * 64,
                    participation_key=participation_key(
                        site="tests", subject=str(user_id), activity=events.ETHICS,
                        role="learner", occurrence="",
                    ),
                )  # fmt: skip
        except OperationalError:
            pass  # as the platform's own protection swallows it

    _in_a_deadlock(learner, plain)
    assert _elsewhere(learner) == "before"


def test_row_locks_on_all_our_tables_do_not_hold_the_platform_up(learner: User) -> None:
    events.created(learner.pk, T0)
    factories.settle(str(learner.pk))
    locked, done = Step(), Step()

    def hold() -> None:
        with transaction.atomic():
            for model in (models.Account, models.Notice, models.Participation, models.Person):
                list(model._default_manager.select_for_update().all())
            locked.reach()
            done.wait()

    with beside(hold):
        locked.wait()
        try:
            _certify(learner)
            assert _elsewhere(learner) == "after"
            assert models.Notice.objects.count() == 2
        finally:
            done.reach()


def test_a_broken_rule_is_no_concern_of_the_platforms(learner: User, settings: Settings) -> None:
    table = models.Schedule.objects.get()
    _run(f"UPDATE {models.Rule._meta.db_table} SET selector = 'nonsense'")
    _run(f"UPDATE {models.Schedule._meta.db_table} SET digest = 'broken' WHERE id = {table.pk}")
    _certify(learner)
    assert _elsewhere(learner) == "after"
    assert sweep(platform=factories.SmallPlatform(), now=factories.NOW).failed == 1
    assert not models.CreditEntry.objects.exists()
    _run(f"UPDATE {models.Rule._meta.db_table} SET selector = 'run'")
    _repair(learner)


def test_an_outer_rollback_takes_both(learner: User) -> None:
    def certify_and_fail() -> None:
        with transaction.atomic():
            _certify(learner)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        certify_and_fail()
    assert _elsewhere(learner) == "before"
    assert not models.Notice.objects.exists()
