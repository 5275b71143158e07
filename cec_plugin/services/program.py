"""Keep the list of programs, and have everybody settled again whom a change concerns."""

from datetime import datetime

from django.db.models import Q

from cec_plugin import models
from cec_plugin.domain.programs import Taken as TakenCourse
from cec_plugin.domain.programs import courses_of, faults
from cec_plugin.domain.selectors import ActivityRef
from cec_plugin.exceptions import FaultsError
from cec_plugin.selectors.programs import programs
from cec_plugin.services.mark import mark

BATCH = 500


def check(activity_id: int) -> None:
    """Look a program through.

    Raises:
        FaultsError: every fault of it.
    """
    listed = programs()
    others = {program.code for program in listed.values()}
    program = listed.get(activity_id)
    if program is not None and (found := faults(program, others)):
        raise FaultsError(f"program {program.code!r}", found)


def resettle(activity_id: int, *, now: datetime) -> int:
    """Have everybody settled again who took one of the program's courses; return how many were.

    Call it when the change is committed. Opens transactions of its own. Who has finished a
    program that takes fewer courses now, or a course less, is among them: they took one.
    """
    concerned: set[int] = {activity_id}
    for program in programs([activity_id]).values():
        rows = models.Activity.objects.values_list(
            "id", "site", "key", "course", "organization_key"
        )
        for pk, site, key, course, organization in rows.iterator():
            one = TakenCourse(
                key=key,
                site=site,
                activity=ActivityRef(key=key, course=course, organization=organization),
                stints=(),
                earned_at=now,
            )
            if courses_of(program, [one]):
                concerned.add(pk)
    ids = sorted(concerned)
    return sum(
        mark(Q(activity_id__in=ids[start : start + BATCH]), now=now)
        for start in range(0, len(ids), BATCH)
    )
