"""Open edX's events become notices. Nothing that raises, and no network, ever leaves here.

Certificate events are sent inside the platform's own transaction, before it commits, with the
certificate's row locked; a receiver that raises or waits there costs a learner their certificate.
"""

import logging
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Protocol

from opaque_keys.edx.keys import CourseKey
from openedx_events.data import EventsMetadata
from openedx_events.learning.data import (
    CertificateData,
    CourseAccessRoleData,
    CoursePassingStatusData,
)

from cec_plugin.conf import get_settings
from cec_plugin.domain.notices import Kind, Notice, Via
from cec_plugin.domain.tables import LEARNER
from cec_plugin.services.notice import hear
from cec_plugin.services.team import told

log = logging.getLogger(__name__)

SOURCE = "openedx-event"
EARNING_STATUS = "downloadable"
"""The only certificate status that earns; CREATED also fires for "generating"."""

swallowed: Counter[str] = Counter()
"""How many errors each receiver of this process has kept from the platform."""


class _Receiver(Protocol):
    def __call__(self, **kwargs: Any) -> None: ...


def _harmless(receive: Callable[..., None]) -> _Receiver:
    @wraps(receive)
    def receiver(**kwargs: Any) -> None:
        try:
            receive(**kwargs)
        except Exception:
            swallowed[receive.__name__] += 1
            log.exception("%s was not written down; the comparison finds it", receive.__name__)

    return receiver


@_harmless
def certificate_created(
    *, certificate: CertificateData, metadata: EventsMetadata, **_: Any
) -> None:
    """Write down that a certificate stands. It fires at every save, not only at the first."""
    if certificate.current_status != EARNING_STATUS:
        return
    hear(_of_certificate(certificate, metadata, Kind.EARNED), now=datetime.now(UTC))


@_harmless
def certificate_revoked(
    *, certificate: CertificateData, metadata: EventsMetadata, **_: Any
) -> None:
    """Write down that a certificate was taken back."""
    hear(_of_certificate(certificate, metadata, Kind.WITHDRAWN), now=datetime.now(UTC))


@_harmless
def passing_status_updated(
    *, course_passing_status: CoursePassingStatusData, metadata: EventsMetadata, **_: Any
) -> None:
    """Write down a passing status, where the site keeps them. It fires at every recalculation."""
    settings = get_settings()
    if not (settings.hear_passing or settings.earned_by is Via.PASSING):
        return
    hear(
        Notice(
            source=SOURCE,
            site=settings.site,
            subject=str(course_passing_status.user.id),
            activity=str(course_passing_status.course.course_key),
            role=LEARNER,
            occurrence="",
            kind=Kind.EARNED if course_passing_status.is_passing else Kind.WITHDRAWN,
            via=Via.PASSING,
            occurred_at=metadata.time,
            evidence={"event": str(metadata.id)},
        ),
        now=datetime.now(UTC),
    )


@_harmless
def course_role_added(
    *, course_access_role_data: CourseAccessRoleData, metadata: EventsMetadata, **_: Any
) -> None:
    """Write down that somebody was given a role in a course's team."""
    _hear_of_role(course_access_role_data, metadata, given=True)


@_harmless
def course_role_removed(
    *, course_access_role_data: CourseAccessRoleData, metadata: EventsMetadata, **_: Any
) -> None:
    """Write down that a role in a course's team was taken from somebody."""
    _hear_of_role(course_access_role_data, metadata, given=False)


def _hear_of_role(of: CourseAccessRoleData, metadata: EventsMetadata, *, given: bool) -> None:
    notice = told(
        source=SOURCE,
        subject=str(of.user.id),
        activity=str(of.course_key) if isinstance(of.course_key, CourseKey) else "",
        team_role=of.role,
        given=given,
        at=metadata.time,
        evidence={"event": str(metadata.id)},
    )
    if notice is not None:
        hear(notice, now=datetime.now(UTC))


def _of_certificate(certificate: CertificateData, metadata: EventsMetadata, kind: Kind) -> Notice:
    return Notice(
        source=SOURCE,
        site=get_settings().site,
        subject=str(certificate.user.id),
        activity=str(certificate.course.course_key),
        role=LEARNER,
        occurrence="",
        kind=kind,
        via=Via.CERTIFICATE,
        occurred_at=metadata.time,
        grade=certificate.grade,
        mode=certificate.mode,
        evidence={"event": str(metadata.id), "status": certificate.current_status},
    )
