"""How a body takes its roster files and writes its receipts, as data of its registry's row."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from cec_plugin.adapters.registries.options import checked
from cec_plugin.domain.ports import Capabilities
from cec_plugin.domain.roster import COLUMNS, Column, Part, RosterFormat
from cec_plugin.domain.roster_receipts import Field, ReceiptFormat
from cec_plugin.domain.spreadsheets import plain
from cec_plugin.exceptions import ConfigurationError

ENCODINGS = ("utf-8", "utf-8-sig", "iso-8859-1", "iso-8859-15", "cp1252")
DELIMITERS = (",", ";", "\t", "|")
_DATE = re.compile(r"%[Ymdy](?:[-/. ]*%[Ymdy])*\.?")
FIGURES = {
    "decimals": (0, 2),
    "reference_length": (1, 1_000),
    "lines": (1, 10_000),
    "window_days": (0, 3_650),
    "warn_days": (0, 3_650),
}
CHOICES: Mapping[str, Sequence[str]] = {
    "delimiter": DELIMITERS,
    "receipt_delimiter": ("", *DELIMITERS),
    "encoding": ENCODINGS,
    "receipt_encoding": ENCODINGS,
    "decimal_sign": (".", ","),
}
ANSWERS = ("accepted_values", "rejected_values", "pending_values")
NEEDED = (Part.REFERENCE, Part.MEMBER_NUMBER, Part.AMOUNT, Part.EARNED_ON)
USUAL_NAMES: Mapping[Field, str] = {
    Field.REFERENCE: "reference",
    Field.STATUS: "status",
    Field.REASON: "reason",
    Field.REMOTE_ID: "id",
}
PLAIN = {one.name: one for one in fields(RosterFormat) if one.name != "columns"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterOptions:
    """The files that a body takes, and the receipts that it gives for them."""

    file: RosterFormat
    receipts: ReceiptFormat

    @classmethod
    def from_json(cls, given: object) -> "RosterOptions":
        """Read the options of a registry's row.

        Raises:
            ConfigurationError: an option is unknown or cannot be used; it is named.
        """
        told = checked(given, _fault_of_one)
        columns = _columns(told["columns"]) if "columns" in told else COLUMNS
        file = RosterFormat(
            columns=columns, **{name: value for name, value in told.items() if name in PLAIN}
        )
        if file.delimiter == file.decimal_sign:
            raise ConfigurationError("options, 'decimal_sign': it is the delimiter")
        words = {
            name.removesuffix("_values"): tuple(told[name]) for name in ANSWERS if name in told
        }
        receipts = ReceiptFormat(
            columns={**USUAL_NAMES, **told.get("receipt_columns", {})},
            delimiter=told.get("receipt_delimiter", ""),
            encoding=told.get("receipt_encoding", "utf-8-sig"),
            **words,
        )
        known = [
            word.casefold()
            for words in (receipts.accepted, receipts.rejected, receipts.pending)
            for word in words
        ]
        if len(known) > len(set(known)):
            raise ConfigurationError("options, 'accepted_values': a word stands for two answers")
        return cls(file=file, receipts=receipts)

    @property
    def capabilities(self) -> Capabilities:
        """Say what a body with these options can do: take lines, and confirm them later.

        An equal line is never in two files at a time, so writing it again is no second record.
        """
        return Capabilities(
            upsert=True,
            finds=False,
            lists=False,
            reverses=bool(self.file.reversal_kind),
            members=False,
            bulk=self.file.lines,
            partial_bulk=True,
            reference_length=self.file.reference_length,
            decimals=self.file.decimals,
            date_only=True,
            unit=self.file.unit,
            receipts=True,
        )


def _fault_of_one(name: str, value: Any) -> str:
    if name == "columns":
        return _fault_of_columns(value)
    if name == "receipt_columns":
        return _fault_of_names(value)
    if name in ANSWERS:
        texts = isinstance(value, list) and all(isinstance(one, str) and one for one in value)
        return "" if texts else "it must be a list of texts"
    if name in CHOICES:
        told = ", ".join(repr(one) for one in CHOICES[name])
        return "" if value in CHOICES[name] else f"it is one of {told}"
    if name not in PLAIN:
        return "there is no such option"
    return _fault_of_plain(name, value)


def _fault_of_plain(name: str, value: Any) -> str:
    wanted: type[Any] = type(PLAIN[name].default)
    # A truth is a whole number to Python, and none to us.
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        return f"it must be a {wanted.__name__}"
    if name in FIGURES:
        low, high = FIGURES[name]
        return "" if low <= value <= high else f"it is from {low} to {high}"
    if name == "date_format":
        whole = _DATE.fullmatch(value) and {"%m", "%d"} <= set(re.findall("%.", value))
        years = [sign in value for sign in ("%Y", "%y")]
        return "" if whole and any(years) else "it holds %Y (or %y), %m and %d, and signs between"
    return _fault_of_text(value) if isinstance(value, str) else ""


def _fault_of_text(text: str) -> str:
    if plain(text) != text:
        return f"{text!r} would be taken for a formula"
    return "" if text.isprintable() else "it holds control signs"


def _fault_of_columns(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return "it must be a list"
    held: list[str] = []
    for at, one in enumerate(value, start=1):
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            return f"column {at} has no name"
        rest = one.keys() - {"name"}
        if len(rest) != 1 or not rest <= {"holds", "constant"}:
            return f"column {at} needs either 'holds' or 'constant', and nothing else"
        content = one[next(iter(rest))]
        if not isinstance(content, str):
            return f"what column {at} holds must be a text"
        if "holds" in one and content not in list(Part):
            return f"column {at}: there is no {content!r}; there are {', '.join(Part)}"
        if wrong := _fault_of_text(one["name"]) or _fault_of_text(content):
            return f"column {at}: {wrong}"
        held += [content] if "holds" in one else []
    missing = [part.value for part in NEEDED if part.value not in held]
    return f"no column holds {missing[0]!r}" if missing else ""


def _fault_of_names(value: Any) -> str:
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        return "it must be an object of texts"
    if unknown := sorted(value.keys() - set(Field)):
        return f"there is no {unknown[0]!r}"
    empty = [one for one in (Field.REFERENCE, Field.STATUS) if one in value and not value[one]]
    return f"{empty[0].value!r} must have a column" if empty else ""


def _columns(given: Sequence[Mapping[str, str]]) -> tuple[Column, ...]:
    return tuple(
        Column(
            name=one["name"],
            part=Part(one["holds"]) if "holds" in one else None,
            constant=one.get("constant", ""),
        )
        for one in given
    )
