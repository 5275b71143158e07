"""What the lines of a roster file say: of one that is being closed, and of one that is.

No member number is kept with a line, only its digest; it is looked up where it is written.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, OuterRef, QuerySet

from cec_plugin import models
from cec_plugin.domain.allocation import local_date
from cec_plugin.domain.delivery import Errand, State
from cec_plugin.domain.roster import RosterFormat, RosterRow
from cec_plugin.models.outbox import HoldCode
from cec_plugin.models.roster import LineAnswer
from cec_plugin.selectors.sent import why_taken_back

NOBODY = "nobody"
"""In place of a digest where there is no number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A delivery that could go into the next file; ``row`` is None where no number is known.

    ``taken_back`` says that what would take it back waits for it already. ``instead_on`` is the day
    of the credit that is to stand in place of the one that this takes back, None where there is
    none, or where it was told for another member.
    """

    delivery: models.Delivery
    number_key: str
    row: RosterRow | None
    taken_back: bool
    instead_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRows:
    """The lines of a closed file in their order, and the references of those that are lost.

    Lost is a line whose member number nobody has here any more.
    """

    rows: tuple[RosterRow, ...]
    lost: tuple[str, ...]


def waiting(registry_id: int) -> QuerySet[models.Delivery]:
    """Return the deliveries that wait for the next file, longest first."""
    filed = models.RosterLine.objects.filter(delivery=OuterRef("pk"), answer=LineAnswer.NONE)
    return models.Delivery.objects.filter(
        ~Exists(filed),
        registry_id=registry_id,
        state=State.HELD.value,
        hold_code=HoldCode.RECEIPT,
    ).order_by("id")


def candidates(
    delivery_ids: Collection[int],
    organization: models.Organization,
    how: RosterFormat,
    *,
    now: datetime,
) -> list[Candidate]:
    """Return what these deliveries of one registry would say in a file that is closed now."""
    deliveries = _with_entries(models.Delivery.objects.filter(pk__in=delivery_ids))
    people = {one.entry.account.person_id for one in deliveries}
    keys_now: dict[int, str] = dict(
        models.Membership.objects.filter(
            organization=organization, person_id__in=people
        ).values_list("person_id", "number_key")
    )
    told = _told_under(deliveries)
    keys = {
        one.pk: told.get(one.award_reference) or keys_now.get(one.entry.account.person_id, NOBODY)
        for one in deliveries
    }
    if how.reversal_by_reference:
        keys |= {one.pk: "" for one in deliveries if one.errand == Errand.RETRACT}
    numbers = _numbers(organization.pk, keys.values())
    taken_back = set(
        models.Delivery.objects.filter(
            after__in=delivery_ids,
            errand=Errand.RETRACT.value,
            state=State.HELD.value,
            hold_code=HoldCode.PREDECESSOR,
        ).values_list("after_id", flat=True)
    )
    remote_ids = _remote_ids(deliveries)
    instead = _instead(deliveries, organization.time_zone)
    return [
        Candidate(
            delivery=one,
            number_key=keys[one.pk],
            row=_row(
                one,
                number=numbers[keys[one.pk]],
                title=str(one.entry.activity or ""),
                unit=organization.unit,
                earned_on=local_date(_earned_at(one), organization.time_zone),
                reversed_on=local_date(now, organization.time_zone),
                remote_ids=remote_ids,
            )
            if keys[one.pk] in numbers
            else None,
            taken_back=one.pk in taken_back,
            instead_on=instead.get(one.pk),
        )
        for one in deliveries
    ]


def rows_of(file: models.RosterFile) -> FileRows:
    """Return what a closed file says."""
    lines = list(file.lines.order_by("position"))
    deliveries = {
        one.pk: one
        for one in _with_entries(
            models.Delivery.objects.filter(pk__in=[line.delivery_id for line in lines])
        )
    }
    numbers = _numbers(file.registry.organization_id, (line.number_key for line in lines))
    remote_ids = _remote_ids(deliveries.values())
    return FileRows(
        rows=tuple(
            _row(
                deliveries[line.delivery_id],
                number=numbers[line.number_key],
                title=line.title,
                unit=file.unit,
                earned_on=line.earned_on,
                reversed_on=line.reversed_on,
                remote_ids=remote_ids,
            )
            for line in lines
            if line.number_key in numbers
        ),
        lost=tuple(
            deliveries[line.delivery_id].reference
            for line in lines
            if line.number_key not in numbers
        ),
    )


def _with_entries(deliveries: QuerySet[models.Delivery]) -> list[models.Delivery]:
    return list(
        deliveries.select_related(
            "entry__participation__activity",
            "entry__adjustment__activity",
            "entry__account",
            "entry__reverses",
        ).order_by("id")
    )


def _told_under(deliveries: Sequence[models.Delivery]) -> dict[str, str]:
    """Return the digest of the number under which each award was told, by its reference."""
    awards = models.Delivery.objects.filter(
        registry_id__in={one.registry_id for one in deliveries},
        reference__in={one.award_reference for one in deliveries if one.award_reference},
    )
    told = dict(awards.exclude(number_key="").values_list("reference", "number_key"))
    lines = models.RosterLine.objects.filter(delivery__in=awards, answer=LineAnswer.ACCEPTED)
    return told | dict(lines.order_by("id").values_list("delivery__reference", "number_key"))


def _numbers(organization_id: int, keys: Iterable[str]) -> dict[str, str]:
    """Return the numbers by their digests; under none stands a line that names nobody."""
    members = models.Membership.objects.filter(
        organization_id=organization_id, number_key__in={key for key in keys if key}
    )
    return {"": "", **dict(members.values_list("number_key", "number"))}


def _instead(deliveries: Sequence[models.Delivery], time_zone: str) -> dict[int, date]:
    """Return the day of what waits to stand in place of a credit, by what takes that back.

    What was told for a wrong member is taken back by its own entry: that cannot stay, whatever
    becomes of the right one's.
    """
    entries = {one.pk: one.entry_id for one in deliveries if one.errand == Errand.RETRACT}
    waiting_for = models.Delivery.objects.filter(
        after__in=entries,
        errand=Errand.TELL.value,
        state=State.HELD.value,
        hold_code=HoldCode.PREDECESSOR,
    ).values_list("after_id", "entry_id", "entry__earned_at")
    return {
        before: local_date(earned_at, time_zone)
        for before, entry_id, earned_at in waiting_for
        if entry_id != entries[before]
    }


def _remote_ids(deliveries: Iterable[models.Delivery]) -> dict[tuple[int, str], str]:
    awards = {(one.registry_id, one.award_reference) for one in deliveries if one.award_reference}
    rows = models.Delivery.objects.filter(
        registry_id__in={registry for registry, _ in awards},
        reference__in={reference for _, reference in awards},
    ).values_list("registry_id", "reference", "remote_id")
    return {(registry, reference): remote_id for registry, reference, remote_id in rows}


def _earned_at(delivery: models.Delivery) -> datetime:
    entry = delivery.entry
    return entry.reverses.earned_at if entry.reverses is not None else entry.earned_at


def _row(
    delivery: models.Delivery,
    *,
    number: str,
    title: str,
    unit: str,
    earned_on: date,
    reversed_on: date | None,
    remote_ids: Mapping[tuple[int, str], str],
) -> RosterRow:
    entry = delivery.entry
    takes_back = delivery.errand == Errand.RETRACT
    return RosterRow(
        reference=delivery.reference,
        member_number=number,
        activity=entry.activity.key if entry.activity else "",
        title=title,
        credit_type=entry.credit_type,
        hundredths=abs(entry.hundredths),
        unit=unit,
        earned_on=earned_on,
        role=entry.participation.role if entry.participation else "",
        award_reference=delivery.award_reference if takes_back else "",
        remote_id=remote_ids.get((delivery.registry_id, delivery.award_reference), "")
        if takes_back
        else "",
        reversed_on=reversed_on if takes_back else None,
        reason=why_taken_back(entry) if takes_back else "",
    )
