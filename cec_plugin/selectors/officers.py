"""For which organizations somebody answers."""

from cec_plugin import models
from cec_plugin.conf import get_settings
from cec_plugin.domain.actors import Actor
from cec_plugin.domain.keys import identity_key


def answers_for(actor: Actor) -> frozenset[int] | None:
    """Return the ids of the organizations, None for all of them: one query at most."""
    if actor.everywhere:
        return None
    key = identity_key(site=get_settings().site, subject=actor.subject)
    rows = models.Officer.objects.filter(identity__key=key)
    return frozenset(rows.values_list("organization_id", flat=True))
