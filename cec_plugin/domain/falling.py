"""Who falls under what a certification asks for, when what they have changes."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date

from cec_plugin.domain.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """Something that a cycle asks for, that was there and would not be any more.

    ``cycle`` is the cycle's first day; amounts are those of a ``Check``.
    """

    cycle: date
    code: str
    before: int
    after: int
    needed: int


def falls(
    before: Sequence[Progress], after: Sequence[Progress], *, decided: Container[date]
) -> list[Fall]:
    """Return what would be missing in the cycles that nobody has decided on, and is not now.

    Both are of one holding on one day, so they have the same cycles and ask for the same.
    ``decided`` are the first days of the cycles that were decided on: those have their figures.
    """
    return [
        Fall(
            cycle=old.cycle.starts_on,
            code=was.code,
            before=was.have,
            after=would.have,
            needed=would.needed or 0,
        )
        for old, new in zip(before, after, strict=True)
        if old.cycle.starts_on not in decided
        for was, would in zip(old.checks, new.checks, strict=True)
        if would.missing and not was.missing
    ]
