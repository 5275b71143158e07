"""What allocation speaks of: something finished, an organization, a line of credit, a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from cec_plugin.domain.basis import Step
from cec_plugin.domain.notices import Stint, Via
from cec_plugin.domain.selectors import ActivityRef
from cec_plugin.domain.tables import Version

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
    MODE = "mode"  # not in this enrolment mode
    GRADE = "grade"  # below the minimum, or unknown
    EVIDENCE = "evidence"  # not by what it was finished
    NOT_REGISTERED = "not_registered"  # not enrolled then, or as staff, a tester, a test account
    NEEDS_WORD = "needs_word"  # the learner has not said that it relates to their work
    OUTSIDE_DATES = "outside_dates"  # not finished between the days that count
    REPEATED = "repeated"  # credited before, and once is enough
    NOT_STACKING = "not_stacking"  # the learner's own credit stands, and the role's adds nothing
    INCLUDED = "included"  # a program's courses earned all of its figure
    CAPPED = "capped"  # the most that is given was given
    NOT_MEMBER = "not_member"  # not a member on that day
    ESTIMATE = "estimate"  # the organization decides elsewhere
    AWAITS_APPROVAL = "awaits_approval"  # the organization has not decided yet
    DECLINED = "declined"  # the organization said no
    ENTERED = "entered"  # a team's proposal, and the same service was entered by hand
    BY_HAND = "by_hand"  # an officer of the organization set it to nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class OfParts:
    """A program that was finished: its code, and the participations that made it up."""

    program: str
    parts: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A participation as allocation sees it.

    ``earned_at`` is aware; ``earned_from`` is the code of where that date came from.
    ``counts_from`` is set where it counts only from then on (the end of the run), and
    ``counting`` says whether that time has come. ``via`` is by what it was finished, where that
    is known, ``registered`` whether the person was registered for it then (None: not known),
    ``related`` whether they gave their word that it relates to their work.
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
    grade: str = ""
    mode: str = ""
    via: Via | None = None
    registered: bool | None = None
    related: bool = False
    of_parts: OfParts | None = None

    @property
    def stands(self) -> bool:
        """Say whether it stands now."""
        return bool(self.stints) and self.stints[-1].ended_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """An organization as allocation sees it: its versions, and how to get one's rules."""

    id: int
    code: str
    time_zone: str
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What an organization decided on one participation, and under which code.

    ``hours_hundredths`` are the hours of service by which it decided, where nobody entered any.
    """

    approved: bool
    on: date
    code: str = ""
    hours_hundredths: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """What an officer set a participation's credit to, whatever the table says; zero for none.

    ``adjustment`` is the id of the decision; credit type, rule and version (its id) are those of
    the credit that was corrected.
    """

    adjustment: int
    on: date
    hundredths: int
    credit_type: str
    rule: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What one organization knows of a person.

    ``member`` holds the spans of membership, first and last day, None for an open side;
    ``approvals`` the decisions and ``fixed`` the corrections by participation key;
    ``conferred_on`` when the first certification of the organization that they hold was conferred.
    """

    member: tuple[tuple[date | None, date | None], ...] = ()
    approvals: Mapping[str, Approval] = field(default_factory=dict)
    fixed: Mapping[str, Fixed] = field(default_factory=dict)
    conferred_on: date | None = None

    def is_member(self, on: date) -> bool:
        """Say whether the person is a member on that day."""
        return any(
            (begins is None or begins <= on) and (ends is None or on <= ends)
            for begins, ends in self.member
        )


STRANGER = Person()
"""Somebody of whom the organization knows nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of credit that a person should have.

    ``hundredths`` is above zero. ``tags`` are those of the rule that gives it.
    """

    participation: str
    credit_type: str
    rule: str
    version: int
    hundredths: int
    earned_at: datetime
    basis: tuple[Step, ...]
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why there is no line; ``details`` are codes and figures for the person who asks.

    ``steps`` are those of the decision up to where it ended.
    """

    participation: str
    code: RefusalCode
    details: Mapping[str, str]
    steps: tuple[Step, ...] = field(default=(), compare=False)


def local_date(at: datetime, time_zone: str) -> date:
    """Return the day of an instant where the organization is."""
    return at.astimezone(ZoneInfo(time_zone)).date()
