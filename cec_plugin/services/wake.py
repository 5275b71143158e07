"""The signals with which a service says that there is work; the wiring turns them into tasks.

They are sent after the commit and may be lost with the broker: the sweep finds all the same work
in the tables.
"""

from collections.abc import Iterable

from django.db import transaction
from django.dispatch import Signal

settle_wanted = Signal()
"""Sent with ``identity_keys``: accounts of which a notice was heard."""

resettle_wanted = Signal()
"""Sent without arguments: people wait to be settled again."""

deliver_wanted = Signal()
"""Sent with ``registry_id``: that registry has deliveries due."""

look_up_wanted = Signal()
"""Sent with ``organization_id``: member numbers claimed there wait to be looked up."""

reconcile_wanted = Signal()
"""Sent with ``reconciliation_id``: it was asked for."""

repair_wanted = Signal()
"""Sent with ``reconciliation_id``: repairs of what it found were asked for."""


def settle_on_commit(identity_keys: Iterable[str]) -> None:
    """Wake the settling of these accounts when the transaction commits."""
    _on_commit(settle_wanted, identity_keys=sorted(set(identity_keys)))


def resettle_on_commit() -> None:
    """Wake the settling of whoever is due when the transaction commits."""
    _on_commit(resettle_wanted)


def deliver_on_commit(registry_ids: Iterable[int]) -> None:
    """Wake the delivery to each of these registries when the transaction commits."""
    for registry_id in sorted(set(registry_ids)):
        _on_commit(deliver_wanted, registry_id=registry_id)


def look_up_on_commit(organization_ids: Iterable[int]) -> None:
    """Wake the look-up of what is claimed at each of these when the transaction commits."""
    for organization_id in sorted(set(organization_ids)):
        _on_commit(look_up_wanted, organization_id=organization_id)


def reconcile_on_commit(reconciliation_id: int) -> None:
    """Wake this reconciliation when the transaction commits."""
    _on_commit(reconcile_wanted, reconciliation_id=reconciliation_id)


def repair_on_commit(reconciliation_id: int) -> None:
    """Wake the repairs of what this reconciliation found when the transaction commits."""
    _on_commit(repair_wanted, reconciliation_id=reconciliation_id)


def _on_commit(signal: Signal, **told: object) -> None:
    def wake() -> None:  # a function of its own: Django names it when it fails, a partial it cannot
        signal.send(sender=None, **told)

    transaction.on_commit(wake, robust=True)
