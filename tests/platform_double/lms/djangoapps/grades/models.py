"""Grades that are kept: one row for each learner in each course run."""

from django.db import models
from django.utils.timezone import now
from opaque_keys.edx.django.models import CourseKeyField


class PersistentCourseGrade(models.Model):  # noqa: DJ008 - nobody looks at it
    """The grade of a whole course; the letter is empty where it does not pass."""

    id = models.BigAutoField(primary_key=True)
    created = models.DateTimeField(default=now, editable=False)
    modified = models.DateTimeField(auto_now=True)
    user_id = models.IntegerField(blank=False, db_index=True)
    course_id = CourseKeyField(blank=False, max_length=255)
    grading_policy_hash = models.CharField(max_length=255)
    percent_grade = models.FloatField(blank=False)
    letter_grade = models.CharField(max_length=255)
    passed_timestamp = models.DateTimeField(blank=True, null=True)

    class Meta:
        app_label = "grades"
        unique_together = [("course_id", "user_id")]
