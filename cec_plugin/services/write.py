"""Write credits to a registry, alone or together. Runs outside any transaction."""

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Posting, Registry
from cec_plugin.services.unforeseen import place_of

log = logging.getLogger(__name__)

OF_ONE = frozenset({Result.REFUSED, Result.MEMBER, Result.CONFLICT})
"""What is said of a batch as a whole and is the fault of some record in it: nothing was written."""


Answer = TypeVar("Answer")


def guarded(call: Callable[[], Answer]) -> Answer | Outcome:
    """Make a call; whatever an adapter did not foresee is an ambiguous outcome and stops nobody."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - told by its place: its words may name somebody
        log.error("The adapter failed: %s", place_of(error))  # noqa: TRY400
        return Outcome(
            result=Result.AMBIGUOUS, reason=f"our adapter failed: {type(error).__name__}"
        )


def write(
    postings: Sequence[Posting], registry: Registry
) -> Iterator[tuple[Sequence[int], list[Outcome]]]:
    """Write credits together; yield positions with their outcomes as each call ends.

    A batch that a registry refuses as a whole, having written nothing of it, is halved until the
    bad record stands alone. Nothing else is repeated. Whoever does not ask for the next outcomes
    has the rest unsent.
    """
    waiting = [list(range(len(postings)))]
    while waiting:
        positions = waiting.pop(0)
        outcome = guarded(partial(_call, [postings[at] for at in positions], registry))
        if isinstance(outcome, list):
            yield positions, outcome
        elif len(positions) > 1 and (outcome.result in OF_ONE or outcome.result is Result.UNABLE):
            middle = len(positions) // 2
            waiting[:0] = [positions[:middle], positions[middle:]]
        else:
            yield positions, [outcome] * len(positions)


def _call(postings: Sequence[Posting], registry: Registry) -> Outcome | list[Outcome]:
    if len(postings) == 1:
        return registry.post(postings[0])
    outcomes = registry.post_many(postings)
    if isinstance(outcomes, list) and len(outcomes) != len(postings):
        return Outcome(result=Result.AMBIGUOUS, reason="the batch was not answered by position")
    return outcomes
