"""Link people to the member numbers that their single sign-on brings, where a setting says so."""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, QuerySet

from cec_plugin import models
from cec_plugin.conf import get_settings
from cec_plugin.domain.keys import digest
from cec_plugin.domain.platform import Platform
from cec_plugin.domain.sso import NumberSource
from cec_plugin.services.link_once import Linked, Wanted, link_once
from cec_plugin.services.retry import in_transaction

log = logging.getLogger(__name__)

PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedFromSso:
    """How many were linked, and for how many somebody must decide.

    ``taken`` is how many bring a number that somebody else has: each becomes a claim that waits
    for an officer. ``unclear`` is how many bring several numbers.
    """

    linked: int
    taken: int
    unclear: int


def link_from_sso(
    *, platform: Platform, now: datetime, identity_keys: Iterable[str] | None = None
) -> LinkedFromSso:
    """Link whoever has credits here and no number yet; of these accounts, or of all.

    Nobody's number is overruled, and nobody is linked whom the plugin does not know. Opens
    transactions of its own.
    """
    came_to: Counter[str] = Counter()
    for code, source in get_settings().sso_numbers.items():
        organization = models.Organization.objects.filter(code=code).first()
        if organization is None:
            log.warning("CEC_SSO_NUMBERS names %r, which is no organization here", code)
            continue
        rows = models.Identity.objects.filter(site=get_settings().site).exclude(
            person__memberships__organization=organization
        )
        if identity_keys is not None:
            rows = rows.filter(key__in=list(identity_keys))
        for people in _pages(rows):
            for person_id, numbers in _numbers(rows, people, source, platform):
                if len(numbers) > 1:
                    came_to["unclear"] += 1
                    continue
                wanted = Wanted(
                    person_id=person_id, organization_id=organization.pk, number=numbers.pop()
                )
                came_to[_linked(wanted, f"sso:{source.provider}", now)] += 1
    return LinkedFromSso(
        linked=came_to[Linked.LINKED],
        taken=came_to[Linked.TAKEN],
        unclear=came_to["unclear"],
    )


def _pages(rows: "QuerySet[models.Identity]") -> Iterator[list[int]]:
    last = 0
    people = rows.order_by("person_id").values_list("person_id", flat=True).distinct()
    while page := list(people.filter(person_id__gt=last)[:PAGE]):
        last = page[-1]
        yield page


def _numbers(
    rows: "QuerySet[models.Identity]",
    people: list[int],
    source: NumberSource,
    platform: Platform,
) -> Iterator[tuple[int, set[str]]]:
    """Yield whom the sign-on gives a number, with each number that it gives."""
    whose = dict(rows.filter(person_id__in=people).values_list("subject", "person_id"))
    found: dict[int, set[str]] = defaultdict(set)
    for subject, text in platform.sso_numbers(whose, provider=source.provider, field=source.field):
        if number := source.number(text):
            found[whose[subject]].add(number)
    yield from sorted(found.items())


def _linked(wanted: Wanted, verified_by: str, now: datetime) -> Linked:
    linked = link_once(wanted, verified_by=verified_by, now=now)
    if linked is Linked.TAKEN:
        _list(wanted, verified_by, now)
    return linked


def _list(wanted: Wanted, source: str, now: datetime) -> None:
    """Let a claim wait for an officer, once for each number, and not beside another claim."""
    of = {"person_id": wanted.person_id, "organization_id": wanted.organization_id}
    key = digest("number", wanted.number)

    def work() -> None:
        models.Account.objects.filter(person_id=wanted.person_id).update(revision=F("revision") + 1)
        claims = models.Claim.objects.filter(**of)
        if claims.filter(waits=True).exists() or claims.filter(number_key=key).exists():
            return
        models.Claim.objects.create(
            **of, number=wanted.number, number_key=key, source=source, asked_at=now
        )

    in_transaction(work)
