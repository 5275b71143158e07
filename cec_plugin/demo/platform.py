"""The campus as the plugin sees it: the small provider that a host outside an LMS offers."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from django.db.models import Q

from cec_plugin.adapters.accounts import DjangoAccounts
from cec_plugin.adapters.platform import course_parts
from cec_plugin.demo.models import Certificate, Course, Enrolment
from cec_plugin.domain.notices import Via
from cec_plugin.domain.platform import CompletionFacts, CourseFacts


class CampusPlatform(DjangoAccounts):
    """Reads the campus' own tables. The campus has certificates and no passing status."""

    def course(self, key: str) -> CourseFacts | None:
        """Return what the campus knows of a course."""
        row = Course.objects.filter(key=key).first()
        if row is None:
            return None
        course, organization = course_parts(key)
        return CourseFacts(
            key=key,
            title=row.title,
            ends_at=row.ends_at,
            course=course,
            organization=organization,
        )

    def completions(
        self, pairs: Iterable[tuple[str, str]], via: Via
    ) -> dict[tuple[str, str], CompletionFacts]:
        """Return the certificates of these learners in these courses."""
        chosen = Q(pk__in=[])
        for subject, key in pairs:
            chosen |= Q(user_id=subject, course__key=key)
        return {(facts.subject, facts.activity): facts for facts in self._certificates(chosen, via)}

    def completions_since(self, since: datetime, via: Via) -> Iterator[CompletionFacts]:
        """Return the certificates that changed since."""
        return self._certificates(Q(modified_at__gte=since), via)

    def enrolments(self, subject: str) -> list[str]:
        """Return the courses in which the learner is enrolled."""
        rows = Enrolment.objects.filter(user_id=subject, role="")
        return list(rows.values_list("course__key", flat=True))

    def registered(
        self, finished: Mapping[tuple[str, str], datetime]
    ) -> dict[tuple[str, str], bool]:
        """Say who is enrolled as a learner."""
        return {
            (subject, key): Enrolment.objects.filter(
                user_id=subject, course__key=key, role=""
            ).exists()
            for subject, key in finished
        }

    def runs(self, ended_since: datetime) -> Iterator[CourseFacts]:
        """Return the courses that have no end, or one after this."""
        rows = Course.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gte=ended_since))
        for key in rows.values_list("key", flat=True):
            if (facts := self.course(key)) is not None:
                yield facts

    def staff(self, activity: str) -> list[tuple[str, str]]:
        """Return the course's team."""
        rows = Enrolment.objects.filter(course__key=activity).exclude(role="")
        return [(str(user_id), role) for user_id, role in rows.values_list("user_id", "role")]

    def _certificates(self, chosen: Q, via: Via) -> Iterator[CompletionFacts]:
        if via is not Via.CERTIFICATE:
            return
        for row in Certificate.objects.filter(chosen).select_related("course"):
            yield CompletionFacts(
                subject=str(row.user_id),
                activity=row.course.key,
                via=Via.CERTIFICATE,
                stands=row.status == "downloadable",
                earned_at=row.created_at,
                earned_from="certificate_created",
                modified_at=row.modified_at,
                grade=row.grade,
                mode="honor",
            )
