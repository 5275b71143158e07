"""Reconcile a registry that somebody wants reconciled, and repair what somebody wants repaired."""

from datetime import UTC, datetime

from celery import shared_task

from cec_plugin.adapters.registries.by_id import registry_of
from cec_plugin.services.reconcile import Reader, take_up


def _now() -> datetime:
    return datetime.now(UTC)


@shared_task(name="cec_plugin.reconcile", ignore_result=True)
def reconcile(reconciliation_id: int) -> None:
    """Make a reconciliation that was asked for."""
    take_up(reconciliation_id, Reader(registries=registry_of, clock=_now))
