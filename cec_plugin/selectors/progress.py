"""How far people are in their certifications, reckoned from the ledger whenever it is asked."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from django.db.models import QuerySet

from cec_plugin import models
from cec_plugin.domain import progress as domain
from cec_plugin.domain.allocation import local_date
from cec_plugin.domain.cycles import Leave
from cec_plugin.domain.designations import Designation
from cec_plugin.domain.held import Counting, Held, credits_for
from cec_plugin.domain.keys import digest
from cec_plugin.domain.retelling import steps
from cec_plugin.selectors import held as ledger
from cec_plugin.selectors.designations import designation


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A cycle that was decided on, and whether its figures would be others today."""

    renewal: models.Renewal
    differs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A holding with its cycles, the present one last; ``decided`` are decisions by first day."""

    holding: models.Holding
    unit: str
    cycles: tuple[domain.Progress, ...]
    decided: dict[date, Decided]


def holdings() -> "QuerySet[models.Holding]":
    """Return holdings with everything that progress asks of them: six queries for any number."""
    return models.Holding.objects.select_related("designation__organization").prefetch_related(
        "designation__requirements",
        "designation__organization__tags",
        "designation__accepts",
        "leaves",
        "renewals",
    )


class Reckoning:
    """Some holdings and what their people have, read together: three queries for any number."""

    def __init__(self, of: Iterable[models.Holding], *, activities: Collection[int] = ()) -> None:
        """Take holdings from ``holdings()``; nothing is read before it is asked for.

        ``activities`` are those of lines that are not in the ledger.
        """
        self.holdings = list(of)
        self._activities = activities
        self._designations: dict[int, tuple[Designation, Counting]] = {}
        self._credits: dict[tuple[int, str, frozenset[str]], list[domain.Credit]] = {}

    @cached_property
    def _held(self) -> dict[int, Sequence[Held]]:
        givers = {
            one.pk: one.code
            for row in (holding.designation for holding in self.holdings)
            for one in (row.organization, *row.accepts.all())
        }
        return ledger.held({one.person_id for one in self.holdings}, givers)

    @cached_property
    def _hung(self) -> dict[int, dict[int, frozenset[str]]]:
        activities = {
            one.activity_id
            for held in self._held.values()
            for one in held
            if one.activity_id is not None
        }
        return ledger.hung_tags(
            {one.designation.organization_id for one in self.holdings},
            activities.union(self._activities),
        )

    def held(self, person_id: int) -> Sequence[Held]:
        """Return what a person has at the organizations that the holdings ask."""
        return self._held.get(person_id, ())

    def cycles(
        self, holding: models.Holding, on: date, held: Sequence[Held] | None = None
    ) -> tuple[domain.Progress, ...]:
        """Return a holding's cycles on a day, by its ledger, or as if ``held`` stood there."""
        asks, how = self._designation(holding.designation)
        if held is None:
            name = (holding.person_id, how.organization, how.accepts)
            if name not in self._credits:
                self._credits[name] = credits_for(how, self.held(holding.person_id))
            counted = self._credits[name]
        else:
            counted = credits_for(how, held)
        found = domain.progress(
            asks,
            counted,
            conferred_on=holding.conferred_on,
            on=on,
            leaves=[
                Leave(starts_on=one.starts_on, ends_on=one.ends_on) for one in holding.leaves.all()
            ],
        )
        return tuple(found)

    def standing(self, holding: models.Holding, on: date) -> Standing:
        """Return a holding with its cycles on a day and its decisions."""
        cycles = self.cycles(holding, on)
        renewals = list(holding.renewals.all())
        now = digests(cycles) if renewals else {}
        return Standing(
            holding=holding,
            unit=holding.designation.organization.unit,
            cycles=cycles,
            decided={
                row.starts_on: Decided(renewal=row, differs=now.get(row.starts_on) != row.digest)
                for row in renewals
            },
        )

    def _designation(self, row: models.Designation) -> tuple[Designation, Counting]:
        if row.pk not in self._designations:
            asks = designation(row)
            how = Counting(
                organization=row.organization.code,
                time_zone=row.organization.time_zone,
                accepts=asks.accepts,
                tags=asks.tags,
                hung=self._hung.get(row.organization_id, {}),
            )
            self._designations[row.pk] = asks, how
        return self._designations[row.pk]


def standings(person_id: int, *, on: date) -> list[Standing]:
    """Return a person's holdings with their progress on a day: nine queries at most."""
    mine = holdings().filter(person_id=person_id)
    reckoning = Reckoning(
        mine.order_by("designation__organization__name", "designation__name", "pk")
    )
    return [reckoning.standing(one, on) for one in reckoning.holdings]


def differing(renewals: Iterable[models.Renewal], *, now: datetime) -> frozenset[int]:
    """Return the ids of the decisions whose figures would be others today: nine queries at most."""
    rows = list(renewals)
    reckoning = Reckoning(holdings().filter(pk__in={row.holding_id for row in rows}))
    differ = {
        decided.renewal.pk
        for holding in reckoning.holdings
        for decided in reckoning.standing(holding, today(holding, now)).decided.values()
        if decided.differs
    }
    return frozenset(differ.intersection(row.pk for row in rows))


def today(holding: models.Holding, now: datetime) -> date:
    """Return the day where a holding's organization is."""
    return local_date(now, holding.designation.organization.time_zone)


def figures(one: domain.Progress) -> list[list[str | int | None]]:
    """Return the checks of a cycle as they are frozen with a decision."""
    return [[check.code, check.needed, check.have] for check in one.checks]


def figures_digest(one: domain.Progress) -> str:
    """Name everything that a cycle's figures come from: its steps and its checks."""
    return digest(repr(steps(one)), repr(figures(one)))


def digests(cycles: Iterable[domain.Progress]) -> dict[date, str]:
    """Name what the figures of some cycles come from, by first day."""
    return {one.cycle.starts_on: figures_digest(one) for one in cycles}
