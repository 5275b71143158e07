"""Participations as allocation sees them."""

from datetime import datetime

from cec_plugin import models
from cec_plugin.conf import get_settings
from cec_plugin.domain.allocation import Finished, OfParts
from cec_plugin.domain.notices import Stint, Via
from cec_plugin.domain.selectors import ActivityRef


def earned_by(activity: models.Activity) -> Via:
    """Return by what an activity is finished: its own word, else the site's."""
    return Via(activity.earned_by) if activity.earned_by else get_settings().earned_by


def run_end(activity: models.Activity) -> datetime | None:
    """Return from when the activity counts for learners, None where that is at once."""
    counts = activity.counts or get_settings().counts
    return activity.run_ends_at if counts == models.catalogue.Counts.RUN_END else None


def stints_of(one: models.Participation) -> tuple[Stint, ...]:
    """Return the times that a participation stood."""
    return tuple(
        Stint(
            number=number,
            began_at=datetime.fromisoformat(began),
            ended_at=datetime.fromisoformat(ended) if ended else None,
        )
        for number, (began, ended) in enumerate(one.stints, start=1)
    )


def as_finished(
    one: models.Participation,
    now: datetime,
    *,
    counted: bool,
    related: bool = False,
    of_parts: OfParts | None = None,
) -> Finished | None:
    """Return the participation as allocation sees it, None where it never stood.

    What ``counted`` once goes on counting, should the end of the run move later afterwards.
    """
    if one.earned_at is None or not one.stints:
        return None
    if one.via == Via.TEAM.value:  # never before the run has ended, nor without an end
        ends_at = one.activity.run_ends_at
        ended = ends_at is not None and ends_at <= now
    else:
        ends_at = run_end(one.activity)
        ended = ends_at is None or ends_at <= now
    return Finished(
        key=one.key,
        activity=ActivityRef(
            key=one.activity.key,
            course=one.activity.course,
            organization=one.activity.organization_key,
        ),
        role=one.role,
        stints=stints_of(one),
        earned_at=one.earned_at,
        earned_from=one.earned_from,
        service_hundredths=one.service_hundredths,
        counts_from=ends_at,
        counting=counted or ended,
        grade=one.grade,
        mode=one.mode,
        via=Via(one.via) if one.via else None,
        registered=one.registered,
        related=related,
        of_parts=of_parts,
    )
