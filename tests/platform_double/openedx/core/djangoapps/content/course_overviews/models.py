"""What is known of each course run without opening it."""

from django.db import models
from opaque_keys.edx.django.models import CourseKeyField


class CourseOverview(models.Model):  # noqa: DJ008 - nobody looks at it
    """A course run; its key is its primary key."""

    id = CourseKeyField(db_index=True, primary_key=True, max_length=255)
    org = models.TextField(max_length=255, default="outdated_entry")
    display_name = models.TextField(null=True)
    start = models.DateTimeField(null=True)
    end = models.DateTimeField(null=True)
    self_paced = models.BooleanField(default=False)

    class Meta:
        app_label = "course_overviews"
