"""The wiring: what the platform is told of this plugin, and which signal wakes which task.

Imported while the platform's settings are still being built: no models, no settings here.
"""

from typing import Any, ClassVar

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

LMS = "lms.djangoapp"


class CecPluginConfig(AppConfig):
    """The plugin, as Django and edx-django-utils see it."""

    name = "cec_plugin"
    verbose_name = _("Continuing education credits")
    default_auto_field = "django.db.models.BigAutoField"

    plugin_app: ClassVar[dict[str, Any]] = {
        "url_config": {
            LMS: {"namespace": "cec_plugin", "regex": r"^cec/", "relative_path": "urls"},
        },
        "settings_config": {
            LMS: {
                "common": {"relative_path": "settings.common"},
                "production": {"relative_path": "settings.production"},
            },
        },
        "signals_config": {
            LMS: {
                "relative_path": "adapters.openedx",
                "receivers": [
                    {
                        "receiver_func_name": "certificate_created",
                        "signal_path": "openedx_events.learning.signals.CERTIFICATE_CREATED",
                        "dispatch_uid": "cec_plugin.certificate_created",
                    },
                    {
                        "receiver_func_name": "certificate_revoked",
                        "signal_path": "openedx_events.learning.signals.CERTIFICATE_REVOKED",
                        "dispatch_uid": "cec_plugin.certificate_revoked",
                    },
                    {
                        "receiver_func_name": "passing_status_updated",
                        "signal_path": (
                            "openedx_events.learning.signals.COURSE_PASSING_STATUS_UPDATED"
                        ),
                        "dispatch_uid": "cec_plugin.passing_status_updated",
                    },
                    {
                        "receiver_func_name": "course_role_added",
                        "signal_path": "openedx_events.learning.signals.COURSE_ACCESS_ROLE_ADDED",
                        "dispatch_uid": "cec_plugin.course_role_added",
                    },
                    {
                        "receiver_func_name": "course_role_removed",
                        "signal_path": "openedx_events.learning.signals.COURSE_ACCESS_ROLE_REMOVED",
                        "dispatch_uid": "cec_plugin.course_role_removed",
                    },
                ],
            },
        },
    }

    def ready(self) -> None:
        """Register the system checks and let the services' signals wake the tasks."""
        from cec_plugin import checks  # noqa: F401, PLC0415 - registers itself
        from cec_plugin.services import wake  # noqa: PLC0415 - needs the models
        from cec_plugin.tasks import waking  # noqa: PLC0415 - needs the models

        wake.settle_wanted.connect(waking.wake_settle, dispatch_uid="cec_plugin.settle")
        wake.resettle_wanted.connect(waking.wake_resettle, dispatch_uid="cec_plugin.resettle")
        wake.deliver_wanted.connect(waking.wake_deliver, dispatch_uid="cec_plugin.deliver")
        wake.look_up_wanted.connect(waking.wake_look_up, dispatch_uid="cec_plugin.look_up")
        wake.reconcile_wanted.connect(waking.wake_reconcile, dispatch_uid="cec_plugin.reconcile")
        wake.repair_wanted.connect(waking.wake_repair, dispatch_uid="cec_plugin.repair")
