"""Many people with credits at one organization, and a draft that would change all of them.

Everybody has finished ten courses of forty in one year, and the ledger holds an award for the
first five. The draft gives another figure for one of the forty and caps the year, so that by it
everybody goes from the same balance to the same other one, which is known beforehand.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.core.management import call_command
from django.db import connection, transaction

from benchmarks.world import NOW, SITE
from cec_plugin import models
from cec_plugin.domain import keys
from cec_plugin.domain.notices import Via
from cec_plugin.domain.tables import LEARNER
from cec_plugin.domain.terms import Per
from cec_plugin.models.ledger import EntryKind
from cec_plugin.services.activate import activate
from cec_plugin.services.draft import draft_from

EACH = 10
"""How many courses each person has finished."""

AWARDED = 5
"""For how many of them, the first, the ledger holds an award."""

COURSES = 40
HUNDREDTHS, CHANGED_HUNDREDTHS = 200, 300
CAP_HUNDREDTHS = 1_400

BEFORE_HUNDREDTHS = AWARDED * HUNDREDTHS
AFTER_HUNDREDTHS = CAP_HUNDREDTHS
"""All ten come to 2,000 or 2,100: more than the cap lets through."""

FIRST_AT = datetime(2025, 1, 10, 12, tzinfo=UTC)
STEP = 1_000
"""How many people are written together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """A database of so many people."""

    database: str
    people: int
    draft_id: int

    @property
    def participations(self) -> int:
        """Return how many participations there are."""
        return self.people * EACH


def build(database: str, *, participations: int) -> Crowd:
    """Make the database and fill it."""
    people = participations // EACH
    _run(f"CREATE DATABASE {database}")
    with entered(database):
        call_command("migrate", verbosity=0)
        return Crowd(database=database, people=people, draft_id=_fill(people))


@contextmanager
def entered(database: str) -> Iterator[None]:
    """Let the connection read and write there, and then where it did by the settings."""
    _run(f"USE {database}")
    try:
        yield
    finally:
        _run(f"USE {connection.settings_dict['NAME']}")


def _fill(people: int) -> int:
    """Write everything; return the id of the draft."""
    organization = models.Organization.objects.create(
        code="crowd", name="Guild of the Crowd", time_zone="America/Toronto"
    )
    active = models.Schedule.objects.create(
        organization=organization, version=1, effective_from=date(2020, 1, 1)
    )
    models.Rule.objects.bulk_create(
        models.Rule(
            schedule=active,
            code=f"course-{number}",
            selector="run",
            pattern=_key(number),
            hundredths=HUNDREDTHS,
        )
        for number in range(COURSES)
    )
    activate(active.pk, by="bench", now=NOW, resettle=False)
    models.Activity.objects.bulk_create(
        models.Activity(
            id=number + 1,
            key_digest=keys.activity_key(site=SITE, key=_key(number)),
            site=SITE,
            key=_key(number),
            title=f"Course {number}",
        )
        for number in range(COURSES)
    )
    for first in range(1, people + 1, STEP):
        _write(range(first, min(first + STEP, people + 1)), organization, active)
    for model in (models.Identity, models.Account, models.Participation, models.CreditEntry):
        _run(f"ANALYZE TABLE {model._meta.db_table}")
    return _draft(active).pk


def _draft(active: models.Schedule) -> models.Schedule:
    draft = draft_from(active.pk)
    models.Schedule.objects.filter(pk=draft.pk).update(
        period_months=12, period_anchor=date(2020, 1, 1)
    )
    models.Rule.objects.filter(schedule=draft, code="course-0").update(
        hundredths=CHANGED_HUNDREDTHS
    )
    models.Cap.objects.create(
        schedule=draft, code="year", per=Per.PERIOD.value, hundredths=CAP_HUNDREDTHS
    )
    return draft


def _key(course: int) -> str:
    return f"course-v1:Crowd+Course{course:02}+2025"


@transaction.atomic
def _write(numbers: range, organization: models.Organization, active: models.Schedule) -> None:
    """Write these people; a person's number is also the id of their identity and account."""
    models.Person.objects.bulk_create(models.Person(id=number) for number in numbers)
    models.Identity.objects.bulk_create(
        models.Identity(
            id=number,
            key=keys.identity_key(site=SITE, subject=str(number)),
            site=SITE,
            subject=str(number),
            person_id=number,
        )
        for number in numbers
    )
    models.Account.objects.bulk_create(
        models.Account(id=number, person_id=number, organization=organization, revision=1)
        for number in numbers
    )
    finished = list(_finished(numbers))
    models.Participation.objects.bulk_create(finished)
    models.CreditEntry.objects.bulk_create(_awards(finished, active))


def _at(nth: int) -> datetime:
    return FIRST_AT + timedelta(days=30 * nth)


def _finished(numbers: Iterable[int]) -> Iterator[models.Participation]:
    for number in numbers:
        for nth in range(EACH):
            course = (number + nth) % COURSES
            at = _at(nth)
            yield models.Participation(
                id=(number - 1) * EACH + nth + 1,
                key=keys.participation_key(
                    site=SITE,
                    subject=str(number),
                    activity=_key(course),
                    role=LEARNER,
                    occurrence="",
                ),
                identity_id=number,
                activity_id=course + 1,
                role=LEARNER,
                stands=True,
                stints=[[at.isoformat(), None]],
                earned_at=at,
                earned_from="certificate_created",
                grade="0.9",
                mode="verified",
                via=Via.CERTIFICATE.value,
            )


def _awards(
    finished: Iterable[models.Participation], active: models.Schedule
) -> Iterator[models.CreditEntry]:
    for one in finished:
        nth = (one.pk - 1) % EACH
        if nth >= AWARDED:
            continue
        yield models.CreditEntry(
            account_id=one.identity_id,
            participation_id=one.pk,
            kind=EntryKind.AWARD,
            credit_type="cec",
            hundredths=HUNDREDTHS,
            earned_at=_at(nth),
            recorded_at=NOW,
            schedule=active,
            line=f"course-{one.activity_id - 1}",
            natural_key=keys.digest("crowd", one.key),
        )


def _run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
