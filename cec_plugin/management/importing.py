"""What the commands that import a file have in common: its reading, and the report on its rows."""

from collections import Counter
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeVar

from django.core.management.base import CommandError, OutputWrapper

Sheet = TypeVar("Sheet")


class Row(Protocol):
    """A row in the report."""

    @property
    def row(self) -> int:
        """Its number in the file."""
        ...

    @property
    def field(self) -> str:
        """The column that it is about, if it is about one."""
        ...

    @property
    def outcome(self) -> StrEnum:
        """What becomes of it."""
        ...


def read_file(file: str, read: Callable[[bytes], Sheet]) -> Sheet:
    """Read the file.

    Raises:
        CommandError: there is none, or it is no such file.
    """
    try:
        return read(Path(file).read_bytes())
    except (OSError, ValueError) as error:
        raise CommandError(f"there is no readable file {file!r}") from error


def report(
    to: OutputWrapper,
    rows: Iterable[tuple[Row, str]],
    *,
    outcomes: Iterable[StrEnum],
    bad: int,
    to_be_applied: bool,
    applied: bool,
) -> None:
    """Write what becomes of each row, with its reason if there is one, and the counts.

    Raises:
        CommandError: rows are bad.
    """
    last: dict[int, StrEnum] = {}
    for one, reason in rows:
        parts = [one.outcome.value, *filter(None, [one.field])]
        to.write(f"row {one.row}: {', '.join(parts)}" + (f": {reason}" if reason else ""))
        last[one.row] = one.outcome
    counts = Counter(last.values())
    told = [f"{one.value} {counts[one]}" for one in outcomes if counts[one]]
    to.write(f"{', '.join(told) or 'no rows'}.")
    if not applied:
        to.write("Nothing was written" + ("." if to_be_applied else ": add --apply to write."))
    if bad:
        raise CommandError(f"rows that are not on this site as the file says: {bad}")
