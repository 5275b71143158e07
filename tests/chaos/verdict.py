"""What the registry's own data say when the storm is over, against what happened to people."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from cec_plugin import models
from cec_plugin.sandbox.records import Credit, RegistryData, State
from tests.chaos.story import Fate

HUNDREDTHS = 1000
LOST = (
    "the registry took it and does not show it under our reference",
    "the registry took it once and does not show it under our reference",
)
"""Why a delivery is parked whose record lost our reference: a person has to look."""


def faults(fates: Sequence[Fate], data: RegistryData) -> Iterator[str]:
    """Yield a sentence for everything that is not as it must be."""
    rows: dict[tuple[str, str], list[Credit]] = defaultdict(list)
    for credit in data.credits:
        rows[credit.member_number, credit.activity_code].append(credit)
    for fate in fates:
        for fault in _of_one(fate, rows.pop((fate.number, fate.course), [])):
            yield f"{fate.number} {fate.course} {'-'.join(fate.kinds)}: {fault}"
    for number, course in rows:
        yield f"{number} {course}: nobody earned this"
    yield from _left_over()


def _of_one(fate: Fate, rows: Sequence[Credit]) -> Iterator[str]:
    lost = [row for row in rows if row.reference is None]
    parked = (
        set(
            models.Delivery.objects.filter(state="parked", reason__in=LOST).values_list(
                "remote_id", flat=True
            )
        )
        if lost
        else set()
    )
    for row in lost:
        if str(row.id) not in parked:
            yield f"row {row.id} lost its reference, and no parked delivery names it"
    if any(row.hundredths != HUNDREDTHS for row in rows):
        yield "a wrong amount"
    known = sorted((row for row in rows if row.reference), key=lambda row: row.id)
    if len({row.reference for row in known}) < len(known):
        yield "one reference stands twice"
    if lost:
        return  # what follows the lost one waits for a person
    standing = [row for row in known if row.state is State.ACTIVE]
    if len(standing) != fate.stands:
        yield f"{len(standing)} stand"
    if len(known) > fate.awards:
        yield f"{len(known)} rows for {fate.awards} awards"
    for before, after in pairwise(known):
        if before.state is not State.REVERSED or before.cursor > after.cursor:
            yield f"row {after.id} came before the reversal of {before.id}"


def _left_over() -> Iterator[str]:
    ended = ("delivered", "void")
    for delivery in models.Delivery.objects.exclude(state__in=ended).exclude(
        state="parked", reason__in=LOST
    ):
        if delivery.hold_code == "predecessor" and _waits_for_a_person(delivery):
            continue
        yield (
            f"delivery {delivery.pk} is {delivery.state} ({delivery.hold_code}), "
            f"because: {delivery.reason}"
        )


def _waits_for_a_person(delivery: models.Delivery) -> bool:
    before = delivery.after
    while before is not None:
        if before.state == "parked" and before.reason in LOST:
            return True
        before = before.after
    return False


def never_struck(hits: Mapping[str, int], wanted: Sequence[str]) -> list[str]:
    """Return the faults that no call met."""
    return [name for name in wanted if not hits.get(name)]
