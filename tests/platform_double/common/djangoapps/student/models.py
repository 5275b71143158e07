"""Who is in a course, and who has a say in it."""

from django.conf import settings
from django.db import models
from opaque_keys.edx.django.models import CourseKeyField
from openedx.core.djangoapps.content.course_overviews.models import CourseOverview


class CourseEnrollment(models.Model):  # noqa: DJ008 - nobody looks at it
    """A learner in a course run. There may be no overview of the run: the key is not checked."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    course = models.ForeignKey(CourseOverview, models.DO_NOTHING, db_constraint=False)
    created = models.DateTimeField(auto_now_add=True, null=True, db_index=True)
    is_active = models.BooleanField(default=True)
    mode = models.CharField(default="audit", max_length=100)

    class Meta:
        app_label = "student"
        unique_together = (("user", "course"),)
        ordering = ("user", "course")


class CourseAccessRole(models.Model):  # noqa: DJ008 - nobody looks at it
    """A role in a course run; without a run it holds for the whole organization."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    org = models.CharField(max_length=64, db_index=True, blank=True)
    course_id = CourseKeyField(max_length=255, db_index=True, blank=True)
    role = models.CharField(max_length=64, db_index=True)

    class Meta:
        app_label = "student"
        unique_together = ("user", "org", "course_id", "role")
