"""Open edX's events as the platform sends them, with the payload that a running one was seen to send."""

from datetime import datetime

from opaque_keys.edx.keys import CourseKey
from openedx_events.learning.data import (
    CertificateData,
    CourseAccessRoleData,
    CourseData,
    CoursePassingStatusData,
    UserData,
    UserPersonalData,
)
from openedx_events.learning.signals import (
    CERTIFICATE_CREATED,
    CERTIFICATE_REVOKED,
    COURSE_ACCESS_ROLE_ADDED,
    COURSE_ACCESS_ROLE_REMOVED,
    COURSE_PASSING_STATUS_UPDATED,
)

ETHICS = "course-v1:CPC+Ethics+2026"


def _user(user_id: int) -> UserData:
    pii = UserPersonalData(username="user-44", email="user-44@example.org", name="Léa Roy")
    return UserData(pii=pii, id=user_id, is_active=True)


def created(
    user_id: int,
    at: datetime | None = None,
    *,
    key: str = ETHICS,
    status: str = "downloadable",
    grade: str = "0.82",
) -> None:
    """Send CERTIFICATE_CREATED, dated with the certificate's modified date."""
    CERTIFICATE_CREATED.send_event(
        time=at, certificate=_certificate(user_id, key, status=status, grade=grade)
    )


def revoked(user_id: int, at: datetime | None = None, *, key: str = ETHICS) -> None:
    """Send CERTIFICATE_REVOKED; the grade is then empty."""
    CERTIFICATE_REVOKED.send_event(
        time=at, certificate=_certificate(user_id, key, status="notpassing", grade="")
    )


def passing(
    user_id: int, at: datetime | None = None, *, is_passing: bool = True, key: str = ETHICS
) -> None:
    """Send COURSE_PASSING_STATUS_UPDATED, which comes at every recalculation of a grade."""
    COURSE_PASSING_STATUS_UPDATED.send_event(
        time=at,
        course_passing_status=CoursePassingStatusData(
            is_passing=is_passing,
            user=_user(user_id),
            course=CourseData(course_key=CourseKey.from_string(key)),
        ),
    )


def role(
    user_id: int,
    name: str = "staff",
    at: datetime | None = None,
    *,
    given: bool = True,
    key: str = ETHICS,
) -> None:
    """Send that a role in a course's team was given or taken; without a key, in all courses."""
    signal = COURSE_ACCESS_ROLE_ADDED if given else COURSE_ACCESS_ROLE_REMOVED
    signal.send_event(
        time=at,
        course_access_role_data=CourseAccessRoleData(
            user=_user(user_id),
            org_key="CPC",
            course_key=CourseKey.from_string(key) if key else None,
            role=name,
        ),
    )


def _certificate(user_id: int, key: str, *, status: str, grade: str) -> CertificateData:
    return CertificateData(
        user=_user(user_id),
        course=CourseData(course_key=CourseKey.from_string(key), display_name=""),
        mode="honor",
        grade=grade,
        download_url="",
        name="Léa Roy",
        current_status=status,
        previous_status="",
    )
