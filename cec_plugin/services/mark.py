"""Mark people to be settled again. Opens a transaction of its own."""

from datetime import datetime

from django.db.models import F, Q

from cec_plugin import models
from cec_plugin.services.retry import in_transaction
from cec_plugin.services.wake import resettle_on_commit


def mark(concerned: Q, *, now: datetime) -> int:
    """Mark the participations that fit ``concerned`` as due; return how many.

    The people's account locks are taken first: a settling that is under way has then written
    what it saw, and one that comes after sees what changed. So commit the change before.
    """

    def work() -> int:
        people = models.Participation.objects.filter(concerned).values("identity__person_id")
        models.Account.objects.filter(person_id__in=list(people.values_list(flat=True))).update(
            revision=F("revision") + 1
        )
        marked = models.Participation.objects.filter(concerned).update(settle_at=now)
        if marked:
            resettle_on_commit()
        return marked

    return in_transaction(work)
