"""Celery: unpack, build the adapter, call a service, log. Nothing else.

Autodiscovery imports this package alone, so it imports its modules.
"""

from cec_plugin.tasks import delivering, looking, periodic, reconciling, settling

__all__ = ["delivering", "looking", "periodic", "reconciling", "settling"]
