"""Take a learner's own word that an activity relates to the work they do or pursue."""

from datetime import datetime

from django.db.models import Q

from cec_plugin import models
from cec_plugin.domain.tables import LEARNER
from cec_plugin.services.mark import change


def relate(
    *, participation_id: int, person_id: int, wording: str, language: str, now: datetime
) -> bool:
    """Keep the word, its wording and its time; return False where it was given before.

    The activity is that of the participation, which must be the person's own. Opens a transaction
    of its own, and has the person settled again.

    Raises:
        Participation.DoesNotExist: it is somebody else's, or nobody's.
    """
    participation = models.Participation.objects.get(
        pk=participation_id, identity__person_id=person_id, role=LEARNER
    )

    def work() -> bool:
        _, new = models.Relation.objects.get_or_create(
            person_id=person_id,
            activity_id=participation.activity_id,
            defaults={"wording": wording, "language": language, "given_at": now},
        )
        return new

    concerned = Q(identity__person_id=person_id, activity_id=participation.activity_id)
    return change(work, concerned, now=now)
