"""Certificates: one row for each learner in each course run."""

from django.conf import settings
from django.db import models
from opaque_keys.edx.django.models import CourseKeyField


class EligibleCertificateManager(models.Manager):
    """The manager that the platform declares first: it hides certificates of the audit track."""

    def get_queryset(self) -> models.QuerySet:
        hidden = ("audit_passing", "audit_notpassing")
        return super().get_queryset().exclude(status__in=hidden)


class GeneratedCertificate(models.Model):  # noqa: DJ008 - nobody looks at it
    """A certificate, whatever its status."""

    eligible_certificates = EligibleCertificateManager()
    objects = models.Manager()

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    course_id = CourseKeyField(max_length=255, blank=True, default=None)
    verify_uuid = models.CharField(max_length=32, blank=True, default="", db_index=True)
    grade = models.CharField(max_length=5, blank=True, default="")
    status = models.CharField(max_length=32, default="unavailable")
    mode = models.CharField(max_length=32, default="honor")
    name = models.CharField(max_length=255, blank=True)
    created_date = models.DateTimeField(auto_now_add=True)
    modified_date = models.DateTimeField(auto_now=True)

    class Meta:
        app_label = "certificates"
        unique_together = (("user", "course_id"),)
