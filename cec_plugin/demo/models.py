"""What a campus keeps: courses, enrolments and certificates, as an LMS does."""

from django.conf import settings
from django.db import models


class Course(models.Model):
    """A course run.

    .. no_pii:
    """

    key = models.CharField(max_length=255, unique=True)
    title = models.CharField(max_length=255)
    ends_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.title


class Enrolment(models.Model):
    """A learner in a course run; with a role, one of its team.

    .. no_pii:
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    course = models.ForeignKey(Course, models.CASCADE)
    role = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "course"], name="demo_enrolment")]

    def __str__(self) -> str:
        return f"enrolment {self.pk}"


class Certificate(models.Model):
    """A learner's certificate; one row for each, whatever becomes of it.

    .. no_pii:
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    course = models.ForeignKey(Course, models.CASCADE)
    status = models.CharField(max_length=20)
    grade = models.CharField(max_length=5, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    modified_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "course"], name="demo_certificate")]

    def __str__(self) -> str:
        return f"certificate {self.pk}"
