"""Say what was measured: a table for people, a file for machines, a verdict for both."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from benchmarks.measure import Ratio


class Unit(StrEnum):
    """What a ratio is of; it also says on which side of the limit it has to stay."""

    TIME = "times the time, at most"
    MEMORY = "times the memory, at most"
    THROUGHPUT = "times the throughput, at least"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A ratio with its limit, None where it is only told."""

    name: str
    ratio: Ratio
    unit: Unit
    limit: float | None = None

    @property
    def held(self) -> bool:
        """Say whether the limit is kept."""
        if self.limit is None:
            return True
        if self.unit is Unit.THROUGHPUT:
            return self.ratio.value >= self.limit
        return self.ratio.value <= self.limit

    def row(self) -> tuple[str, ...]:
        """Return the cells of the figure in the table."""
        measured = self.ratio
        sign = ">=" if self.unit is Unit.THROUGHPUT else "<="
        return (
            self.name,
            f"{measured.value:.2f}",
            f"{measured.low:.2f} to {measured.high:.2f}",
            str(measured.rounds),
            "" if self.limit is None else f"{sign} {self.limit:g}",
            "" if self.held else "MISSED",
        )


HEADING = ("ratio of", "median", "middle half", "rounds", "limit", "")


def table(figures: Iterable[Figure]) -> str:
    """Lay the figures out in columns."""
    rows = [HEADING, *(figure.row() for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def write(figures: Sequence[Figure], path: Path) -> None:
    """Write the figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "name": figure.name,
            "value": round(figure.ratio.value, 3),
            "limit": figure.limit,
            "unit": figure.unit.value,
        }
        for figure in figures
    ]
    path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
