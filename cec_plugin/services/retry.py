"""Repeat a transaction that the database undid for another's sake."""

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, connection, transaction

from cec_plugin.services.unforeseen import place_of

log = logging.getLogger(__name__)

TRIES = 6
WAIT_S = 0.05

Result = TypeVar("Result")


def in_transaction(work: Callable[[], Result]) -> Result:
    """Run ``work`` in a transaction, again from the start if the database breaks it off.

    Deadlocks, lock waits and a busy database are all ``OperationalError``, and the work must be
    safe to repeat, so they need not be told apart. Inside somebody's transaction there is one try.

    Raises:
        OperationalError: the last try failed too.
    """
    for attempt in range(1, TRIES + 1):
        try:
            with transaction.atomic():
                return work()
        except OperationalError:
            if connection.in_atomic_block or attempt == TRIES:
                raise
            log.info("A transaction was undone by the database; try %d of %d", attempt + 1, TRIES)
            time.sleep(WAIT_S * 2**attempt * random.random())  # noqa: S311 - not a secret
    raise AssertionError("unreachable")


def goes_well(step: Callable[[], object]) -> bool:
    """Run one step; one that fails is logged and leaves those beside it alone."""
    try:
        step()
    except Exception as error:  # noqa: BLE001 - told by its place: its words may name somebody
        log.error("A step of a periodic job failed; its next run tries again: %s", place_of(error))  # noqa: TRY400
        return False
    return True
