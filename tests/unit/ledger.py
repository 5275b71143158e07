"""A ledger in memory that refuses what the real one refuses.

That is a natural key that was used before, an award of nothing, a second reversal of one award.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from cec_plugin.domain import basis, keys
from cec_plugin.domain.basis import Step
from cec_plugin.domain.posting import Award, Posted, Reversal

AWARD, REVERSAL = "award", "reversal"

Said: TypeAlias = tuple[str, str, str, int, datetime, int]
"""What a standing line says: organization, participation, type, hundredths, date, stint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the ledger, in signed hundredths; ids count from 1 in the order of posting."""

    id: int
    organization: str
    participation: str
    kind: str
    credit_type: str
    hundredths: int
    earned_at: datetime
    version: int
    line: str
    stint: int
    generation: int
    natural_key: str
    reverses: int | None
    basis: tuple[Step, ...]

    @property
    def said(self) -> Said:
        """Return what it says, whichever rule it came from and however often it came before."""
        return (
            self.organization,
            self.participation,
            self.credit_type,
            self.hundredths,
            self.earned_at,
            self.stint,
        )


class Ledger:
    """The entries of everybody at every organization, only ever added to."""

    def __init__(self) -> None:
        """Begin empty."""
        self.entries: list[Entry] = []
        self.reversals: dict[int, Entry] = {}
        self._keys: set[str] = set()

    def post(self, change: Award | Reversal, organization: str) -> Entry:
        """Write an award, or the reversal of one that was written before."""
        if isinstance(change, Award):
            entry = self._award(change, organization)
        elif isinstance(change.of, Award):
            last = self.entries[-1]
            assert (last.participation, last.stint) == (
                change.of.line.participation,
                change.of.stint,
            ), "a reversal follows the award that it is of"
            entry = self._reversal(last, change)
        else:
            entry = self._reversal(self.entries[change.of.id - 1], change)
        assert entry.natural_key not in self._keys, "the natural key was used before"
        self._keys.add(entry.natural_key)
        self.entries.append(entry)
        return entry

    def _award(self, award: Award, organization: str) -> Entry:
        line = award.line
        assert line.hundredths > 0, "an award is above zero"
        return Entry(
            id=len(self.entries) + 1,
            organization=organization,
            participation=line.participation,
            kind=AWARD,
            credit_type=line.credit_type,
            hundredths=line.hundredths,
            earned_at=line.earned_at,
            version=line.version,
            line=line.rule,
            stint=award.stint,
            generation=award.generation,
            natural_key=keys.natural_key(
                kind=AWARD,
                organization=organization,
                participation=line.participation,
                credit_type=line.credit_type,
                line=line.rule,
                generation=award.generation,
            ),
            reverses=None,
            basis=line.basis,
        )

    def _reversal(self, award: Entry, reversal: Reversal) -> Entry:
        assert award.id not in self.reversals, "the award was reversed before"
        entry = Entry(
            id=len(self.entries) + 1,
            organization=award.organization,
            participation=award.participation,
            kind=REVERSAL,
            credit_type=award.credit_type,
            hundredths=-award.hundredths,
            earned_at=award.earned_at,
            version=award.version,
            line=award.line,
            stint=award.stint,
            generation=award.generation,
            natural_key=keys.natural_key(
                kind=REVERSAL,
                organization=award.organization,
                participation=award.participation,
                credit_type=award.credit_type,
                line=award.line,
                generation=award.generation,
            ),
            reverses=award.id,
            basis=(basis.reversal_step(hundredths=award.hundredths, reason=reversal.reason.value),),
        )
        self.reversals[award.id] = entry
        return entry

    def of(self, organization: str, participations: Collection[str]) -> list[Entry]:
        """Return the entries for these participations at an organization, as they were posted."""
        return [
            one
            for one in self.entries
            if one.organization == organization and one.participation in participations
        ]

    def posted(self, organization: str, participations: Collection[str]) -> list[Posted]:
        """Return the awards for these participations at an organization, as settling reads them."""
        return [
            Posted(
                id=one.id,
                participation=one.participation,
                credit_type=one.credit_type,
                line=one.line,
                hundredths=one.hundredths,
                earned_at=one.earned_at,
                stint=one.stint,
                generation=one.generation,
                reversed=one.id in self.reversals,
            )
            for one in self.of(organization, participations)
            if one.kind == AWARD
        ]

    @property
    def unreversed(self) -> list[Entry]:
        """Return the awards that stand."""
        return [one for one in self.entries if one.kind == AWARD and one.id not in self.reversals]
