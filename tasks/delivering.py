"""Deliver what is due at one registry."""

from celery import shared_task

from cec_plugin.adapters.couriers import deliver_registry
from cec_plugin.services.deliver import BATCH


@shared_task(name="cec_plugin.deliver", ignore_result=True)
def deliver(registry_id: int) -> None:
    """Deliver due deliveries of a registry; come again while there may be more."""
    if deliver_registry(registry_id, limit=BATCH) >= BATCH:
        deliver.apply_async(args=(registry_id,), retry=False)
