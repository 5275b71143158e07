"""Look up claims at an organization by its id: build its adapters, then call the service."""

from datetime import UTC, datetime

from cec_plugin import models
from cec_plugin.adapters.registries.build import build
from cec_plugin.conf import get_settings
from cec_plugin.exceptions import ConfigurationError
from cec_plugin.services.look_up_claims import BATCH, Desk, Desks, look_up_claims


def look_up_organization(organization_id: int, *, limit: int = BATCH) -> int:
    """Look up at most ``limit`` due claims; return how many.

    A registry that is paused, quiet or not configured as it must be is asked later.
    """
    now = datetime.now(UTC)
    rows = list(models.Registry.objects.filter(organization_id=organization_id).order_by("pk"))
    found = [desk for row in rows if (desk := _desk(row, now)) is not None]
    desks = Desks(organization_id=organization_id, open=tuple(found), closed=len(found) < len(rows))
    return sum(look_up_claims(desks, now=now, policy=get_settings().policy, limit=limit).values())


def _desk(row: models.Registry, now: datetime) -> Desk | None:
    if row.paused or (row.quiet_until is not None and row.quiet_until > now):
        return None
    try:
        return Desk(name=row.name, registry=build(row), timeout_s=row.timeout_s)
    except ConfigurationError:
        return None  # its deliveries pause it, and say why
