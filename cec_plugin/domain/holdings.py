"""Read who holds which designation out of a CSV file: values, or what is wrong with each row.

What a row says of a person is never repeated in a fault: a slipped column may hold anything.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from cec_plugin.domain.sheets import Cells, Fault, Line, read_lines

BEGINS = frozenset({"designation", "conferred_on"})
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
    account: str = field(repr=False)
    member_number: str = field(repr=False)
    designation: str
    organization: str
    certificate: str
    conferred_on: date
    status: Status | None
    since: date | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A file as it was read: its good rows, and every fault of the others."""

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]


def read_holdings(content: bytes) -> Sheet:
    """Read a CSV file: UTF-8 with or without a mark, commas or semicolons, a header first."""
    lines = read_lines(content, columns=tuple(LONGEST), needed=BEGINS, either=WHO)
    rows: list[Row] = []
    faults = list(lines.faults)
    for line in lines.rows:
        cells = Cells(line, LONGEST)
        row = _row(line, cells)
        if cells.faults:
            faults += cells.faults
        else:
            rows.append(row)
    return Sheet(rows=tuple(rows), faults=tuple(faults))


def _row(line: Line, cells: Cells) -> Row:
    texts = cells.texts
    if bool(texts["account"]) == bool(texts["member_number"]):
        cells.fault("account", "say who by either account or member_number")
    designation = cells.needed("designation")
    cells.needed("conferred_on")
    conferred_on = cells.day("conferred_on")
    status = _status(cells)
    if status is not None:
        cells.needed("since")
    since = cells.day("since")
    if not texts["status"]:
        for name in ("since", "reason"):
            if texts[name]:
                cells.fault(name, "it belongs to a status, and there is none")
    if conferred_on and since and since < conferred_on:
        cells.fault("since", "it lies before conferred_on")
    return Row(
        number=line.number,
        account=texts["account"],
        member_number=texts["member_number"],
        designation=designation,
        organization=texts["organization"],
        certificate=texts["number"],
        conferred_on=conferred_on or date.min,
        status=status,
        since=since,
        reason=texts["reason"],
    )


def _status(cells: Cells) -> Status | None:
    text = cells.texts["status"]
    known = {one.value: one for one in Status}
    if text and text.casefold() not in known:
        cells.fault("status", "it is one of " + ", ".join(Status))
    return known.get(text.casefold())
