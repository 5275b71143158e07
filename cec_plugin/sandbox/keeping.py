"""How the registry takes what it is sent: once for each reference, unless it keeps badly."""

import json
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import TypeAlias

from cec_plugin.sandbox.claims import Claim
from cec_plugin.sandbox.records import Approval, Credit, State
from cec_plugin.sandbox.rows import add_credit, credits_under


class RefusalCode(StrEnum):
    """Why the registry does not do what it was asked."""

    MEMBER_NOT_FOUND = "member_not_found"
    CREDIT_NOT_FOUND = "credit_not_found"
    CONFLICT = "conflict"
    REVERSED = "reversed"
    ALREADY_REVERSED = "already_reversed"
    SEVERAL = "several"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing was written; ``stored`` are the rows that stand in the way."""

    code: RefusalCode
    stored: tuple[Credit, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """The row is there.

    ``created`` says whether it is new, ``doubled`` whether there was one under its reference.
    """

    credit: Credit
    created: bool = False
    doubled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """The row will be there later; until then there is a receipt."""

    receipt: str
    reference: str


Taken: TypeAlias = Kept | Promised | Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What the registry does wrongly with a row, or later.

    ``doubles`` has it add a row whatever stands under the reference. ``approves`` has it decide on
    each row later.
    """

    lose_reference: bool = False
    doubles: bool = False
    approves: bool = False


PROPERLY = Keeping()


def take(
    connection: sqlite3.Connection,
    claim: Claim,
    keeping: Keeping,
    *,
    now: float,
    later_s: float | None = None,
) -> Taken:
    """Keep a credit once; an equal one again is the same row.

    With ``later_s`` it is kept so many seconds later only. ``now`` is in seconds since 1970.
    """
    reference = None if keeping.lose_reference else claim.reference
    stored = credits_under(connection, reference)
    if stored and not keeping.doubles and (later_s is None or not _is(stored, claim)):
        return _again(stored, claim)
    known = "SELECT 1 FROM members WHERE number = ?"
    if not connection.execute(known, [claim.member_number]).fetchone():
        return Refusal(RefusalCode.MEMBER_NOT_FOUND)
    if later_s is not None:
        return _promise(connection, claim, keeping, due_at=now + later_s)
    approval = Approval.WAITING if keeping.approves else Approval.NONE
    credit = add_credit(connection, claim, reference, approval=approval, now=now)
    return Kept(credit, created=True, doubled=bool(stored))


def let_arrive(connection: sqlite3.Connection, *, due_by: float, now: float) -> int:
    """Keep all that was promised by then, and return how many that were."""
    promised = connection.execute(
        "SELECT * FROM waiting WHERE due_at <= ? ORDER BY due_at, id", [due_by]
    ).fetchall()
    for row in promised:
        keeping = Keeping(**json.loads(row["keeping"]))
        take(connection, _claim_from(json.loads(row["claim"])), keeping, now=now)
    connection.execute("DELETE FROM waiting WHERE due_at <= ?", [due_by])
    return len(promised)


def _promise(
    connection: sqlite3.Connection, claim: Claim, keeping: Keeping, *, due_at: float
) -> Promised | Refusal:
    content = json.dumps(asdict(claim), default=date.isoformat)
    waiting = connection.execute(
        "SELECT receipt, claim FROM waiting WHERE reference = ?", [claim.reference]
    ).fetchone()
    if waiting and not (keeping.doubles or keeping.lose_reference):
        if waiting["claim"] != content:
            return Refusal(RefusalCode.CONFLICT)
        return Promised(receipt=waiting["receipt"], reference=claim.reference)
    receipt = secrets.token_hex(8)
    connection.execute(
        "INSERT INTO waiting (receipt, due_at, reference, claim, keeping) VALUES (?, ?, ?, ?, ?)",
        [receipt, due_at, claim.reference, content, json.dumps(asdict(keeping))],
    )
    return Promised(receipt=receipt, reference=claim.reference)


def _claim_from(row: Mapping[str, str | int]) -> Claim:
    earned_on = date.fromisoformat(str(row["earned_on"]))
    return Claim(**{**row, "earned_on": earned_on})  # type: ignore[arg-type]


def _again(stored: tuple[Credit, ...], claim: Claim) -> Kept | Refusal:
    if len(stored) > 1:
        return Refusal(RefusalCode.SEVERAL, stored)
    if stored[0].state is State.REVERSED:
        return Refusal(RefusalCode.REVERSED, stored)
    return Kept(stored[0]) if _is(stored, claim) else Refusal(RefusalCode.CONFLICT, stored)


def _is(stored: tuple[Credit, ...], claim: Claim) -> bool:
    """Say whether the rows are one that stands, with the content of the claim."""
    if len(stored) > 1 or stored[0].state is State.REVERSED:
        return False
    kept = Claim(
        reference=claim.reference,
        member_number=stored[0].member_number,
        activity_code=stored[0].activity_code,
        title=stored[0].title,
        credit_type=stored[0].credit_type,
        hundredths=stored[0].hundredths,
        unit=stored[0].unit,
        earned_on=stored[0].earned_on,
    )
    return kept == claim
