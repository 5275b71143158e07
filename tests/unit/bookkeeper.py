"""A bookkeeper for histories: the real rules over a ledger in memory, composed as services are."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from cec_plugin.domain.allocation import Finished, Line, Organization, Refusal, RefusalCode
from cec_plugin.domain.notices import Heard, Via, counts_for, fold
from cec_plugin.domain.posting import Award, Reversal, difference
from cec_plugin.domain.tables import CreditTable
from cec_plugin.domain.weigh import allocate
from tests.unit.examples import earned
from tests.unit.histories import (
    ORGANIZATIONS,
    SUBJECTS,
    Activate,
    Event,
    Hear,
    Merge,
    Participation,
    Settle,
)
from tests.unit.ledger import AWARD, REVERSAL, Entry, Ledger, Said

Account: TypeAlias = tuple[str, int]
"""A person and the id of an organization."""

Change: TypeAlias = tuple[str, str, str, int, int]
"""What a posting does: kind, participation, credit type, signed hundredths, stint."""


class Happening(StrEnum):
    """What happens in a history, seen from outside."""

    CAP = "a cap trims or refuses something that stands"
    REVERSAL = "an award is reversed"
    LATE = "something new is heard after something later of the same person was settled"
    VERSION = "a version is put in force at an organization that has given credit"
    MERGE = "two people are merged who both finished something"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What an organization decides of all that one person finished, and what that changes."""

    finished: tuple[Finished, ...]
    answers: Mapping[str, Line | Refusal]
    changes: tuple[Award | Reversal, ...]

    @property
    def balances(self) -> dict[Account, int]:
        """Return the sum of every account, in hundredths."""
        return {
            (person, organization): self.balance(person, organization)
            for person in self.people
            for organization in self.organizations
        }

    @property
    def standing(self) -> list[tuple[Finished, Line | Refusal]]:
        """Return what stands, with what is decided of it."""
        return [(one, self.answers[one.key]) for one in self.finished if one.stands]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a draft would do to an account that had this revision; amounts in hundredths."""

    revision: int
    before: int
    after: int
    changes: list[Change]


class Bookkeeper:
    """Everybody's notices, the tables in force and the ledger.

    A person is named by the first of their accounts. What was heard counts once it is settled.
    """

    def __init__(self, first: Iterable[Activate]) -> None:
        """Begin with the first table of each organization."""
        self.ledger = Ledger()
        self.about: dict[str, Participation] = {}
        self.decisions: dict[Account, Decision] = {}
        self.happened: set[Happening] = set()
        self.organizations = {one.id: one for one in ORGANIZATIONS}
        self.revisions: Counter[Account] = Counter()
        self.tables: dict[int, CreditTable] = {}
        self._heard: dict[str, list[Heard]] = defaultdict(list)
        self._settled: dict[str, list[Heard]] = {}
        self._person = {subject: subject for subject in SUBJECTS}
        for one in first:
            self.put_in_force(one)

    def follow(self, events: Iterable[Event]) -> Iterator[str]:
        """Let the events happen; yield each person right after they were settled."""
        for event in events:
            match event:
                case Hear():
                    self._hear(event)
                case Activate():
                    self._activate(event)
                case Merge():
                    self._merge(event)
                case Settle(subject):
                    for person in self.people if subject is None else [self._person[subject]]:
                        self.settle(person)
                        yield person

    def run(self, *events: Event) -> None:
        """Let the events happen."""
        for _ in self.follow(events):
            pass

    def _hear(self, event: Hear) -> None:
        key, notice = event.participation.key, event.notice
        self.about[key] = event.participation
        before = [
            other.occurred_at
            for mine in self.finished_by(self._person[event.participation.subject])
            for other in self._settled.get(mine, ())
        ]
        if notice not in self._heard[key] and before and notice.occurred_at < max(before):
            self.happened.add(Happening.LATE)
        self._heard[key].append(notice)

    def _activate(self, event: Activate) -> None:
        organization = self.organizations[event.organization]
        if event.version in organization.versions:
            return
        if any(one.organization == organization.code for one in self.ledger.entries):
            self.happened.add(Happening.VERSION)
        self.put_in_force(event)
        for person in self.people:  # to have somebody settled again takes their lock
            self.revisions[person, event.organization] += 1

    def put_in_force(self, event: Activate) -> None:
        """Add a version; whoever does so has everybody settled whom it may concern."""
        self.organizations[event.organization] = self._with(event)

    def _with(self, event: Activate) -> Organization:
        """Return the organization as it is with a version more."""
        self.tables[event.version.id] = event.table.compiled
        organization = self.organizations[event.organization]
        versions = dict.fromkeys([*organization.versions, event.version])
        return replace(organization, versions=tuple(versions))

    def _merge(self, event: Merge) -> None:
        kept, gone = sorted([self._person[event.one], self._person[event.other]])
        if kept == gone:
            return
        if all(self.finished_by(person) for person in (kept, gone)):
            self.happened.add(Happening.MERGE)
        for subject, person in self._person.items():
            if person == gone:
                self._person[subject] = kept
        for organization in self.organizations:
            self.revisions[kept, organization] += 1 + self.revisions.pop((gone, organization), 0)
            self.decisions.pop((gone, organization), None)

    @property
    def people(self) -> list[str]:
        """Return everybody there is."""
        return sorted(set(self._person.values()))

    @property
    def persons(self) -> dict[str, str]:
        """Return who each account belongs to."""
        return dict(self._person)

    def finished_by(self, person: str) -> list[str]:
        """Return the keys of what a person is said to have finished, in the order of arrival."""
        return [key for key, one in self.about.items() if self._person[one.subject] == person]

    def settle(self, person: str) -> list[Entry]:
        """Fold what was heard of a person, decide at each organization, post the difference."""
        mine = self.finished_by(person)
        for key in mine:
            self._settled[key] = list(self._heard[key])
        posted: list[Entry] = []
        for organization in self.organizations.values():
            self.revisions[person, organization.id] += 1
            decision = self._decide(person, organization)
            self.decisions[person, organization.id] = decision
            posted += [self.ledger.post(one, organization.code) for one in decision.changes]
            if any(_hits_a_cap(answer) for _, answer in decision.standing):
                self.happened.add(Happening.CAP)
        if any(one.kind == REVERSAL for one in posted):
            self.happened.add(Happening.REVERSAL)
        return posted

    def _decide(self, person: str, organization: Organization) -> Decision:
        mine = self.finished_by(person)
        finished = [one for key in mine if key in self._settled and (one := self.finished(key))]
        answers = allocate(finished, organization, self.tables.__getitem__)
        lines = {one.participation: one for one in answers if isinstance(one, Line)}
        return Decision(
            finished=tuple(finished),
            answers={one.participation: one for one in answers},
            changes=tuple(difference(finished, lines, self.ledger.posted(organization.code, mine))),
        )

    def counting(self, key: str) -> list[Heard]:
        """Return what was heard and settled of a participation, by the evidence that counts."""
        return [one for one in self._settled[key] if counts_for(one.via, Via.CERTIFICATE)]

    def told_again(self, key: str, at: float) -> Heard:
        """Return a completion like the latest that was settled of a participation."""
        folded = fold(self.counting(key))
        assert folded.via is not None, "it was finished once"
        return earned(
            at,
            via=folded.via,
            grade=folded.grade,
            mode=folded.mode,
            service=folded.service_hundredths,
        )

    def finished(self, key: str) -> Finished | None:
        """Return what the settled notices come to, None where it never stood."""
        of, folded = self.about[key], fold(self.counting(key))
        earned_at = folded.finished_at or folded.first_earned_at
        if earned_at is None:
            return None
        return Finished(
            key=key,
            activity=of.activity,
            role=of.role,
            stints=folded.stints,
            earned_at=earned_at,
            earned_from="source" if folded.finished_at else "notice",
            service_hundredths=folded.service_hundredths,
            grade=folded.grade,
            mode=folded.mode,
            via=folded.via,
        )

    def preview(self, person: str, draft: Activate) -> Preview:
        """Return what would change for a person with the draft among the versions."""
        decision = self._decide(person, self._with(draft))
        changes = [_change(one) for one in decision.changes]
        before = self.balance(person, draft.organization)
        return Preview(
            revision=self.revisions[person, draft.organization],
            before=before,
            after=before + sum(hundredths for *_, hundredths, _ in changes),
            changes=changes,
        )

    def waits(self, person: str) -> bool:
        """Say whether something was heard of a person that is not settled yet."""
        mine = self.finished_by(person)
        return any(self._heard[key] != self._settled.get(key) for key in mine)

    def entries(self, person: str, organization_id: int) -> list[Entry]:
        """Return the entries of an account."""
        code = self.organizations[organization_id].code
        return self.ledger.of(code, self.finished_by(person))

    def unreversed(self, person: str, organization_id: int) -> list[Entry]:
        """Return the awards of an account that stand."""
        mine = self.entries(person, organization_id)
        return [one for one in mine if one.kind == AWARD and one.id not in self.ledger.reversals]

    def balance(self, person: str, organization_id: int) -> int:
        """Return the sum of an account, in hundredths."""
        return sum(one.hundredths for one in self.entries(person, organization_id))

    @property
    def balances(self) -> dict[Account, int]:
        """Return the sum of every account, in hundredths."""
        return {
            (person, organization): self.balance(person, organization)
            for person in self.people
            for organization in self.organizations
        }

    @property
    def standing(self) -> set[Said]:
        """Return what all the awards say that stand."""
        return {one.said for one in self.ledger.unreversed}

    @property
    def refusals(self) -> dict[tuple[str, int, str], Refusal]:
        """Return why what stands has no credit."""
        return {
            (person, organization, one.key): answer
            for (person, organization), decision in self.decisions.items()
            for one, answer in decision.standing
            if isinstance(answer, Refusal)
        }


def _hits_a_cap(answer: Line | Refusal) -> bool:
    if isinstance(answer, Refusal):
        return answer.code is RefusalCode.CAPPED
    return any(step["step"] == "cap" for step in answer.basis)


def changed(entry: Entry) -> Change:
    """Return what an entry did."""
    return entry.kind, entry.participation, entry.credit_type, entry.hundredths, entry.stint


def _change(change: Award | Reversal) -> Change:
    if isinstance(change, Award):
        line = change.line
        return AWARD, line.participation, line.credit_type, line.hundredths, change.stint
    of = change.of
    line = of.line if isinstance(of, Award) else of
    return REVERSAL, line.participation, line.credit_type, -line.hundredths, of.stint
