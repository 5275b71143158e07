"""Which courses that somebody is in would earn credit: what an empty page teaches."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from cec_plugin import models
from cec_plugin.adapters.platform import get_platform
from cec_plugin.conf import get_settings
from cec_plugin.domain.allocation import local_date
from cec_plugin.domain.keys import activity_key
from cec_plugin.domain.platform import Platform
from cec_plugin.domain.selectors import ActivityRef
from cec_plugin.domain.tables import in_force
from cec_plugin.selectors.tables import ActiveTables
from cec_plugin.wording import words

log = logging.getLogger(__name__)

LIMIT = 50
"""Enrolments looked at: each that we know nothing of is a question to the platform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earns:
    """A course, and what it gives a learner at one organization today."""

    title: str
    organization: str
    amount: str


def would_earn(subject: str, *, now: datetime) -> tuple[Earns, ...]:
    """Return what the account's courses would earn, by title; nothing where asking fails.

    The question is an aside on the page, and runs in a savepoint of its own.
    """
    try:
        with transaction.atomic():
            platform = get_platform()
            courses = list(_courses(platform.enrolments(subject)[:LIMIT], platform))
            found = list(_earned(courses, now))
    except Exception:  # whatever ails the platform, the credits are there to be seen
        log.exception("The platform did not say in which courses a learner is enrolled")
        return ()
    return tuple(sorted(found, key=lambda one: (one.title, one.organization)))


def _courses(course_keys: list[str], platform: Platform) -> Iterator[tuple[str, ActivityRef]]:
    """Yield the title of each course and how rules see it, asking about those that are new."""
    site = get_settings().site
    digests = {activity_key(site=site, key=key): key for key in course_keys}
    known = {row.key: row for row in models.Activity.objects.filter(key_digest__in=list(digests))}
    for key in digests.values():
        row = known.get(key)
        if row is not None:
            ref = ActivityRef(key=key, course=row.course, organization=row.organization_key)
            yield str(row), ref
            continue
        facts = platform.course(key)
        if facts is not None:
            ref = ActivityRef(key=key, course=facts.course, organization=facts.organization)
            yield facts.title or key, ref


def _earned(courses: list[tuple[str, ActivityRef]], now: datetime) -> Iterator[Earns]:
    if not courses:
        return
    tables = ActiveTables()
    organizations = models.Organization.objects.in_bulk([one.id for one in tables.organizations])
    for one in tables.organizations:
        version = in_force(one.versions, local_date(now, one.time_zone))
        if version is None:
            continue
        table = tables.table(version.id)
        for title, ref in courses:
            rule = table.rule_for(ref)
            if rule is not None and rule.hundredths:
                organization = organizations[one.id]
                yield Earns(
                    title=title,
                    organization=organization.name,
                    amount=words.amount(rule.hundredths, organization.unit),
                )
