"""Keep why something finished has no credit. Runs under the account locks."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from cec_plugin import models
from cec_plugin.domain.allocation import Refusal


def refuse(
    refusals: Mapping[int, Iterable[Refusal]],
    *,
    participation_ids: Mapping[str, int],
    refused_before: Iterable[int],
    now: datetime,
) -> None:
    """Make the stored refusals of one person those that are given, by organization.

    ``refused_before`` are the ids of the participations that may have some.
    """
    wanted = {
        (participation_ids[refusal.participation], organization_id): refusal
        for organization_id, given in refusals.items()
        for refusal in given
    }
    stored = {
        (row.participation_id, row.organization_id): row
        for row in models.Refusal.objects.filter(participation_id__in=list(refused_before))
    }
    gone = [row.pk for key, row in stored.items() if key not in wanted]
    if gone:
        models.Refusal.objects.filter(pk__in=gone).delete()
    fresh = []
    for (participation_id, organization_id), refusal in wanted.items():
        row = stored.get((participation_id, organization_id))
        details = {**refusal.details, **({"steps": list(refusal.steps)} if refusal.steps else {})}
        if row is None:
            fresh.append(
                models.Refusal(
                    participation_id=participation_id,
                    organization_id=organization_id,
                    code=refusal.code.value,
                    details=details,
                    decided_at=now,
                )
            )
        elif (row.code, row.details) != (refusal.code.value, details):
            row.code, row.details, row.decided_at = refusal.code.value, details, now
            row.save(update_fields=["code", "details", "decided_at"])
    models.Refusal.objects.bulk_create(fresh)
