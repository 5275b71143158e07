"""Folding: what the sources said becomes what stands.

Events repeat, carry no certificate id and arrive out of order, so nothing here depends on the
order of arrival: notices are read in the order of their source time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Via(StrEnum):
    """By which kind of evidence a source says that somebody finished."""

    CERTIFICATE = "certificate"
    PASSING = "passing"
    ENTRY = "entry"  # a person entered it
    TEAM = "team"  # a role in the course's team: proposed, until an organization confirms it


class Kind(StrEnum):
    """What a notice says."""

    EARNED = "earned"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing a source told us, as it told it.

    ``occurred_at`` is the source's time of the telling and decides the order of folding;
    ``finished_at`` is when the activity was finished, where the source knows it. Both are aware.
    ``service_hundredths`` are hours of service. ``evidence`` holds codes and figures, never a
    name, an e-mail or a member number.
    """

    source: str
    site: str
    subject: str
    activity: str
    role: str
    occurrence: str
    kind: Kind
    via: Via
    occurred_at: datetime
    finished_at: datetime | None = None
    grade: str = ""
    mode: str = ""
    service_hundredths: int | None = None
    evidence: dict[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What folding needs of a notice."""

    kind: Kind
    via: Via
    occurred_at: datetime
    finished_at: datetime | None = None
    grade: str = ""
    mode: str = ""
    service_hundredths: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stint:
    """One time that a participation stood: from an "earned" to the "withdrawn" that ended it.

    ``number`` counts from 1. ``ended_at`` is None while it stands.
    """

    number: int
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What the notices of one participation come to.

    ``finished_at`` is the earliest date a source gave for finishing, else None;
    ``first_earned_at`` is the source time of the first "earned". A later stint keeps both.
    """

    stints: tuple[Stint, ...]
    first_earned_at: datetime | None
    finished_at: datetime | None
    grade: str
    mode: str
    service_hundredths: int | None
    via: Via | None = None

    @property
    def stands(self) -> bool:
        """Say whether the last stint is open."""
        return bool(self.stints) and self.stints[-1].ended_at is None


def counts_for(via: Via, earned_by: Via) -> bool:
    """Say whether evidence of this kind counts for an activity that is earned by ``earned_by``.

    What a person entered counts everywhere, and so does service in a course's team.
    """
    return via in (Via.ENTRY, Via.TEAM, earned_by)


def _in_source_order(notice: Heard) -> tuple[object, ...]:
    # At the very same instant a withdrawal is read last: credit is not given on doubtful
    # evidence, and the comparison with the platform mends it if the platform says otherwise.
    # What is left decides between two that differ in nothing else, so that arrival never does.
    return (
        notice.occurred_at,
        notice.kind is Kind.WITHDRAWN,
        notice.via,
        notice.finished_at or notice.occurred_at,
        -1 if notice.service_hundredths is None else notice.service_hundredths,
        notice.grade,
        notice.mode,
    )


def fold(notices: Iterable[Heard]) -> Folded:
    """Fold the notices of one participation, in whatever order they came, into what stands.

    Pass, fail, pass is two stints; the same "earned" ten times is one. The latest "earned"
    gives grade, mode and hours of service; an entry that somebody corrected gives its latest date.
    """
    stints: list[Stint] = []
    first_earned_at: datetime | None = None
    finished_at: datetime | None = None
    latest: Heard | None = None
    for notice in sorted(notices, key=_in_source_order):
        is_open = bool(stints) and stints[-1].ended_at is None
        if notice.kind is Kind.EARNED:
            latest = notice
            if first_earned_at is None:
                first_earned_at = notice.occurred_at
            finished_at = _finished(notice, finished_at)
            if not is_open:
                stints.append(
                    Stint(number=len(stints) + 1, began_at=notice.occurred_at, ended_at=None)
                )
        elif is_open:
            last = stints[-1]
            stints[-1] = Stint(
                number=last.number, began_at=last.began_at, ended_at=notice.occurred_at
            )
    return Folded(
        stints=tuple(stints),
        first_earned_at=first_earned_at,
        finished_at=finished_at,
        grade=latest.grade if latest else "",
        mode=latest.mode if latest else "",
        service_hundredths=latest.service_hundredths if latest else None,
        via=latest.via if latest else None,
    )


def _finished(notice: Heard, known: datetime | None) -> datetime | None:
    if notice.finished_at is None:
        return known
    if known is None or notice.via is Via.ENTRY:
        return notice.finished_at
    return min(known, notice.finished_at)
