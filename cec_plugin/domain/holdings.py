"""Read who holds which designation out of a CSV file: values, or what is wrong with each row.

What a row says of a person is never repeated in a fault: a slipped column may hold anything.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from io import StringIO
from itertools import islice

from cec_plugin.domain.allocation import FIRST_YEAR, LAST_YEAR

MOST_ROWS = 10_000
BEGINS = {"designation", "conferred_on"}
"""The columns that every file has, beside one that says who."""

WHO = ("account", "member_number")
LONGEST = {
    "account": 254,
    "member_number": 100,
    "designation": 50,
    "organization": 50,
    "number": 100,
    "conferred_on": 30,
    "status": 30,
    "since": 30,
    "reason": 255,
}
"""The columns there are, with the most signs that each may hold."""


class Status(StrEnum):
    """What a holding is from a day on."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    LAPSED = "lapsed"
    REINSTATED = "reinstated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row, good in itself: exactly one of ``account`` and ``member_number`` says who.

    ``number`` counts as a spreadsheet does, the header being row 1. ``status`` is None where the
    row says nothing of the history; ``since`` is there with it.
    """

    number: int
    account: str
    member_number: str
    designation: str
    organization: str
    certificate: str
    conferred_on: date
    status: Status | None
    since: date | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a row, and in which field."""

    row: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A file as it was read: its good rows, and every fault of the others."""

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]


def read_holdings(content: bytes) -> Sheet:
    """Read a CSV file: UTF-8 with or without a mark, commas or semicolons, a header first."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _refused("the file is not UTF-8 text: save it as CSV UTF-8")
    header, _, _ = text.partition("\n")
    delimiter = ";" if header.count(";") > header.count(",") else ","
    lines = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        cells = list(islice(lines, MOST_ROWS + 2))
    except csv.Error:
        return _refused("it cannot be read as CSV", row=lines.line_num)
    if len(cells) > MOST_ROWS + 1:
        return _refused(f"it has more than {MOST_ROWS} rows: split it")
    names = [name.strip().casefold() for name in cells[0]] if cells else []
    if found := list(_of_header(names)):
        return Sheet(rows=(), faults=tuple(found))
    return _sheet(names, cells[1:])


def _refused(reason: str, row: int = 1) -> Sheet:
    return Sheet(rows=(), faults=(Fault(row=row, field="", reason=reason),))


def _of_header(names: Sequence[str]) -> Iterator[Fault]:
    for at, name in enumerate(names, start=1):
        if name not in LONGEST:
            columns = ", ".join(LONGEST)
            reason = f"column {at} is none of {columns}"
            yield Fault(row=1, field="", reason=reason)
        elif name in names[: at - 1]:
            yield Fault(row=1, field=name, reason="the column is there twice")
    for name in sorted(BEGINS - set(names)):
        yield Fault(row=1, field=name, reason="the column is missing")
    if not set(WHO) & set(names):
        yield Fault(row=1, field=WHO[0], reason="a column is missing: account or member_number")


def _sheet(names: Sequence[str], lines: Sequence[Sequence[str]]) -> Sheet:
    rows: list[Row] = []
    faults: list[Fault] = []
    for number, cells in enumerate(lines, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        one = _Cells(number, dict(zip(names, (cell.strip() for cell in cells), strict=False)))
        if len(cells) > len(names):
            one.fault("", "it has more cells than the header")
        row = one.row()
        if one.faults:
            faults += one.faults
        else:
            rows.append(row)
    return Sheet(rows=tuple(rows), faults=tuple(faults))


class _Cells:
    """Takes typed fields out of one row, and gathers what is wrong with it."""

    def __init__(self, number: int, cells: Mapping[str, str]) -> None:
        self._number, self._cells = number, cells
        self.faults: list[Fault] = []

    def fault(self, field: str, reason: str) -> None:
        self.faults.append(Fault(row=self._number, field=field, reason=reason))

    def row(self) -> Row:
        texts = {name: self._text(name) for name in LONGEST}
        if bool(texts["account"]) == bool(texts["member_number"]):
            self.fault("account", "say who by either account or member_number")
        if not texts["designation"]:
            self.fault("designation", "it is missing")
        conferred_on = self._day("conferred_on", texts, is_needed=True)
        status = self._status(texts["status"])
        since = self._day("since", texts, is_needed=status is not None)
        if not texts["status"]:
            for name in ("since", "reason"):
                if texts[name]:
                    self.fault(name, "it belongs to a status, and there is none")
        if conferred_on and since and since < conferred_on:
            self.fault("since", "it lies before conferred_on")
        return Row(
            number=self._number,
            account=texts["account"],
            member_number=texts["member_number"],
            designation=texts["designation"],
            organization=texts["organization"],
            certificate=texts["number"],
            conferred_on=conferred_on or date.min,
            status=status,
            since=since,
            reason=texts["reason"],
        )

    def _text(self, name: str) -> str:
        text = self._cells.get(name, "")
        if len(text) > LONGEST[name]:
            self.fault(name, f"it is longer than {LONGEST[name]} signs")
            return text[: LONGEST[name]]
        if any(sign < " " or sign == "\x7f" for sign in text):
            self.fault(name, "it holds control signs, such as a line break")
        return text

    def _status(self, text: str) -> Status | None:
        known = {one.value: one for one in Status}
        if text and text.casefold() not in known:
            self.fault("status", "it is one of " + ", ".join(Status))
        return known.get(text.casefold())

    def _day(self, name: str, texts: Mapping[str, str], *, is_needed: bool) -> date | None:
        text = texts[name]
        if not text:
            if is_needed:
                self.fault(name, "it is missing")
            return None
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = None
        if day is None or day.isoformat() != text:
            self.fault(name, "it is no date such as 2026-01-31")
            return None
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fault(name, f"the year must be between {FIRST_YEAR} and {LAST_YEAR}")
            return None
        return day
