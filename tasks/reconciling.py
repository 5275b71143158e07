"""Reconcile a registry that somebody wants reconciled, and repair what somebody wants repaired."""

from datetime import UTC, datetime

from celery import shared_task

from cec_plugin.adapters.registries.by_id import registry_of
from cec_plugin.services.reconcile import Reader, take_up
from cec_plugin.services.repair import repair_asked


def _now() -> datetime:
    return datetime.now(UTC)


def _reader() -> Reader:
    return Reader(registries=registry_of, clock=_now)


@shared_task(name="cec_plugin.reconcile", ignore_result=True)
def reconcile(reconciliation_id: int) -> None:
    """Make a reconciliation that was asked for."""
    take_up(reconciliation_id, _reader())


@shared_task(name="cec_plugin.repair", ignore_result=True)
def repair(reconciliation_id: int) -> None:
    """Make the repairs that were asked for of what a reconciliation found."""
    repair_asked(reconciliation_id, _reader())
