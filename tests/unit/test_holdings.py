"""Holdings out of a CSV file: rows, or every fault with its row and field, and never a person."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cec_plugin.domain.holdings import LONGEST, Row, Status, read_holdings
from cec_plugin.domain.sheets import MOST_ROWS, Fault, Why

HEADER = "account,member_number,designation,organization,number,conferred_on,status,since,reason\n"


def _faults(text: str) -> list[tuple[int, str, str]]:
    sheet = read_holdings(text.encode())
    return [(one.row, one.field, one.reason) for one in sheet.faults]


def test_a_file_is_read_row_by_row() -> None:
    sheet = read_holdings(
        (
            HEADER
            + "ada,,ccdp,bccda,C-17,2019-05-01,lapsed,2021-05-01,no credits\n"
            + '\n,"M, 9",mcrs,,,2020-02-29,,,\n'
        ).encode()
    )
    assert sheet.faults == ()
    assert sheet.rows == (
        Row(
            number=2,
            account="ada",
            member_number="",
            designation="ccdp",
            organization="bccda",
            certificate="C-17",
            conferred_on=date(2019, 5, 1),
            status=Status.LAPSED,
            since=date(2021, 5, 1),
            reason="no credits",
        ),
        Row(
            number=4,  # as a spreadsheet counts
            account="",
            member_number="M, 9",
            designation="mcrs",
            organization="",
            certificate="",
            conferred_on=date(2020, 2, 29),
            status=None,
            since=None,
            reason="",
        ),
    )


@pytest.mark.parametrize(
    "content",
    [
        b"designation,account,conferred_on\nccdp,ada,2020-01-02\n",
        b"\xef\xbb\xbfdesignation,account,conferred_on\nccdp,ada,2020-01-02\n",
        b"designation;account;conferred_on\r\nccdp;ada;2020-01-02\r\n",
        b" Designation ,ACCOUNT,Conferred_On\n ccdp , ada , 2020-01-02 ",
        b'"designation","account","conferred_on","reason"\n"ccdp","ada","2020-01-02",""\n',
        b"designation,account,conferred_on\nccdp,ada,2020-01-02\n,,\n\n",
        b"designation,account,conferred_on,reason\nccdp,ada,2020-01-02\n",
    ],
    ids=["plain", "mark", "semicolons", "spaces", "quotes", "blank rows", "short row"],
)
def test_a_file_is_read_however_a_spreadsheet_saved_it(content: bytes) -> None:
    sheet = read_holdings(content)
    assert sheet.faults == ()
    (row,) = sheet.rows
    assert (row.account, row.designation, row.conferred_on) == ("ada", "ccdp", date(2020, 1, 2))


@pytest.mark.parametrize(
    ("cells", "faults"),
    [
        (",,ccdp,,,2020-01-01,,,", [("account", "say who by either account or member_number")]),
        ("ada,7,ccdp,,,2020-01-01,,,", [("account", "say who by either account or member_number")]),
        ("ada,,,,,2020-01-01,,,", [("designation", "it is missing")]),
        ("ada,,ccdp,,,,,,", [("conferred_on", "it is missing")]),
        ("ada,,ccdp,,,01/02/2020,,,", [("conferred_on", "it is no date such as 2026-01-31")]),
        ("ada,,ccdp,,,20200102,,,", [("conferred_on", "it is no date such as 2026-01-31")]),
        ("ada,,ccdp,,,2021-02-29,,,", [("conferred_on", "it is no date such as 2026-01-31")]),
        (
            "ada,,ccdp,,,0200-01-01,,,",
            [("conferred_on", "the year must be between 1900 and 2999")],
        ),
        (
            "ada,,ccdp,,,2020-01-01,expired,2021-01-01,",
            [
                ("status", "it is one of active, suspended, lapsed, reinstated"),
            ],
        ),
        ("ada,,ccdp,,,2020-01-01,lapsed,,", [("since", "it is missing")]),
        (
            "ada,,ccdp,,,2020-01-01,,2021-01-01,why",
            [
                ("since", "it belongs to a status, and there is none"),
                ("reason", "it belongs to a status, and there is none"),
            ],
        ),
        (
            "ada,,ccdp,,,2020-01-01,active,2019-01-01,",
            [("since", "it lies before conferred_on")],
        ),
        (f"ada,,ccdp,,{'9' * 101},2020-01-01,,,", [("number", "it is longer than 100 signs")]),
        ("a\x00a,,ccdp,,,2020-01-01,,,", [("account", "it holds control signs, such as a line break")]),
        (
            'ada,,ccdp,,,2020-01-01,lapsed,2021-01-01,"two\nlines"',
            [("reason", "it holds control signs, such as a line break")],
        ),
        ("ada,,ccdp,,,2020-01-01,,,,more", [("", "it has more cells than the header")]),
        (
            ",,,,,soon,,,",
            [
                ("account", "say who by either account or member_number"),
                ("designation", "it is missing"),
                ("conferred_on", "it is no date such as 2026-01-31"),
            ],
        ),
    ],
)  # fmt: skip
def test_every_fault_of_a_row_is_told_with_its_field(
    cells: str, faults: list[tuple[str, str]]
) -> None:
    good = "grace,,ccdp,,,2020-01-01,,,\n"
    text = HEADER + good + cells + "\n"
    assert _faults(text) == [(3, *one) for one in faults]
    assert [row.number for row in read_holdings(text.encode()).rows] == [2]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (
            "",
            [
                (1, "conferred_on", "the column is missing"),
                (1, "designation", "the column is missing"),
                (1, "account", "a column is missing: account or member_number"),
            ],
        ),
        (
            "account,designation,conferred_on,designation\n",
            [(1, "designation", "the column is there twice")],
        ),
        (
            "account,designation,conferred_on,birthday\n",
            [(1, "", f"column 4 is none of {', '.join(LONGEST)}")],
        ),
        ('account,designation,conferred_on\n"a"b,c,d\n', [(2, "", "it cannot be read as CSV")]),
        ('account,designation,conferred_on\n"a,b', [(2, "", "it cannot be read as CSV")]),
    ],
)
def test_a_file_that_is_none_is_refused_whole(
    text: str, faults: list[tuple[int, str, str]]
) -> None:
    assert _faults(text) == faults
    assert read_holdings(text.encode()).rows == ()


def test_what_is_not_utf8_is_refused() -> None:
    sheet = read_holdings("account,designation,conferred_on\nZoé".encode("latin-1"))
    assert sheet.faults == (Fault(row=1, field="", why=Why.NOT_TEXT),)
    assert sheet.faults[0].reason == "the file is not UTF-8 text: save it as CSV UTF-8"


def test_ten_thousand_rows_are_read_and_one_more_is_refused() -> None:
    row = "ada,,ccdp,,,2020-01-01,,,\n"
    assert len(read_holdings((HEADER + row * MOST_ROWS).encode()).rows) == MOST_ROWS
    assert _faults(HEADER + row * (MOST_ROWS + 1)) == [
        (1, "", "it has more than 10000 rows: split it")
    ]


OUR_WORDS = " ".join(
    one.reason
    for row in ("☃," * 8 + "☃", ",,,,,,,,", "☃,,,,,,,,")
    for one in read_holdings((HEADER + row + "\n").encode()).faults
)
"""What the faults of a row say of themselves: a cell may happen to say the same."""


@given(st.lists(st.text(), min_size=9, max_size=9), st.binary(max_size=50))
def test_no_content_makes_it_stumble_or_repeat_what_a_row_says(
    cells: list[str], more: bytes
) -> None:
    quoted = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
    content = HEADER.encode() + quoted.encode("utf-8", "replace") + b"\n"
    for one in read_holdings(content).faults + read_holdings(content + more).faults:
        for cell in cells:
            said = cell.strip()
            assert len(said) < 12 or said in OUR_WORDS or said not in one.reason
    read_holdings(more)
