"""Read who has which member number out of a CSV file, by account or by e-mail address."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, TypeVar

from cec_plugin.domain.sheets import Cells, Fault, Line, read_lines

NUMBER_LENGTH = 100

MEMBER_COLUMNS = {
    "account": 254,
    "member_number": NUMBER_LENGTH,
    "member_from": 30,
    "member_until": 30,
}
"""The columns of a file of members, with the most signs that each may hold."""

ADDRESS_COLUMNS = {"member_number": NUMBER_LENGTH, "email": 254}
"""The columns of an organization's own list of members."""

DAYS_TURNED = "it lies before member_from"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """An account and its member number; a day is None where the row does not say it."""

    number: int
    account: str = field(repr=False)
    member_number: str = field(repr=False)
    valid_from: date | None
    valid_until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRow:
    """A member number and the e-mail address that the organization has for it."""

    number: int
    member_number: str = field(repr=False)
    email: str = field(repr=False)


Row = TypeVar("Row", MemberRow, AddressRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSheet(Generic[Row]):
    """A file as it was read: its good rows, and every fault of the others."""

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]


def read_members(content: bytes) -> MemberSheet[MemberRow]:
    """Read a file of accounts with their member numbers."""
    return _read(content, MEMBER_COLUMNS, frozenset({"account", "member_number"}), _member)


def read_addresses(content: bytes) -> MemberSheet[AddressRow]:
    """Read a file of member numbers with their e-mail addresses."""
    return _read(content, ADDRESS_COLUMNS, frozenset(ADDRESS_COLUMNS), _address)


def address_key(email: str) -> str:
    """Return by what two e-mail addresses are the same.

    Letter case counts only outside ASCII: there, signs of one alphabet have those of another as
    their small letters, and such an address may be somebody else's.
    """
    return email.lower() if email.isascii() else email


def _read(
    content: bytes,
    longest: Mapping[str, int],
    needed: frozenset[str],
    typed: Callable[[Line, Cells], Row],
) -> MemberSheet[Row]:
    lines = read_lines(content, columns=tuple(longest), needed=needed)
    rows: list[Row] = []
    faults = list(lines.faults)
    for line in lines.rows:
        cells = Cells(line, longest)
        row = typed(line, cells)
        if cells.faults:
            faults += cells.faults
        else:
            rows.append(row)
    return MemberSheet(rows=tuple(rows), faults=tuple(faults))


def _member(line: Line, cells: Cells) -> MemberRow:
    account, number = cells.needed("account"), cells.needed("member_number")
    begins, ends = cells.day("member_from"), cells.day("member_until")
    if begins and ends and ends < begins:
        cells.fault("member_until", DAYS_TURNED)
    return MemberRow(
        number=line.number,
        account=account,
        member_number=number,
        valid_from=begins,
        valid_until=ends,
    )


def _address(line: Line, cells: Cells) -> AddressRow:
    number, email = cells.needed("member_number"), cells.needed("email")
    return AddressRow(number=line.number, member_number=number, email=email)
