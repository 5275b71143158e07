"""What an import of holdings would do, row by row: reads only."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cec_plugin import models
from cec_plugin.conf import get_settings
from cec_plugin.domain.holdings import Row, Sheet
from cec_plugin.domain.keys import digest, identity_key
from cec_plugin.domain.platform import Platform
from cec_plugin.domain.sheets import Fault

BATCH = 500


class Outcome(StrEnum):
    """What a row comes to."""

    NEW = "new"
    NEW_STATUS = "new status"  # the holding is there, and its history lacks this
    UNCHANGED = "unchanged"
    DIFFERS = "differs"  # the holding is there and reads otherwise: it stays as it is
    UNKNOWN = "unknown person"
    FAULT = "fault"


BAD = frozenset({Outcome.DIFFERS, Outcome.UNKNOWN, Outcome.FAULT})
"""What is not on the site as the file says it, before an import or after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A row in the report, without anything that says who it is about."""

    row: int
    outcome: Outcome
    field: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Somebody the site knows: by their person, or by an account that has none yet."""

    person_id: int | None
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The rows of one holding that are to be written; ``holding`` is None where it is new."""

    who: Who
    designation: models.Designation
    holding: models.Holding | None
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an import would write, and what it says of every row, by row."""

    planned: tuple[Planned, ...]
    report: tuple[Reported, ...]

    @property
    def bad(self) -> int:
        """Return how many rows are not on the site as the file says."""
        return len({one.row for one in self.report if one.outcome in BAD})


def plan(sheet: Sheet, platform: Platform) -> Plan:
    """Compare a file with the site."""
    report = [
        Reported(row=one.row, outcome=Outcome.FAULT, field=one.field, reason=one.reason)
        for one in sheet.faults
    ]
    named = _Designations()
    found: list[tuple[Row, models.Designation]] = []
    for row in sheet.rows:
        of = named.find(row)
        if isinstance(of, Fault):
            report.append(
                Reported(row=of.row, outcome=Outcome.FAULT, field=of.field, reason=of.reason)
            )
        else:
            found.append((row, of))
    people = _people(found, platform)
    groups: dict[tuple[Who, int], list[tuple[Row, models.Designation]]] = defaultdict(list)
    for row, of in found:
        who = people.get((row.account, row.member_number, of.organization_id))
        if who is None:
            field = "account" if row.account else "member_number"
            report.append(Reported(row=row.number, outcome=Outcome.UNKNOWN, field=field))
        else:
            groups[who, of.pk].append((row, of))
    held = _held({who.person_id for who, _ in groups if who.person_id is not None})
    planned = []
    for (who, pk), rows in groups.items():
        holding = held.get((who.person_id, pk))
        history = _History(holding)
        report += history.reports([row for row, _ in rows])
        if history.written:
            planned.append(
                Planned(
                    who=who,
                    designation=rows[0][1],
                    holding=holding,
                    rows=tuple(history.written),
                )
            )
    return Plan(
        planned=tuple(planned), report=tuple(sorted(report, key=lambda one: (one.row, one.field)))
    )


class _Designations:
    """The site's designations, by the codes that rows name them by; letter case counts."""

    def __init__(self) -> None:
        rows = models.Designation.objects.select_related("organization").order_by("pk")
        self._by_code: dict[str, dict[str, models.Designation]] = defaultdict(dict)
        for row in rows:
            self._by_code[row.code][row.organization.code] = row

    def find(self, row: Row) -> models.Designation | Fault:
        found = self._by_code.get(row.designation, {})
        if not found:
            return Fault(row=row.number, field="designation", why="there is none of this code")
        if row.organization:
            of = found.get(row.organization)
            if of is None:
                why = "it has no designation of this code"
                return Fault(row=row.number, field="organization", why=why)
            return of
        if len(found) > 1:
            why = "several organizations have this designation: name one"
            return Fault(row=row.number, field="organization", why=why)
        return next(iter(found.values()))


_Name = tuple[str, str, int]
"""Account, member number, organization: what a row names a person by."""


def _people(
    found: Iterable[tuple[Row, models.Designation]], platform: Platform
) -> dict[_Name, Who]:
    asked = {(row.account, row.member_number, of.organization_id) for row, of in found}
    site = get_settings().site
    subjects = {
        account: facts.subject
        for account in {account for account, _, _ in asked if account}
        if (facts := platform.find_account(account)) is not None
    }
    keys = {subject: identity_key(site=site, subject=subject) for subject in subjects.values()}
    persons: dict[str, int] = {}
    for batch in _batches(sorted(keys.values())):
        persons |= dict(
            models.Identity.objects.filter(key__in=batch).values_list("key", "person_id")
        )
    numbers = {(pk, digest("number", number)) for _, number, pk in asked if number}
    members: dict[tuple[int, str], int] = {}
    for batch in _batches(sorted({key for _, key in numbers})):
        rows = models.Membership.objects.filter(number_key__in=batch)
        for pk, key, person_id in rows.values_list("organization_id", "number_key", "person_id"):
            members[pk, key] = person_id
    known: dict[_Name, Who] = {}
    for account, number, pk in asked:
        if account in subjects:
            person = persons.get(keys[subjects[account]])
            subject = "" if person is not None else subjects[account]
            known[account, number, pk] = Who(person_id=person, subject=subject)
        elif number and (pk, digest("number", number)) in members:
            known[account, number, pk] = Who(person_id=members[pk, digest("number", number)])
    return known


def _held(person_ids: set[int]) -> dict[tuple[int | None, int], models.Holding]:
    found: dict[tuple[int | None, int], models.Holding] = {}
    for batch in _batches(sorted(person_ids)):
        rows = models.Holding.objects.filter(person_id__in=batch).prefetch_related("statuses")
        found |= {(row.person_id, row.designation_id): row for row in rows}
    return found


def _batches(keys: Sequence[str] | Sequence[int]) -> Iterator[Sequence[str] | Sequence[int]]:
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]


class _History:
    """One holding while its rows are looked at: what it is, and what its history has by now."""

    def __init__(self, holding: models.Holding | None) -> None:
        self._is_new = holding is None
        self._said: tuple[str, date] | None = None
        self._since: dict[date, set[str]] = defaultdict(set)
        self.written: list[Row] = []
        if holding is not None:
            self._said = (holding.number, holding.conferred_on)
            for status in holding.statuses.all():
                self._since[status.since].add(status.status)

    def reports(self, rows: Iterable[Row]) -> Iterator[Reported]:
        for row in rows:
            yield self._report(row)

    def _report(self, row: Row) -> Reported:
        said = (row.certificate, row.conferred_on)
        if self._said is not None and self._said != said:
            field = "number" if self._said[0] != said[0] else "conferred_on"
            return self._otherwise(row, field)
        status, since = row.status, row.since
        is_known = status is None or since is None or status.value in self._since[since]
        if not is_known and since is not None and self._since[since]:
            return self._otherwise(row, "status")
        is_first = self._said is None
        if is_known and not is_first:
            return Reported(row=row.number, outcome=Outcome.UNCHANGED)
        self._said = said
        if status is not None and since is not None:
            self._since[since].add(status.value)
        self.written.append(row)
        outcome = Outcome.NEW if is_first else Outcome.NEW_STATUS
        return Reported(row=row.number, outcome=outcome)

    def _otherwise(self, row: Row, field: str) -> Reported:
        if self._is_new:
            reason = "another row says otherwise of the same holding"
            return Reported(row=row.number, outcome=Outcome.FAULT, field=field, reason=reason)
        return Reported(row=row.number, outcome=Outcome.DIFFERS, field=field)
