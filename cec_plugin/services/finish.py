"""Say which programs a person has finished, from the courses that stand. Runs under their locks."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from cec_plugin import models
from cec_plugin.domain import keys
from cec_plugin.domain import programs as domain
from cec_plugin.domain.allocation import OfParts
from cec_plugin.domain.selectors import ActivityRef
from cec_plugin.domain.tables import LEARNER
from cec_plugin.selectors import programs as selected
from cec_plugin.selectors.finished import stints_of

FROM_PROGRAM = "program"
"""Where the date of a program comes from: the last of its courses."""

OCCURRENCE = "courses"
"""The occurrence of what the courses come to; an entry by hand has one of its own."""


class ProgramsOf:
    """One person's programs, and which of their courses they were made up of."""

    def __init__(
        self,
        participations: Iterable[models.Participation],
        programs: Mapping[int, domain.Program],
    ) -> None:
        """Look at what was finished; ``programs`` are by the id of their activity."""
        self._programs = programs
        self._taken = [seen for one in participations if (seen := _taken(one, programs))]

    def parts(self, one: models.Participation) -> OfParts | None:
        """Return the courses that a finished program was made up of, None for what is none."""
        program = self._programs.get(one.activity_id)
        if program is None or one.role != LEARNER or one.earned_at is None:
            return None
        taken = domain.courses_of(program, self._taken)
        return OfParts(
            program=program.code,
            parts=frozenset(part.key for part in taken if part.earned_at <= one.earned_at),
        )


class FinishedPrograms(ProgramsOf):
    """The programs of one person: what their courses come to, and which those are."""

    def __init__(
        self, participations: list[models.Participation], *, person_id: int, now: datetime
    ) -> None:
        """Bring the person's programs up to date in ``participations``; nothing is saved."""
        super().__init__(participations, selected.programs())
        exempt = selected.exemptions(person_id)
        self.changed: set[str] = set()
        for activity_id, program in self._programs.items():
            taken = domain.courses_of(program, self._taken)
            before = [
                one
                for one in participations
                if one.activity_id == activity_id and one.occurrence == OCCURRENCE
            ]
            if not taken and not before:
                continue
            completion = domain.complete(program, taken, exempt.get(activity_id, frozenset()))
            # Of two people who became one, the first to have finished it goes on.
            before.sort(key=lambda one: one.pk)
            for one in before[1:]:
                self._say(one, None, now)
            if before:
                self._say(before[0], completion, now)
            elif completion is not None:
                made = _new(participations, taken[0].key, activity_id)
                participations.append(made)
                self._say(made, completion, now)

    def _say(
        self, one: models.Participation, completion: domain.Completion | None, now: datetime
    ) -> None:
        told = (one.stands, one.stints, one.earned_at, one.settle_at)
        if completion is None:
            one.stands = False
            one.stints = [[began, ended or now.isoformat()] for began, ended in one.stints]
        else:
            one.stands = completion.stints[-1].ended_at is None
            one.stints = [
                [stint.began_at.isoformat(), stint.ended_at and stint.ended_at.isoformat()]
                for stint in completion.stints
            ]
            one.earned_at, one.earned_from = completion.earned_at, FROM_PROGRAM
        one.settle_at = None
        if told != (one.stands, one.stints, one.earned_at, one.settle_at) or one.pk is None:
            self.changed.add(one.key)


def _taken(
    one: models.Participation, programs: Mapping[int, domain.Program]
) -> domain.Taken | None:
    if one.role != LEARNER or one.earned_at is None or one.activity_id in programs:
        return None
    if not one.stints:
        return None
    return domain.Taken(
        key=one.key,
        site=one.activity.site,
        activity=ActivityRef(
            key=one.activity.key,
            course=one.activity.course,
            organization=one.activity.organization_key,
        ),
        stints=stints_of(one),
        earned_at=one.earned_at,
    )


def _new(
    participations: Iterable[models.Participation], course: str, activity_id: int
) -> models.Participation:
    """Make the participation of a program that was never finished before.

    It is named by the account of one of its courses, whose name no merging changes.
    """
    identity = next(one.identity for one in participations if one.key == course)
    activity = models.Activity.objects.get(pk=activity_id)
    return models.Participation(
        key=keys.participation_key(
            site=identity.site,
            subject=identity.subject,
            activity=activity.key,
            role=LEARNER,
            occurrence=OCCURRENCE,
        ),
        identity=identity,
        activity=activity,
        role=LEARNER,
        occurrence=OCCURRENCE,
        stands=False,
        stints=[],
    )
