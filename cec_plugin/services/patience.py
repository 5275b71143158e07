"""Ask a registry again when it could not answer just now: for reads, which change nothing."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Page, Registry

TRIES = 6
CALL_S = 60.0
"""How long one read may take, all that an adapter calls for it together."""

WAIT_S = 2.0
LONGEST_WAIT_S = 120.0

Read = TypeVar("Read")


def patiently(
    read: Callable[[], Read | Outcome], *, registry: Registry, wait: Callable[[float], None]
) -> Read | Outcome:
    """Return what a read came to, tried again while it may come to something.

    ``wait`` waits for so many seconds: as long as the registry asks for, or longer each time.
    """
    for attempt in range(1, TRIES + 1):
        with registry.within(CALL_S):
            answer = read()
        if not isinstance(answer, Outcome) or answer.result is not Result.RETRYABLE:
            return answer
        if attempt < TRIES:
            wait(min(max(answer.retry_after_s or 0.0, WAIT_S * 2**attempt), LONGEST_WAIT_S))
    return answer


def pages(registry: Registry, *, wait: Callable[[float], None]) -> Iterator[Page | Outcome]:
    """Yield all that a registry lists, page by page; a failure is the last thing it yields."""
    cursor = ""
    while True:
        page = patiently(partial(registry.changes, cursor), registry=registry, wait=wait)
        if isinstance(page, Page) and page.more and page.cursor == cursor:
            reason = "the registry's list does not move on"
            page = Outcome(result=Result.UNREADABLE, reason=reason)
        yield page
        if isinstance(page, Outcome) or not page.more:
            return
        cursor = page.cursor
