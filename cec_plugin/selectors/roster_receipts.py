"""What each row of a body's receipts comes to, before anything is settled by it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from cec_plugin import models
from cec_plugin.domain.delivery import State
from cec_plugin.domain.roster_receipts import Receipt, Receipts, Said
from cec_plugin.models.roster import LineAnswer

BATCH = 500
OPEN = (State.HELD, State.PENDING, State.PARKED)

Redact = Callable[[str, Iterable[str]], str]
"""Returns a body's words without what must not be repeated: these, and whatever names somebody."""


class Outcome(StrEnum):
    """What becomes of a row."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PENDING = "still waits"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"
    UNKNOWN = "unknown reference"
    FAULT = "fault"


class Why(StrEnum):
    """Why a row settles nothing, in English."""

    NEVER_FILED = "no roster file has this reference"
    NOT_IN_THIS = "this roster file does not have this reference"
    SEVERAL_FILES = "it was in several roster files: say for which of them the receipts are"
    TWICE = "another row says otherwise of the same reference"
    SAID_ACCEPTED = "an earlier receipt said that it was accepted"
    SAID_REJECTED = "an earlier receipt said that it was rejected"
    OTHER_ID = "it was accepted under another id before"
    SETTLED_THERE = "somebody settled it by hand: it is in the registry"
    DROPPED = "somebody dropped it by hand"


GOOD = (Outcome.ACCEPTED, Outcome.REJECTED, Outcome.PENDING, Outcome.UNCHANGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What a row of the file comes to; ``why`` is a ``Why``, or an ``Unfit`` of the file itself."""

    row: int
    outcome: Outcome
    field: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A line that a receipt settles, with the body's reason, redacted."""

    line: models.RosterLine
    receipt: Receipt
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the receipts come to as a whole; ``bad`` counts the rows that settle nothing."""

    planned: tuple[Planned, ...]
    report: tuple[Reported, ...]

    @property
    def bad(self) -> int:
        """Return how many rows somebody has to look into."""
        return len({one.row for one in self.report if one.outcome not in GOOD})


def plan(
    receipts: Receipts, *, registry_id: int, file_id: int | None = None, redact: Redact
) -> Plan:
    """Say what each row comes to; with a ``file_id`` the receipts are for that file alone."""
    lines = _lines(receipts, registry_id, file_id)
    numbers = _numbers(lines.values())
    said: dict[str, set[tuple[Said, str]]] = defaultdict(set)
    for row in receipts.rows:
        said[row.reference].add((row.said, row.remote_id))
    report = [
        Reported(row=one.row, outcome=Outcome.FAULT, field=one.field, why=one.why)
        for one in receipts.faults
    ]
    planned: dict[str, Planned] = {}
    for row in receipts.rows:
        found = lines.get(row.reference, ())
        if not found:
            why = Why.NOT_IN_THIS if file_id else Why.NEVER_FILED
            report.append(Reported(row=row.row, outcome=Outcome.UNKNOWN, why=why))
        elif len(found) > 1:
            report.append(_conflict(row, Why.SEVERAL_FILES))
        elif len(said[row.reference]) > 1:
            report.append(_conflict(row, Why.TWICE))
        elif row.reference in planned:
            report.append(Reported(row=row.row, outcome=Outcome.UNCHANGED))
        else:
            told = _told(found[0], row)
            report.append(told)
            if told.outcome in (Outcome.ACCEPTED, Outcome.REJECTED):
                unsaid = numbers.get(found[0].number_key, "")
                planned[row.reference] = Planned(
                    line=found[0], receipt=row, reason=redact(row.reason, (unsaid,))
                )
    report.sort(key=lambda one: (one.row, one.field))
    return Plan(planned=tuple(planned.values()), report=tuple(report))


def counts(report: Iterable[Reported]) -> dict[Outcome, int]:
    """Return how many rows came to what, in the order of the outcomes; none is left out."""
    found = Counter({one.row: one.outcome for one in report}.values())
    return {outcome: found[outcome] for outcome in Outcome if found[outcome]}


def _conflict(row: Receipt, why: Why) -> Reported:
    return Reported(row=row.row, outcome=Outcome.CONFLICT, why=why)


def _told(line: models.RosterLine, row: Receipt) -> Reported:
    """Compare a receipt with what its line and its delivery came to before."""
    if row.said is Said.PENDING:
        waits = line.answer == LineAnswer.NONE
        return Reported(row=row.row, outcome=Outcome.PENDING if waits else Outcome.UNCHANGED)
    accepted = row.said is Said.ACCEPTED
    another = row.remote_id not in ("", line.delivery.remote_id) and bool(line.delivery.remote_id)
    if line.answer == LineAnswer.ACCEPTED:
        if not accepted:
            return _conflict(row, Why.SAID_ACCEPTED)
        if another:
            return _conflict(row, Why.OTHER_ID)
        return Reported(row=row.row, outcome=Outcome.UNCHANGED)
    if line.answer == LineAnswer.REJECTED:
        if accepted:
            return _conflict(row, Why.SAID_REJECTED)
        return Reported(row=row.row, outcome=Outcome.UNCHANGED)
    state = State(line.delivery.state)
    if accepted and state is State.VOID:
        return _conflict(row, Why.DROPPED)
    if not accepted and state is State.DELIVERED:
        return _conflict(row, Why.SETTLED_THERE)
    if accepted and state is State.DELIVERED and another:
        return _conflict(row, Why.OTHER_ID)
    return Reported(row=row.row, outcome=Outcome.ACCEPTED if accepted else Outcome.REJECTED)


def _lines(
    receipts: Receipts, registry_id: int, file_id: int | None
) -> dict[str, Sequence[models.RosterLine]]:
    found: dict[str, list[models.RosterLine]] = defaultdict(list)
    rows = models.RosterLine.objects.filter(file__registry_id=registry_id)
    rows = rows.exclude(answer=LineAnswer.WITHDRAWN).select_related("delivery", "file")
    if file_id is not None:
        rows = rows.filter(file_id=file_id)
    for batch in batches({row.reference for row in receipts.rows}):
        for line in rows.filter(delivery__reference__in=batch).order_by("id"):
            found[line.delivery.reference].append(line)
    return dict(found)


def batches(references: Iterable[str]) -> Iterator[list[str]]:
    """Return references a batch at a time: a statement takes only so many."""
    left = iter(sorted(references))
    while batch := list(islice(left, BATCH)):
        yield batch


def _numbers(lines: Iterable[Sequence[models.RosterLine]]) -> dict[str, str]:
    keys = {line.number_key for several in lines for line in several}
    found: dict[str, str] = {}
    for batch in batches(keys):
        rows = models.Membership.objects.filter(number_key__in=batch)
        found.update(rows.values_list("number_key", "number"))
    return found
