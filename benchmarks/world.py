"""The world that settling and delivering are measured in: one organization, many people."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from django.db.models import QuerySet

from cec_plugin import models
from cec_plugin.adapters.platform import course_parts
from cec_plugin.domain import keys
from cec_plugin.domain.notices import Kind, Via
from cec_plugin.domain.platform import CompletionFacts, CourseFacts
from cec_plugin.domain.tables import LEARNER
from cec_plugin.services import wake
from cec_plugin.services.activate import activate
from tests.factories import SmallPlatform

SITE = "tests"
"""What the test project's settings call the site."""

NOW = datetime.now(UTC)
EARNED_AT = NOW - timedelta(days=1)
NAMED = "course-v1:Bench+Named+1"
"""A course run that a rule names exactly."""

FOUND = "course-v1:Bench+Found+1"
"""A course run that only the last of the patterns names."""

PATTERN = "course-v1:Bench+*"
HUNDREDTHS = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """Somebody who has everything that settling needs, and whose new completion is written."""

    identity_id: int
    identity_key: str
    account_id: int
    notice_id: int
    participation_key: str
    activity: str


@dataclass(slots=True, kw_only=True)
class World:
    """An organization with two credit tables, one of which is active, and a registry."""

    organization: models.Organization
    registry: models.Registry
    few_rules: models.Schedule
    many_rules: models.Schedule
    platform: SmallPlatform
    subjects: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def learners(self, count: int, *, activity: str = NAMED) -> list[Learner]:
        """Make people who have just finished an activity."""
        subjects = [str(next(self.subjects)) for _ in range(count)]
        people = [models.Person.objects.create() for _ in subjects]
        identities = [
            models.Identity(
                key=keys.identity_key(site=SITE, subject=subject),
                site=SITE,
                subject=subject,
                person=person,
            )
            for subject, person in zip(subjects, people, strict=True)
        ]
        models.Identity.objects.bulk_create(identities)
        models.Account.objects.bulk_create(
            models.Account(person=person, organization=self.organization) for person in people
        )
        models.Membership.objects.bulk_create(
            models.Membership(
                person=person,
                organization=self.organization,
                number=f"M-{subject}",
                number_key=keys.digest("number", f"M-{subject}"),
            )
            for subject, person in zip(subjects, people, strict=True)
        )
        models.Notice.objects.bulk_create(_notice(subject, activity) for subject in subjects)
        for subject in subjects:
            self.platform.facts[subject, activity] = _facts(subject, activity)
        return _learners(identities, activity)

    def activate(self, schedule: models.Schedule) -> None:
        """Let this table hold, and none other.

        No site can take an activated table back, so this goes past the manager that says so.
        """
        tables: QuerySet[models.Schedule] = QuerySet(models.Schedule)
        tables.exclude(pk=schedule.pk).update(activated_at=None)
        tables.filter(pk=schedule.pk).update(activated_at=NOW)


def _notice(subject: str, activity: str) -> models.Notice:
    return models.Notice(
        source="openedx",
        site=SITE,
        subject=subject,
        activity=activity,
        role=LEARNER,
        kind=Kind.EARNED.value,
        via=Via.CERTIFICATE.value,
        occurred_at=EARNED_AT,
        grade="0.9",
        mode="verified",
        received_at=EARNED_AT,
        participation_key=_participation_key(subject, activity),
        identity_key=keys.identity_key(site=SITE, subject=subject),
    )


def _participation_key(subject: str, activity: str) -> str:
    return keys.participation_key(
        site=SITE, subject=subject, activity=activity, role=LEARNER, occurrence=""
    )


def _facts(subject: str, activity: str) -> CompletionFacts:
    return CompletionFacts(
        subject=subject,
        activity=activity,
        via=Via.CERTIFICATE,
        stands=True,
        earned_at=EARNED_AT,
        earned_from="certificate_created",
        modified_at=EARNED_AT,
    )


def _learners(identities: Sequence[models.Identity], activity: str) -> list[Learner]:
    by_key = {one.key: one for one in identities}
    rows = models.Identity.objects.filter(key__in=list(by_key)).values_list(
        "id", "key", "subject", "person__accounts__id"
    )
    notices = dict(
        models.Notice.objects.filter(identity_key__in=list(by_key)).values_list(
            "identity_key", "id"
        )
    )
    return [
        Learner(
            identity_id=pk,
            identity_key=key,
            account_id=account_id,
            notice_id=notices[key],
            participation_key=_participation_key(subject, activity),
            activity=activity,
        )
        for pk, key, subject, account_id in rows
    ]


def build(registry_url: str) -> World:
    """Make the organization, its registry and its credit tables in an empty database."""
    # Waking is a message to a broker, which is not here.
    wake.deliver_wanted.disconnect(dispatch_uid="cec_plugin.deliver")
    wake.resettle_wanted.disconnect(dispatch_uid="cec_plugin.resettle")
    organization = models.Organization.objects.create(
        code="bench", name="Guild of Bench Makers", time_zone="America/Toronto"
    )
    registry = models.Registry.objects.create(
        organization=organization,
        name="Bench register",
        base_url=registry_url,
        secret="bench",
        calls_per_minute=60_000_000,
        options={"batch_path": ""},
        paused=False,
    )
    for key in (NAMED, FOUND):
        course, offered_by = course_parts(key)
        models.Activity.objects.create(
            key_digest=keys.activity_key(site=SITE, key=key),
            site=SITE,
            key=key,
            title="Planes, chisels and saws",
            course=course,
            organization_key=offered_by,
            refreshed_at=NOW,
        )
    few = _schedule(organization, 1, exact=8, patterns=0)
    many = _schedule(organization, 2, exact=9_899, patterns=99)
    world = World(
        organization=organization,
        registry=registry,
        few_rules=few,
        many_rules=many,
        platform=SmallPlatform(courses={NAMED: CourseFacts(key=NAMED, title="Planes")}),
    )
    world.activate(few)
    return world


def _schedule(
    organization: models.Organization, version: int, *, exact: int, patterns: int
) -> models.Schedule:
    """Activate a table of so many rules that name other activities, and two that name ours.

    Of the patterns ours spells out the least, so that it is tried last.
    """
    schedule = models.Schedule.objects.create(
        organization=organization, version=version, effective_from=date(2020, 1, 1)
    )
    rules = [("named", "run", NAMED), ("found", "glob", PATTERN)]
    rules += [(f"run-{n}", "run", f"course-v1:Else+Course{n:05}+1") for n in range(exact)]
    rules += [(f"pattern-{n}", "glob", f"course-v1:Elsewhere{n:03}+*") for n in range(patterns)]
    models.Rule.objects.bulk_create(
        models.Rule(
            schedule=schedule, code=code, selector=selector, pattern=pattern, hundredths=HUNDREDTHS
        )
        for code, selector, pattern in rules
    )
    return activate(schedule.pk, by="bench", now=NOW)
