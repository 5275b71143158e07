"""Build people with credits through the real services: plain functions, for any test."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from cec_plugin import models
from cec_plugin.conf import get_settings
from cec_plugin.domain.credits import parse_hundredths
from cec_plugin.domain.delivery import Outcome, Policy, Result, after
from cec_plugin.domain.keys import identity_key
from cec_plugin.domain.notices import Kind, Notice, Via
from cec_plugin.domain.platform import AccountFacts, CompletionFacts, CourseFacts, Platform
from cec_plugin.domain.tables import LEARNER, BonusKind
from cec_plugin.services import link as linking
from cec_plugin.services import prepare
from cec_plugin.services import serve as serving
from cec_plugin.services.acknowledge import Attempted, acknowledge
from cec_plugin.services.activate import activate, mark_concerned
from cec_plugin.services.claim import Claimed, claim
from cec_plugin.services.notice import hear
from cec_plugin.services.send import Letter, load
from cec_plugin.services.settle import settle_identities, settle_people

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
"""A fixed present for tests that need one."""


@dataclass(slots=True, kw_only=True)
class SmallPlatform:
    """A learning platform in memory; a course that it was not told of has no facts.

    ``enrolled`` maps a subject to the courses it is in, ``signed_on`` one to what any single
    sign-on says of it.
    """

    courses: dict[str, CourseFacts] = field(default_factory=dict)
    enrolled: dict[str, list[str]] = field(default_factory=dict)
    facts: dict[tuple[str, str], CompletionFacts] = field(default_factory=dict)
    teams: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    runs_the_site: set[str] = field(default_factory=set)
    signed_on: dict[str, list[str]] = field(default_factory=dict)

    def course(self, key: str) -> CourseFacts | None:
        return self.courses.get(key)

    def completions(
        self, pairs: Iterable[tuple[str, str]], via: Via
    ) -> dict[tuple[str, str], CompletionFacts]:
        return {
            pair: self.facts[pair]
            for pair in pairs
            if pair in self.facts and self.facts[pair].via is via
        }

    def completions_since(self, since: datetime, via: Via) -> Iterator[CompletionFacts]:
        return (one for one in self.facts.values() if one.via is via and one.modified_at >= since)

    def enrolments(self, subject: str) -> list[str]:
        return self.enrolled.get(subject, [])

    def registered(
        self, finished: Mapping[tuple[str, str], datetime]
    ) -> dict[tuple[str, str], bool]:
        return {(who, what): what in self.enrolled.get(who, []) for who, what in finished}

    def runs(self, ended_since: datetime) -> Iterator[CourseFacts]:
        return (
            one
            for one in self.courses.values()
            if one.ends_at is None or one.ends_at >= ended_since
        )

    def staff(self, activity: str) -> list[tuple[str, str]]:
        return self.teams.get(activity, [])

    def office(self, subjects: Iterable[str]) -> set[str]:
        return self.runs_the_site.intersection(subjects)

    def find_account(self, text: str) -> AccountFacts | None:
        return None

    def accounts(self, subjects: Iterable[str]) -> dict[str, AccountFacts]:
        return {subject: AccountFacts(subject=subject, username=subject) for subject in subjects}

    def accounts_by_email(self, emails: Iterable[str]) -> dict[str, list[AccountFacts]]:
        return {}

    def sso_numbers(
        self, subjects: Iterable[str], *, provider: str, field: str
    ) -> Iterator[tuple[str, str]]:
        return ((one, text) for one in subjects for text in self.signed_on.get(one, []))


def titled(**titles: str) -> SmallPlatform:
    """Make a platform of courses that have nothing but a title: ``titled(ethics="Ethics")``."""
    return SmallPlatform(
        courses={key: CourseFacts(key=key, title=title) for key, title in titles.items()}
    )


def organization(
    code: str = "guild", name: str = "Guild of Coaches", **fields: Any
) -> models.Organization:
    return models.Organization.objects.create(code=code, name=name, **fields)


def role(code: str, label: str) -> models.Role:
    return models.Role.objects.get_or_create(code=code, defaults={"label": label})[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A line of a credit table. ``hours`` and the bonuses are figures as text; None is no figure.

    ``bonuses`` are flat and ``per_hour`` are reckoned by the hour of service, by role code.
    """

    pattern: str
    hours: str | None
    code: str = ""
    title: str = ""
    selector: str = "run"
    credit_type: str = "cec"
    bonuses: Mapping[str, str | None] = field(default_factory=dict)
    per_hour: Mapping[str, str | None] = field(default_factory=dict)
    tags: Sequence[str] = ()


def rule(pattern: str, hours: str | None = "10", **fields: Any) -> Rule:
    return Rule(pattern=pattern, hours=hours, **fields)


