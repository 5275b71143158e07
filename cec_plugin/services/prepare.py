"""Make the rows that settling needs, outside its transaction: people, accounts, activities."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from cec_plugin import models
from cec_plugin.domain import keys
from cec_plugin.domain.platform import Platform

TITLE_LENGTH = 255
PAGE = 500

REFRESH_AFTER = timedelta(days=1)
"""How long what we know of a course (its title, its end) is taken as it is."""


def identity(*, site: str, subject: str) -> models.Identity:
    """Return the identity of an account, with a person of its own when it is new."""
    key = keys.identity_key(site=site, subject=subject)
    found = models.Identity.objects.filter(key=key).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            # The unique key goes first: whoever comes second leaves no person behind.
            person = models.Person.objects.create()
            return models.Identity.objects.create(
                key=key, site=site, subject=subject, person=person
            )
    except IntegrityError:
        return models.Identity.objects.get(key=key)


def accounts(person_id: int) -> None:
    """Give the person an account at every organization."""
    missing = models.Organization.objects.exclude(
        pk__in=models.Account.objects.filter(person_id=person_id).values("organization_id")
    ).values_list("pk", flat=True)
    models.Account.objects.bulk_create(
        [
            models.Account(person_id=person_id, organization_id=organization_id)
            for organization_id in sorted(missing)
        ],
        ignore_conflicts=True,
    )


def accounts_at(organization_id: int) -> None:
    """Give everybody who took part in anything an account at an organization, a page at a time."""
    took_part = models.Participation.objects.filter(identity__person_id=OuterRef("pk"))
    missing = models.Person.objects.filter(Exists(took_part)).exclude(
        pk__in=models.Account.objects.filter(organization_id=organization_id).values("person_id")
    )
    last = 0
    while page := list(
        missing.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:PAGE]
    ):
        last = page[-1]
        models.Account.objects.bulk_create(
            [models.Account(person_id=pk, organization_id=organization_id) for pk in page],
            ignore_conflicts=True,
        )


def activity(*, site: str, key: str, platform: Platform, now: datetime) -> models.Activity:
    """Return the activity, asking the platform about one that is new or long unasked."""
    digest = keys.activity_key(site=site, key=key)
    found = models.Activity.objects.filter(key_digest=digest).first()
    if found is None:
        facts = platform.course(key)
        found, _ = models.Activity.objects.get_or_create(
            key_digest=digest,
            defaults={
                "site": site,
                "key": key,
                "title": facts.title[:TITLE_LENGTH] if facts else "",
                "course": facts.course if facts else "",
                "organization_key": facts.organization if facts else "",
                "ends_at": facts.ends_at if facts else None,
                "refreshed_at": now,
            },
        )
    elif found.refreshed_at is not None and found.refreshed_at < now - REFRESH_AFTER:
        refresh([found], platform=platform, now=now)
    return found


def refresh(
    activities: Iterable[models.Activity], *, platform: Platform, now: datetime
) -> list[models.Activity]:
    """Ask the platform again about activities it told us of; return those that now count otherwise.

    An activity that somebody entered by hand (``refreshed_at`` is None) is left as it is. One
    that the platform does not know (any more) keeps what is known of it.
    """
    moved = []
    for one in activities:
        if one.refreshed_at is None:
            continue
        facts = platform.course(one.key)
        if facts is None:
            one.refreshed_at = now
            one.save(update_fields=["refreshed_at"])
            continue
        before = (one.ends_at, one.course, one.organization_key)
        if before != (facts.ends_at, facts.course, facts.organization):
            moved.append(one)
        one.title, one.ends_at, one.refreshed_at = facts.title[:TITLE_LENGTH], facts.ends_at, now
        one.course, one.organization_key = facts.course, facts.organization
        one.save(update_fields=["title", "ends_at", "refreshed_at", "course", "organization_key"])
    return moved
