"""What a line of a roster file says, whether it fits, and how the file is written."""

import csv
from dataclasses import replace
from datetime import date
from io import StringIO

import pytest

from cec_plugin.domain.roster import (
    COLUMNS,
    Column,
    Part,
    RosterFormat,
    RosterRow,
    fault_of,
    is_late,
    last_day,
    written,
)

TODAY = date(2026, 5, 1)
ROW = RosterRow(
    reference="cec-1",
    member_number="L-1001",
    activity="course-v1:Guild+ETH+1",
    title="Ethics",
    credit_type="cec",
    hundredths=150,
    unit="hours",
    earned_on=date(2026, 3, 2),
    role="learner",
)
BACK = replace(
    ROW,
    reference="cec-2",
    award_reference="cec-1",
    remote_id="77",
    reversed_on=date(2026, 4, 30),
    reason="withdrawn",
)


def _cells(row: RosterRow, how: RosterFormat) -> dict[str, str]:
    text = written([row], how).decode(how.encoding)
    (found,) = csv.DictReader(StringIO(text, newline=""), delimiter=how.delimiter)
    return found


def test_a_file_says_everything_of_a_credit() -> None:
    assert written([ROW], RosterFormat()).decode() == (
        "reference,kind,member_number,activity,title,credit_type,amount,unit,earned_on,role\r\n"
        "cec-1,credit,L-1001,course-v1:Guild+ETH+1,Ethics,cec,1.50,hours,2026-03-02,learner\r\n"
    )


def test_a_body_names_its_columns_and_what_stands_in_every_line() -> None:
    how = RosterFormat(
        columns=(
            Column(name="Licence", part=Part.MEMBER_NUMBER),
            Column(name="Provider", constant="50-1"),
            Column(name="Hours", part=Part.AMOUNT),
            Column(name="Completed", part=Part.EARNED_ON),
        ),
        delimiter=";",
        decimal_sign=",",
        date_format="%m/%d/%Y",
    )
    assert written([ROW], how) == (
        b"Licence;Provider;Hours;Completed\r\nL-1001;50-1;1,50;03/02/2026\r\n"
    )
    assert written([ROW], replace(how, header=False)) == b"L-1001;50-1;1,50;03/02/2026\r\n"


def test_a_reversal_says_what_it_takes_back() -> None:
    every = tuple(Column(name=part.value, part=part) for part in Part)
    told = _cells(BACK, RosterFormat(columns=every, reversal_kind="delete"))
    assert (told["kind"], told["reference"], told["award_reference"]) == (
        "delete",
        "cec-2",
        "cec-1",
    )
    assert (told["remote_id"], told["reversed_on"], told["reason"]) == (
        "77",
        "2026-04-30",
        "withdrawn",
    )
    assert (told["amount"], told["earned_on"]) == ("1.50", "2026-03-02")
    assert _cells(ROW, RosterFormat(columns=every))["reversed_on"] == ""


@pytest.mark.parametrize(
    ("decimals", "pad", "hundredths", "amount"),
    [
        (2, True, 1000, "10.00"),
        (1, True, 1050, "10.5"),
        (0, True, 1000, "10"),
        (2, False, 1000, "10"),
        (2, False, 25, "0.25"),
    ],
)
def test_an_amount_is_written_as_the_body_reads_it(
    decimals: int, pad: bool, hundredths: int, amount: str
) -> None:
    how = RosterFormat(decimals=decimals, pad_amount=pad)
    assert _cells(replace(ROW, hundredths=hundredths), how)["amount"] == amount


@pytest.mark.parametrize("title", ["=cmd()", "+1", "-2", "@x", " =1", "\t=1"])
def test_no_title_is_taken_for_a_formula(title: str) -> None:
    written_title = _cells(replace(ROW, title=title), RosterFormat())["title"]
    assert written_title == f"'{title.strip()}" or written_title == title.strip() == "-2"


def test_a_title_keeps_to_its_cell_and_to_the_encoding() -> None:
    how = RosterFormat(encoding="iso-8859-1")
    told = _cells(replace(ROW, title="Étude,\r\n  \u201cthe\u201d\tŽižek"), how)
    assert told["title"] == "Étude, ?the? ?i?ek"


@pytest.mark.parametrize(
    ("row", "how", "why"),
    [
        (ROW, RosterFormat(), ""),
        (ROW, RosterFormat(decimals=0), "1.5 has more decimals than the 0 that it keeps"),
        (ROW, RosterFormat(unit="ceu"), "it keeps ceu and no hours"),
        (
            ROW,
            RosterFormat(reference_length=4),
            "our reference has more than the 4 characters it keeps",
        ),
        (
            replace(ROW, member_number="=1+1"),
            RosterFormat(),
            "the member number would be taken for a formula",
        ),
        (
            replace(ROW, member_number="L\n1"),
            RosterFormat(),
            "the member number holds control signs",
        ),
        (
            replace(ROW, activity="Ž"),
            RosterFormat(encoding="iso-8859-1"),
            "the activity cannot be written in iso-8859-1",
        ),
        (
            ROW,
            RosterFormat(window_days=30),
            "the window is closed: it takes a credit for 30 days",
        ),
        (BACK, RosterFormat(window_days=30), ""),
    ],
)
def test_what_does_not_fit_is_said_without_who_it_is(
    row: RosterRow, how: RosterFormat, why: str
) -> None:
    assert fault_of(row, how, today=TODAY) == why
    assert "=1+1" not in why


def test_the_window_is_open_on_its_last_day() -> None:
    how = RosterFormat(window_days=60)
    assert last_day(ROW.earned_on, how) == TODAY
    assert not is_late(ROW.earned_on, how, today=TODAY)
    assert is_late(ROW.earned_on, how, today=date(2026, 5, 2))
    assert not is_late(date(1990, 1, 1), RosterFormat(), today=TODAY)


def test_the_usual_columns_are_no_part_of_a_reversal() -> None:
    assert {one.part for one in COLUMNS}.isdisjoint({Part.AWARD_REFERENCE, Part.REVERSED_ON})
