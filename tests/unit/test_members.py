"""Members out of a CSV file: rows, or every fault with its row and field, and never a person."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cec_plugin.domain.members import (
    AddressRow,
    MemberRow,
    address_key,
    read_addresses,
    read_members,
)
from cec_plugin.domain.sheets import Fault, Why

HEADER = "account,member_number,member_from,member_until\n"


def _faults(text: str) -> list[tuple[int, str, str]]:
    return [(one.row, one.field, one.reason) for one in read_members(text.encode()).faults]


def test_a_file_of_members_is_read_row_by_row() -> None:
    sheet = read_members((HEADER + "ada,M-1,2020-01-01,2026-12-31\n\n grace , 0042 ,,\n").encode())
    assert sheet.faults == ()
    assert sheet.rows == (
        MemberRow(
            number=2,
            account="ada",
            member_number="M-1",
            valid_from=date(2020, 1, 1),
            valid_until=date(2026, 12, 31),
        ),
        MemberRow(
            number=4, account="grace", member_number="0042", valid_from=None, valid_until=None
        ),
    )


@pytest.mark.parametrize(
    "content",
    [
        b"member_number,account\nM-1,ada\n",
        b"\xef\xbb\xbfmember_number;account\r\nM-1;ada\r\n",
        b' Member_Number ,ACCOUNT\n"M-1","ada"',
    ],
    ids=["plain", "mark and semicolons", "spaces and quotes"],
)
def test_it_is_read_however_a_spreadsheet_saved_it(content: bytes) -> None:
    (row,) = read_members(content).rows
    assert (row.account, row.member_number) == ("ada", "M-1")


@pytest.mark.parametrize(
    ("cells", "faults"),
    [
        (",M-1,,", [("account", "it is missing")]),
        ("ada,  ,,", [("member_number", "it is missing")]),
        (f"ada,{'9' * 101},,", [("member_number", "it is longer than 100 signs")]),
        (f"{'a' * 255},M-1,,", [("account", "it is longer than 254 signs")]),
        ("ada,M-1,01/02/2020,", [("member_from", "it is no date such as 2026-01-31")]),
        ("ada,M-1,,3001-01-01", [("member_until", "the year must be between 1900 and 2999")]),
        ("ada,M-1,2020-01-02,2020-01-01", [("member_until", "it lies before member_from")]),
        ("ada,M\x001,,", [("member_number", "it holds control signs, such as a line break")]),
        ("ada,M-1,,,more", [("", "it has more cells than the header")]),
    ],
)
def test_every_fault_of_a_row_is_told_with_its_field(
    cells: str, faults: list[tuple[str, str]]
) -> None:
    text = HEADER + "grace,M-2,,\n" + cells + "\n"
    assert _faults(text) == [(3, *one) for one in faults]
    assert [row.number for row in read_members(text.encode()).rows] == [2]


def test_a_file_without_its_columns_and_one_that_is_no_text_are_refused_whole() -> None:
    assert _faults("account,number\nada,1\n") == [
        (1, "", "column 2 is none of account, member_number, member_from, member_until"),
        (1, "member_number", "the column is missing"),
    ]
    refused = read_members("account,member_number\nZoé,1".encode("latin-1"))
    assert refused.faults == (Fault(row=1, field="", why=Why.NOT_TEXT),)


def test_a_list_of_addresses_is_read() -> None:
    sheet = read_addresses(b"email;member_number\nada@example.org;M-1\n;M-2\n")
    assert sheet.rows == (AddressRow(number=2, member_number="M-1", email="ada@example.org"),)
    assert [(one.row, one.field, one.why) for one in sheet.faults] == [(3, "email", Why.MISSING)]


def test_addresses_are_alike_in_ascii_letters_of_either_case_and_no_others() -> None:
    assert address_key("Ada@Example.org") == address_key("ada@example.ORG")
    kelvin = "mi\N{KELVIN SIGN}e@example.org"
    assert address_key(kelvin) != address_key("mike@example.org")
    assert address_key("straße@example.org") != address_key("strasse@example.org")


@given(st.lists(st.text(), min_size=4, max_size=4), st.binary(max_size=50))
def test_no_content_makes_it_stumble(cells: list[str], more: bytes) -> None:
    quoted = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
    content = HEADER.encode() + quoted.encode("utf-8", "replace") + b"\n"
    for text in (content, content + more):
        for one in read_members(text).faults:
            assert one.row >= 1
            assert one.reason


@pytest.mark.parametrize("cell", ["", "account", "member_number"])
def test_of_a_header_without_end_no_more_is_told_than_one_fault_for_each_column(cell: str) -> None:
    sheet = read_members(f"{cell},".encode() * 50_000)
    assert not sheet.rows
    assert 0 < len(sheet.faults) < 10
