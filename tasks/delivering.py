"""Deliver what is due at one registry."""

from celery import shared_task

from cec_plugin.adapters.couriers import deliver_registry


@shared_task(name="cec_plugin.deliver", ignore_result=True)
def deliver(registry_id: int) -> None:
    """Deliver due deliveries of a registry; come again while there may be more."""
    again_in_s = deliver_registry(registry_id).again_in_s
    if again_in_s is not None:
        deliver.apply_async(args=(registry_id,), countdown=again_in_s, retry=False)
