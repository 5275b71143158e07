"""How rows of the database become records and back."""

import sqlite3
from datetime import date

from cec_plugin.sandbox.claims import Claim, ReversalClaim
from cec_plugin.sandbox.records import Approval, Credit, Member, Reversal, State

NOW = 1e18  # a moment after all that ever happened

# As of a moment, in seconds since 1970: each credit as the last change until then left it.
CREDITS = """
SELECT c.*, k.cursor, k.approval, r.reference AS reversal_reference, r.reversed_on
FROM changes k
JOIN credits c ON c.id = k.credit_id
LEFT JOIN reversals r ON r.credit_id = c.id AND k.reversed
WHERE k.cursor = (
    SELECT MAX(l.cursor) FROM changes l WHERE l.credit_id = k.credit_id AND l.at <= ?
)
"""
REVERSALS = """
SELECT r.*, c.reference AS credit_reference
FROM reversals r JOIN credits c ON c.id = r.credit_id
"""


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
        approval=Approval(row["approval"]),
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


def credits_under(
    connection: sqlite3.Connection, reference: str | None, *, moment: float = NOW
) -> tuple[Credit, ...]:
    """Return the credits under a sender's reference; ``None`` finds nothing."""
    rows = connection.execute(f"{CREDITS} AND c.reference = ? ORDER BY c.id", [moment, reference])
    return tuple(map(to_credit, rows))


def credit_with(
    connection: sqlite3.Connection, credit_id: int, *, moment: float = NOW
) -> Credit | None:
    """Return the credit with the registry's own id."""
    row = connection.execute(f"{CREDITS} AND c.id = ?", [moment, credit_id]).fetchone()
    return to_credit(row) if row else None


def reversed_by(connection: sqlite3.Connection, reference: str) -> Credit | None:
    """Return the credit that was reversed under a sender's reference."""
    known = "SELECT credit_id FROM reversals WHERE reference = ?"
    row = connection.execute(known, [reference]).fetchone()
    return credit_with(connection, row["credit_id"]) if row else None


def add_credit(
    connection: sqlite3.Connection,
    claim: Claim,
    reference: str | None,
    *,
    approval: Approval = Approval.NONE,
    now: float,
) -> Credit:
    """Add a row for the claim under ``reference`` and return it."""
    added = connection.execute(
        "INSERT INTO credits (reference, member_number, activity_code, title, credit_type,"
        " hundredths, unit, earned_on) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
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
    return _change(connection, added.lastrowid or 0, approval, reversed_=False, now=now)


def add_reversal(
    connection: sqlite3.Connection, credit: Credit, claim: ReversalClaim, *, now: float
) -> Credit:
    """Reverse a credit and return it as it is then."""
    connection.execute(
        "INSERT INTO reversals (credit_id, reference, reversed_on, reason) VALUES (?, ?, ?, ?)",
        [credit.id, claim.reference, claim.reversed_on.isoformat(), claim.reason],
    )
    return _change(connection, credit.id, credit.approval, reversed_=True, now=now)


def approve(
    connection: sqlite3.Connection, credit: Credit, approval: Approval, *, now: float
) -> Credit:
    """Decide on a credit and return it as it is then."""
    reversed_ = credit.state is State.REVERSED
    return _change(connection, credit.id, approval, reversed_=reversed_, now=now)


def _change(
    connection: sqlite3.Connection,
    credit_id: int,
    approval: Approval,
    *,
    reversed_: bool,
    now: float,
) -> Credit:
    connection.execute(
        "INSERT INTO changes (credit_id, at, approval, reversed) VALUES (?, ?, ?, ?)",
        [credit_id, now, approval.value, reversed_],
    )
    row = connection.execute(f"{CREDITS} AND c.id = ?", [NOW, credit_id]).fetchone()
    return to_credit(row)


def put_member(connection: sqlite3.Connection, member: Member) -> None:
    """Add a member, or replace the one with that number."""
    connection.execute(
        "INSERT INTO members (number, name, standing) VALUES (?, ?, ?)"
        " ON CONFLICT (number) DO UPDATE SET name = excluded.name, standing = excluded.standing",
        [member.number, member.name, member.standing],
    )
