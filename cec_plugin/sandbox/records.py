"""What the registry knows: members, credits and reversals, and how they look as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cec_plugin.sandbox.wire import Json


class State(StrEnum):
    """Whether a credit counts."""

    ACTIVE = "active"
    REVERSED = "reversed"


class Approval(StrEnum):
    """What the registry decided on a credit; ``NONE`` where it decides on nothing."""

    NONE = ""
    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member; ``number`` is the registry's own key for the person."""

    number: str
    name: str
    standing: str = "active"

    def to_json(self) -> Json:
        """Return the member as the protocol shows it."""
        return {"number": self.number, "name": self.name, "standing": self.standing}

    @classmethod
    def from_json(cls, row: Mapping[str, Json]) -> "Member":
        """Read what ``to_json`` wrote."""
        return cls(number=row["number"], name=row["name"], standing=row["standing"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """A credit as the registry keeps it.

    ``id`` is the registry's own. ``reference`` is the sender's, ``None`` where it was lost.
    ``hundredths`` of ``unit`` is above zero. ``cursor`` counts changes, over all credits.
    """

    id: int
    reference: str | None
    state: State
    member_number: str
    activity_code: str
    title: str
    credit_type: str
    hundredths: int
    unit: str
    earned_on: date
    cursor: int
    reversal_reference: str | None = None
    reversed_on: date | None = None
    kind: str = "award"
    approval: Approval = Approval.NONE

    @property
    def amount(self) -> str:
        """Return the amount with two decimals."""
        return f"{self.hundredths // 100}.{self.hundredths % 100:02d}"

    def to_json(self) -> Json:
        """Return the row as the protocol shows it."""
        return {
            "id": self.id,
            "reference": self.reference,
            "state": self.state.value,
            "member_number": self.member_number,
            "activity_code": self.activity_code,
            "title": self.title,
            "credit_type": self.credit_type,
            "amount": self.amount,
            "unit": self.unit,
            "earned_on": self.earned_on.isoformat(),
            "kind": self.kind,
            "approval": self.approval.value,
            "reversal_reference": self.reversal_reference,
            "reversed_on": self.reversed_on and self.reversed_on.isoformat(),
            "cursor": str(self.cursor),
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Json]) -> "Credit":
        """Read what ``to_json`` wrote."""
        whole, cents = row["amount"].split(".")
        reversed_on = row["reversed_on"]
        return cls(
            id=row["id"],
            reference=row["reference"],
            state=State(row["state"]),
            member_number=row["member_number"],
            activity_code=row["activity_code"],
            title=row["title"],
            credit_type=row["credit_type"],
            hundredths=int(whole) * 100 + int(cents),
            unit=row["unit"],
            earned_on=date.fromisoformat(row["earned_on"]),
            kind=row["kind"],
            approval=Approval(row["approval"]),
            reversal_reference=row["reversal_reference"],
            reversed_on=date.fromisoformat(reversed_on) if reversed_on else None,
            cursor=int(row["cursor"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """A reversal in the order seen; ``credit_id`` is the registry's id of the credit."""

    id: int
    credit_id: int
    credit_reference: str | None
    reference: str
    reversed_on: date
    reason: str

    def to_json(self) -> Json:
        """Return the row as the control surface shows it."""
        return {
            "id": self.id,
            "credit_id": self.credit_id,
            "credit_reference": self.credit_reference,
            "reference": self.reference,
            "reversed_on": self.reversed_on.isoformat(),
            "reason": self.reason,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Json]) -> "Reversal":
        """Read what ``to_json`` wrote."""
        return cls(**{**row, "reversed_on": date.fromisoformat(row["reversed_on"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryData:
    """Everything the registry holds, rows without a reference included."""

    members: tuple[Member, ...]
    credits: tuple[Credit, ...]
    reversals: tuple[Reversal, ...]
