"""On which activities somebody gave their own word, and on what they may give it."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q

from cec_plugin import models
from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.domain.tables import LEARNER

LARGEST_ID = 2**63 - 1
"""The greatest id that a database can hold; SQLite refuses even to compare with a greater one."""


def given(person_id: int, activity_ids: Collection[int]) -> dict[int, datetime]:
    """Return when the person gave their word, by activity: one query, none without activities."""
    if not activity_ids:
        return {}
    rows = models.Relation.objects.filter(person_id=person_id, activity_id__in=activity_ids)
    return dict(rows.values_list("activity_id", "given_at"))


def is_asked(person_id: int, participation_id: int) -> bool:
    """Say whether an organization asks the person for their word on this, or they gave it before.

    False for what is somebody else's, and for a number that is no id.
    """
    if participation_id > LARGEST_ID:
        return False
    return (
        models.Participation.objects.filter(
            pk=participation_id, identity__person_id=person_id, role=LEARNER
        )
        .filter(
            Q(stands=True, refusals__code=RefusalCode.NEEDS_WORD)
            | Q(activity__relations__person_id=person_id)
        )
        .exists()
    )
