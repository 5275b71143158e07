"""Write down what a source told us, harming nothing of the transaction it came in."""

from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from cec_plugin import models
from cec_plugin.domain import keys
from cec_plugin.domain.notices import Kind, Notice, Via
from cec_plugin.services.wake import settle_on_commit


def hear(notice: Notice, *, now: datetime) -> bool:
    """Write the notice down and wake its settling on commit; say whether it was written.

    Runs inside the caller's transaction, in a savepoint of its own: a plain read at most, one
    INSERT at most, into a table without unique or foreign keys. A passing status that repeats
    what we last heard is not written, since it comes at every recalculation of a grade. A
    certificate's notices are all written: they are few, and one that looks like a repetition
    tells folding that the certificate stood at that time, should an older withdrawal still come.
    """
    participation_key = keys.participation_key(
        site=notice.site,
        subject=notice.subject,
        activity=notice.activity,
        role=notice.role,
        occurrence=notice.occurrence,
    )
    identity_key = keys.identity_key(site=notice.site, subject=notice.subject)
    with transaction.atomic(), never_waiting():
        if notice.via is Via.PASSING and _repeats(participation_key, notice):
            return False
        models.Notice.objects.create(
            source=notice.source,
            site=notice.site,
            subject=notice.subject,
            activity=notice.activity,
            role=notice.role,
            occurrence=notice.occurrence,
            kind=notice.kind.value,
            via=notice.via.value,
            occurred_at=notice.occurred_at,
            finished_at=notice.finished_at,
            grade=notice.grade,
            mode=notice.mode,
            service_hundredths=notice.service_hundredths,
            evidence=notice.evidence or {},
            received_at=now,
            participation_key=participation_key,
            identity_key=identity_key,
        )
    settle_on_commit([identity_key])
    return True


def _repeats(participation_key: str, notice: Notice) -> bool:
    last = (
        models.Notice.objects.filter(participation_key=participation_key, via=notice.via.value)
        .order_by("-occurred_at", "-id")
        .values_list("kind", "occurred_at")
        .first()
    )
    if last is None:
        return notice.kind is Kind.WITHDRAWN  # nobody ever passed: most learners, most of the time
    kind, occurred_at = last
    return bool(kind == notice.kind.value and occurred_at <= notice.occurred_at)


def never_waiting() -> AbstractContextManager[None]:
    """On MariaDB, let each statement fail at once rather than wait for somebody's lock.

    A statement that waits can be chosen to die in a deadlock, and InnoDB then undoes the whole
    outer transaction, the learner's certificate with it, savepoint or not. One that never waits
    cannot. MySQL has no such prefix; there the table's having no keys to collide on must do.
    """
    if connection.vendor == "mysql" and getattr(connection, "mysql_is_mariadb", False):
        return connection.execute_wrapper(_at_once)
    return nullcontext()


def _at_once(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
    if sql.startswith(("SELECT", "INSERT")):
        sql = f"SET STATEMENT innodb_lock_wait_timeout=0, lock_wait_timeout=0 FOR {sql}"
    return execute(sql, params, many, context)
