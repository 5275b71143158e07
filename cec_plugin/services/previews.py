"""Make the previews that were asked for, and apply those that are to be applied."""

from dataclasses import dataclass
from datetime import datetime

from cec_plugin import models
from cec_plugin.domain.ports import Platform
from cec_plugin.services.apply_preview import apply_preview
from cec_plugin.services.rehearse import rehearse


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """How many previews were made, and how many applied."""

    made: int
    applied: int


def go_on(*, platform: Platform, now: datetime) -> Previewed:
    """Take up every preview where it stands; one that was cut off goes on where it stopped."""
    rows = models.Preview.objects.select_related("schedule__organization").order_by("pk")
    asked = list(rows.filter(made_at__isnull=True))
    for preview in asked:
        rehearse(preview, now=now)
    applying = list(rows.filter(applied_at__isnull=True).exclude(applied_by=""))
    for preview in applying:
        apply_preview(preview, platform=platform, now=now)
    return Previewed(made=len(asked), applied=len(applying))
