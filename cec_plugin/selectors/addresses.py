"""Which links an organization's list of addresses suggests: reads only, and nothing is decided."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cec_plugin import models
from cec_plugin.domain.keys import digest
from cec_plugin.domain.members import AddressRow, MemberSheet, address_key
from cec_plugin.domain.platform import AccountFacts, Platform
from cec_plugin.domain.sheets import Fault
from cec_plugin.selectors.members import Numbers, numbers_at, people_of


class Match(StrEnum):
    """What a row of the list comes to."""

    SUGGESTED = "suggested"
    UNCHANGED = "unchanged"  # this account and this number are linked
    NOBODY = "nobody"  # no account has proven this address
    SEVERAL = "several accounts"
    OTHER_NUMBER = "other number"
    TAKEN = "number taken"
    TWICE = "twice in the file"
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """What a row comes to; ``account`` and ``number`` are there where a link is suggested."""

    row: int
    match: Match
    number: str = field(default="", repr=False)
    account: AccountFacts | None = None
    fault: Fault | None = None


def suggestions(
    sheet: MemberSheet[AddressRow], *, organization_id: int, platform: Platform
) -> tuple[Suggested, ...]:
    """Match a list of members against the accounts whose address is proven, by row."""
    told = [Suggested(row=one.row, match=Match.FAULT, fault=one) for one in sheet.faults]
    found = platform.accounts_by_email({row.email for row in sheet.rows})
    people = people_of(account.subject for accounts in found.values() for account in accounts)
    there = numbers_at(
        organization_id, people=people.values(), numbers=(row.member_number for row in sheet.rows)
    )
    twice = _twice(sheet.rows)
    for row in sheet.rows:
        accounts = found.get(row.email, [])
        match = _match(row, accounts, people, there)
        if row.number in twice and match in (Match.SUGGESTED, Match.UNCHANGED):
            match = Match.TWICE
        suggested = match is Match.SUGGESTED
        told.append(
            Suggested(
                row=row.number,
                match=match,
                number=row.member_number if suggested else "",
                account=accounts[0] if suggested else None,
            )
        )
    return tuple(sorted(told, key=lambda one: one.row))


def _match(
    row: AddressRow, accounts: Sequence[AccountFacts], people: Mapping[str, int], there: Numbers
) -> Match:
    if not accounts:
        return Match.NOBODY
    if len(accounts) > 1:
        return Match.SEVERAL
    person_id = people.get(accounts[0].subject)
    held: models.Membership | None = there.by_person.get(person_id) if person_id else None
    key = digest("number", row.member_number)
    if held is not None:
        return Match.UNCHANGED if held.number_key == key else Match.OTHER_NUMBER
    return Match.TAKEN if key in there.by_number else Match.SUGGESTED


def _twice(rows: Sequence[AddressRow]) -> set[int]:
    """Return the rows whose number or address another row has as well."""
    numbers = Counter(row.member_number for row in rows)
    emails = Counter(address_key(row.email) for row in rows)
    return {
        row.number
        for row in rows
        if numbers[row.member_number] > 1 or emails[address_key(row.email)] > 1
    }
