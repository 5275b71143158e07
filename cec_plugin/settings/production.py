"""What can only be said after the site's own configuration was read: nothing is overridden."""

from typing import Any

from cec_plugin.settings.common import plugin_settings as defaults


def plugin_settings(settings: Any) -> None:
    """Put in the defaults again, should the site's configuration have removed one."""
    defaults(settings)