def table(
    of: models.Organization,
    rules: Sequence[Rule] = (),
    *,
    effective_from: date = date(2020, 1, 1),
    active: bool = True,
    now: datetime = NOW,
) -> models.Schedule:
    """Make the next version of an organization's credit table and activate it.

    The people it concerns are marked as due; ``settle_everybody`` settles them.
    """
    schedule = models.Schedule.objects.create(
        organization=of,
        version=of.schedules.count() + 1,
        title="Credits",
        effective_from=effective_from,
    )
    for number, one in enumerate(rules, start=1):
        line = models.Rule.objects.create(
            schedule=schedule,
            code=one.code or f"rule-{number}",
            title=one.title,
            selector=one.selector,
            pattern=one.pattern,
            credit_type=one.credit_type,
            hundredths=_hundredths(one.hours),
            tags=list(one.tags),
        )
        for kind, bonuses in ((BonusKind.FLAT, one.bonuses), (BonusKind.PER_HOUR, one.per_hour)):
            for code, hours in bonuses.items():
                models.RoleBonus.objects.create(
                    schedule=schedule,
                    rule=line,
                    role=role(code, code),
                    kind=kind.value,
                    hundredths=_hundredths(hours),
                )
    if active:
        schedule = activate(schedule.pk, by="tester", now=now)
        mark_concerned(now=now)
    return schedule


def _hundredths(hours: str | None) -> int | None:
    return None if hours is None else parse_hundredths(hours)


def registry(
    of: models.Organization, name: str = "Guild register", *, paused: bool = False
) -> models.Registry:
    """Give an organization member records. Nothing calls them: see ``answer``."""
    return models.Registry.objects.create(
        organization=of,
        name=name,
        base_url="https://registry.example",
        secret="guild",
        paused=paused,
    )


def finish(
    subject: str,
    activity: str,
    at: datetime,
    *,
    role: str = LEARNER,
    kind: Kind = Kind.EARNED,
    via: Via = Via.CERTIFICATE,
    **fields: Any,
) -> None:
    """Let the learning platform say that an account finished an activity; settle it yourself."""
    hear(
        Notice(
            source="openedx-event",
            site=get_settings().site,
            subject=subject,
            activity=activity,
            role=role,
            occurrence="",
            kind=kind,
            via=via,
            occurred_at=at,
            **fields,
        ),
        now=at,
    )


def withdraw(subject: str, activity: str, at: datetime, **fields: Any) -> None:
    """Let the platform take it back."""
    finish(subject, activity, at, kind=Kind.WITHDRAWN, **fields)


def settle(subject: str, *, platform: Platform | None = None, now: datetime = NOW) -> int:
    """Settle an account; return the number of entries posted."""
    key = identity_key(site=get_settings().site, subject=subject)
    return settle_identities([key], platform=platform or SmallPlatform(), now=now)


def settle_everybody(*, platform: Platform | None = None, now: datetime = NOW) -> int:
    """Settle everybody who has an account; return the number of entries posted."""
    people = models.Person.objects.values_list("pk", flat=True)
    return settle_people(list(people), platform=platform or SmallPlatform(), now=now)


def person_of(subject: str) -> int:
    """Return the id of the person behind an account that was settled."""
    key = identity_key(site=get_settings().site, subject=subject)
    return models.Identity.objects.get(key=key).person_id


def link(
    subject: str, to: models.Organization, number: str, *, now: datetime = NOW
) -> models.Membership:
    """Link the person behind a settled account to a member number."""
    return linking.link(
        person_id=person_of(subject),
        organization_id=to.pk,
        number=number,
        verified_by="tester",
        now=now,
    )


def officer(subject: str, of: models.Organization, *, now: datetime = NOW) -> models.Officer:
    """Let an account answer for an organization."""
    identity = prepare.identity(site=get_settings().site, subject=subject)
    return models.Officer.objects.create(
        organization=of, identity=identity, named_by="tester", named_at=now
    )


def enter(service: models.Service, *, now: datetime = NOW) -> models.Service:
    """Enter service by hand; settle it yourself."""
    return serving.enter(service, by="tester", now=now)


def answer(by: models.Registry, result: Result, *, now: datetime = NOW) -> int:
    """Let the registry answer everything that is due with this result; return how many."""
    claimed = claim(by.pk, limit=100, lease_s=120, now=now)
    letters = load(claimed)
    acknowledge([_attempted(letters[one.id], one, result, now) for one in claimed], now=now)
    return len(claimed)


def _attempted(letter: Letter, claimed: Claimed, result: Result, now: datetime) -> Attempted:
    outcome = Outcome(result=result, remote_id="r-1" if result is Result.DELIVERED else "")
    decision = after(
        outcome,
        failures=letter.delivery.failures,
        lease=claimed.lease,
        presence=claimed.presence,
        now=now,
        jitter=0,
        policy=Policy(),
    )
    return Attempted(
        letter=letter,
        claimed=claimed,
        outcome=outcome,
        decision=decision,
        began=now,
        ended=now,
    )


def user(username: str, **fields: Any) -> Any:
    """Make a login account; its id, as text, is its subject on this site."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - needs the apps

    return get_user_model()._default_manager.create_user(
        username, f"{username}@example.org", "a long password", **fields
    )
