"""The registry's own data, with one row for each reference however many clients send it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from cec_plugin.sandbox.claims import Claim, ReversalClaim
from cec_plugin.sandbox.database import Database
from cec_plugin.sandbox.records import Credit, Member, RegistryData, State
from cec_plugin.sandbox.rows import (
    CREDITS,
    REVERSALS,
    Key,
    add_credit,
    find_credit,
    get_credit,
    put_member,
    to_credit,
    to_member,
    to_reversal,
)


class RefusalCode(StrEnum):
    """Why the registry does not do what it was asked."""

    MEMBER_NOT_FOUND = "member_not_found"
    CREDIT_NOT_FOUND = "credit_not_found"
    CONFLICT = "conflict"
    REVERSED = "reversed"
    ALREADY_REVERSED = "already_reversed"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing was written; ``stored`` is the row that stands in the way."""

    code: RefusalCode
    stored: Credit | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """The row is there; ``created`` says whether it is new."""

    credit: Credit
    created: bool = False


class Store:
    """Members, credits and reversals. ``members`` are there from the start and after a reset."""

    def __init__(self, path: str = ":memory:", members: Iterable[Member] = ()) -> None:
        """Open the data at ``path``, a file or ``:memory:``."""
        self.database = Database(path)
        self._first_members = tuple(members)
        for member in self._first_members:
            self.put_member(member)

    def close(self) -> None:
        """Close the data."""
        self.database.close()

    def reset(self) -> None:
        """Forget everything but the first members; ids and cursors begin anew."""
        with self.database.writing() as connection:
            connection.execute("DELETE FROM reversals")
            connection.execute("DELETE FROM credits")
            connection.execute("DELETE FROM members")
            connection.execute("DELETE FROM sqlite_sequence")
            for member in self._first_members:
                put_member(connection, member)

    def put_member(self, member: Member) -> None:
        """Add a member, or replace the one with that number."""
        with self.database.writing() as connection:
            put_member(connection, member)

    def member(self, number: str) -> Member | None:
        """Find a member by the exact number."""
        with self.database.reading() as connection:
            row = connection.execute("SELECT * FROM members WHERE number = ?", [number]).fetchone()
        return to_member(row) if row else None

    def put_credit(self, claim: Claim, *, lose_reference: bool = False) -> Kept | Refusal:
        """Keep a credit once; an equal one again is the same row.

        With ``lose_reference`` the row has none, so each call makes another.
        """
        reference = None if lose_reference else claim.reference
        with self.database.writing() as connection:
            stored = find_credit(connection, Key.REFERENCE, reference)
            if stored:
                return _again(stored, claim)
            known = "SELECT 1 FROM members WHERE number = ?"
            if not connection.execute(known, [claim.member_number]).fetchone():
                return Refusal(RefusalCode.MEMBER_NOT_FOUND)
            return Kept(add_credit(connection, claim, reference), created=True)

    def reverse_credit(self, reference: str, claim: ReversalClaim) -> Kept | Refusal:
        """Reverse a credit once; the same reversal reference again changes nothing."""
        with self.database.writing() as connection:
            credit = find_credit(connection, Key.REFERENCE, reference)
            if not credit:
                return Refusal(RefusalCode.CREDIT_NOT_FOUND)
            if credit.reversal_reference == claim.reference:
                return Kept(credit)
            if credit.state is State.REVERSED:
                return Refusal(RefusalCode.ALREADY_REVERSED, credit)
            other = find_credit(connection, Key.REVERSAL, claim.reference)
            if other:
                return Refusal(RefusalCode.CONFLICT, other)
            connection.execute(
                "INSERT INTO reversals (credit_id, reference, reversed_on, reason)"
                " VALUES (?, ?, ?, ?)",
                [credit.id, claim.reference, claim.reversed_on.isoformat(), claim.reason],
            )
            connection.execute(
                "UPDATE credits SET cursor = (SELECT MAX(cursor) + 1 FROM credits) WHERE id = ?",
                [credit.id],
            )
            return Kept(get_credit(connection, credit.id))

    def credit(self, reference: str) -> Credit | None:
        """Find a credit by the sender's reference."""
        with self.database.reading() as connection:
            return find_credit(connection, Key.REFERENCE, reference)

    def credit_by_id(self, credit_id: int) -> Credit | None:
        """Find a credit by the registry's own id."""
        with self.database.reading() as connection:
            return find_credit(connection, Key.ID, credit_id)

    def credits_since(self, cursor: int, limit: int) -> tuple[tuple[Credit, ...], bool]:
        """Return credits changed after ``cursor`` in that order, and whether there are more."""
        with self.database.reading() as connection:
            rows = connection.execute(
                f"{CREDITS} WHERE c.cursor > ? ORDER BY c.cursor LIMIT ?", [cursor, limit + 1]
            ).fetchall()
        return tuple(map(to_credit, rows[:limit])), len(rows) > limit

    def everything(self) -> RegistryData:
        """Return all rows of one moment, credits and reversals in the order in which they came."""
        with self.database.reading() as connection:
            members = connection.execute("SELECT * FROM members ORDER BY number").fetchall()
            credits_ = connection.execute(f"{CREDITS} ORDER BY c.id").fetchall()
            reversals = connection.execute(f"{REVERSALS} ORDER BY r.id").fetchall()
        return RegistryData(
            members=tuple(map(to_member, members)),
            credits=tuple(map(to_credit, credits_)),
            reversals=tuple(map(to_reversal, reversals)),
        )


def _again(stored: Credit, claim: Claim) -> Kept | Refusal:
    if stored.state is State.REVERSED:
        return Refusal(RefusalCode.REVERSED, stored)
    kept = Claim(
        reference=claim.reference,
        member_number=stored.member_number,
        activity_code=stored.activity_code,
        title=stored.title,
        credit_type=stored.credit_type,
        hundredths=stored.hundredths,
        unit=stored.unit,
        earned_on=stored.earned_on,
    )
    return Kept(stored) if kept == claim else Refusal(RefusalCode.CONFLICT, stored)
