"""Mark people to be settled again. Opens a transaction of its own."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from django.db.models import F, Q

from cec_plugin import models
from cec_plugin.services.retry import in_transaction
from cec_plugin.services.wake import resettle_on_commit

Result = TypeVar("Result")


def mark(concerned: Q, *, now: datetime) -> int:
    """Mark the participations that fit ``concerned`` as due; return how many.

    The people's account locks are taken first: a settling that is under way has then written
    what it saw, and one that comes after sees what changed. So commit the change before.
    """
    people = _people(concerned)

    def work() -> int:
        _lock(people)
        return _mark(concerned, now)

    return in_transaction(work)


def change(work: Callable[[], Result], concerned: Q, *, now: datetime) -> Result:
    """Do ``work`` and mark whom it concerns in one transaction; return what it returns.

    Nothing that cuts it off then leaves a change by which nobody is settled. The account locks
    are taken first, as in ``mark``.
    """
    people = _people(concerned)

    def both() -> Result:
        _lock(people)
        result = work()
        _mark(concerned, now)
        return result

    return in_transaction(both)


def _people(concerned: Q) -> list[int]:
    # Read before the transaction: SQLite gives up one that reads before it writes.
    rows = models.Participation.objects.filter(concerned)
    return list(rows.values_list("identity__person_id", flat=True))


def _lock(people: list[int]) -> None:
    models.Account.objects.filter(person_id__in=people).update(revision=F("revision") + 1)


def _mark(concerned: Q, now: datetime) -> int:
    marked = models.Participation.objects.filter(concerned).update(settle_at=now)
    if marked:
        resettle_on_commit()
    return marked
