"""Turn the services' signals into tasks. A message lost with the broker is found by the sweep."""

import logging
from typing import Any

from celery import Task
from kombu.exceptions import OperationalError

from cec_plugin.tasks.delivering import deliver
from cec_plugin.tasks.looking import look_up
from cec_plugin.tasks.reconciling import reconcile, repair
from cec_plugin.tasks.settling import resettle, settle

log = logging.getLogger(__name__)


def wake_settle(identity_keys: list[str], **_: Any) -> None:
    """Settle these accounts soon."""
    _publish(settle, identity_keys)


def wake_resettle(**_: Any) -> None:
    """Settle soon whoever is due."""
    _publish(resettle)


def wake_deliver(registry_id: int, **_: Any) -> None:
    """Deliver soon to this registry."""
    _publish(deliver, registry_id)


def wake_look_up(organization_id: int, **_: Any) -> None:
    """Look up soon what is claimed at this organization."""
    _publish(look_up, organization_id)


def wake_reconcile(reconciliation_id: int, **_: Any) -> None:
    """Make this reconciliation soon."""
    _publish(reconcile, reconciliation_id)


def wake_repair(reconciliation_id: int, **_: Any) -> None:
    """Repair soon what this reconciliation found."""
    _publish(repair, reconciliation_id)


def _publish(task: "Task[Any, Any]", *args: object) -> None:
    try:
        task.apply_async(args=args, retry=False)
    except OperationalError as error:
        log.warning("The broker is gone (%s): the sweep will do %s", error, task.name)
