"""Files for bodies that take files: what a line says, whether it fits, and how a file is written.

A file goes through people's hands and spreadsheets, so no cell may be taken for a formula; a number
or a reference that would be is refused, since an apostrophe before it would make it another one.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from cec_plugin.domain.credits import fixed_hundredths, format_hundredths
from cec_plugin.domain.spreadsheets import plain


class Part(StrEnum):
    """What a cell may hold."""

    REFERENCE = "reference"
    KIND = "kind"
    MEMBER_NUMBER = "member_number"
    ACTIVITY = "activity"
    TITLE = "title"
    CREDIT_TYPE = "credit_type"
    AMOUNT = "amount"
    UNIT = "unit"
    EARNED_ON = "earned_on"
    ROLE = "role"
    AWARD_REFERENCE = "award_reference"
    REMOTE_ID = "remote_id"
    REVERSED_ON = "reversed_on"
    REASON = "reason"


KEYS = (Part.REFERENCE, Part.MEMBER_NUMBER, Part.ACTIVITY, Part.CREDIT_TYPE, Part.ROLE)
"""What a body looks things up by: written as it is, or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterRow:
    """A line of a file. ``hundredths`` is above zero, also where a credit is taken back.

    ``award_reference`` is what a reversal takes back, empty for a credit; ``remote_id`` is the
    body's own id of that, if it ever told one, and ``reason`` the code of why. ``earned_on`` is the
    credit's day in both.
    """

    reference: str
    member_number: str = field(repr=False)
    activity: str
    title: str
    credit_type: str
    hundredths: int
    unit: str
    earned_on: date
    role: str
    award_reference: str = ""
    remote_id: str = ""
    reversed_on: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column by its name: it holds a part of the line, or in every line the same text."""

    name: str
    part: Part | None = None
    constant: str = ""


COLUMNS = tuple(Column(name=part.value, part=part) for part in list(Part)[:10])


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterFormat:
    """How a body takes its files. ``lines`` is the most that one holds.

    ``window_days`` is for how many days after the day on which it was earned the body takes a
    credit, 0 for ever; ``warn_days`` before its end somebody is warned. ``reversal_kind`` is what a
    line that takes back is called, empty where the body takes none; with ``reversal_by_reference``
    it names nobody, the body finding the credit by our reference or its own id.
    """

    columns: tuple[Column, ...] = COLUMNS
    delimiter: str = ","
    encoding: str = "utf-8"
    header: bool = True
    date_format: str = "%Y-%m-%d"
    decimals: int = 2
    decimal_sign: str = "."
    pad_amount: bool = True
    credit_kind: str = "credit"
    reversal_kind: str = ""
    reversal_by_reference: bool = False
    reference_length: int = 36
    unit: str = ""
    lines: int = 500
    window_days: int = 0
    warn_days: int = 7


def fault_of(row: RosterRow, how: RosterFormat, *, today: date) -> str:
    """Say why a body cannot take a line, nothing where it can. Names no value that says who.

    ``today`` is the day where the organization is. The window is for credits alone.
    """
    if len(row.reference) > how.reference_length:
        return f"our reference has more than the {how.reference_length} characters it keeps"
    if row.hundredths % 10 ** (2 - how.decimals):
        amount = format_hundredths(row.hundredths)
        return f"{amount} has more decimals than the {how.decimals} that it keeps"
    if how.unit and row.unit != how.unit:
        return f"it keeps {how.unit} and no {row.unit}"
    for part in KEYS:
        if why := _unwritable(str(getattr(row, part)), how.encoding):
            return f"the {part.value.replace('_', ' ')} {why}"
    if not row.award_reference and is_late(row.earned_on, how, today=today):
        return f"the window is closed: it takes a credit for {how.window_days} days"
    return ""


def is_late(earned_on: date, how: RosterFormat, *, today: date) -> bool:
    """Say whether a body takes a credit of that day no more."""
    return bool(how.window_days) and today > last_day(earned_on, how)


def last_day(earned_on: date, how: RosterFormat) -> date:
    """Return the last day on which a body takes a credit of that day."""
    return earned_on + timedelta(days=how.window_days)


def _unwritable(text: str, encoding: str) -> str:
    if plain(text) != text:
        return "would be taken for a formula"
    if not text.isprintable():
        return "holds control signs"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return f"cannot be written in {encoding}"
    return ""


def written(rows: Iterable[RosterRow], how: RosterFormat) -> bytes:
    """Return the file. A sign of a title that its encoding lacks becomes a question mark."""
    page = io.StringIO()
    writer = csv.writer(page, delimiter=how.delimiter)
    if how.header:
        writer.writerow([plain(column.name) for column in how.columns])
    for row in rows:
        cells = _cells(row, how)
        writer.writerow(
            [cells[one.part] if one.part is not None else one.constant for one in how.columns]
        )
    return page.getvalue().encode(how.encoding, errors="replace")


def digest_of(content: bytes) -> str:
    """Return what proves that a file reads as it did: 64 hexadecimal characters."""
    return hashlib.sha256(content).hexdigest()


def _cells(row: RosterRow, how: RosterFormat) -> dict[Part, str]:
    return {
        Part.REFERENCE: row.reference,
        Part.KIND: how.reversal_kind if row.award_reference else how.credit_kind,
        Part.MEMBER_NUMBER: row.member_number,
        Part.ACTIVITY: row.activity,
        Part.TITLE: plain(re.sub(r"\s+", " ", row.title).strip()),
        Part.CREDIT_TYPE: row.credit_type,
        Part.AMOUNT: _amount(row.hundredths, how),
        Part.UNIT: row.unit,
        Part.EARNED_ON: row.earned_on.strftime(how.date_format),
        Part.ROLE: row.role,
        Part.AWARD_REFERENCE: row.award_reference,
        Part.REMOTE_ID: plain(row.remote_id),
        Part.REVERSED_ON: row.reversed_on.strftime(how.date_format) if row.reversed_on else "",
        Part.REASON: row.reason,
    }


def _amount(hundredths: int, how: RosterFormat) -> str:
    if not how.pad_amount:
        figure = format_hundredths(hundredths)
    elif how.decimals == 2:
        figure = fixed_hundredths(hundredths)
    else:
        cut = 2 - how.decimals + (how.decimals == 0)  # the point goes with the last decimal
        figure = fixed_hundredths(hundredths)[:-cut]
    return figure.replace(".", how.decimal_sign)
