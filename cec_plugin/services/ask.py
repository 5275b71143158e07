"""Ask the platform what folding needs to know beyond the notices. Only reads."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from cec_plugin import models
from cec_plugin.conf import get_settings
from cec_plugin.domain.notices import Via
from cec_plugin.domain.platform import CompletionFacts, Platform
from cec_plugin.domain.tables import LEARNER
from cec_plugin.selectors.finished import earned_by

Key = tuple[str, str]
Groups = Mapping[str, list[models.Notice]]
"""The notices of each participation, by its key; none is empty."""


def completions(
    groups: Groups,
    activities: Mapping[Key, models.Activity],
    platform: Platform,
) -> dict[str, CompletionFacts]:
    """Return what the platform itself holds of them, by participation key."""
    site = get_settings().site
    wanted: dict[Via, dict[Key, str]] = defaultdict(dict)
    for key, group in groups.items():
        first = group[0]
        via = earned_by(activities[first.site, first.activity])
        if first.site == site and any(notice.via == via.value for notice in group):
            wanted[via][first.subject, first.activity] = key
    return {
        pairs[pair]: facts
        for via, pairs in wanted.items()
        for pair, facts in platform.completions(list(pairs), via).items()
    }


def office(groups: Groups, platform: Platform) -> set[str]:
    """Return the participations in a team of whoever runs the site, and of test accounts."""
    site = get_settings().site
    subjects: dict[str, set[str]] = defaultdict(set)
    for key, (first, *_) in groups.items():
        if first.via == Via.TEAM.value and first.site == site:
            subjects[first.subject].add(key)
    if not subjects:
        return set()
    return {key for subject in platform.office(subjects) for key in subjects[subject]}


def registration(folded: Iterable[models.Participation], platform: Platform) -> None:
    """Ask once for each learner and course; what was true when it was finished stays true."""
    site = get_settings().site
    asked = {
        (one.identity.subject, one.activity.key): one
        for one in folded
        if one.role == LEARNER
        and one.registered is None
        and one.earned_at is not None
        and one.activity.site == site
    }
    times = {pair: one.earned_at for pair, one in asked.items() if one.earned_at is not None}
    for pair, registered in platform.registered(times).items():
        asked[pair].registered = registered
