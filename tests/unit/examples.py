"""The parts of a credit, ready-made: a test says only what matters to it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from cec_plugin.domain.allocation import Finished, Line, Organization
from cec_plugin.domain.notices import Heard, Kind, Stint, Via
from cec_plugin.domain.selectors import ActivityRef, Selector
from cec_plugin.domain.tables import LEARNER, Bonus, BonusKind, Rule, Version

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
"""Day 0 of every example."""

ETHICS = ActivityRef(
    key="course-v1:CPC+Ethics+2026", course="course-v1:CPC+Ethics", organization="CPC"
)
VERSION = Version(id=71, number=3, effective_from=date(2026, 1, 1))
CPC = Organization(id=5, code="cpc", time_zone="America/Toronto", versions=(VERSION,))


def day(number: float) -> datetime:
    """Return the instant that many days after the start."""
    return START + timedelta(days=number)


def earned(
    at: float,
    *,
    via: Via = Via.CERTIFICATE,
    finished: float | None = None,
    grade: str = "",
    mode: str = "",
    service: int | None = None,
) -> Heard:
    """Return an "earned" that was told on a day."""
    return Heard(
        kind=Kind.EARNED,
        via=via,
        occurred_at=day(at),
        finished_at=None if finished is None else day(finished),
        grade=grade,
        mode=mode,
        service_hundredths=service,
    )


def withdrawn(at: float, *, via: Via = Via.CERTIFICATE) -> Heard:
    """Return a "withdrawn" that was told on a day."""
    return Heard(kind=Kind.WITHDRAWN, via=via, occurred_at=day(at))


def stints(*days: float | None) -> tuple[Stint, ...]:
    """Return the stints between these days: began, ended, and so on."""
    return tuple(
        Stint(
            number=number,
            began_at=day(began or 0),
            ended_at=None if ended is None else day(ended),
        )
        for number, (began, ended) in enumerate(zip(days[::2], days[1::2], strict=True), start=1)
    )


def finished(
    key: str = "p1",
    *,
    activity: ActivityRef = ETHICS,
    role: str = LEARNER,
    over: tuple[Stint, ...] | None = None,
    on: float = 0,
    service: int | None = None,
    counts_from: datetime | None = None,
    counting: bool = True,
) -> Finished:
    """Return a participation that stands since day 0, unless ``over`` says otherwise."""
    return Finished(
        key=key,
        activity=activity,
        role=role,
        stints=stints(0, None) if over is None else over,
        earned_at=day(on),
        earned_from="certificate_created",
        service_hundredths=service,
        counts_from=counts_from,
        counting=counting,
    )


def rule(
    pattern: str = ETHICS.key,
    hundredths: int | None = 1000,
    *,
    selector: Selector = Selector.RUN,
    code: str = "",
    bonuses: Mapping[str, Bonus] | None = None,
    tags: Iterable[str] = (),
) -> Rule:
    """Return a line of a credit table; its code is its pattern unless given."""
    return Rule(
        code=code or pattern,
        selector=selector,
        pattern=pattern,
        credit_type="cec",
        hundredths=hundredths,
        bonuses=bonuses or {},
        tags=frozenset(tags),
    )


def flat(hundredths: int | None) -> Bonus:
    """Return a bonus that is given once."""
    return Bonus(kind=BonusKind.FLAT, hundredths=hundredths)


def per_hour(hundredths: int | None) -> Bonus:
    """Return a bonus for each hour of service."""
    return Bonus(kind=BonusKind.PER_HOUR, hundredths=hundredths)


def line(
    participation: str = "p1",
    hundredths: int = 1000,
    *,
    on: float = 0,
    credit_type: str = "cec",
    code: str = "ethics",
) -> Line:
    """Return a line of credit earned on a day."""
    return Line(
        participation=participation,
        credit_type=credit_type,
        rule=code,
        version=VERSION.id,
        hundredths=hundredths,
        earned_at=day(on),
        basis=(),
    )
