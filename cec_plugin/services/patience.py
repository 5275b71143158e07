"""Ask a registry again when it could not answer just now: for reads, which change nothing."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Held, Page, Registry

TRIES = 6
CALL_S = 60.0
"""How long one read may take, all that an adapter calls for it together."""

WAIT_S = 2.0
LONGEST_WAIT_S = 120.0

MOST_PAGES = 100_000
"""How many pages a list may have; one with more has no end."""

EMPTY_PAGES = 1_000
"""How many pages in a row may be empty and say that there are more."""

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
    cursor, path = "", _Path()
    while True:
        page = patiently(partial(registry.changes, cursor), registry=registry, wait=wait)
        if isinstance(page, Page) and page.more and not path.goes_on(page, after=cursor):
            reason = "the registry's list does not move on"
            page = Outcome(result=Result.UNREADABLE, reason=reason)
        yield page
        if isinstance(page, Outcome) or not page.more:
            return
        cursor = page.cursor


class _Path:
    """The way through a list, which may have no end: it leads back, or to pages of nothing."""

    def __init__(self) -> None:
        self._pages = self._empty = 0
        self._mark, self._until = "", 1

    def goes_on(self, page: Page, *, after: str) -> bool:
        """Take a page that says that there are more, and say whether they are worth asking for."""
        self._pages += 1
        self._empty = 0 if page.records else self._empty + 1
        if page.cursor in (after, self._mark):
            return False
        if self._pages == self._until:
            # Set ever further apart, one mark is met again however long the way round is.
            self._mark, self._until = page.cursor, 2 * self._until
        return self._empty <= EMPTY_PAGES and self._pages < MOST_PAGES


def note(one: Held, records: dict[str, dict[str, Held]]) -> bool:
    """Note a listed record under its reference if that is asked about; say whether it is."""
    if one.reference not in records:
        return False
    mine = records[one.reference]
    # Listed twice it is still one record; without an id nothing says so.
    mine[one.remote_id or f"#{len(mine)}"] = one
    return True
