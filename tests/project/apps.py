"""What the platform's own apps do for a plugin once the models are there."""

from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from edx_django_utils.plugins import connect_plugin_receivers


class ProjectConfig(AppConfig):
    """The test project."""

    name = "tests.project"
    label = "project"

    def ready(self) -> None:
        """Connect the plugin's receivers to Open edX's events."""
        connect_plugin_receivers("lms.djangoapp")
        connection_created.connect(_do_not_wait_for_the_disk, dispatch_uid="tests.project")


def _do_not_wait_for_the_disk(connection: Any, **_: object) -> None:
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous = OFF")
