"""Read a CSV file as a spreadsheet saved it: cells by column, or what is wrong with each row.

What a row says of a person is never repeated in a fault: a slipped column may hold anything.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made
from datetime import date
from enum import StrEnum
from io import StringIO
from itertools import islice

from cec_plugin.domain.allocation import FIRST_YEAR, LAST_YEAR

MOST_ROWS = 10_000


class Why(StrEnum):
    """What can be wrong with any file, in English; ``wording.sheets`` has other languages."""

    NOT_TEXT = "the file is not UTF-8 text: save it as CSV UTF-8"
    NOT_CSV = "it cannot be read as CSV"
    TOO_MANY_ROWS = "it has more than %(most)d rows: split it"
    NO_SUCH_COLUMN = "column %(at)d is none of %(columns)s"
    COLUMN_TWICE = "the column is there twice"
    COLUMN_MISSING = "the column is missing"
    NEITHER_COLUMN = "a column is missing: %(columns)s"
    TOO_MANY_CELLS = "it has more cells than the header"
    MISSING = "it is missing"
    TOO_LONG = "it is longer than %(most)d signs"
    CONTROL_SIGNS = "it holds control signs, such as a line break"
    NO_DATE = "it is no date such as 2026-01-31"
    YEAR = "the year must be between %(first)d and %(last)d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a row, and in which field; ``told`` are the figures that ``why`` names."""

    row: int
    field: str
    why: str
    told: Mapping[str, object] = made(default_factory=dict)

    @property
    def reason(self) -> str:
        """Return what is wrong, in English."""
        return self.why % self.told if self.told else self.why


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row as it stands, its cells by column.

    ``number`` counts as a spreadsheet does, the header being row 1. ``is_longer`` says that it
    has more cells than the header.
    """

    number: int
    cells: Mapping[str, str] = made(repr=False)
    is_longer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """The rows of a file that are not empty.

    Where the file or its header is not as it must be, there are none, and ``faults`` says why.
    """

    rows: tuple[Line, ...]
    faults: tuple[Fault, ...]


def read_lines(
    content: bytes,
    *,
    columns: Sequence[str],
    needed: frozenset[str],
    either: tuple[str, ...] = (),
) -> Lines:
    """Read a CSV file: UTF-8 with or without a mark, commas or semicolons, a header first.

    ``needed`` are the columns that it must have, ``either`` those of which it must have one.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _refused(Why.NOT_TEXT)
    header, _, _ = text.partition("\n")
    delimiter = ";" if header.count(";") > header.count(",") else ","
    lines = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        cells = list(islice(lines, MOST_ROWS + 2))
    except csv.Error:
        return _refused(Why.NOT_CSV, row=lines.line_num)
    if len(cells) > MOST_ROWS + 1:
        return _refused(Why.TOO_MANY_ROWS, told={"most": MOST_ROWS})
    names = tuple(name.strip().casefold() for name in cells[0]) if cells else ()
    faults = list(_of_header(names, columns, needed))
    if either and not set(either) & set(names):
        told = {"columns": " or ".join(either)}
        faults.append(Fault(row=1, field=either[0], why=Why.NEITHER_COLUMN, told=told))
    if faults:
        return Lines(rows=(), faults=tuple(faults))
    rows = tuple(
        Line(
            number=number,
            cells=dict(zip(names, (cell.strip() for cell in line), strict=False)),
            is_longer=len(line) > len(names),
        )
        for number, line in enumerate(cells[1:], start=2)
        if any(cell.strip() for cell in line)
    )
    return Lines(rows=rows, faults=())


def _refused(why: Why, *, row: int = 1, told: Mapping[str, object] | None = None) -> Lines:
    return Lines(rows=(), faults=(Fault(row=row, field="", why=why, told=told or {}),))


def _of_header(
    names: Sequence[str], columns: Sequence[str], needed: frozenset[str]
) -> Iterator[Fault]:
    # Of one name more than there are columns, one is foreign or twice there: that is enough.
    for at, name in enumerate(names[: len(columns) + 1], start=1):
        if name not in columns:
            told = {"at": at, "columns": ", ".join(columns)}
            yield Fault(row=1, field="", why=Why.NO_SUCH_COLUMN, told=told)
        elif name in names[: at - 1]:
            yield Fault(row=1, field=name, why=Why.COLUMN_TWICE)
    for name in sorted(needed - set(names)):
        yield Fault(row=1, field=name, why=Why.COLUMN_MISSING)


class Cells:
    """Takes typed fields out of one row, and gathers what is wrong with it."""

    def __init__(self, line: Line, longest: Mapping[str, int]) -> None:
        """Look at a row; ``longest`` is how many signs each column may hold."""
        self._line = line
        self.faults: list[Fault] = []
        if line.is_longer:
            self.fault("", Why.TOO_MANY_CELLS)
        self.texts = {name: self._text(name, most) for name, most in longest.items()}

    def fault(self, field: str, why: str, **told: object) -> None:
        """Keep what is wrong with a field."""
        self.faults.append(Fault(row=self._line.number, field=field, why=why, told=told))

    def needed(self, name: str) -> str:
        """Return the text of a field that must not be empty."""
        if not self.texts[name]:
            self.fault(name, Why.MISSING)
        return self.texts[name]

    def day(self, name: str) -> date | None:
        """Return a date; None where there is none, or no good one."""
        text = self.texts[name]
        if not text:
            return None
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = None
        if day is None or day.isoformat() != text:
            self.fault(name, Why.NO_DATE)
            return None
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fault(name, Why.YEAR, first=FIRST_YEAR, last=LAST_YEAR)
            return None
        return day

    def _text(self, name: str, most: int) -> str:
        text = self._line.cells.get(name, "")
        if len(text) > most:
            self.fault(name, Why.TOO_LONG, most=most)
            return text[:most]
        if any(sign < " " or sign == "\x7f" for sign in text):
            self.fault(name, Why.CONTROL_SIGNS)
        return text
