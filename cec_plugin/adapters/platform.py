"""The only door to edx-platform: certificates, grades, courses, staff, enrolments.

What it imports from the platform it imports inside its functions. Outside an LMS a host project
names an implementation of its own in ``CEC_PLATFORM``.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils.module_loading import import_string
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

from cec_plugin.adapters.accounts import DjangoAccounts, is_test, user_id_of
from cec_plugin.conf import get_settings
from cec_plugin.domain.notices import Via
from cec_plugin.domain.platform import CompletionFacts, CourseFacts, Platform

EARNING_STATUS = "downloadable"


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
            user_id = user_id_of(subject)
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

        user_id = user_id_of(subject)
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

    user_id, course_key = user_id_of(subject), _course_key(activity)
    if user_id is None or course_key is None:
        return None
    user = get_user_model()._default_manager.filter(pk=user_id).first()  # noqa: SLF001
    if user is None:
        return None
    if is_test(user.get_username()) or user.is_staff or user.is_superuser:
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
