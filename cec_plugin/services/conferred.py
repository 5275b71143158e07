"""Have people settled again whose own periods run from another day now."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from cec_plugin import models
from cec_plugin.domain.terms import PeriodOf
from cec_plugin.services.mark import mark

BATCH = 500


def conferred(person_ids: Iterable[int], *, now: datetime) -> int:
    """Mark these people, whose certifications were entered or changed; return how many lines.

    Call it when that is committed. Nothing is marked where no active table asks for a person's
    own periods. Opens transactions of its own.
    """
    asking = models.Schedule.objects.filter(
        activated_at__isnull=False, period_of=PeriodOf.PERSON.value
    )
    people = sorted(set(person_ids))
    if not people or not asking.exists():
        return 0
    return sum(
        mark(Q(identity__person_id__in=people[start : start + BATCH]), now=now)
        for start in range(0, len(people), BATCH)
    )
