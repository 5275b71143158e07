"""A body's receipts are read as it writes them, and a bad row is told without what it says."""

import pytest

from cec_plugin.domain.roster_receipts import (
    MOST_ROWS,
    Field,
    ReceiptFormat,
    Receipts,
    Said,
    Unfit,
    read_receipts,
)

HOW = ReceiptFormat(
    columns={
        Field.REFERENCE: "Reference",
        Field.STATUS: "Status",
        Field.REASON: "Message",
        Field.REMOTE_ID: "Id",
    },
    accepted=("Accepted", "duplicate"),
    rejected=("Error",),
    pending=("In review",),
)
HEADER = "Line,REFERENCE,Status,Message,id\n"


def _read(text: str, how: ReceiptFormat = HOW) -> Receipts:
    return read_receipts(text.encode(how.encoding), how)


def _faults(found: Receipts) -> list[tuple[int, str, str]]:
    return [(one.row, one.field, one.why) for one in found.faults]


def test_the_bodys_own_words_and_columns_are_read_whatever_their_case() -> None:
    found = _read(
        HEADER
        + "1,cec-1,ACCEPTED,,17\n"
        + "2,cec-2,error,no such licence,\n\n"
        + "3, cec-3 ,In Review,,\n"
        + "4,cec-4,Duplicate,,18\n"
    )
    assert not found.faults
    assert [
        (one.row, one.reference, one.said, one.reason, one.remote_id) for one in found.rows
    ] == [
        (2, "cec-1", Said.ACCEPTED, "", "17"),
        (3, "cec-2", Said.REJECTED, "no such licence", ""),
        (5, "cec-3", Said.PENDING, "", ""),
        (6, "cec-4", Said.ACCEPTED, "", "18"),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_header(delimiter: str) -> None:
    text = delimiter.join(["reference", "status"]) + "\n" + delimiter.join(["cec-1", "accepted"])
    assert [one.reference for one in _read(text).rows] == ["cec-1"]


def test_reason_and_id_may_be_missing() -> None:
    (row,) = _read("status,reference\nError,cec-1\n").rows
    assert (row.reason, row.remote_id) == ("", "")


def test_a_bad_row_is_told_by_its_field_and_the_others_stay_good() -> None:
    found = _read(
        HEADER
        + "1,,accepted,,\n"
        + "2,cec-2,perhaps,,\n"
        + "3,cec-3\n"
        + f"4,{'x' * 37},accepted,,\n"
        + f"5,cec-5,accepted,,{'9' * 101}\n"
        + '6,cec-6,accepted,,"1\n2"\n'
        + "7,cec-7,accepted,,\n"
    )
    assert _faults(found) == [
        (2, "reference", Unfit.MISSING),
        (3, "status", Unfit.NO_ANSWER),
        (4, "status", Unfit.MISSING),
        (5, "reference", Unfit.TOO_LONG),
        (6, "remote_id", Unfit.TOO_LONG),
        (7, "remote_id", Unfit.CONTROL_SIGNS),
    ]
    assert [one.reference for one in found.rows] == ["cec-7"]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("reference\ncec-1\n", [(1, "status", Unfit.COLUMN_MISSING)]),
        ("status,status,reference\n", [(1, "status", Unfit.COLUMN_TWICE)]),
        (
            "",
            [(1, "reference", Unfit.COLUMN_MISSING), (1, "status", Unfit.COLUMN_MISSING)],
        ),
        ('reference,status\n"cec-1\n', [(2, "", Unfit.NOT_CSV)]),
        ("reference,status\n" + "c,accepted\n" * (MOST_ROWS + 1), [(1, "", Unfit.TOO_MANY_ROWS)]),
    ],
    ids=["no status", "twice", "empty", "open quote", "too long"],
)
def test_a_file_that_is_none_is_refused_as_a_whole(
    text: str, faults: list[tuple[int, str, str]]
) -> None:
    found = _read(text)
    assert _faults(found) == faults
    assert not found.rows


def test_another_encoding_is_read_as_it_is_set_and_no_other() -> None:
    latin = ReceiptFormat(columns=HOW.columns, encoding="cp1252", rejected=("refusé",))
    (row,) = _read("reference,status,message\ncec-1,Refusé,numéro inconnu\n", latin).rows
    assert row.reason == "numéro inconnu"
    assert _faults(read_receipts(b"\xff\xfe", HOW)) == [(1, "", Unfit.NOT_TEXT)]
