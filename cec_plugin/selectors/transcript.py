"""One person's credits as a page shows them: totals, credits, and what was finished for nothing.

Eight queries, however many credits there are: role labels, credits, refusals, the rules of both,
deliveries, notices, totals, and participations that no organization has decided on.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from cec_plugin import models
from cec_plugin.domain.allocation import RefusalCode, local_date
from cec_plugin.domain.basis import Step
from cec_plugin.domain.notices import Kind, Via
from cec_plugin.domain.posting import ReversalReason
from cec_plugin.models.ledger import EntryKind
from cec_plugin.selectors.balance import Total, totals
from cec_plugin.selectors.in_force import InForce, LineKey, in_force_for
from cec_plugin.selectors.receipts import Receipt, Shown, receipts, state_of
from cec_plugin.selectors.refusals import NotCredited, line_of, not_credited, refusal_rows
from cec_plugin.selectors.roles import RoleName, RoleNames

__all__ = [
    "Credit",
    "InForce",
    "NotCredited",
    "Receipt",
    "RoleName",
    "Shown",
    "Told",
    "Total",
    "Transcript",
    "transcript",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The notice that began or ended what an entry stands for."""

    source: str
    via: Via
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """One line of the ledger. ``hundredths`` are signed, in the organization's ``unit``.

    ``earned_on`` is the day of ``earned_at`` where the organization is. ``reason`` is why an
    award is or was taken back; ``reversed_at`` when, on the award and its reversal alike.
    """

    id: int
    kind: EntryKind
    title: str
    role: RoleName | None
    organization: str
    organization_id: int
    unit: str
    credit_type: str
    hundredths: int
    earned_at: datetime
    earned_on: date
    recorded_at: datetime
    state: Shown
    receipts: tuple[Receipt, ...]
    reason: ReversalReason | None
    reversed_at: datetime | None
    told: Told | None
    in_force: InForce | None
    basis: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What a person has; credits and what is not credited come newest first.

    ``waiting`` is what an organization has yet to approve, ``estimates`` what one would give that
    decides elsewhere: neither is in the ledger, in a total, or in ``not_credited``.
    """

    as_of: datetime
    totals: tuple[Total, ...]
    credits: tuple[Credit, ...]
    waiting: tuple[NotCredited, ...]
    estimates: tuple[NotCredited, ...]
    not_credited: tuple[NotCredited, ...]


def transcript(person_id: int, *, now: datetime) -> Transcript:
    """Return one person's credits, over all the accounts the person has."""
    roles = RoleNames()
    entries = list(
        models.CreditEntry.objects.filter(account__person_id=person_id)
        .select_related(
            "account__organization",
            "participation__activity",
            "adjustment__activity",
            "schedule",
        )
        .order_by("-earned_at", "-id")
    )
    refused = refusal_rows(person_id)
    in_force = in_force_for(
        (*map(line_of, refused), *filter(None, map(_line, entries))),
    )
    known = _Known(
        roles=roles,
        in_force=in_force,
        receipts=receipts(person_id),
        notices=_notices(person_id),
        reversals={one.reverses_id: one for one in entries if one.reverses_id is not None},
    )
    credited = {
        one.participation_id
        for one in entries
        if one.kind == EntryKind.AWARD and one.pk not in known.reversals
    }
    summed = totals(person_id)
    given_nothing = not_credited(
        person_id, refused, roles=roles, in_force=in_force, credited=credited
    )
    return Transcript(
        as_of=now,
        totals=summed,
        credits=tuple(_credit(one, known) for one in entries),
        waiting=tuple(one for one in given_nothing if one.code is RefusalCode.AWAITS_APPROVAL),
        estimates=tuple(one for one in given_nothing if one.code is RefusalCode.ESTIMATE),
        not_credited=tuple(one for one in given_nothing if one.code not in NOT_REFUSED),
    )


NOT_REFUSED = (RefusalCode.AWAITS_APPROVAL, RefusalCode.ESTIMATE)
"""Codes under which an organization has not said no: nobody has asked it, or it has not said."""

Notices = Mapping[tuple[str, str], list[tuple[datetime, Told]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is read once for all the credits of a person.

    Receipts go by entry id, reversals by the id of their award, notices by (participation key,
    kind) with the source's time.
    """

    roles: RoleNames
    in_force: Mapping[LineKey, InForce]
    receipts: Mapping[int, tuple[Receipt, ...]]
    notices: Notices
    reversals: Mapping[int, models.CreditEntry]


def _line(entry: models.CreditEntry) -> LineKey | None:
    if entry.schedule is None:
        return None
    return entry.schedule.organization_id, str(entry.schedule.version), entry.line


def _notices(person_id: int) -> Notices:
    mine = models.Participation.objects.filter(identity__person_id=person_id)
    rows = (
        models.Notice.objects.filter(participation_key__in=mine.values("key"))
        .order_by("occurred_at", "id")
        .values_list("participation_key", "kind", "occurred_at", "source", "via", "received_at")
    )
    found: dict[tuple[str, str], list[tuple[datetime, Told]]] = defaultdict(list)
    for key, kind, occurred_at, source, via, received_at in rows:
        told = Told(source=source, via=Via(via), received_at=received_at)
        found[key, kind].append((occurred_at, told))
    return found


def _credit(entry: models.CreditEntry, known: _Known) -> Credit:
    organization = entry.account.organization
    one = entry.participation
    reversal = entry if entry.kind == EntryKind.REVERSAL else known.reversals.get(entry.pk)
    told = known.receipts.get(entry.pk, ())
    return Credit(
        id=entry.pk,
        kind=EntryKind(entry.kind),
        title=str(entry.activity or ""),
        role=known.roles[one.role] if one else None,
        organization=organization.name,
        organization_id=organization.pk,
        unit=organization.unit,
        credit_type=entry.credit_type,
        hundredths=entry.hundredths,
        earned_at=entry.earned_at,
        earned_on=local_date(entry.earned_at, organization.time_zone),
        recorded_at=entry.recorded_at,
        state=state_of(told),
        receipts=told,
        reason=_reason(reversal.basis) if reversal else None,
        reversed_at=reversal.recorded_at if reversal else None,
        told=_told(entry, known.notices),
        in_force=_in_force(entry, known.in_force),
        basis=tuple(entry.basis),
    )


def _in_force(entry: models.CreditEntry, in_force: Mapping[LineKey, InForce]) -> InForce | None:
    key = _line(entry)
    if key is None or entry.schedule is None:
        return None
    return in_force.get(key) or InForce(
        version=entry.schedule.version,
        effective_from=entry.schedule.effective_from,
        rule=entry.line,
        title="",
    )


def _reason(basis: Iterable[Step]) -> ReversalReason | None:
    for step in basis:
        if step["step"] == "reverses":
            return ReversalReason(str(step["reason"]))
    return None


def _told(entry: models.CreditEntry, notices: Notices) -> Told | None:
    """Return the notice of the instant at which the entry's stint began, or ended."""
    one = entry.participation
    if one is None or len(one.stints) < entry.stint:
        return None
    began, ended = one.stints[entry.stint - 1]
    is_reversal = entry.kind == EntryKind.REVERSAL
    at = ended if is_reversal else began
    if at is None:
        return None
    kind = Kind.WITHDRAWN if is_reversal else Kind.EARNED
    instant = datetime.fromisoformat(at)
    heard = notices.get((one.key, kind.value), ())
    return next((told for occurred_at, told in heard if occurred_at == instant), None)
