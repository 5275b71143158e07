"""Fold a person's notices into participations. Runs under the person's account locks."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cec_plugin import models
from cec_plugin.domain import notices as domain
from cec_plugin.domain.keys import activity_key
from cec_plugin.domain.notices import Kind, Via
from cec_plugin.domain.platform import CompletionFacts, Platform
from cec_plugin.domain.team import TeamChange, service_of
from cec_plugin.selectors.finished import earned_by, run_end
from cec_plugin.services import ask
from cec_plugin.services.ask import Key

TEAM_ROLE = "team_role"
"""Under which name the evidence of a notice keeps the platform's role."""

FOUND_IN_LIST = "list"
"""What the evidence of a notice says was ``found`` where a role comes from the platform's list."""

FROM_RUN_END = "run_end"
"""Where the date of service in a team comes from."""

LOOK_AGAIN = timedelta(days=1)
"""How often the end of a run is looked at while somebody waits for it: an end can move."""


class UnpreparedError(Exception):
    """What settling needs is missing; it is made, or read again, outside its transaction."""

    def __init__(
        self,
        activities: Iterable[Key] = (),
        *,
        accounts: bool = False,
        locks: Iterable[tuple[int, int]] = (),
    ) -> None:
        """Name the missing activities by (site, key), or say that accounts are missing.

        ``locks`` are accounts of others to lock too, as (organization, account); with nothing at
        all, whose the accounts are has changed.
        """
        super().__init__()
        self.activities = sorted(set(activities))
        self.accounts = accounts
        self.locks = frozenset(locks)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldedPerson:
    """What stands for a person after folding.

    ``changed`` holds the keys of the participations that were folded now, not yet saved, and
    ``notice_ids`` the notices that this settles.
    """

    participations: list[models.Participation]
    changed: frozenset[str]
    notice_ids: list[int]


def fold_person(
    *,
    identities: Mapping[int, str],
    person_id: int,
    platform: Platform,
    now: datetime,
    ask_registration: bool = False,
) -> FoldedPerson:
    """Fold every notice not yet settled, and every participation due, of these identities.

    ``identities`` maps the ids of identities of the person to their keys; participations of all
    the person's identities are returned. ``ask_registration``: some rule asks whether learners
    were registered for what they finished.

    Raises:
        UnpreparedError: an activity is new.
    """
    heard = list(
        models.Notice.objects.filter(
            participation_key__in=models.Notice.objects.filter(
                identity_key__in=list(identities.values()), settled_at__isnull=True
            ).values("participation_key")
        )
    )
    known = {
        one.key: one
        for one in models.Participation.objects.filter(
            identity__person_id=person_id
        ).select_related("activity")
    }
    due = [key for key, one in known.items() if one.settle_at is not None]
    due = [key for key in due if key not in {notice.participation_key for notice in heard}]
    if due:
        heard += models.Notice.objects.filter(participation_key__in=due)
    groups: dict[str, list[models.Notice]] = defaultdict(list)
    for notice in heard:
        groups[notice.participation_key].append(notice)
    activities = _activities(groups, known)
    owners = {key: pk for pk, key in identities.items()}
    # Who ran the site when the run ended is settled with it, whoever does so later.
    served = {key for key, one in known.items() if one.earned_from == FROM_RUN_END}
    office = ask.office({key: groups[key] for key in groups if key not in served}, platform)
    facts = ask.completions(groups, activities, platform)
    for key, group in groups.items():
        activity = activities[group[0].site, group[0].activity]
        one = known.get(key) or models.Participation(
            key=key,
            identity_id=owners[group[0].identity_key],
            activity=activity,
            role=group[0].role,
            occurrence=group[0].occurrence,
        )
        if group[0].via == Via.TEAM.value:
            _apply_team(one, () if one.key in office else group, activity, now)
        else:
            _apply(one, group, activity, facts.get(key), now)
        known[key] = one
    if ask_registration:
        ask.registration([known[key] for key in groups], platform)
    return FoldedPerson(
        participations=list(known.values()),
        changed=frozenset(groups),
        notice_ids=[notice.pk for notice in heard if notice.settled_at is None],
    )


