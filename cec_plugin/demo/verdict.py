"""Read the registry's own data and say whether each credit is there exactly once."""

from collections import Counter
from dataclasses import dataclass

from cec_plugin.domain.credits import format_hundredths
from cec_plugin.sandbox.records import RegistryData, State

# What the story must leave in the registry: (member, activity, hours, state), each exactly once.
# Chloé's first credit was reversed there, and a second one stands.
EXPECTED = Counter(
    [
        ("CPC-1001", "course-v1:CPC+Ethics+2026", "10", "active"),
        ("CPC-1002", "course-v1:CPC+5W-Facilitation+2026", "50", "active"),
        ("CPC-1003", "course-v1:CPC+WEB-LMI+2026", "1", "reversed"),
        ("CPC-1003", "course-v1:CPC+WEB-LMI+2026", "1", "active"),
        ("CPC-1004", "course-v1:CPC+Theory+2026", "20", "active"),
        ("CPC-1005", "course-v1:CPC+Mentoring+2026", "50", "active"),
        ("CPC-1006", "course-v1:CPC+5W-Resumes+2026", "20", "active"),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The registry's table as lines of text, and what is wrong with it."""

    table: tuple[str, ...]
    faults: tuple[str, ...]


def judge(data: RegistryData) -> Verdict:
    """Compare what the registry has with what the story must leave there."""
    found = Counter(
        (
            credit.member_number,
            credit.activity_code,
            format_hundredths(credit.hundredths),
            credit.state.value,
        )
        for credit in data.credits
    )
    faults = [f"missing: {_line(row)}" for row in (EXPECTED - found).elements()]
    faults += [f"too many: {_line(row)}" for row in (found - EXPECTED).elements()]
    references = Counter(credit.reference for credit in data.credits)
    faults += [
        f"reference {reference!r} stands {count} times"
        for reference, count in references.items()
        if reference is None or count > 1
    ]
    taken_back = sum(1 for credit in data.credits if credit.state is State.REVERSED)
    if len(data.reversals) != taken_back:
        faults.append(f"{len(data.reversals)} reversals for {taken_back} reversed credits")
    header = ("member", "activity", "hours", "state")
    return Verdict(
        table=tuple(_line(row) for row in [header, *sorted(found.elements())]),
        faults=tuple(faults),
    )


def _line(row: tuple[str, str, str, str]) -> str:
    member, activity, hours, state = row
    return f"{member:<10} {activity:<38} {hours:>6}  {state}"
