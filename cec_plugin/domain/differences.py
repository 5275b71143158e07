"""What two rule books say differently, line by line: which figure before, which after."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from enum import StrEnum

from cec_plugin.domain.credits import format_hundredths

FIGURES = {"hundredths", "target", "carry_cap", "increment", "smallest", "minimum_grade"}
"""The fields that hold hundredths; every other whole number is what it says."""

NAMES = {"hundredths": "figure", "anchor": "begins on"}
NOTHING = "none"

Line = Mapping[str, str]
"""What one line says: field by field, in words and figures."""


class Kind(StrEnum):
    """What became of a line."""

    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A field that reads otherwise."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A line that differs: ``what`` names it, and ``changes`` say in what a changed one does."""

    what: str
    kind: Kind
    changes: tuple[Change, ...] = ()


def differing(before: Mapping[str, Line], after: Mapping[str, Line]) -> list[Difference]:
    """Return what ``after`` says otherwise than ``before``: lines by their names, in order."""
    found = []
    for what in [*before, *(one for one in after if one not in before)]:
        if what not in before:
            found.append(Difference(what=what, kind=Kind.NEW))
        elif what not in after:
            found.append(Difference(what=what, kind=Kind.GONE))
        elif changes := tuple(_changes(before[what], after[what])):
            found.append(Difference(what=what, kind=Kind.CHANGED, changes=changes))
    return found


def _changes(before: Line, after: Line) -> Iterator[Change]:
    for name in [*before, *(one for one in after if one not in before)]:
        was, now = before.get(name, NOTHING), after.get(name, NOTHING)
        if was != now:
            yield Change(field=name, before=was, after=now)


def line(value: object, *, without: frozenset[str] = frozenset()) -> dict[str, str]:
    """Spell a value of the domain out; what it holds inside itself is part of the same line."""
    assert is_dataclass(value)  # noqa: S101 - every value of the domain is
    told: dict[str, str] = {}
    for one in fields(value):
        if one.name in without:
            continue
        part = getattr(value, one.name)
        if is_dataclass(part):
            told |= line(part)
        else:
            name = NAMES.get(one.name, one.name.replace("_", " "))
            told[name] = _spelled(part, is_figure=one.name in FIGURES)
    return told


def _spelled(value: object, *, is_figure: bool) -> str:
    match value:
        case None | "":
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case int() if is_figure:
            return format_hundredths(value)
        case date():
            return value.isoformat()
        case frozenset():
            return ", ".join(sorted(str(one) for one in value)) or NOTHING
        case tuple():
            return ", ".join(str(one) for one in value) or NOTHING
        case _:
            return str(value)