def _activities(
    groups: Mapping[str, list[models.Notice]], known: Mapping[str, models.Participation]
) -> dict[Key, models.Activity]:
    found: dict[Key, models.Activity] = {}
    missing: dict[str, Key] = {}
    for key, group in groups.items():
        name = (group[0].site, group[0].activity)
        if key in known:
            found[name] = known[key].activity
        elif name not in found:
            missing[activity_key(site=name[0], key=name[1])] = name
    if missing:
        rows = models.Activity.objects.filter(key_digest__in=list(missing))
        found.update({missing[row.key_digest]: row for row in rows})
    if absent := [name for name in missing.values() if name not in found]:
        raise UnpreparedError(absent)
    return found


def _apply(
    one: models.Participation,
    group: Iterable[models.Notice],
    activity: models.Activity,
    facts: CompletionFacts | None,
    now: datetime,
) -> None:
    via = earned_by(activity)
    folded = domain.fold(
        domain.Heard(
            kind=Kind(notice.kind),
            via=Via(notice.via),
            occurred_at=notice.occurred_at,
            finished_at=notice.finished_at,
            grade=notice.grade,
            mode=notice.mode,
            service_hundredths=notice.service_hundredths,
        )
        for notice in group
        if domain.counts_for(Via(notice.via), via)
    )
    _stood(one, folded)
    one.grade, one.mode = folded.grade, folded.mode
    one.via = folded.via.value if folded.via else ""
    one.service_hundredths = folded.service_hundredths
    one.earned_at, one.earned_from = _earned(one, folded, facts)
    ends_at = run_end(activity)
    waits = one.stands and ends_at is not None and ends_at > now
    one.settle_at = min(ends_at, now + LOOK_AGAIN) if waits and ends_at else None


def _apply_team(
    one: models.Participation,
    group: Iterable[models.Notice],
    activity: models.Activity,
    now: datetime,
) -> None:
    """Fold what was heard of somebody in a course's team: they served until the run ended."""
    ends_at = activity.run_ends_at
    folded = domain.fold(
        service_of(
            (
                TeamChange(
                    role=str(notice.evidence.get(TEAM_ROLE, "")),
                    given=notice.kind == Kind.EARNED.value,
                    at=notice.occurred_at,
                    listed=notice.evidence.get("found") == FOUND_IN_LIST,
                )
                for notice in group
            ),
            ends_at,
        )
    )
    _stood(one, folded)
    one.via = Via.TEAM.value
    ended = ends_at is not None and ends_at <= now
    if ended or one.earned_from != FROM_RUN_END:  # an end that moved away again dates nothing anew
        one.earned_at = ends_at if ended else folded.first_earned_at
        one.earned_from = (FROM_RUN_END if ended else "notice") if folded.stints else ""
    waits = one.stands and not ended
    one.settle_at = min(ends_at or now + LOOK_AGAIN, now + LOOK_AGAIN) if waits else None


def _stood(one: models.Participation, folded: domain.Folded) -> None:
    one.stands = folded.stands
    one.stints = [
        [stint.began_at.isoformat(), stint.ended_at.isoformat() if stint.ended_at else None]
        for stint in folded.stints
    ]


def _earned(
    one: models.Participation, folded: domain.Folded, facts: CompletionFacts | None
) -> tuple[datetime | None, str]:
    """Return when it was finished and where that stands; the platform's own word goes first."""
    before = one.earned_at if one.earned_from not in ("", "notice", "source") else None
    if facts is not None and facts.earned_at is not None:
        if before is None or facts.earned_at < before:
            return facts.earned_at, facts.earned_from
        return before, one.earned_from
    if before is not None:
        return before, one.earned_from
    if folded.finished_at is not None:
        return folded.finished_at, "source"
    return folded.first_earned_at, "notice" if folded.first_earned_at else ""
