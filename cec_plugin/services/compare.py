"""Compare with the platform's own records: missing completions and missing revocations.

An event that never came leaves nothing behind here, so nothing but asking can find it: rows
changed behind the platform's back fire no event at all.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from cec_plugin import models
from cec_plugin.conf import get_settings
from cec_plugin.domain import keys
from cec_plugin.domain.notices import Kind, Notice, Via
from cec_plugin.domain.platform import CompletionFacts, Platform
from cec_plugin.domain.tables import LEARNER
from cec_plugin.selectors.finished import earned_by
from cec_plugin.services.notice import hear

SOURCE = "comparison"
PAGE = 500

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """How many completions were looked at, and how many the events had not told us of."""

    looked_at: int
    missing_completions: int
    missing_revocations: int


def compare(*, platform: Platform, since: datetime | None, now: datetime) -> Compared:
    """Compare what changed since (or, with None, everything) and write down what is missing.

    Both ways: each completion that the platform dates since then, and each of ours that changed
    since then and stands. Our own settling then does the rest.
    """
    looked_at = earned = withdrawn = 0
    for missing in _differences(platform, since, now):
        looked_at += 1
        if missing is None:
            continue
        hear(_notice(missing, now), now=now)
        earned += missing.stands
        withdrawn += not missing.stands
    return Compared(looked_at=looked_at, missing_completions=earned, missing_revocations=withdrawn)


def _differences(
    platform: Platform, since: datetime | None, now: datetime
) -> Iterator[CompletionFacts | None]:
    """Yield for each completion what the platform says, None where we say the same."""
    begin = since if since is not None else datetime.fromtimestamp(0, tz=now.tzinfo)
    for via in _in_use():
        for theirs in _pages(platform.completions_since(begin, via)):
            yield from _theirs(theirs, via)
    for ours in _pages(_standing(since)):
        yield from _ours(ours, platform, now)


def _in_use() -> list[Via]:
    used = set(models.Activity.objects.exclude(earned_by="").values_list("earned_by", flat=True))
    return sorted({get_settings().earned_by, *(Via(value) for value in used)})


def _pages(items: Iterable[Item]) -> Iterator[list[Item]]:
    page: list[Item] = []
    for item in items:
        page.append(item)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page


def _about_to_be_settled(participation_keys: Iterable[str]) -> set[str]:
    """Return those of which somebody told us and nothing was settled yet."""
    waiting = models.Notice.objects.filter(
        participation_key__in=list(participation_keys), settled_at__isnull=True
    )
    return set(waiting.values_list("participation_key", flat=True))


def _theirs(page: list[CompletionFacts], via: Via) -> Iterator[CompletionFacts | None]:
    site = get_settings().site
    named = {
        keys.participation_key(
            site=site, subject=facts.subject, activity=facts.activity, role=LEARNER, occurrence=""
        ): facts
        for facts in page
    }
    ways = {
        activity.key: earned_by(activity)
        for activity in models.Activity.objects.filter(
            key_digest__in={keys.activity_key(site=site, key=facts.activity) for facts in page}
        )
    }
    known = dict(models.Participation.objects.filter(key__in=named).values_list("key", "stands"))
    waiting = _about_to_be_settled(named)
    for key, facts in named.items():
        counts = ways.get(facts.activity, get_settings().earned_by) is via
        if counts and key not in waiting:
            yield facts if facts.stands != known.get(key, False) else None


def _standing(since: datetime | None) -> Iterator[models.Participation]:
    rows = models.Participation.objects.filter(
        stands=True, role=LEARNER, occurrence="", identity__site=get_settings().site
    )
    if since is not None:
        rows = rows.filter(changed_at__gte=since)
    return rows.select_related("identity", "activity").iterator(chunk_size=PAGE)


def _ours(
    page: list[models.Participation], platform: Platform, now: datetime
) -> Iterator[CompletionFacts | None]:
    waiting = _about_to_be_settled(one.key for one in page)
    for via in Via:
        pairs = [
            (one.identity.subject, one.activity.key)
            for one in page
            if one.key not in waiting and earned_by(one.activity) is via
        ]
        found = platform.completions(pairs, via) if pairs else {}
        for subject, activity in pairs:
            facts = found.get((subject, activity)) or _gone(subject, activity, via, now)
            yield None if facts.stands else facts


def _gone(subject: str, activity: str, via: Via, now: datetime) -> CompletionFacts:
    """Return what an absent row says: on this platform a certificate that is gone is revoked."""
    return CompletionFacts(
        subject=subject,
        activity=activity,
        via=via,
        stands=False,
        earned_at=None,
        earned_from="",
        modified_at=now,
    )


def _notice(facts: CompletionFacts, now: datetime) -> Notice:
    # A row changed behind the platform's back keeps its old date, so what we see now is told as
    # of now when it withdraws; what it adds is told as of its own date.
    return Notice(
        source=SOURCE,
        site=get_settings().site,
        subject=facts.subject,
        activity=facts.activity,
        role=LEARNER,
        occurrence="",
        kind=Kind.EARNED if facts.stands else Kind.WITHDRAWN,
        via=facts.via,
        occurred_at=_told_at(facts, now),
        finished_at=facts.earned_at if facts.stands else None,
        grade=facts.grade,
        mode=facts.mode,
        evidence={"found": "comparison"},
    )


def _told_at(facts: CompletionFacts, now: datetime) -> datetime:
    last = (
        models.Notice.objects.filter(
            participation_key=keys.participation_key(
                site=get_settings().site,
                subject=facts.subject,
                activity=facts.activity,
                role=LEARNER,
                occurrence="",
            )
        )
        .order_by("-occurred_at")
        .values_list("occurred_at", flat=True)
        .first()
    )
    if last is None or facts.modified_at > last:
        return facts.modified_at
    return max(now, last + timedelta(microseconds=1))
