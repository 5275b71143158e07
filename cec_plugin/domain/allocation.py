"""What one organization gives for one participation: a line of credit, or why there is none."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from cec_plugin.domain.basis import Step, bonus_step, finished_step, rule_step
from cec_plugin.domain.basis import replay as total_of
from cec_plugin.domain.notices import Stint
from cec_plugin.domain.selectors import ActivityRef
from cec_plugin.domain.tables import LEARNER, BonusKind, CreditTable, Version, in_force

FIRST_YEAR, LAST_YEAR = 1900, 2999
"""Between which years a day is taken for what somebody meant."""


class RefusalCode(StrEnum):
    """Why something finished earns no credit from an organization."""

    NO_TABLE = "no_table"  # no credit table was in force on that day
    NO_RULE = "no_rule"  # no rule names the activity
    NO_FIGURE = "no_figure"  # the organization has not set the figure yet
    ROLE_NOT_CREDITED = "role_not_credited"
    NO_HOURS = "no_hours"  # a bonus per hour, and nobody said how many
    ZERO = "zero"  # the figure is zero
    RUN_NOT_ENDED = "run_not_ended"  # it counts when the run has ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A participation as allocation sees it.

    ``earned_at`` is aware; ``earned_from`` is the code of where that date came from.
    ``counts_from`` is set where it counts only from then on (the end of the run), and
    ``counting`` says whether that time has come.
    """

    key: str
    activity: ActivityRef
    role: str
    stints: tuple[Stint, ...]
    earned_at: datetime
    earned_from: str
    service_hundredths: int | None = None
    counts_from: datetime | None = None
    counting: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """An organization as allocation sees it: its versions, and how to get one's rules."""

    id: int
    code: str
    time_zone: str
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of credit that a person should have. ``hundredths`` is above zero."""

    participation: str
    credit_type: str
    rule: str
    version: int
    hundredths: int
    earned_at: datetime
    basis: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why there is no line; ``details`` are codes and figures for the person who asks."""

    participation: str
    code: RefusalCode
    details: Mapping[str, str]


def local_date(at: datetime, time_zone: str) -> date:
    """Return the day of an instant where the organization is."""
    return at.astimezone(ZoneInfo(time_zone)).date()


def allocate(
    finished: Iterable[Finished],
    organization: Organization,
    table_of: Callable[[int], CreditTable],
) -> list[Line | Refusal]:
    """Return what the organization gives for each, ordered by (earned_at, participation key).

    ``table_of`` gives the rules of a version by its id.
    """
    ordered = sorted(finished, key=lambda one: (one.earned_at, one.key))
    return [_decide(one, organization, table_of) for one in ordered]


def _decide(
    one: Finished, organization: Organization, table_of: Callable[[int], CreditTable]
) -> Line | Refusal:
    on = local_date(one.earned_at, organization.time_zone)
    version = in_force(organization.versions, on)
    if version is None:
        return _refuse(one, RefusalCode.NO_TABLE, on=on.isoformat())
    table = table_of(version.id)
    rule = table.rule_for(one.activity)
    if rule is None:
        return _refuse(one, RefusalCode.NO_RULE, version=str(version.number))
    steps: list[Step] = [
        finished_step(at=one.earned_at, source=one.earned_from),
        rule_step(version=version.number, rule=rule, learner=one.role == LEARNER),
    ]
    told = {"rule": rule.code, "version": str(version.number)}
    if one.role != LEARNER:
        bonus = table.bonus_for(rule, one.role)
        if bonus is None:
            return _refuse(one, RefusalCode.ROLE_NOT_CREDITED, **told, role=one.role)
        if bonus.hundredths is None:
            return _refuse(one, RefusalCode.NO_FIGURE, **told, role=one.role)
        if bonus.kind is BonusKind.PER_HOUR and one.service_hundredths is None:
            return _refuse(one, RefusalCode.NO_HOURS, **told, role=one.role)
        steps.append(bonus_step(role=one.role, bonus=bonus, service=one.service_hundredths))
    elif rule.hundredths is None:
        return _refuse(one, RefusalCode.NO_FIGURE, **told, role=one.role)
    hundredths = total_of(steps)
    if hundredths == 0:
        return _refuse(one, RefusalCode.ZERO, **told)
    if not one.counting:
        until = one.counts_from.isoformat() if one.counts_from else ""
        return _refuse(one, RefusalCode.RUN_NOT_ENDED, **told, until=until)
    return Line(
        participation=one.key,
        credit_type=rule.credit_type,
        rule=rule.code,
        version=version.id,
        hundredths=hundredths,
        earned_at=one.earned_at,
        basis=tuple(steps),
    )


def _refuse(one: Finished, code: RefusalCode, **details: str) -> Refusal:
    return Refusal(participation=one.key, code=code, details=details)
