"""What whoever controls the registry tells it, checked as a client's claims are."""

from dataclasses import dataclass

from cec_plugin.sandbox.claims import REFERENCE_LENGTH, TEXT_LENGTHS, Invalid, Reader
from cec_plugin.sandbox.records import Member
from cec_plugin.sandbox.wire import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the registry's staff decided on a credit."""

    reference: str
    approved: bool


def read_member(body: Json) -> Member | Invalid:
    """Read a member; the standing may be left out."""
    reader = Reader(body, {"number", "name", "standing"})
    member = Member(
        number=reader.text("number", TEXT_LENGTHS["member_number"]),
        name=reader.text("name", 255),
        standing=reader.text("standing", 32, default="active"),
    )
    return Invalid(reader.faults) if reader.faults else member


def read_decision(body: Json) -> Decision | Invalid:
    """Read what was decided on a credit."""
    reader = Reader(body, {"reference", "approved"})
    decision = Decision(
        reference=reader.text("reference", REFERENCE_LENGTH), approved=reader.truth("approved")
    )
    return Invalid(reader.faults) if reader.faults else decision


def read_secrets(body: Json) -> tuple[str, ...] | Invalid:
    """Read the secrets by which calls may be signed."""
    reader = Reader(body, {"hmac_secrets"})
    secrets = reader.texts("hmac_secrets", 255)
    return Invalid(reader.faults) if reader.faults else secrets
