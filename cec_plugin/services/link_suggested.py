"""Link the accounts that somebody chose from what a list of addresses suggested."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from cec_plugin.conf import get_settings
from cec_plugin.services import prepare
from cec_plugin.services.link_once import Linked, Wanted, link_once


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A link that somebody looked at and wants: an account of this site, and a number."""

    subject: str
    number: str = field(repr=False)


def link_suggested(
    chosen: Iterable[Chosen], *, organization_id: int, by: str, now: datetime
) -> Counter[Linked]:
    """Link each, in a transaction of its own; return how many came to what.

    Whoever has another number by now, and a number that is somebody else's by now, are left.
    """
    site = get_settings().site
    return Counter(
        link_once(
            Wanted(
                person_id=prepare.identity(site=site, subject=one.subject).person_id,
                organization_id=organization_id,
                number=one.number,
            ),
            verified_by=by,
            now=now,
        )
        for one in chosen
    )
