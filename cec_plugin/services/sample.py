"""Ask a registry that cannot list about some of the credits it was told of, one by one."""

import logging
from collections.abc import Iterator
from functools import partial
from itertools import chain, islice

from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Held
from cec_plugin.domain.reconciliation import Difference, Kind, Ours, Stance, difference
from cec_plugin.selectors.expected import said_of, told_references
from cec_plugin.services.patience import patiently
from cec_plugin.services.survey import Found, Reading, read_back

log = logging.getLogger(__name__)

FAILURES = 3
"""After how many failed reads in a row it is the registry, and no single record."""

OF_ALL = (Result.CONFIGURATION, Result.UNABLE)
"""What a read comes to for every record alike."""

ASKED = (Stance.STANDS, Stance.TAKEN_BACK)
"""What has an answer; the rest is on its way, or was never there."""


def sample(reading: Reading, *, after_id: int, limit: int) -> Found | Outcome:
    """Ask about the next ``limit`` credits after a delivery; several failed reads end it all.

    One that cannot be read keeps no other from its turn, and counts among what looks wrong.

    At the end it begins again with the first, so that every credit has its turn.
    """
    following = told_references(reading.registry_id, after_id=after_id)
    rows = list(islice(chain.from_iterable(following), limit))
    answers: dict[str, Held | Outcome | None] = {}
    failed: Outcome | None = None
    unanswered = in_a_row = 0
    for ours in _worth_asking(reading, rows):
        answer = patiently(
            partial(reading.registry.find, ours.reference),
            registry=reading.registry,
            wait=reading.wait,
        )
        if isinstance(answer, Outcome) and answer.result is not Result.CONFLICT:
            failed, unanswered, in_a_row = answer, unanswered + 1, in_a_row + 1
            log.warning("Delivery %d cannot be read: %s", ours.delivery_id, answer.reason)
            if answer.result in OF_ALL or in_a_row == FAILURES:
                return answer
            continue
        in_a_row = 0
        answers[ours.reference] = answer
        reading.follow(len(answers))
    if failed is not None and not answers:
        return failed
    return Found(
        differences=tuple(_differences(reading, answers)),
        listed=len(answers),
        unlisted=unanswered,
        next_id=rows[-1][0] if 0 < len(rows) == limit else 0,
    )


def _worth_asking(reading: Reading, rows: list[tuple[int, str]]) -> Iterator[Ours]:
    references = [reference for _, reference in rows]
    said = said_of(reading.registry_id, references, since=reading.since)
    return (ours for one in references if (ours := said[one]) and ours.stance in ASKED)


def _differences(
    reading: Reading, answers: dict[str, Held | Outcome | None]
) -> Iterator[Difference]:
    said = said_of(reading.registry_id, list(answers), since=reading.since)
    capabilities = reading.registry.capabilities
    for reference, answer in answers.items():
        ours = said[reference]
        if isinstance(answer, Outcome):
            # It holds several under the reference, and says of none which they are.
            if ours and ours.stance in ASKED:
                yield Difference(kind=Kind.DUPLICATE, reference=reference, ours=ours)
            continue
        records = [] if answer is None else [answer]
        if found := difference(ours, records, decimals=capabilities.decimals):
            yield found
    if capabilities.approves:
        held = [one for one in answers.values() if isinstance(one, Held)]
        read_back(reading.registry_id, held, said)
