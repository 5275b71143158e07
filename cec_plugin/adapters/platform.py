"""The only door to edx-platform: certificates, grades, courses, staff, enrolments.

What it imports from the platform it imports inside its functions. Outside an LMS a host project
names an implementation of its own in ``CEC_PLATFORM``.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils.module_loading import import_string
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

from cec_plugin.conf import get_settings
from cec_plugin.domain.notices import Via
from cec_plugin.domain.ports import AccountFacts, CompletionFacts, CourseFacts, Platform

EARNING_STATUS = "downloadable"
MAX_ID = 2**63 - 1
"""The greatest id that a database can hold; SQLite refuses even to compare with a greater one."""


def get_platform() -> Platform:
    """Return the platform that the setting ``CEC_PLATFORM`` names."""
    platform: Platform = import_string(get_settings().platform)()
    return platform


def course_parts(key: str) -> tuple[str, str]:
    """Return a course run's key without the run, and who offers it; empty where it is no run."""
    try:
        parsed = CourseKey.from_string(key)
    except InvalidKeyError:
        return "", ""
    if key.startswith("course-v1:"):
        return f"course-v1:{parsed.org}+{parsed.course}", str(parsed.org)
    return f"{parsed.org}/{parsed.course}", str(parsed.org)


class DjangoAccounts:
    """Accounts as every Django site keeps them; a subject is the user's id."""

    def find_account(self, text: str) -> AccountFacts | None:
        """Return the account with this user name, e-mail or id, the user name going first."""
        text = text.strip()
        user_id = _user_id(text)
        users = get_user_model()._default_manager  # noqa: SLF001 - Django's documented way
        for lookup in (
            Q(username=text),
            Q(email__iexact=text),
            Q(pk=user_id) if user_id is not None else None,
        ):
            found = list(users.filter(lookup)[:2]) if lookup is not None and text else []
            if len(found) == 1:
                return _account(found[0])
        return None

    def accounts(self, subjects: Iterable[str]) -> dict[str, AccountFacts]:
        """Return the accounts by subject; one that is gone is absent."""
        ids = [pk for subject in subjects if (pk := _user_id(subject)) is not None]
        users = get_user_model()._default_manager.filter(pk__in=ids)  # noqa: SLF001
        return {str(user.pk): _account(user) for user in users}

    def office(self, subjects: Iterable[str]) -> set[str]:
        """Return which of these accounts are staff of the whole site, or match a test's name."""
        ids = [pk for subject in subjects if (pk := _user_id(subject)) is not None]
        users = get_user_model()._default_manager.filter(pk__in=ids)  # noqa: SLF001
        return {
            str(user.pk)
            for user in users
            if user.is_staff or user.is_superuser or _is_test(user.get_username())
        }


def _is_test(username: str) -> bool:
    return any(fnmatchcase(username, pattern) for pattern in get_settings().test_accounts)


def _user_id(subject: str) -> int | None:
    """Return the user's id; None where the subject is none, as another site's may not be."""
    if not (subject.isascii() and subject.isdecimal()) or len(subject) > len(str(MAX_ID)):
        return None
    user_id = int(subject)
    return user_id if user_id <= MAX_ID and str(user_id) == subject else None


def name_of(user: Any) -> str:
    """Return the name on an account: an LMS keeps it in the profile; else the user name."""
    profile = getattr(user, "profile", None)
    return getattr(profile, "name", "") or user.get_full_name() or user.get_username()


def _account(user: Any) -> AccountFacts:
    return AccountFacts(
        subject=str(user.pk), username=user.get_username(), name=user.get_full_name()
    )


