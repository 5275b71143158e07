"""When each periodic job last ran."""

from django.contrib import admin

from cec_plugin import models
from cec_plugin.admin.reading import ReadOnlyAdmin


@admin.register(models.JobRun)
class JobRunAdmin(ReadOnlyAdmin):
    """The last run of each periodic job; ``ended_at`` is its last good end."""

    list_display = ("job", "began_at", "ended_at", "ok")
    fields = ("job", "began_at", "ended_at", "ok", "result")
