"""What changed in a CiviCRM since a cursor: its credits by the time of their last change.

The time is to the second, in the site's own zone, and what is written late may bear an earlier
one. So a cursor at the end lies back by ``LATE``, and what changed since is listed again. A change
of the amount alone may leave the time as it is: only a listing from the start is complete.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cec_plugin.adapters.registries.civicrm_contacts import Contacts
from cec_plugin.adapters.registries.civicrm_credits import Credit, Credits
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Held, Page

PAGE = 200
LATE = timedelta(hours=2)
"""Longer than a write takes, and than a clock is put back for winter."""

FORMAT = "%Y-%m-%d %H:%M:%S"


def changes(credits_: Credits, contacts: Contacts, cursor: str) -> Page | Outcome:
    """Return a page of credits, those whose time is unknown first.

    A cursor is the time and the id of the last one that was seen.
    """
    modified, _, last_id = cursor.partition("|")
    if cursor and not last_id.isdecimal():
        return Outcome(result=Result.REFUSED, reason="this is no cursor of ours")
    after = _after(modified, int(last_id)) if cursor else []
    found = credits_.listed(after, PAGE + 1)
    if isinstance(found, Outcome):
        return found
    if not found:
        ourselves = contacts.ourselves()
        if isinstance(ourselves, Outcome):
            return ourselves
    shown = found[:PAGE]
    numbers = contacts.numbers(one for credit in shown for one in credit.contact_ids)
    if isinstance(numbers, Outcome):
        return numbers
    more = len(found) > PAGE
    return Page(
        records=tuple(held(credit, numbers) for credit in shown),
        cursor=_cursor(shown[-1], more=more) if shown else cursor,
        more=more,
    )


def held(credit: Credit, numbers: Mapping[int, str]) -> Held:
    """Return a credit with its member's number; of several members it is no number of any."""
    one, *others = [numbers.get(contact, "") for contact in credit.contact_ids] or [""]
    return Held(
        remote_id=credit.remote_id,
        hundredths=credit.hundredths,
        reversed=credit.reversed,
        member_number=", ".join(each or "?" for each in (one, *others)) if others else one,
        reference=credit.reference,
    )


def _after(modified: str, last_id: int) -> list[Any]:
    if not modified:
        return [["OR", [["modified_date", "IS NOT NULL"], ["id", ">", last_id]]]]
    same = ["AND", [["modified_date", "=", modified], ["id", ">", last_id]]]
    return [["OR", [["modified_date", ">", modified], same]]]


def _cursor(last: Credit, *, more: bool) -> str:
    if more:
        return f"{last.modified}|{last.remote_id}"
    try:
        # A clock of its own, and compared with nothing but itself.
        seen = datetime.strptime(last.modified, FORMAT)  # noqa: DTZ007
    except ValueError:
        return f"{last.modified}|{last.remote_id}"
    return f"{seen - LATE:{FORMAT}}|0"
