"""What a client claims, checked field by field before the store sees it."""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from cec_plugin.sandbox.wire import Json

REFERENCE_LENGTH = 36
TEXT_LENGTHS = {
    "member_number": 64,
    "activity_code": 255,
    "title": 500,
    "credit_type": 64,
    "unit": 32,
}
CREDIT_FIELDS = {*TEXT_LENGTHS, "reference", "amount", "earned_on", "kind"}
AMOUNT = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,2}))?", re.ASCII)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Invalid:
    """A body was refused: each faulty field and what is wrong with it."""

    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A credit that a client asks for; ``hundredths`` of ``unit`` is above zero."""

    reference: str
    member_number: str
    activity_code: str
    title: str
    credit_type: str
    hundredths: int
    unit: str
    earned_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversalClaim:
    """A reversal that a client asks for."""

    reference: str
    reversed_on: date
    reason: str


class Reader:
    """Take fields out of a body and gather what is wrong with them."""

    def __init__(self, body: Json, known: set[str]) -> None:
        """Read ``body``; a field that nobody ``knows`` is a fault, never ignored."""
        self.faults: dict[str, str] = {}
        self._body: Mapping[str, Json] = body if isinstance(body, dict) else {}
        if not isinstance(body, dict):
            self.faults["body"] = "must be a JSON object"
        for name in self._body.keys() - known:
            self.faults[_shown(name)] = "is not a field of this registry"

    def text(self, name: str, limit: int, *, default: str | None = None) -> str:
        """Return a text of at most ``limit`` characters, without control characters."""
        value = self._body.get(name, default)
        if value is None:
            return self._fault(name, "is required")
        if not isinstance(value, str):
            return self._fault(name, "must be a text")
        if not value.strip() and default is None:
            return self._fault(name, "must not be empty")
        if len(value) > limit:
            return self._fault(name, f"must have at most {limit} characters")
        if any(unicodedata.category(character) in {"Cc", "Cs"} for character in value):
            return self._fault(name, "must not have control characters")
        return value

    def day(self, name: str) -> date:
        """Return a day."""
        value = self._body.get(name)
        try:
            if isinstance(value, str) and DAY.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        self._fault(name, "must be a day as YYYY-MM-DD" if value is not None else "is required")
        return date.min

    def hundredths(self, name: str) -> int:
        """Return an amount above zero, in hundredths."""
        value = self._body.get(name)
        found = AMOUNT.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            why = 'must be a text such as "10.00", with at most 2 decimals'
            self._fault(name, why if value is not None else "is required")
            return 0
        hundredths = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))
        if not hundredths:
            self._fault(name, "must be above zero")
        return hundredths

    def truth(self, name: str) -> bool:
        """Return whether something holds."""
        value = self._body.get(name)
        if not isinstance(value, bool):
            self._fault(name, "must be true or false")
        return value is True

    def texts(self, name: str, limit: int) -> tuple[str, ...]:
        """Return a list of texts that are not empty."""
        value = self._body.get(name)
        given = value if isinstance(value, list) else []
        if not given or not all(isinstance(one, str) and 0 < len(one) <= limit for one in given):
            self._fault(name, f"must be a list of texts, each of at most {limit} characters")
            return ()
        return tuple(given)

    def _fault(self, name: str, why: str) -> str:
        self.faults[name] = why
        return ""


def read_claim(body: Json, *, reference: str | None = None) -> Claim | Invalid:
    """Read a credit; ``reference`` is the one in the path, or the body has to bring it."""
    reader = Reader(body, CREDIT_FIELDS)
    own = reader.text("reference", REFERENCE_LENGTH, default=reference)
    if reference is not None and own != reference and "reference" not in reader.faults:
        reader.faults["reference"] = "differs from the one in the path"
    if "reference" not in reader.faults and not own.strip():
        reader.faults["reference"] = "must not be empty"
    if reader.text("kind", 16, default="award") != "award":
        reader.faults.setdefault("kind", 'must be "award"')
    claim = Claim(
        reference=own,
        hundredths=reader.hundredths("amount"),
        earned_on=reader.day("earned_on"),
        **{name: reader.text(name, limit) for name, limit in TEXT_LENGTHS.items()},
    )
    return Invalid(reader.faults) if reader.faults else claim


def read_reversal(body: Json) -> ReversalClaim | Invalid:
    """Read a reversal; the reason may be left out."""
    reader = Reader(body, {"reference", "reversed_on", "reason"})
    claim = ReversalClaim(
        reference=reader.text("reference", REFERENCE_LENGTH),
        reversed_on=reader.day("reversed_on"),
        reason=reader.text("reason", 500, default=""),
    )
    return Invalid(reader.faults) if reader.faults else claim


def parse_json(body: bytes) -> Json:
    """Return what the body says.

    Raises:
        ValueError: it is no JSON in UTF-8, or says what JSON cannot (NaN).
    """
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError as deep:
        raise ValueError("nested too deeply") from deep


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _shown(name: str) -> str:
    return name[:64].encode("utf-8", "replace").decode("utf-8")
