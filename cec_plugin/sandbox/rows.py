"""How rows of the database become records and back."""

import sqlite3
from datetime import date
from enum import StrEnum

from cec_plugin.sandbox.claims import Claim
from cec_plugin.sandbox.records import Credit, Member, Reversal, State

CREDITS = """
SELECT c.*, r.reference AS reversal_reference, r.reversed_on
FROM credits c LEFT JOIN reversals r ON r.credit_id = c.id
"""
REVERSALS = """
SELECT r.*, c.reference AS credit_reference
FROM reversals r JOIN credits c ON c.id = r.credit_id
"""


class Key(StrEnum):
    """A column by which one credit is found; the database holds each of them unique."""

    REFERENCE = "c.reference"
    ID = "c.id"
    REVERSAL = "r.reference"


def to_member(row: sqlite3.Row) -> Member:
    """Return the member of a row."""
    return Member(number=row["number"], name=row["name"], standing=row["standing"])


def to_credit(row: sqlite3.Row) -> Credit:
    """Return the credit of a row of ``CREDITS``."""
    reversed_on = row["reversed_on"]
    return Credit(
        id=row["id"],
        reference=row["reference"],
        state=State.REVERSED if reversed_on else State.ACTIVE,
        member_number=row["member_number"],
        activity_code=row["activity_code"],
        title=row["title"],
        credit_type=row["credit_type"],
        hundredths=row["hundredths"],
        unit=row["unit"],
        earned_on=date.fromisoformat(row["earned_on"]),
        cursor=row["cursor"],
        reversal_reference=row["reversal_reference"],
        reversed_on=date.fromisoformat(reversed_on) if reversed_on else None,
    )


def to_reversal(row: sqlite3.Row) -> Reversal:
    """Return the reversal of a row of ``REVERSALS``."""
    return Reversal(
        id=row["id"],
        credit_id=row["credit_id"],
        credit_reference=row["credit_reference"],
        reference=row["reference"],
        reversed_on=date.fromisoformat(row["reversed_on"]),
        reason=row["reason"],
    )


def find_credit(connection: sqlite3.Connection, by: Key, value: str | int | None) -> Credit | None:
    """Find a credit by one of its keys; ``None`` finds nothing."""
    row = connection.execute(f"{CREDITS} WHERE {by.value} = ?", [value]).fetchone()
    return to_credit(row) if row else None


def get_credit(connection: sqlite3.Connection, credit_id: int) -> Credit:
    """Return a credit that is known to be there."""
    return to_credit(connection.execute(f"{CREDITS} WHERE c.id = ?", [credit_id]).fetchone())


def add_credit(connection: sqlite3.Connection, claim: Claim, reference: str | None) -> Credit:
    """Add a row for the claim under ``reference`` and return it."""
    added = connection.execute(
        "INSERT INTO credits (reference, member_number, activity_code, title, credit_type,"
        " hundredths, unit, earned_on, cursor)"
        " SELECT ?, ?, ?, ?, ?, ?, ?, ?, COALESCE(MAX(cursor), 0) + 1 FROM credits",
        [
            reference,
            claim.member_number,
            claim.activity_code,
            claim.title,
            claim.credit_type,
            claim.hundredths,
            claim.unit,
            claim.earned_on.isoformat(),
        ],
    )
    return get_credit(connection, added.lastrowid or 0)


def put_member(connection: sqlite3.Connection, member: Member) -> None:
    """Add a member, or replace the one with that number."""
    connection.execute(
        "INSERT INTO members (number, name, standing) VALUES (?, ?, ?)"
        " ON CONFLICT (number) DO UPDATE SET name = excluded.name, standing = excluded.standing",
        [member.number, member.name, member.standing],
    )