class LmsPlatform(DjangoAccounts):
    """Open edX's own tables, through its own models and functions."""

    def course(self, key: str) -> CourseFacts | None:
        """Return what the course overview says."""
        from openedx.core.djangoapps.content.course_overviews.models import (  # noqa: PLC0415
            CourseOverview,
        )

        course_key = _course_key(key)
        overview = course_key and CourseOverview.objects.filter(id=course_key).first()
        # Databases look a key up without regard to case; to the platform the case is part of it.
        if not overview or str(overview.id) != key:
            return None
        course, organization = course_parts(key)
        return CourseFacts(
            key=key,
            title=overview.display_name or "",
            ends_at=overview.end,
            course=course,
            organization=organization,
        )

    def completions(
        self, pairs: Iterable[tuple[str, str]], via: Via
    ) -> dict[tuple[str, str], CompletionFacts]:
        """Return the certificates or grades of these learners in these courses."""
        by_course: dict[str, list[int]] = defaultdict(list)
        for subject, activity in pairs:
            user_id = _user_id(subject)
            if user_id is not None:
                by_course[activity].append(user_id)
        found = {}
        for activity, users in by_course.items():
            course_key = _course_key(activity)
            if course_key is not None:
                chosen = Q(user_id__in=users, course_id=course_key)
                for facts in _completions(chosen, via):
                    if facts.activity == activity:  # not the same in other letters
                        found[facts.subject, facts.activity] = facts
        return found

    def completions_since(self, since: datetime, via: Via) -> Iterator[CompletionFacts]:
        """Return the certificates or grades that changed since, as the platform dates them."""
        changed = Q(modified__gte=since) if via is Via.PASSING else Q(modified_date__gte=since)
        return _completions(changed, via)

    def enrolments(self, subject: str) -> list[str]:
        """Return the courses in which the learner is actively enrolled."""
        from common.djangoapps.student.models import CourseEnrollment  # noqa: PLC0415

        user_id = _user_id(subject)
        if user_id is None:
            return []
        rows = CourseEnrollment.objects.filter(user_id=user_id, is_active=True)
        return [str(key) for key in rows.values_list("course_id", flat=True)]

    def registered(
        self, finished: Mapping[tuple[str, str], datetime]
    ) -> dict[tuple[str, str], bool]:
        """Say who was enrolled by then, apart from staff, beta testers and test accounts.

        An enrolment that ended since has been one all the same: finishing does not need it any
        more, and the platform ends it with the account.
        """
        return {
            pair: registered
            for pair, at in finished.items()
            if (registered := _registered(*pair, at)) is not None
        }

    def runs(self, ended_since: datetime) -> Iterator[CourseFacts]:
        """Return the course runs that the platform dates so."""
        from openedx.core.djangoapps.content.course_overviews.models import (  # noqa: PLC0415
            CourseOverview,
        )

        rows = CourseOverview.objects.filter(Q(end__isnull=True) | Q(end__gte=ended_since))
        for course_key, title, end in rows.values_list("id", "display_name", "end").iterator():
            course, organization = course_parts(str(course_key))
            yield CourseFacts(
                key=str(course_key),
                title=title or "",
                ends_at=end,
                course=course,
                organization=organization,
            )

    def staff(self, activity: str) -> list[tuple[str, str]]:
        """Return the course's own team, asked through the platform's role classes."""
        from common.djangoapps.student import roles  # noqa: PLC0415

        course_key = _course_key(activity)
        if course_key is None:
            return []
        found = [
            ("instructor", roles.CourseInstructorRole),
            ("staff", roles.CourseStaffRole),
            # Not in every release of the platform.
            ("limited_staff", getattr(roles, "CourseLimitedStaffRole", None)),
        ]
        return [
            (str(user.pk), name)
            for name, role in found
            if role is not None
            for user in role(course_key).users_with_role()
        ]


def _registered(subject: str, activity: str, at: datetime) -> bool | None:
    from common.djangoapps.student.models import CourseEnrollment  # noqa: PLC0415
    from common.djangoapps.student.roles import (  # noqa: PLC0415
        CourseBetaTesterRole,
        CourseInstructorRole,
        CourseStaffRole,
    )

    user_id, course_key = _user_id(subject), _course_key(activity)
    if user_id is None or course_key is None:
        return None
    user = get_user_model()._default_manager.filter(pk=user_id).first()  # noqa: SLF001
    if user is None:
        return None
    if _is_test(user.get_username()) or user.is_staff or user.is_superuser:
        return False
    roles = (CourseBetaTesterRole, CourseInstructorRole, CourseStaffRole)
    if any(role(course_key).users_with_role().filter(pk=user.pk).exists() for role in roles):
        return False
    enrolments = CourseEnrollment.objects.filter(
        user_id=user_id, course_id=course_key, created__lte=at
    )
    return bool(enrolments.exists())


def _course_key(key: str) -> CourseKey | None:
    try:
        return CourseKey.from_string(key)
    except InvalidKeyError:
        return None


def _completions(chosen: Q, via: Via) -> Iterator[CompletionFacts]:
    return _grades(chosen) if via is Via.PASSING else _certificates(chosen)


def _certificates(chosen: Q) -> Iterator[CompletionFacts]:
    from lms.djangoapps.certificates.models import GeneratedCertificate  # noqa: PLC0415

    rows = GeneratedCertificate.objects.filter(chosen).values_list(
        "user_id", "course_id", "status", "created_date", "modified_date", "grade", "mode"
    )
    for user_id, course_id, status, created, modified, grade, mode in rows.iterator():
        yield CompletionFacts(
            subject=str(user_id),
            activity=str(course_id),
            via=Via.CERTIFICATE,
            stands=status == EARNING_STATUS,
            earned_at=created,
            earned_from="certificate_created",
            modified_at=modified,
            grade=grade,
            mode=mode,
        )


def _grades(chosen: Q) -> Iterator[CompletionFacts]:
    from lms.djangoapps.grades.models import PersistentCourseGrade  # noqa: PLC0415

    # The timestamp of passing stays when a regrade fails the learner; the letter grade does not.
    rows = PersistentCourseGrade.objects.filter(chosen).values_list(
        "user_id", "course_id", "letter_grade", "passed_timestamp", "modified", "percent_grade"
    )
    for user_id, course_id, letter, passed, modified, percent in rows.iterator():
        yield CompletionFacts(
            subject=str(user_id),
            activity=str(course_id),
            via=Via.PASSING,
            stands=bool(letter),
            earned_at=passed,
            earned_from="grade_passed",
            modified_at=modified,
            grade=str(percent),
        )
