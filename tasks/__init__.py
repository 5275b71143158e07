"""Celery: unpack, build the adapter, call a service, log. Nothing else.

Autodiscovery imports this package alone, so it imports its modules.
"""

from cec_plugin.tasks import delivering, periodic, settling

__all__ = ["delivering", "periodic", "settling"]
