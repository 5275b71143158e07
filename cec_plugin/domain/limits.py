"""What was given so far, where a table gives something once or up to a cap."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date

from cec_plugin.domain.allocation import Finished, Line
from cec_plugin.domain.conditions import Repeat
from cec_plugin.domain.periods import Period
from cec_plugin.domain.terms import Cap, Per


class Given:
    """The lines that stand for one person at one organization, as they are added up."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._by_part: dict[str, tuple[str, int]] = {}
        self._seen: dict[tuple[str, str], list[date]] = defaultdict(list)
        self._lines: list[tuple[Finished, Line, date]] = []
        self._by_activity: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._by_period: dict[Period, dict[tuple[int, str], Counter[str]]] = {}

    def take(self, one: Finished, line: Line, on: date) -> None:
        """Add a line that was given for something finished on a day."""
        self._by_part[one.key] = (line.credit_type, line.hundredths)
        self._seen[one.activity.same, one.role].append(on)
        self._lines.append((one, line, on))
        self._by_activity[one.activity.key, line.credit_type][one.role] += line.hundredths
        for period, sums in self._by_period.items():
            sums[period.number(on), line.credit_type][one.role] += line.hundredths

    def repeats(self, one: Finished, on: date, repeat: Repeat, period: Period | None) -> bool:
        """Say whether the same activity has credit in the same role already."""
        if repeat is Repeat.ALWAYS:
            return False
        before = self._seen.get((one.activity.same, one.role), [])
        if repeat is Repeat.ONCE or period is None:
            return bool(before)
        number = period.number(on)
        return any(period.number(day) == number for day in before)

    def to(self, participations: Iterable[str], credit_type: str) -> int:
        """Return what was given for these participations, in hundredths of one credit type."""
        found = (self._by_part.get(key) for key in participations)
        return sum(given for one in found if one for kind, given in [one] if kind == credit_type)

    def under(
        self, cap: Cap, one: Finished, on: date, credit_type: str, period: Period | None
    ) -> int:
        """Return how much of a cap is used up where this one falls, in hundredths."""
        if cap.per is Per.ACTIVITY:
            sums = self._by_activity[one.activity.key, credit_type]
        elif period is not None:
            sums = self._sums(period)[period.number(on), credit_type]
        else:
            return 0
        return sum(given for role, given in sums.items() if not cap.roles or role in cap.roles)

    def _sums(self, period: Period) -> dict[tuple[int, str], Counter[str]]:
        """Return the sums by period, added up once for each way to divide the time."""
        sums = self._by_period.get(period)
        if sums is None:
            sums = self._by_period[period] = defaultdict(Counter)
            for one, line, on in self._lines:
                sums[period.number(on), line.credit_type][one.role] += line.hundredths
        return sums
