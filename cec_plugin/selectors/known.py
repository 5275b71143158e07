"""What the organizations know of people, as far as their credit tables ask for it."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date

from django.db.models import Min
from django.utils import timezone

from cec_plugin import models
from cec_plugin.domain.allocation import STRANGER, Approval, Fixed, Person
from cec_plugin.models.adjustments import Adjustment
from cec_plugin.selectors.tables import Asks


class KnownPeople:
    """Some people's memberships, the organizations' decisions, and the people's own words."""

    def __init__(self, person_ids: Collection[int], asks: Asks) -> None:
        """Read what is asked of all of them: at most five queries, none where nothing asks."""
        self._relations: set[tuple[int, int]] = set()
        if asks.relation:
            rows = models.Relation.objects.filter(person_id__in=person_ids)
            self._relations = set(rows.values_list("person_id", "activity_id"))
        members: dict[tuple[int, int], list[tuple[date | None, date | None]]] = defaultdict(list)
        if asks.membership:
            spans = models.Membership.objects.filter(person_id__in=person_ids)
            for person_id, pk, begins, ends in spans.values_list(
                "person_id", "organization_id", "valid_from", "valid_until"
            ):
                members[person_id, pk].append((begins, ends))
        approvals: dict[tuple[int, int], dict[str, Approval]] = defaultdict(dict)
        if asks.approval:
            decisions = models.Approval.objects.filter(
                participation__identity__person_id__in=person_ids
            ).values_list(
                "participation__identity__person_id",
                "organization_id",
                "participation__key",
                "approved",
                "decided_at",
                "code",
                "hours_hundredths",
            )
            for person_id, pk, key, approved, at, code, hours in decisions:
                approvals[person_id, pk][key] = Approval(
                    approved=approved,
                    on=timezone.localdate(at),
                    code=code,
                    hours_hundredths=hours,
                )
        fixed = _fixed(person_ids) if asks.adjusted else {}
        conferred = _conferred(person_ids) if asks.conferral else {}
        self._at = {
            pair: Person(
                member=tuple(members.get(pair, ())),
                approvals=approvals.get(pair, {}),
                fixed=fixed.get(pair, {}),
                conferred_on=conferred.get(pair),
            )
            for pair in {*members, *approvals, *fixed, *conferred}
        }

    def related(self, person_id: int, activity_id: int) -> bool:
        """Say whether the person gave their word that the activity relates to their work."""
        return (person_id, activity_id) in self._relations

    def at(self, person_id: int, organization_id: int) -> Person:
        """Return a person as one organization knows them."""
        return self._at.get((person_id, organization_id), STRANGER)


def _conferred(person_ids: Collection[int]) -> dict[tuple[int, int], date]:
    """Return when each first certification was conferred, by person and organization."""
    rows = (
        models.Holding.objects.filter(person_id__in=person_ids)
        .order_by()
        .values_list("person_id", "designation__organization_id")
        .annotate(first=Min("conferred_on"))
    )
    return {(person_id, pk): first for person_id, pk, first in rows}


def _fixed(person_ids: Collection[int]) -> dict[tuple[int, int], dict[str, Fixed]]:
    """Return the corrections in force, by person and organization: the last of each counts."""
    found: dict[tuple[int, int], dict[str, Fixed]] = defaultdict(dict)
    # By whose the participation is, not the account: the decision goes along where two people
    # are merged, and back.
    rows = models.Adjustment.objects.filter(
        participation__identity__person_id__in=person_ids,
        outcome=Adjustment.Outcome.APPLIED,
    ).order_by("decided_at", "pk")
    for row in rows.select_related("account", "participation__identity", "entry"):
        assert row.participation is not None  # noqa: S101 - as it was asked for
        mine = found[row.participation.identity.person_id, row.account.organization_id]
        if row.kind == Adjustment.Kind.RELEASE:
            mine.pop(row.participation.key, None)
            continue
        assert row.entry is not None  # noqa: S101 - what is corrected is an entry
        mine[row.participation.key] = Fixed(
            adjustment=row.pk,
            on=timezone.localdate(row.decided_at),
            hundredths=row.hundredths,
            credit_type=row.entry.credit_type,
            rule=row.entry.line,
            version=row.entry.schedule_id or 0,
        )
    return found
