"""Periods of whole months that follow one another without a gap: the years of a credit table."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

MONTHS = 12
LONGEST_MONTHS = 120
"""Ten years: a longer period is a slip of the keyboard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Periods of ``months`` months, one of which begins on ``anchor``.

    An anchor on a day that a month does not have begins on that month's last day, and is back on
    its own day in the next month that has it: so the 29th of February in every leap year.
    """

    months: int
    anchor: date

    def begins(self, number: int) -> date:
        """Return the first day of a period; the one that begins on the anchor has the number 0."""
        month = self.anchor.year * MONTHS + self.anchor.month - 1 + number * self.months
        year, month = divmod(month, MONTHS)
        day = min(self.anchor.day, monthrange(year, month + 1)[1])
        return date(year, month + 1, day)

    def number(self, on: date) -> int:
        """Return the number of the period in which a day lies."""
        apart = (on.year - self.anchor.year) * MONTHS + on.month - self.anchor.month
        number = apart // self.months
        return number if self.begins(number) <= on else number - 1
