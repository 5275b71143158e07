"""Make the previews that were asked for, and apply those that are to be applied."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from cec_plugin import models
from cec_plugin.domain.platform import Platform
from cec_plugin.services.apply_preview import apply_preview
from cec_plugin.services.rehearse import rehearse
from cec_plugin.services.retry import goes_well


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """How many previews were made, and how many applied."""

    made: int
    applied: int


def go_on(*, platform: Platform, now: datetime) -> Previewed:
    """Take up every preview where it stands; one that was cut off goes on where it stopped.

    One that fails is logged, keeps no other from it, and is taken up again the next time.
    """
    rows = models.Preview.objects.select_related("schedule__organization").order_by("pk")
    asked = list(rows.filter(made_at__isnull=True))
    made = sum(goes_well(partial(rehearse, preview, now=now)) for preview in asked)
    applying = list(rows.filter(applied_at__isnull=True).exclude(applied_by=""))
    applied = sum(
        goes_well(partial(apply_preview, preview, platform=platform, now=now))
        for preview in applying
    )
    return Previewed(made=made, applied=applied)
