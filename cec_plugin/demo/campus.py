"""What happens on the campus, with the platform's own events, in its own transactions."""

from datetime import datetime
from typing import Any

from django.db import transaction
from opaque_keys.edx.keys import CourseKey
from openedx_events.learning.data import (
    CertificateData,
    CourseAccessRoleData,
    CourseData,
    UserData,
    UserPersonalData,
)
from openedx_events.learning.signals import (
    CERTIFICATE_CREATED,
    CERTIFICATE_REVOKED,
    COURSE_ACCESS_ROLE_ADDED,
)

from cec_plugin.demo.models import Certificate, Course, Enrolment


def finish(user: Any, course: Course, *, grade: str = "0.91") -> Certificate:
    """Give the learner the course's certificate; the event is sent before the commit."""
    with transaction.atomic():
        certificate, _ = Certificate.objects.update_or_create(
            user=user, course=course, defaults={"status": "downloadable", "grade": grade}
        )
        announce(certificate)
    return certificate


def revoke(user: Any, course: Course) -> Certificate:
    """Take the certificate back."""
    with transaction.atomic():
        certificate = Certificate.objects.get(user=user, course=course)
        certificate.status, certificate.grade = "notpassing", ""
        certificate.save()
        CERTIFICATE_REVOKED.send_event(time=certificate.modified_at, certificate=_data(certificate))
    return certificate


def announce(certificate: Certificate) -> None:
    """Send the event that a certificate stands, as the platform does at every save of one."""
    CERTIFICATE_CREATED.send_event(time=certificate.modified_at, certificate=_data(certificate))


def end_run(course: Course, *, at: datetime) -> None:
    """Say when the course's run ended, an aware time; a platform sends no event of that."""
    Course.objects.filter(pk=course.pk).update(ends_at=at)


def join_team(user: Any, course: Course, *, role: str, at: datetime) -> None:
    """Put somebody into the course's team; the event says since when, an aware time."""
    with transaction.atomic():
        Enrolment.objects.update_or_create(user=user, course=course, defaults={"role": role})
        key = CourseKey.from_string(course.key)
        COURSE_ACCESS_ROLE_ADDED.send_event(
            time=at,
            course_access_role_data=CourseAccessRoleData(
                user=_user(user), course_key=key, org_key=key.org, role=role
            ),
        )


def _user(user: Any) -> UserData:
    return UserData(
        pii=UserPersonalData(
            username=user.get_username(), email=user.email, name=user.get_full_name()
        ),
        id=user.pk,
        is_active=user.is_active,
    )


def _data(certificate: Certificate) -> CertificateData:
    user = certificate.user
    return CertificateData(
        user=_user(user),
        course=CourseData(course_key=CourseKey.from_string(certificate.course.key)),
        mode="honor",
        grade=certificate.grade,
        current_status=certificate.status,
        download_url="",
        name=user.get_full_name(),
    )
