"""Read the receipts of a body that takes files: its answer to each line, or what is wrong with it.

What a row says is never repeated in a fault: a slipped column may hold anything.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made
from enum import StrEnum
from io import StringIO
from itertools import islice

MOST_ROWS = 10_000
REFERENCE_LONGEST = 36
REMOTE_ID_LONGEST = 100


class Said(StrEnum):
    """What a body says of a line."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PENDING = "pending"  # it has not decided yet


class Field(StrEnum):
    """What a receipt holds; the last two may be missing."""

    REFERENCE = "reference"
    STATUS = "status"
    REASON = "reason"
    REMOTE_ID = "remote_id"


class Unfit(StrEnum):
    """What can be wrong with a row, or with the file, in English."""

    NOT_TEXT = "the file is not text in the encoding that is set for it"
    NOT_CSV = "it cannot be read as CSV"
    TOO_MANY_ROWS = "it has too many rows: split it"
    COLUMN_MISSING = "the column is missing"
    COLUMN_TWICE = "the column is there twice"
    MISSING = "it is missing"
    TOO_LONG = "it is too long"
    CONTROL_SIGNS = "it holds control signs, such as a line break"
    NO_ANSWER = "it is none of the words that are set for an answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptFormat:
    """How a body writes its receipts: the columns' names, and its words for each answer.

    Letter case counts in neither. ``delimiter`` empty is found in the header.
    """

    columns: Mapping[Field, str]
    accepted: tuple[str, ...] = ("accepted",)
    rejected: tuple[str, ...] = ("rejected",)
    pending: tuple[str, ...] = ("pending",)
    delimiter: str = ""
    encoding: str = "utf-8-sig"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A body's answer to one line; ``row`` counts as a spreadsheet does, the header being row 1.

    ``reason`` is in its own words, not redacted yet; ``remote_id`` is its own id of the record.
    """

    row: int
    reference: str
    said: Said
    reason: str = made(repr=False)
    remote_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a row, and in which field (empty: in the whole of it)."""

    row: int
    field: str
    why: Unfit


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipts:
    """A file as it was read: its good rows, and every fault of the others."""

    rows: tuple[Receipt, ...]
    faults: tuple[Fault, ...]


def read_receipts(content: bytes, how: ReceiptFormat) -> Receipts:
    """Read a CSV file with a header; columns that are not asked for are passed over."""
    try:
        text = content.decode(how.encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        return _refused(Unfit.NOT_TEXT)
    delimiter = how.delimiter or _delimiter(text.partition("\n")[0])
    lines = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        cells = list(islice(lines, MOST_ROWS + 2))
    except csv.Error:
        return _refused(Unfit.NOT_CSV, row=lines.line_num)
    if len(cells) > MOST_ROWS + 1:
        return _refused(Unfit.TOO_MANY_ROWS)
    names = [name.strip().casefold() for name in cells[0]] if cells else []
    if faults := tuple(_of_header(names, how)):
        return Receipts(rows=(), faults=faults)
    places = {
        field: names.index(name.casefold())
        for field, name in how.columns.items()
        if name and name.casefold() in names
    }
    return _receipts(cells[1:], places, how)


def _refused(why: Unfit, row: int = 1) -> Receipts:
    return Receipts(rows=(), faults=(Fault(row=row, field="", why=why),))


def _delimiter(header: str) -> str:
    return max(",;\t|", key=header.count)


def _of_header(names: Sequence[str], how: ReceiptFormat) -> Iterator[Fault]:
    for field in Field:
        count = names.count(how.columns.get(field, "").casefold())
        if count > 1:
            yield Fault(row=1, field=field, why=Unfit.COLUMN_TWICE)
        elif not count and field in (Field.REFERENCE, Field.STATUS):
            yield Fault(row=1, field=field, why=Unfit.COLUMN_MISSING)


def _receipts(
    lines: Sequence[Sequence[str]], places: Mapping[Field, int], how: ReceiptFormat
) -> Receipts:
    words = {
        word.casefold(): said
        for said, known in (
            (Said.ACCEPTED, how.accepted),
            (Said.REJECTED, how.rejected),
            (Said.PENDING, how.pending),
        )
        for word in known
    }
    rows: list[Receipt] = []
    faults: list[Fault] = []
    for number, cells in enumerate(lines, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        told = {field: cells[at].strip() if at < len(cells) else "" for field, at in places.items()}
        said = words.get(told[Field.STATUS].casefold())
        found = list(_faults(number, told, said))
        faults += found
        if said is not None and not found:
            rows.append(
                Receipt(
                    row=number,
                    reference=told[Field.REFERENCE],
                    said=said,
                    reason=told.get(Field.REASON, ""),
                    remote_id=told.get(Field.REMOTE_ID, ""),
                )
            )
    return Receipts(rows=tuple(rows), faults=tuple(faults))


def _faults(number: int, told: Mapping[Field, str], said: Said | None) -> Iterator[Fault]:
    def fault(field: Field, why: Unfit) -> Fault:
        return Fault(row=number, field=field, why=why)

    if not told[Field.REFERENCE]:
        yield fault(Field.REFERENCE, Unfit.MISSING)
    if said is None:
        yield fault(Field.STATUS, Unfit.NO_ANSWER if told[Field.STATUS] else Unfit.MISSING)
    for field, longest in (
        (Field.REFERENCE, REFERENCE_LONGEST),
        (Field.REMOTE_ID, REMOTE_ID_LONGEST),
    ):
        text = told.get(field, "")
        if len(text) > longest:
            yield fault(field, Unfit.TOO_LONG)
        elif not text.isprintable():
            yield fault(field, Unfit.CONTROL_SIGNS)
