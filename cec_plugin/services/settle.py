"""Settle a person: make the ledger say what stands. The one mechanism that awards and reverses.

Live events, late events, a course mapped late, the end of a run, a backfill: all of them are
this, for some people.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial

from cec_plugin import models
from cec_plugin.domain.allocation import Line, Refusal
from cec_plugin.domain.platform import Platform
from cec_plugin.domain.weigh import allocate
from cec_plugin.selectors.finished import as_finished
from cec_plugin.selectors.known import KnownPeople
from cec_plugin.selectors.tables import ActiveTables
from cec_plugin.services.enqueue import enqueue
from cec_plugin.services.finish import FinishedPrograms
from cec_plugin.services.fold import FoldedPerson, UnpreparedError, fold_person
from cec_plugin.services.post import awards_of, post
from cec_plugin.services.refuse import refuse
from cec_plugin.services.retry import in_transaction
from cec_plugin.services.subject import (
    Subject,
    ensure_locked,
    lock,
    make_ready,
    new_subject,
    subject_of,
)
from cec_plugin.services.wake import deliver_on_commit

log = logging.getLogger(__name__)


def settle_identities(identity_keys: Iterable[str], *, platform: Platform, now: datetime) -> int:
    """Settle the people behind these accounts; return how many ledger entries were posted.

    Opens a transaction of its own for each person. Keys of which no notice was ever heard are
    passed over.
    """
    return sum(
        _settle({"key": key}, platform=platform, now=now) for key in sorted(set(identity_keys))
    )


def settle_people(person_ids: Iterable[int], *, platform: Platform, now: datetime) -> int:
    """Settle these people over all their accounts; return how many entries were posted."""
    return sum(
        _settle({"person_id": pk}, platform=platform, now=now) for pk in sorted(set(person_ids))
    )


def settle_only_if(
    person_id: int,
    may: Callable[[], bool],
    *,
    then: Callable[[], None],
    platform: Platform,
    now: datetime,
) -> bool:
    """Settle a person if ``may``, asked under their account locks, says so; say whether it did.

    ``then`` runs in the same transaction, at its end. Opens a transaction of its own.
    """

    def work(subject: Subject) -> bool:
        _settle_locked(subject, platform, now, may)
        then()
        return True

    subject = subject_of({"person_id": person_id}) or new_subject({"person_id": person_id})
    while subject is not None:
        try:
            return in_transaction(partial(work, subject))
        except _NotNowError:
            return False
        except UnpreparedError as missing:
            make_ready(missing, subject, platform, now)
            subject = subject_of({"person_id": person_id}, missing)
    return False


class _NotNowError(Exception):
    """Whoever asked for it does not want it settled any more."""


def _settle(identity: dict[str, str | int], *, platform: Platform, now: datetime) -> int:
    subject = subject_of(identity) or new_subject(identity)
    while subject is not None:
        try:
            return in_transaction(partial(_settle_locked, subject, platform, now))
        except UnpreparedError as missing:
            make_ready(missing, subject, platform, now)
            subject = subject_of(identity, missing)
    return 0


def _settle_locked(
    subject: Subject,
    platform: Platform,
    now: datetime,
    may: Callable[[], bool] | None = None,
) -> int:
    lock(subject)
    if may is not None and not may():
        raise _NotNowError
    tables = ActiveTables()
    asks = tables.asks()
    folded = fold_person(
        identities=subject.identities,
        person_id=subject.person_id,
        platform=platform,
        now=now,
        ask_registration=asks.registration,
    )
    programs = None
    if tables.has_programs:
        programs = FinishedPrograms(folded.participations, person_id=subject.person_id, now=now)
        folded = replace(folded, changed=folded.changed | programs.changed)
    if any(one.id not in subject.accounts for one in tables.organizations):
        raise UnpreparedError(accounts=True)
    awards = awards_of([subject.person_id])
    ensure_locked(subject, awards)
    counted = {
        award.participation for mine in awards.values() for award in mine if not award.reversed
    }
    known = KnownPeople([subject.person_id], asks)
    finished = [
        seen
        for one in folded.participations
        if (
            seen := as_finished(
                one,
                now,
                counted=one.key in counted,
                related=known.related(subject.person_id, one.activity_id),
                of_parts=programs.parts(one) if programs else None,
            )
        )
    ]
    decided = {
        organization.id: allocate(
            finished, organization, tables.table, known.at(subject.person_id, organization.id)
        )
        for organization in tables.organizations
    }
    _save(folded, decided, now)
    participation_ids = {one.key: one.pk for one in folded.participations}
    entries: list[models.CreditEntry] = []
    for organization in sorted(tables.organizations, key=lambda one: one.id):
        account_id = subject.accounts[organization.id]
        entries += post(
            account_id=account_id,
            organization=organization,
            finished=finished,
            lines={
                line.participation: line
                for line in decided[organization.id]
                if isinstance(line, Line)
            },
            posted=awards.get((subject.person_id, organization.id), ()),
            by_hand=known.at(subject.person_id, organization.id).fixed,
            participation_ids=participation_ids,
            now=now,
        )
    deliver_on_commit(
        enqueue(
            entries,
            organization_by_account={
                account: organization
                for organization, account in {*subject.accounts.items(), *subject.others}
            },
            person_id=subject.person_id,
            now=now,
            reversed_before={
                participation_ids[award.participation]
                for mine in awards.values()
                for award in mine
                if award.reversed and award.participation in participation_ids
            },
        )
    )
    models.Notice.objects.filter(pk__in=folded.notice_ids).update(settled_at=now)
    return len(entries)


def _save(folded: FoldedPerson, decided: dict[int, list[Line | Refusal]], now: datetime) -> None:
    """Save the participations that changed, and why those that stand are not credited."""
    standing = {one.key for one in folded.participations if one.stands}
    refusals = {
        organization_id: [
            one for one in given if isinstance(one, Refusal) and one.participation in standing
        ]
        for organization_id, given in decided.items()
    }
    refused = {one.participation for given in refusals.values() for one in given}
    refused_before = [one.pk for one in folded.participations if one.has_refusals]
    for one in folded.participations:
        if one.key in folded.changed or one.has_refusals != (one.key in refused):
            one.has_refusals = one.key in refused
            one.save()
    if refused or refused_before:
        refuse(
            refusals,
            participation_ids={one.key: one.pk for one in folded.participations},
            refused_before=refused_before,
            now=now,
        )
