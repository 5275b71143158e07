"""What an officer decided last on what came of a participation."""

from cec_plugin import models
from cec_plugin.models.adjustments import Adjustment


def last_by_hand(entry: models.CreditEntry) -> Adjustment | None:
    """Return the last decision by hand at the entry's organization on what it came from.

    Whoever's account it was on: the decision goes along where two people are merged.
    """
    if entry.participation_id is None:
        return None
    applied = Adjustment.objects.filter(
        account__organization_id=entry.account.organization_id,
        participation_id=entry.participation_id,
        outcome=Adjustment.Outcome.APPLIED,
    )
    return applied.order_by("-decided_at", "-pk").first()
