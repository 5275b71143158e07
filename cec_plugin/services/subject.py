"""Who is settled: one person, the accounts whose notices are folded, and those to lock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F

from cec_plugin import models
from cec_plugin.domain.platform import Platform
from cec_plugin.domain.posting import Posted
from cec_plugin.services import prepare
from cec_plugin.services.fold import UnpreparedError


@dataclass(frozen=True, slots=True)
class Subject:
    """One person with the identities to fold and the accounts to lock, by organization.

    ``others`` are accounts of somebody else, as (organization, account), on which credit stands
    for what is this person's: two people were merged, or a merge was undone.
    """

    person_id: int
    identities: dict[int, str]
    accounts: dict[int, int]
    others: frozenset[tuple[int, int]] = field(default=frozenset())


def lock(subject: Subject) -> None:
    """Take the account locks, as the first thing in a transaction.

    Raises:
        UnpreparedError: the accounts folded are somebody else's by now: read them again.
    """
    # The lock goes first: SQLite gives up a transaction that reads before it writes, and what is
    # read from here on is what the last to hold the lock left behind.
    for _, account_id in sorted({*subject.accounts.items(), *subject.others}):
        models.Account.objects.filter(pk=account_id).update(revision=F("revision") + 1)
    moved = models.Identity.objects.filter(pk__in=subject.identities)
    if moved.exclude(person_id=subject.person_id).exists():
        raise UnpreparedError  # they were merged, or unmerged, before we had the lock


def ensure_locked(subject: Subject, awards: Mapping[tuple[int, int], Iterable[Posted]]) -> None:
    """Refuse to go on without the locks of others on whose accounts there is something to undo.

    Raises:
        UnpreparedError: names them.
    """
    others = frozenset(
        (organization_id, award.elsewhere)
        for (_, organization_id), mine in awards.items()
        for award in mine
        if award.elsewhere is not None and not award.reversed
    )
    if not others <= subject.others:
        raise UnpreparedError(locks=others)


def make_ready(
    missing: UnpreparedError, subject: Subject, platform: Platform, now: datetime
) -> None:
    """Make the rows that settling this person lacks."""
    for site, key in missing.activities:
        prepare.activity(site=site, key=key, platform=platform, now=now)
    if missing.accounts:
        prepare.accounts(subject.person_id)


def subject_of(
    identity: dict[str, str | int], missing: UnpreparedError | None = None
) -> Subject | None:
    """Return whom an identity's ``key``, or a ``person_id``, names; None without any account.

    ``missing`` is what an attempt before lacked.
    """
    rows = list(
        models.Identity.objects.filter(**identity).values_list(
            "id",
            "key",
            "person_id",
            "person__accounts__organization_id",
            "person__accounts__id",
        )
    )
    accounts = {
        organization: account for *_, organization, account in rows if organization is not None
    }
    if not accounts:
        return None
    return Subject(
        person_id=rows[0][2],
        identities={pk: key for pk, key, *_ in rows},
        accounts=accounts,
        others=missing.locks if missing is not None else frozenset(),
    )


def new_subject(identity: dict[str, str | int]) -> Subject | None:
    """Make the rows of somebody new; None where there is nobody, or no organization yet."""
    if "key" in identity:
        heard = models.Notice.objects.filter(identity_key=identity["key"]).first()
        if heard is None:
            return None
        person_id = prepare.identity(site=heard.site, subject=heard.subject).person_id
    else:
        person_id = int(identity["person_id"])
    prepare.accounts(person_id)
    return subject_of(identity)
