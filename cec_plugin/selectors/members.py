"""What an import of members would do, row by row: reads only."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cec_plugin import models
from cec_plugin.conf import get_settings
from cec_plugin.domain.keys import digest, identity_key
from cec_plugin.domain.members import MemberRow, MemberSheet
from cec_plugin.domain.platform import Platform
from cec_plugin.domain.sheets import Fault

BATCH = 500


class Outcome(StrEnum):
    """What a row comes to."""

    NEW = "new"
    NEW_DAYS = "new days"  # the number is there, and the file has other days
    NEW_NUMBER = "new number"  # in place of another, as was asked for
    UNCHANGED = "unchanged"
    OTHER_NUMBER = "other number"  # linked to another: somebody must decide
    TAKEN = "number taken"
    TWICE = "twice in the file"  # with another number, or the number with another account
    DAYS_TURNED = "days turned"  # the last day would lie before the first that is there
    UNKNOWN = "unknown account"
    FAULT = "fault"
    LATE = "just now"  # somebody else linked one or the other meanwhile


GOOD = frozenset({Outcome.NEW, Outcome.NEW_DAYS, Outcome.NEW_NUMBER})
"""What an import writes."""

BAD = frozenset(Outcome) - GOOD - {Outcome.UNCHANGED}
"""What is not on the site as the file says it, before an import or after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A row in the report, without anything that says who it is about."""

    row: int
    outcome: Outcome
    field: str = ""
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A row that is to be written; ``person_id`` is None where the account has no person yet.

    ``instead_of`` is the digest of the number that it takes the place of.
    """

    row: MemberRow
    subject: str
    person_id: int | None
    instead_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an import would write, and what it says of every row, by row."""

    planned: tuple[Planned, ...]
    report: tuple[Reported, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The memberships in one organization that some people or numbers have."""

    by_person: Mapping[int, models.Membership]
    by_number: Mapping[str, int]


def plan(
    sheet: MemberSheet[MemberRow], *, organization_id: int, replace: bool, platform: Platform
) -> Plan:
    """Compare a file with an organization's memberships.

    With ``replace`` a number takes the place of another that the same person has.
    """
    report = [
        Reported(row=one.row, outcome=Outcome.FAULT, field=one.field, fault=one)
        for one in sheet.faults
    ]
    subjects = {
        account: facts.subject
        for account in {row.account for row in sheet.rows}
        if (facts := platform.find_account(account)) is not None
    }
    people = people_of(subjects.values())
    there = numbers_at(
        organization_id, people=people.values(), numbers=(row.member_number for row in sheet.rows)
    )
    twice = _twice(sheet.rows, subjects)
    planned, seen = [], set()
    for row in sheet.rows:
        subject = subjects.get(row.account)
        if subject is None:
            report.append(Reported(row=row.number, outcome=Outcome.UNKNOWN, field="account"))
            continue
        person_id = people.get(subject)
        held = there.by_person.get(person_id) if person_id is not None else None
        outcome = Outcome.TWICE if row.number in twice else _outcome(row, person_id, held, there)
        if outcome is Outcome.OTHER_NUMBER and replace:
            outcome = Outcome.NEW_NUMBER
        if outcome in GOOD and subject in seen:
            outcome = Outcome.UNCHANGED  # the row before says the same
        report.append(Reported(row=row.number, outcome=outcome, field=_FIELDS.get(outcome, "")))
        if outcome in GOOD:
            seen.add(subject)
            replaced = held is not None and outcome is Outcome.NEW_NUMBER
            planned.append(
                Planned(
                    row=row,
                    subject=subject,
                    person_id=person_id,
                    instead_of=held.number_key if held is not None and replaced else "",
                )
            )
    return Plan(
        planned=tuple(planned), report=tuple(sorted(report, key=lambda one: (one.row, one.field)))
    )


def people_of(subjects: Iterable[str]) -> dict[str, int]:
    """Return the ids of the people behind accounts of this site, by subject."""
    site = get_settings().site
    keys = {identity_key(site=site, subject=subject): subject for subject in subjects}
    found: dict[str, int] = {}
    for batch in batches(sorted(keys)):
        rows = models.Identity.objects.filter(key__in=batch).values_list("key", "person_id")
        found |= {keys[key]: person_id for key, person_id in rows}
    return found


def numbers_at(organization_id: int, *, people: Iterable[int], numbers: Iterable[str]) -> Numbers:
    """Return the memberships of these people and of these numbers in one organization."""
    rows = models.Membership.objects.filter(organization_id=organization_id)
    by_person: dict[int, models.Membership] = {}
    for batch in batches(sorted(set(people))):
        by_person |= {one.person_id: one for one in rows.filter(person_id__in=batch)}
    by_number: dict[str, int] = {}
    for keys in batches(sorted({digest("number", number) for number in numbers})):
        by_number |= dict(rows.filter(number_key__in=keys).values_list("number_key", "person_id"))
    return Numbers(by_person=by_person, by_number=by_number)


def batches(keys: Sequence[str] | Sequence[int]) -> Iterator[Sequence[str] | Sequence[int]]:
    """Yield what one query can name at once."""
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]


_FIELDS = {
    Outcome.OTHER_NUMBER: "member_number",
    Outcome.TAKEN: "member_number",
    Outcome.TWICE: "member_number",
    Outcome.DAYS_TURNED: "member_until",
}


def _outcome(
    row: MemberRow, person_id: int | None, held: models.Membership | None, there: Numbers
) -> Outcome:
    key = digest("number", row.member_number)
    if there.by_number.get(key, person_id) != person_id:
        return Outcome.TAKEN
    if held is None:
        return Outcome.NEW
    begins, ends = row.valid_from or held.valid_from, row.valid_until or held.valid_until
    if begins and ends and ends < begins:
        return Outcome.DAYS_TURNED
    if held.number_key != key:
        return Outcome.OTHER_NUMBER
    if (begins, ends) != (held.valid_from, held.valid_until):
        return Outcome.NEW_DAYS
    return Outcome.UNCHANGED


def _twice(rows: Iterable[MemberRow], subjects: Mapping[str, str]) -> set[int]:
    """Return the rows that contradict another: nobody can say which of them is right."""
    says: dict[str, set[tuple[object, ...]]] = defaultdict(set)
    whose: dict[str, set[str]] = defaultdict(set)
    known = [(row, subjects[row.account]) for row in rows if row.account in subjects]
    for row, subject in known:
        says[subject].add((row.member_number, row.valid_from, row.valid_until))
        whose[row.member_number].add(subject)
    return {
        row.number
        for row, subject in known
        if len(says[subject]) > 1 or len(whose[row.member_number]) > 1
    }
