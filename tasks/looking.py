"""Look up the member numbers that people claim at one organization."""

from celery import shared_task

from cec_plugin.adapters.lookups import look_up_organization
from cec_plugin.services.look_up_claims import BATCH


@shared_task(name="cec_plugin.look_up", ignore_result=True)
def look_up(organization_id: int) -> None:
    """Look up due claims; come again while there may be more."""
    if look_up_organization(organization_id, limit=BATCH) >= BATCH:
        look_up.apply_async(args=(organization_id,), retry=False)
