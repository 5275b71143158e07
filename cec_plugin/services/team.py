"""Hear who is in a course's team: from its events, and from the platform's own lists.

No event ever fired for a team that is older than the plugin, nor for a role that was given or
taken behind the platform's back; so the lists are read once a day, both ways.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from cec_plugin import models
from cec_plugin.conf import get_settings
from cec_plugin.domain import keys
from cec_plugin.domain.notices import Kind, Notice, Via
from cec_plugin.domain.platform import CourseFacts, Platform
from cec_plugin.domain.selectors import ActivityRef
from cec_plugin.selectors.tables import ActiveTables
from cec_plugin.services.fold import FOUND_IN_LIST, TEAM_ROLE
from cec_plugin.services.notice import hear

SOURCE = "team-list"

Place = tuple[str, str, str]
"""Somebody's place in a team: subject, our role, the platform's role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamsCompared:
    """How many course runs were looked at, and how many places nobody had told us of."""

    runs: int
    joined: int
    left: int


def told(
    *,
    source: str,
    subject: str,
    activity: str,
    team_role: str,
    given: bool,
    at: datetime,
    evidence: Mapping[str, str],
) -> Notice | None:
    """Return the notice of a role given or taken; None for one that stands for no service here.

    ``activity`` is the key of a course run, empty for a role in a whole organization, which never
    is service in a course.
    """
    role = get_settings().team_roles.get(team_role)
    if role is None or not activity:
        return None
    return Notice(
        source=source,
        site=get_settings().site,
        subject=subject,
        activity=activity,
        role=role,
        occurrence="",
        kind=Kind.EARNED if given else Kind.WITHDRAWN,
        via=Via.TEAM,
        occurred_at=at,
        evidence={TEAM_ROLE: team_role, **evidence},
    )


def compare_teams(*, platform: Platform, ended_since: datetime, now: datetime) -> TeamsCompared:
    """Compare what we heard with the teams of the course runs that go on, or ended since.

    Only runs that some organization's credit table names are looked at. Of a run that has ended
    nobody leaves the team any more.
    """
    runs = joined = left = 0
    if not get_settings().team_roles:
        return TeamsCompared(runs=0, joined=0, left=0)
    for run in _credited(platform.runs(ended_since)):
        runs += 1
        listed = _listed(platform, run)
        held = _held(run.key, listed)
        ended = run.ends_at is not None and run.ends_at <= now
        at = min(run.ends_at, now) if run.ends_at else now
        for place in sorted(listed - held):
            joined += _hear(place, run, given=True, at=at, now=now)
        for place in sorted(held - listed) if not ended else ():
            left += _hear(place, run, given=False, at=at, now=now)
    return TeamsCompared(runs=runs, joined=joined, left=left)


def _credited(runs: Iterable[CourseFacts]) -> Iterator[CourseFacts]:
    tables = ActiveTables()
    compiled = tables.all()
    for run in runs:
        ref = ActivityRef(key=run.key, course=run.course, organization=run.organization)
        if any(table.rule_for(ref) for table in compiled):
            yield run


def _listed(platform: Platform, run: CourseFacts) -> set[Place]:
    roles = get_settings().team_roles
    team = [(subject, role) for subject, role in platform.staff(run.key) if role in roles]
    office = platform.office({subject for subject, _ in team}) if team else set()
    return {
        (subject, roles[team_role], team_role)
        for subject, team_role in team
        if subject not in office
    }


def _held(activity: str, listed: Iterable[Place]) -> set[Place]:
    """Return the places that the notices so far come to: of whoever is listed, or stands."""
    site = get_settings().site
    people = {(subject, role) for subject, role, _ in listed}
    people |= set(
        models.Participation.objects.filter(
            activity__key_digest=keys.activity_key(site=site, key=activity),
            via=Via.TEAM.value,
            stands=True,
        ).values_list("identity__subject", "role")
    )
    named = {
        keys.participation_key(
            site=site, subject=subject, activity=activity, role=role, occurrence=""
        ): (subject, role)
        for subject, role in people
    }
    held: dict[str, set[str]] = defaultdict(set)
    rows = models.Notice.objects.filter(participation_key__in=list(named), via=Via.TEAM.value)
    for key, kind, evidence in rows.order_by("occurred_at", "id").values_list(
        "participation_key", "kind", "evidence"
    ):
        team_role = str(evidence.get(TEAM_ROLE, ""))
        if kind == Kind.EARNED.value:
            held[key].add(team_role)
        else:
            held[key].discard(team_role)
    return {(*named[key], team_role) for key, roles in held.items() for team_role in roles}


def _hear(place: Place, run: CourseFacts, *, given: bool, at: datetime, now: datetime) -> bool:
    subject, _, team_role = place
    notice = told(
        source=SOURCE,
        subject=subject,
        activity=run.key,
        team_role=team_role,
        given=given,
        at=at,
        evidence={"found": FOUND_IN_LIST},
    )
    return notice is not None and hear(notice, now=now)
