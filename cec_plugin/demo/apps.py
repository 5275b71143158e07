"""The campus as a Django app; it connects the plugins' receivers as the LMS does."""

from django.apps import AppConfig
from edx_django_utils.plugins import connect_plugin_receivers


class DemoConfig(AppConfig):
    """The demo's host."""

    name = "cec_plugin.demo"
    label = "cec_demo"
    verbose_name = "Campus"

    def ready(self) -> None:
        """Connect the receivers of every installed plugin."""
        from cec_plugin.demo.celery import app  # noqa: F401, PLC0415 - makes it the current app

        connect_plugin_receivers("lms.djangoapp")
