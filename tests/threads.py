"""Threads with database connections of their own, whose errors are raised where they are joined."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from django.db import connection

PATIENCE_S = 60

Result = TypeVar("Result")


class Step:
    """A point that one thread reaches and another waits for."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def reach(self) -> None:
        self._event.set()

    def wait(self) -> None:
        if not self._event.wait(PATIENCE_S):
            raise AssertionError("the other thread never came this far")


@contextmanager
def beside(work: Callable[[], None]) -> Iterator[threading.Thread]:
    """Run ``work`` in a thread beside the block; raise here what it raised there."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again where it is joined
            raised.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        thread.join(PATIENCE_S)
    assert not thread.is_alive(), "the other thread hangs"
    if raised:
        raise raised[0]


def together(works: Sequence[Callable[[], Result]]) -> list[Result]:
    """Run all of these at once, let go together; return their results in order.

    The first error of any is raised.
    """
    gate = threading.Barrier(len(works), timeout=PATIENCE_S)
    raised: list[BaseException] = []
    results: dict[int, Result] = {}

    def run(number: int, work: Callable[[], Result]) -> None:
        try:
            gate.wait()
            results[number] = work()
        except BaseException as error:  # noqa: BLE001 - raised again below
            raised.append(error)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=[number, work], daemon=True)
        for number, work in enumerate(works)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * PATIENCE_S)
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    if raised:
        raise raised[0]
    return [results[number] for number in range(len(works))]
