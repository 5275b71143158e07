"""Import the member numbers of one organization, as they were read from a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import F

from cec_plugin import models
from cec_plugin.conf import get_settings
from cec_plugin.domain.members import MemberRow, MemberSheet
from cec_plugin.domain.platform import Platform
from cec_plugin.selectors.members import BAD, Outcome, Plan, Planned, Reported, batches, plan
from cec_plugin.services import prepare
from cec_plugin.services.link_once import Linked, Wanted, link_once
from cec_plugin.services.retry import in_transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Into:
    """Into whose memberships a file is imported, and whether it may replace other numbers."""

    organization_id: int
    replace: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of an import, row by row, and whether anything was written."""

    report: tuple[Reported, ...]
    applied: bool

    @property
    def bad(self) -> int:
        """Return how many rows are not on the site as the file says."""
        return len({one.row for one in self.report if one.outcome in BAD})


def preview(sheet: MemberSheet[MemberRow], *, into: Into, platform: Platform) -> Imported:
    """Say what an import would do; nothing is written."""
    return Imported(report=_plan(sheet, into, platform).report, applied=False)


def import_members(
    sheet: MemberSheet[MemberRow],
    *,
    into: Into,
    platform: Platform,
    by: str,
    now: datetime,
    all_or_nothing: bool = False,
) -> Imported:
    """Link the good rows, or with ``all_or_nothing`` none if any is bad.

    ``by`` is who answers for the file, kept with each link. What waited for a number goes out. A
    row for which the site has changed meanwhile is told and left. Opens a transaction of its own
    for each row, or one for all of them.
    """
    found = _plan(sheet, into, platform)
    looked = Imported(report=found.report, applied=False)
    if all_or_nothing and looked.bad:
        return looked
    people = {one.row.number: _person(one) for one in found.planned}
    # In one order for everybody who imports, so that two of them do not wait for one another.
    planned = sorted(found.planned, key=lambda one: people[one.row.number])

    def link_all() -> dict[int, Linked]:
        return {
            one.row.number: link_once(_wanted(one, people, into), verified_by=by, now=now)
            for one in planned
        }

    def all_at_once() -> Imported:
        # A write first: SQLite gives up a transaction that reads before it writes.
        _lock(list(people.values()))
        done = Imported(report=_late(found.report, link_all()), applied=True)
        if done.bad:
            transaction.set_rollback(True)
            return replace(done, applied=False)
        return done

    if all_or_nothing:
        for person_id in people.values():
            prepare.accounts(person_id)
        return in_transaction(all_at_once)
    return Imported(report=_late(found.report, link_all()), applied=True)


def _plan(sheet: MemberSheet[MemberRow], into: Into, platform: Platform) -> Plan:
    return plan(
        sheet, organization_id=into.organization_id, replace=into.replace, platform=platform
    )


def _person(one: Planned) -> int:
    if one.person_id is not None:
        return one.person_id
    return prepare.identity(site=get_settings().site, subject=one.subject).person_id


def _wanted(one: Planned, people: Mapping[int, int], into: Into) -> Wanted:
    return Wanted(
        person_id=people[one.row.number],
        organization_id=into.organization_id,
        number=one.row.member_number,
        valid_from=one.row.valid_from,
        valid_until=one.row.valid_until,
        instead_of=one.instead_of,
    )


def _lock(people: Sequence[int]) -> None:
    for batch in batches(sorted(people)):
        models.Account.objects.filter(person_id__in=batch).update(revision=F("revision") + 1)


def _late(report: Sequence[Reported], came: Mapping[int, Linked]) -> tuple[Reported, ...]:
    late = {row for row, linked in came.items() if linked in (Linked.OTHER, Linked.TAKEN)}
    return tuple(
        replace(one, outcome=Outcome.LATE, field="member_number") if one.row in late else one
        for one in report
    )
