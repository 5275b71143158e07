"""The certifications of a person as cards: how far, what is missing by when, and its steps."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _

from cec_plugin import models
from cec_plugin.domain.allocation import local_date
from cec_plugin.domain.cycles import CycleKind
from cec_plugin.domain.progress import Progress
from cec_plugin.domain.progress import Standing as Where
from cec_plugin.models.certifications import HoldingStatus, Requirement
from cec_plugin.selectors.progress import Decided, Standing, standings
from cec_plugin.selectors.transcript import NotCredited, Transcript
from cec_plugin.wording import standing as said
from cec_plugin.wording import words
from cec_plugin.wording.asked import Asked, asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """How far, in hundredths; ``value`` is between 0 and ``most``, which is above 0."""

    value: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A cycle before the present one, and what was decided on it."""

    days: str
    how_far: str
    decision: str
    flag: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A certification. ``state`` picks the icon of its words; ``beside`` is what does not count."""

    id: int
    name: str
    organization: str
    status: str
    status_code: str
    days: str
    how_far: str
    meter: Meter | None
    state: str
    state_words: str
    missing: tuple[str, ...]
    carried: str
    ended: tuple[str, ...]
    beside: tuple[str, ...]
    asks: tuple[str, ...]
    steps: tuple[str, ...]
    earlier: tuple[Earlier, ...]


def cards(person_id: int, *, of: Transcript, now: datetime) -> tuple[Card, ...]:
    """Return a card for each holding, each as of today where its organization is.

    Its credits go by the titles that the transcript gives them.
    """
    zones = models.Holding.objects.filter(person_id=person_id).values_list(
        "pk", "designation__organization__time_zone"
    )
    today = {pk: local_date(now, zone) for pk, zone in zones}
    if not today:
        return ()
    statuses = {
        row.holding_id: row
        for row in models.HoldingStatus.objects.filter(holding__person_id=person_id).order_by(
            "since", "pk"
        )
        if row.since <= today.get(row.holding_id, date.min)
    }
    titles = {one.id: one.title or _("Correction or opening balance") for one in of.credits}
    made = [
        (one, _card(one, on, titles, statuses.get(one.holding.pk), of))
        for on in sorted(set(today.values()))
        for one in standings(person_id, on=on)
        if today.get(one.holding.pk) == on
    ]
    made.sort(key=lambda pair: (pair[1].organization, pair[1].name, pair[1].id))
    return tuple(card for _standing, card in made)


def _card(
    of: Standing,
    on: date,
    titles: Mapping[int, str],
    status: HoldingStatus | None,
    transcript: Transcript,
) -> Card:
    designation = of.holding.designation
    inactive = status is not None and status.status != HoldingStatus.Status.ACTIVE
    shown = _Shown(of, titles)
    now = of.cycles[-1] if of.cycles else None
    before = of.cycles[:-1]
    return Card(
        id=of.holding.pk,
        name=designation.name,
        organization=designation.organization.name,
        status=said.status(status) if status and inactive else "",
        status_code=status.status if status and inactive else "",
        days=_days(of, now),
        how_far=said.how_far(now, of.unit) if now else "",
        meter=_meter(now) if now else None,
        state=now.standing.value if now else "",
        state_words=_state(now) if now else "",
        missing=tuple(shown.missing(now)) if now else (),
        carried=said.carried(now, of.unit) if now else "",
        ended=tuple(said.ended(one, on) for one in before if one.cycle.starts_on not in of.decided),
        beside=tuple(_beside(now, designation.organization, transcript)) if now else (),
        asks=tuple(shown.asks(now)) if now else (),
        steps=tuple(shown.steps(now)) if now else (),
        earlier=tuple(_earlier(of, one, shown) for one in reversed(before)),
    )


class _Shown:
    """A standing with the names of what it asks for and of its credits."""

    def __init__(self, of: Standing, titles: Mapping[int, str]) -> None:
        designation = of.holding.designation
        self._of, self._titles = of, titles
        self._rows = list(designation.requirements.all())
        self._tags = {tag.code: tag.label for tag in designation.organization.tags.all()}
        self._spreads = frozenset(
            row.code for row in self._rows if row.kind == Requirement.Kind.SPREAD
        )
        self._has_end = designation.cycle != CycleKind.ROLLING

    def _names(self, one: Progress) -> dict[str, Asked]:
        return asked(self._rows, tags=self._tags, unit=self._of.unit, cycle=one.cycle)

    def missing(self, one: Progress) -> Iterator[str]:
        by = one.cycle.ends_on if self._has_end else None
        return said.missing(one, self._of.unit, self._spreads, self._names(one), by)

    def asks(self, one: Progress) -> Iterator[str]:
        return said.checks(one, self._of.unit, self._spreads, self._names(one))

    def steps(self, one: Progress) -> Iterator[str]:
        return said.steps(one, self._of.unit, self._titles, self._names(one))


def _days(of: Standing, now: Progress | None) -> str:
    if now is None:
        return _("from %(date)s") % {"date": words.day(of.holding.conferred_on)}
    if now.cycle.ends_on is None:
        return ""
    return said.cycle(now)


def _meter(one: Progress) -> Meter | None:
    target = one.checks[0]
    if not target.needed:
        return None
    return Meter(value=min(max(target.have, 0), target.needed), most=target.needed)


def _state(one: Progress) -> str:
    if one.standing is Where.NO_FIGURE and one.cycle.ends_on is None:
        return _("counts towards it; no figure is set")
    return said.standing(one)


def _beside(one: Progress, organization: models.Organization, of: Transcript) -> Iterator[str]:
    """Say what of this organization's lies in the cycle and does not count (yet)."""
    waiting = _sum(of.waiting, organization, one)
    if waiting:
        yield _("With your association, not counted: %(amount)s.") % {
            "amount": words.amount(waiting, organization.unit)
        }
    estimated = _sum(of.estimates, organization, one)
    if estimated:
        yield _("By estimate, not approved and not counted: %(amount)s.") % {
            "amount": words.amount(estimated, organization.unit)
        }


def _sum(found: Iterable[NotCredited], organization: models.Organization, one: Progress) -> int:
    return sum(
        int(given.details.get("hundredths", 0))
        for given in found
        if given.organization_id == organization.pk and one.cycle.holds(given.earned_on)
    )


def _earlier(of: Standing, one: Progress, shown: _Shown) -> Earlier:
    decided = of.decided.get(one.cycle.starts_on)
    return Earlier(
        days=said.cycle(one),
        how_far=said.how_far(one, of.unit),
        decision=_decision(of, decided) if decided else _("not decided on"),
        flag=said.differs() if decided and decided.differs else "",
        steps=tuple(_all(shown.asks(one), shown.steps(one))),
    )


def _all(*parts: Iterator[str]) -> Sequence[str]:
    return [text for part in parts for text in part]


def _decision(of: Standing, decided: Decided) -> str:
    zone = of.holding.designation.organization.time_zone
    return said.decision(decided.renewal, local_date(decided.renewal.decided_at, zone))
