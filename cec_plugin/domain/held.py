"""Which lines of the ledger a designation counts: its organization's, and those it accepts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from cec_plugin.domain.progress import Credit

TO_COME = 1 << 62
"""Entries from here on are not posted yet: they come after every line of the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A line of the ledger that stands, in signed hundredths of its organization's unit.

    ``participation`` and ``activity_id`` are None where it is for nothing that was finished (an
    opening balance). ``tags`` are those of the rule that it was given under.
    """

    entry: int
    organization: str
    participation: int | None
    activity_id: int | None
    activity: str
    credit_type: str
    hundredths: int
    earned_at: datetime
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """How a designation counts: by the time zone and the tags of its own organization.

    ``accepts`` are the codes of the organizations whose credits it takes as they are, ``tags``
    the codes that its own organization defines, ``hung`` those it has hung on activities, by
    activity id.
    """

    organization: str
    time_zone: str
    accepts: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    hung: Mapping[int, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a change does to the lines of one person: entries that go, and lines that come."""

    gone: frozenset[int]
    come: tuple[Held, ...]


def after(held: Iterable[Held], change: Change) -> list[Held]:
    """Return what stands once the change is made."""
    return [*(one for one in held if one.entry not in change.gone), *change.come]


def credits_for(how: Counting, held: Iterable[Held]) -> list[Credit]:
    """Return the credits that a designation counts.

    What was finished counts once, however many organizations give credit for it: what the own
    organization gives goes first, even where another gives more; then the first by its code.
    A credit shows its type, the tags that the own organization has hung on its activity, and
    those of the rule it was given under; of another organization's rule only the tags whose code
    the own one defines too. It falls on the day where the own organization is.
    """
    zone = ZoneInfo(how.time_zone)
    shown: dict[tuple[str, int | None, str, frozenset[str]], frozenset[str]] = {}
    found = []
    for one in _once(how, held):
        name = (one.organization, one.activity_id, one.credit_type, one.tags)
        if name not in shown:
            shown[name] = _tags(how, one)
        found.append(
            Credit(
                entry=one.entry,
                activity=one.activity,
                hundredths=one.hundredths,
                earned_on=one.earned_at.astimezone(zone).date(),
                tags=shown[name],
                accepted_from="" if one.organization == how.organization else one.organization,
            )
        )
    return found


def _once(how: Counting, held: Iterable[Held]) -> Sequence[Held]:
    if not how.accepts:
        return [one for one in held if one.organization == how.organization]
    givers = {how.organization, *how.accepts}
    mine = [one for one in held if one.organization in givers]
    first: dict[int, tuple[bool, str]] = {}
    for one in mine:
        if one.participation is not None:
            rank = _rank(how, one)
            first[one.participation] = min(first.get(one.participation, rank), rank)
    return [
        one
        for one in mine
        if one.participation is None or first[one.participation] == _rank(how, one)
    ]


def _rank(how: Counting, one: Held) -> tuple[bool, str]:
    return one.organization != how.organization, one.organization


def _tags(how: Counting, one: Held) -> frozenset[str]:
    given = one.tags if one.organization == how.organization else one.tags & how.tags
    hung = how.hung.get(one.activity_id or 0, frozenset())
    return frozenset({one.credit_type, *given, *hung})
