"""The door to the learning platform: what services ask of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cec_plugin.domain.notices import Via


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseFacts:
    """What the platform knows of an activity; ``ends_at`` None means that it never ends."""

    key: str
    title: str
    ends_at: datetime | None = None
    course: str = ""
    organization: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionFacts:
    """What the platform itself holds of one completion, earned or not.

    ``earned_at`` is when it was finished and ``earned_from`` the code of where that stands
    (``certificate_created``, ``grade_passed``); ``modified_at`` orders it among notices.
    """

    subject: str
    activity: str
    via: Via
    stands: bool
    earned_at: datetime | None
    earned_from: str
    modified_at: datetime
    grade: str = ""
    mode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """An account on the platform. ``name`` is for the eyes of administrators, never stored."""

    subject: str
    username: str = field(repr=False)
    name: str = field(default="", repr=False)


class Platform(Protocol):
    """The learning platform: certificates, grades, courses, staff, enrolments."""

    def course(self, key: str) -> CourseFacts | None:
        """Return what is known of a course, None where there is no such course."""
        ...

    def completions(
        self, pairs: Iterable[tuple[str, str]], via: Via
    ) -> dict[tuple[str, str], CompletionFacts]:
        """Return what stands for each (subject, activity); absent means the platform has none."""
        ...

    def completions_since(self, since: datetime, via: Via) -> Iterator[CompletionFacts]:
        """Return every completion, earned or withdrawn, that changed since (aware)."""
        ...

    def enrolments(self, subject: str) -> list[str]:
        """Return the keys of the courses in which the account is actively enrolled."""
        ...

    def registered(
        self, finished: Mapping[tuple[str, str], datetime]
    ) -> dict[tuple[str, str], bool]:
        """Say for each (subject, activity) whether the learner was registered for it then.

        Staff, beta testers and test accounts are not; absent means that the platform cannot say.
        """
        ...

    def runs(self, ended_since: datetime) -> Iterator[CourseFacts]:
        """Return the course runs that have no end, or one after this (aware)."""
        ...

    def staff(self, activity: str) -> list[tuple[str, str]]:
        """Return the course's own team as (subject, role), without organization-wide roles."""
        ...

    def office(self, subjects: Iterable[str]) -> set[str]:
        """Return which of these accounts run the site, or are tests: they serve nobody."""
        ...

    def find_account(self, text: str) -> AccountFacts | None:
        """Return the account with this user name, e-mail or id."""
        ...

    def accounts(self, subjects: Iterable[str]) -> dict[str, AccountFacts]:
        """Return the accounts by subject."""
        ...

    def accounts_by_email(self, emails: Iterable[str]) -> dict[str, list[AccountFacts]]:
        """Return the accounts whose e-mail address is proven to be theirs, by address as asked.

        An address that nobody has, or has proven, is absent; several may have the same.
        """
        ...

    def sso_numbers(
        self, subjects: Iterable[str], *, provider: str, field: str
    ) -> Iterator[tuple[str, str]]:
        """Yield (subject, text) for what a single sign-on says of these accounts in a field.

        ``field`` is ``uid`` or a key of what it keeps beside it.
        """
        ...
