"""The difference between the lines a person should have and those the ledger holds."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cec_plugin.domain.allocation import Finished, Line


class ReversalReason(StrEnum):
    """Why an award is taken back."""

    WITHDRAWN = "withdrawn"  # the source took the completion back
    CHANGED = "changed"  # a figure, a rule or the date changed; a new award follows
    NOT_CREDITED = "not_credited"  # the table in force gives nothing any more
    BY_HAND = "by_hand"  # an officer corrected it or took it back
    MERGED = "merged"  # it stands on another account now: two people were one, or were not


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """An award in the ledger. ``generation`` counts earlier awards of the same parts from 0.

    ``elsewhere`` is the id of the account on which it stands where that is somebody else's: of
    whom the participation was before two people were merged, or a merge undone.
    """

    id: int
    participation: str
    credit_type: str
    line: str
    hundredths: int
    earned_at: datetime
    stint: int
    generation: int
    reversed: bool
    elsewhere: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Award:
    """An award to post."""

    line: Line
    stint: int
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """A reversal to post: of an award in the ledger, or of the award that stands just before."""

    of: Posted | Award
    reason: ReversalReason


def difference(
    finished: Sequence[Finished],
    lines: Mapping[str, Line],
    posted: Iterable[Posted],
    by_hand: Collection[str] = (),
) -> list[Award | Reversal]:
    """Return what to post, in order, so that the ledger says what stands.

    Every stint that counted shows as an award and, where it ended, a reversal, whether or not
    anybody looked in between: pass, fail, pass reads the same however late the notices came.
    ``finished`` holds all participations of one person that ever stood, ``lines`` what an
    organization gives for each (by participation key), ``posted`` the organization's awards for
    any of them, on whichever account, by id; ``by_hand`` names the participations whose credit an
    officer set. What stands elsewhere is taken back there and awarded here.
    """
    awards: dict[str, list[Posted]] = {}
    for award in posted:
        awards.setdefault(award.participation, []).append(award)
    changes: list[Award | Reversal] = []
    for one in finished:
        mine = awards.pop(one.key, [])
        changes.extend(_of_one(one, lines.get(one.key), mine, one.key in by_hand))
    changes.extend(
        Reversal(of=award, reason=ReversalReason.WITHDRAWN)
        for left in awards.values()  # of what, by the evidence that counts now, never stood
        for award in left
        if not award.reversed
    )
    return changes


def here(changes: Iterable[Award | Reversal]) -> list[Award | Reversal]:
    """Return the changes to the person's own account, without what is taken back elsewhere."""
    return [one for one in changes if not _is_elsewhere(one)]


def _is_elsewhere(change: Award | Reversal) -> bool:
    if isinstance(change, Award) or isinstance(change.of, Award):
        return False
    return change.of.elsewhere is not None


def remainder(changes: Iterable[Award | Reversal]) -> tuple[frozenset[int], tuple[Line, ...]]:
    """Return what posting comes to: the ids of awards that no longer stand, the lines that do.

    An award that is posted and taken back at once is in neither.
    """
    gone: set[int] = set()
    come: dict[tuple[str, int], Line] = {}
    for change in changes:
        if isinstance(change, Award):
            come[change.line.participation, change.stint] = change.line
        elif isinstance(change.of, Posted):
            gone.add(change.of.id)
        else:
            come.pop((change.of.line.participation, change.of.stint))
    return frozenset(gone), tuple(come.values())


def _of_one(
    one: Finished,
    line: Line | None,
    awards: Sequence[Posted],
    by_hand: bool,  # noqa: FBT001
) -> Iterable[Award | Reversal]:
    counts = {(award.credit_type, award.line): 0 for award in awards}
    for award in awards:
        counts[award.credit_type, award.line] += 1

    def next_award(line: Line, stint: int) -> Award:
        parts = (line.credit_type, line.rule)
        generation = counts.get(parts, 0)
        counts[parts] = generation + 1
        return Award(line=line, stint=stint, generation=generation)

    current = one.stints[-1] if one.stints and one.stints[-1].ended_at is None else None
    kept = False
    for award in awards:
        if award.reversed:
            continue
        mine = award.elsewhere is None
        if mine and current and line and not kept and _says(award, line, current.number):
            kept = True
            continue
        yield Reversal(of=award, reason=_why(current is not None, award, line, one, by_hand))
    awarded = {award.stint for award in awards}
    for stint in one.stints:
        if line is None or stint.ended_at is None or stint.number in awarded:
            continue
        if one.counts_from is not None and stint.ended_at < one.counts_from:
            continue  # it ended before it began to count
        award_now = next_award(line, stint.number)
        yield award_now
        yield Reversal(of=award_now, reason=ReversalReason.WITHDRAWN)
    if current and line and not kept:
        yield next_award(line, current.number)


def _says(award: Posted, line: Line, stint: int) -> bool:
    """Say whether the award is the line, whichever rule it came from."""
    return (award.credit_type, award.hundredths, award.earned_at, award.stint) == (
        line.credit_type,
        line.hundredths,
        line.earned_at,
        stint,
    )


def _why(
    stands: bool,  # noqa: FBT001
    award: Posted,
    line: Line | None,
    one: Finished,
    by_hand: bool,  # noqa: FBT001
) -> ReversalReason:
    ended = next((s.ended_at for s in one.stints if s.number == award.stint), None)
    if not stands or ended is not None:
        return ReversalReason.WITHDRAWN
    if award.elsewhere is not None:
        return ReversalReason.MERGED
    if by_hand:
        return ReversalReason.BY_HAND
    return ReversalReason.CHANGED if line else ReversalReason.NOT_CREDITED
