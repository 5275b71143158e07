"""What happens to people in the storm, and what the registry must hold of it in the end."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

COURSES = 5
FIRST_USER = 900_000
T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event of the platform: a certificate ``created`` or ``revoked``."""

    user_id: int
    course: str
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """One person and one course: how often a certificate came, and whether it stands."""

    user_id: int
    course: str
    kinds: tuple[str, ...]

    @property
    def awards(self) -> int:
        """Return how many awards the registry may have heard of, in the end."""
        return self.kinds.count("created")

    @property
    def stands(self) -> bool:
        """Say whether the credit stands in the end."""
        return self.kinds[-1] == "created"

    @property
    def number(self) -> str:
        """Return the member number of the person."""
        return member_number(self.user_id)


def member_number(user_id: int) -> str:
    """Return the number under which the registry knows a person."""
    return f"M-{user_id}"


def courses() -> list[str]:
    """Return the keys of the courses."""
    return [f"course-v1:Guild+C{number}+2026" for number in range(COURSES)]


def fates(*, seed: int, credits_: int) -> list[Fate]:
    """Draw what happens: most finish, some lose their certificate, a few earn it again."""
    dice = random.Random(seed)
    keys = courses()
    drawn = []
    for number in range(credits_):
        kinds = dice.choices(
            [("created",), ("created", "revoked"), ("created", "revoked", "created")],
            weights=[7, 2, 1],
        )[0]
        drawn.append(
            Fate(
                user_id=FIRST_USER + number // COURSES,
                course=keys[number % COURSES],
                kinds=kinds,
            )
        )
    return drawn


def reserve(number: int) -> Fate:
    """Return one more fate, for a fault that nothing else met."""
    return Fate(
        user_id=FIRST_USER + 50_000 + number // COURSES,
        course=courses()[number % COURSES],
        kinds=("created", "revoked"),
    )


def happenings(drawn: list[Fate], *, seed: int) -> Iterator[Happening]:
    """Yield the events in an order in which each fate's own stay in order."""
    dice = random.Random(seed)
    waiting = [
        (dice.random() + step, fate, step) for fate in drawn for step in range(len(fate.kinds))
    ]
    for _, fate, step in sorted(waiting, key=lambda one: one[0]):
        yield Happening(
            user_id=fate.user_id,
            course=fate.course,
            kind=fate.kinds[step],
            at=T0 + timedelta(hours=step),
        )
